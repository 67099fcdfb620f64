"""Information and score over the price of information."""

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from ..exceptions import InputError
from ..model_selection import fit_stack, get_multitask_scorer
from ..model_selection._pipeline import assemble, final_step, fit_head

__all__ = ["information_path"]


def information_path(
    estimator,
    X,
    y,
    betas,
    *,
    X_test=None,
    y_test=None,
    scoring=None,
    sample_weight=None,
    max_stack="auto",
):
    """Fit an information bottleneck at several prices, all of them at once.

    The price `beta` of a nat decides how much each task reads. Where the score stays
    level while the information falls, tasks read more than they need; where both fall,
    information is worth its price.

    Parameters
    ----------
    estimator : estimator
        With a parameter `beta` and, once fitted, an attribute `information_`, such as
        :class:`~skmtl.HierarchicalIBClassifier`; or a pipeline that ends with one. It
        is cloned. An integer as its `random_state` gives all prices the same initial
        values and batches, and so a smooth path.
    X : array-like of shape (n_samples, n_features)
        Features to fit to, or pictures, as in ``fit``.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Targets.
    betas : array-like of shape (n_betas,)
        Prices, at least 0, in any order.
    X_test : array-like of shape (n_test_samples, n_features), default=None
        Features of the rows to score. None scores the rows of the fit, which tells
        nothing about new rows.
    y_test : array-like of shape (n_test_samples,) or (n_test_samples, n_tasks), \
default=None
        Targets of the rows to score.
    scoring : str or callable, default=None
        None takes `score_tasks`: accuracy, R2 or tau. Else a name of
        :func:`~skmtl.model_selection.get_multitask_scorer_names`, or a callable
        ``scorer(estimator, X, y)`` that returns one number for each task.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
default=None
        Weights as in ``fit``, for the last step only of a pipeline.
    max_stack : int or 'auto', default='auto'
        Most networks that train as one, as in :func:`~skmtl.model_selection.fit_stack`.

    Returns
    -------
    path : :class:`~sklearn.utils.Bunch`
        betas : ndarray of shape (n_betas,)
            The prices, in the order given, which is that of all that follows.
        information : ndarray of shape (n_betas, n_tasks)
            What each task reads, in nats: `information_`.
        total : ndarray of shape (n_betas,)
            Their sum over the tasks, in nats.
        score : ndarray of shape (n_betas, n_tasks)
            The score of each task; NaN without an observed label.
        score_name : str
            What the score is.
        similarity : ndarray of shape (n_betas, n_tasks, n_tasks)
            Similarity of the tasks at each price.
        groups : ndarray of int, shape (n_betas, n_tasks)
            Groups of the tasks at each price.
        task_names : list of str
            Names of the tasks.
        estimators : list of estimators
            The fitted estimators, or pipelines.

    Raises
    ------
    InputError
        If the estimator has no price, or measures no information, as with
        ``noise=None``; if `betas` are no prices; if `X_test` comes without `y_test`;
        if `scoring` gives something else than one number per task.

    Warns
    -----
    CollapseWarning
        If a price closes the channel of a task, whose information is then 0.

    See Also
    --------
    skmtl.display.InformationPlaneDisplay : The path as a figure.
    skmtl.model_selection.StackedGridSearchCV : Chooses a price by cross-validation.

    Notes
    -----
    The steps of a pipeline before the last are fitted once. The networks train as
    members of one, which gives what fits one by one would give.

    Examples
    --------
    >>> from skmtl import HierarchicalIBClassifier
    >>> from skmtl.datasets import make_multitask_classification
    >>> from skmtl.inspection import information_path
    >>> tasks = make_multitask_classification(
    ...     400, 8, n_tasks=4, n_groups=2, random_state=0
    ... )
    >>> est = HierarchicalIBClassifier(max_epochs=20, random_state=0)
    >>> path = information_path(est, tasks.data, tasks.target, [0.3, 0.1, 0.03])
    >>> bool((path.total[:-1] < path.total[1:]).all())
    True
    """
    _check_estimator(estimator)
    betas = _check_betas(betas)
    if (X_test is None) != (y_test is None):
        raise InputError(
            "`X_test` and `y_test` belong together; found only one of them. Pass "
            "neither to score the rows of the fit."
        )
    score, score_name = _score_of(scoring)
    steps, Xt = fit_head(estimator, X, y, {})
    finals = [clone(final_step(estimator)).set_params(beta=beta) for beta in betas]
    fit_stack(finals, Xt, y, sample_weight, max_stack=max_stack)
    _check_information(finals[0])
    if X_test is None:
        Xt_test, y_test = Xt, y
    else:
        Xt_test = Pipeline(steps).transform(X_test) if steps else X_test
    information = np.array([one.information_ for one in finals])
    return Bunch(
        betas=np.array(betas),
        information=information,
        total=information.sum(axis=1),
        score=_score_all(finals, Xt_test, y_test, score),
        score_name=score_name or _own_score(finals[0]),
        similarity=np.array([one.task_similarity_ for one in finals]),
        groups=np.array([one.task_groups_ for one in finals]),
        task_names=finals[0].task_names_,
        estimators=[assemble(clone(estimator), steps, one) for one in finals],
    )


def _check_estimator(estimator):
    try:
        final = final_step(estimator)
    except InputError:
        final = None
    if final is None or "beta" not in final.get_params(deep=False):
        raise InputError(
            "`estimator` must have a price of information, a parameter `beta`, or be "
            f"a Pipeline whose last step has one; found {estimator!r}. Pass "
            "HierarchicalIBClassifier(), for instance."
        )


def _check_betas(betas):
    try:
        prices = np.asarray(betas, dtype=float)
    except (TypeError, ValueError):
        prices = np.empty(0)
    if prices.ndim != 1 or not len(prices):
        raise InputError(
            "`betas` must be a sequence of numbers, one price for each fit; found "
            f"{betas!r}."
        )
    if not (np.isfinite(prices) & (prices >= 0)).all():
        raise InputError(f"`betas` must be finite and at least 0; found {betas!r}.")
    return prices.tolist()


def _check_information(fitted):
    if not hasattr(fitted, "information_"):
        raise InputError(
            "`estimator` must measure what its tasks read, `information_`; found "
            f"{fitted!r}, which has no channels. Leave `noise` as it is by default."
        )


def _score_of(scoring):
    """The function that scores an estimator, and the name of what it gives."""
    if scoring is None:
        return (lambda fitted, X, y: fitted.score_tasks(X, y)), None
    if isinstance(scoring, str):
        name = scoring.replace("neg_", "negative ").replace("_", " ")
        return get_multitask_scorer(scoring, average=None), name
    if not callable(scoring):
        raise InputError(
            "`scoring` must be None, a name of get_multitask_scorer_names() or a "
            f"callable; found {scoring!r}."
        )
    return scoring, "score"


def _own_score(fitted):
    if is_classifier(fitted):
        return "accuracy"
    return "R2" if is_regressor(fitted) else "accuracy, R2 or tau"


def _score_all(fits, X, y, score):
    scores = [np.asarray(score(fitted, X, y), dtype=float) for fitted in fits]
    expected = (fits[0].n_tasks_,)
    if scores[0].shape != expected:
        raise InputError(
            f"`scoring` must give one number per task, shape {expected}; found shape "
            f"{scores[0].shape}. Make the scorer with average=None."
        )
    return np.array(scores)
