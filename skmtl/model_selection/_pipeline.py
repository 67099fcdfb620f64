"""Pipelines taken apart: the steps before an estimator, and the estimator."""

from pickle import PicklingError

import joblib
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing

from skmtl._base import MultiTaskEstimator
from skmtl.exceptions import InputError

__all__ = ["assemble", "final_step", "fit_head", "head_key", "step_params"]


def final_step(estimator):
    """The estimator of skmtl that a search is about.

    Parameters
    ----------
    estimator : estimator
        It, or a pipeline that ends with it.

    Returns
    -------
    MultiTaskEstimator

    Raises
    ------
    InputError
        If there is none.
    """
    final = estimator.steps[-1][1] if _is_pipeline(estimator) else estimator
    if not isinstance(final, MultiTaskEstimator):
        raise InputError(
            "`estimator` must be an estimator of skmtl, or a Pipeline of scikit-learn "
            "that ends with one, for only these train several candidates at once; "
            f"found {estimator!r}. Use GridSearchCV or RandomizedSearchCV for others."
        )
    return final


def head_key(estimator, parameters):
    """Candidates with equal keys share the fitted steps before the last.

    Parameters
    ----------
    estimator : estimator
        With the parameters set.
    parameters : dict of str to object
        Those of the candidate.

    Returns
    -------
    hashable
    """
    if not _is_pipeline(estimator):
        return None
    last = estimator.steps[-1][0]
    settings = {
        name: value
        for name, value in parameters.items()
        if name.partition("__")[0] != last
    }
    try:
        # Unlike equality this tells 1 from 1.0 and True, as PCA(n_components) does.
        return joblib.hash(settings)
    except PicklingError:
        return tuple(sorted((name, id(value)) for name, value in settings.items()))


def step_params(estimator, params):
    """Divide the parameters of ``fit`` between a pipeline's last step and the others.

    Parameters
    ----------
    estimator : estimator
    params : dict of str to object

    Returns
    -------
    head, last : dict of str to object
        What the steps before the last get, under the names by which a pipeline takes
        them, and what the last one gets, under its own names.
    """
    if not _is_pipeline(estimator):
        return {}, params
    name = estimator.steps[-1][0]
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(estimator, "fit", **params)
        router = get_routing_for_object(_head(estimator))
        wanted = router.consumes(method="fit_transform", params=params.keys())
        return {key: params[key] for key in wanted}, dict(routed[name]["fit"])
    prefix = f"{name}__"
    head = {key: v for key, v in params.items() if not key.startswith(prefix)}
    last = {key.removeprefix(prefix): params[key] for key in params.keys() - head}
    return head, last


def fit_head(estimator, X, y, params):
    """Fit the steps before the last.

    Parameters
    ----------
    estimator : estimator
        Left as it is.
    X, y : array-like
    params : dict of str to object
        The first part of `step_params`.

    Returns
    -------
    steps : list of (str, transformer), or None
        Fitted; None without a pipeline.
    Xt : array-like
        X as the last step gets it.
    """
    if not _is_pipeline(estimator):
        return None, X
    head = _head(estimator)
    Xt = head.fit_transform(X, y, **params)
    return head.steps[:-1], Xt


def assemble(estimator, steps, final):
    """Put fitted steps and a fitted last step together.

    Parameters
    ----------
    estimator : estimator
        A pipeline gets the steps.
    steps : list of (str, transformer), or None
        From `fit_head`.
    final : MultiTaskEstimator

    Returns
    -------
    estimator
        Fitted.
    """
    if steps is None:
        return final
    estimator.steps = [*steps, (estimator.steps[-1][0], final)]
    return estimator


def _is_pipeline(estimator):
    # Subclasses may change the rows on the way, as those of imbalanced-learn do.
    return type(estimator) is Pipeline and bool(estimator.steps)


def _head(pipeline):
    return clone(pipeline).set_params(**{pipeline.steps[-1][0]: "passthrough"})
