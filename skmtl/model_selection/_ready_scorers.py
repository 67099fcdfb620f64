"""Scorers by name."""

from sklearn.base import clone

from ..exceptions import InputError
from ..metrics import (
    accuracy_scores,
    average_precision_scores,
    balanced_accuracy_scores,
    concordance_scores,
    kendall_tau_scores,
    log_loss_scores,
    mean_absolute_error_scores,
    ndcg_scores,
    r2_scores,
    roc_auc_scores,
)
from ._scorer import make_multitask_scorer

__all__ = ["get_multitask_scorer", "get_multitask_scorer_names"]

_SCORES = {"response_method": ("decision_function", "predict_proba")}
_CLASSES = {"task_type": "classification"}
_REALS = {"task_type": "regression"}
_ORDERS = {"task_type": "ranking"}
_LOSS = {"greater_is_better": False}

_SCORERS = {
    "accuracy": make_multitask_scorer(accuracy_scores, **_CLASSES),
    "average_precision": make_multitask_scorer(average_precision_scores, **_SCORES),
    "balanced_accuracy": make_multitask_scorer(balanced_accuracy_scores, **_CLASSES),
    "concordance": make_multitask_scorer(concordance_scores, **_ORDERS),
    "kendall_tau": make_multitask_scorer(kendall_tau_scores, **_ORDERS),
    "ndcg": make_multitask_scorer(ndcg_scores, **_ORDERS),
    "neg_log_loss": make_multitask_scorer(
        log_loss_scores, response_method="predict_proba", **_LOSS
    ),
    "neg_mean_absolute_error": make_multitask_scorer(
        mean_absolute_error_scores, **_REALS, **_LOSS
    ),
    "r2": make_multitask_scorer(r2_scores, **_REALS),
    "roc_auc": make_multitask_scorer(roc_auc_scores, **_SCORES),
}


def get_multitask_scorer_names():
    """Return the names that `get_multitask_scorer` knows.

    Returns
    -------
    names : list of str
        Sorted; ``neg_`` marks losses, whose sign is turned.

    Examples
    --------
    >>> from skmtl.model_selection import get_multitask_scorer_names
    >>> get_multitask_scorer_names()[:3]
    ['accuracy', 'average_precision', 'balanced_accuracy']
    """
    return sorted(_SCORERS)


def get_multitask_scorer(name, *, average="macro"):
    """Return a scorer over the observed labels of all tasks.

    Parameters
    ----------
    name : str
        One of :func:`get_multitask_scorer_names`. The metrics are those of
        :mod:`skmtl.metrics`; the ones for classes leave real tasks out, and the other
        way round; those for values leave out rankings, whose scores have no units,
        and those for orders take any real task.
    average : {"macro", "weighted"} or None, default="macro"
        As in :func:`make_multitask_scorer`.

    Returns
    -------
    scorer : callable
        For ``scoring=`` in scikit-learn; each call returns a new one.

    Raises
    ------
    InputError
        If there is no scorer of that name.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.model_selection import MultiTaskStratifiedKFold
    >>> from skmtl.model_selection import get_multitask_scorer
    >>> X = np.linspace(-1, 1, 60).reshape(-1, 1)
    >>> y = np.where(X > [0, 0.5], 1.0, 0.0)
    >>> y[::4, 1] = np.nan
    >>> est = HardSharingClassifier(random_state=0)
    >>> folds = MultiTaskStratifiedKFold(3)
    >>> scorer = get_multitask_scorer("roc_auc")
    >>> cross_val_score(est, X, y, cv=folds, scoring=scorer).shape
    (3,)
    """
    if name not in _SCORERS:
        raise InputError(
            f"`name` must be one of {', '.join(sorted(_SCORERS))}; found {name!r}. "
            "For other metrics use make_multitask_scorer."
        )
    scorer = clone(_SCORERS[name]).set_params(average=average)
    scorer.check_parameters()
    return scorer
