"""What displays demand of what they are given."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._base import MultiTaskEstimator
from ..exceptions import InputError


def fitted_step(estimator):
    """The estimator itself, out of a search and out of a pipeline."""
    return _last_step(getattr(estimator, "best_estimator_", estimator))


def _last_step(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def fitted_step_with(estimator, attribute, what, way):
    """The fitted step, if it has what a display draws.

    Parameters
    ----------
    estimator : fitted estimator of skmtl, or a pipeline or search over one
    attribute : str
        Fitted attribute that is drawn.
    what : str
        What such estimators have, and an example of one.
    way : str
        Method of the display for data of the user's.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    InputError
        If it is fitted, and of another kind.
    """
    refuse_strangers(estimator, way)
    step = fitted_step(estimator)
    check_is_fitted(step, "task_similarity_")
    if not hasattr(step, attribute):
        raise InputError(
            f"`estimator` must have {what}; found {type(step).__name__}, which is "
            f"fitted but has no `{attribute}`."
        )
    return step


def refuse_strangers(estimator, way="from_similarity"):
    """Tell an estimator that has no tasks from one that is not fitted yet."""
    # A search that is not fitted has only the estimator it will search over.
    step = fitted_step(estimator)
    step = _last_step(getattr(step, "estimator", step))
    if not (hasattr(step, "task_similarity_") or isinstance(step, MultiTaskEstimator)):
        raise InputError(
            "`estimator` must be an estimator of skmtl, or a pipeline or search over "
            f"one; found {type(step).__name__}. To draw data of your own, use {way}."
        )


def check_groups(groups, n_tasks):
    """One group per task as an array, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_tasks,):
        raise InputError(
            f"`groups` must hold one group per task, shape ({n_tasks},); found "
            f"shape {groups.shape}."
        )
    return groups


def check_names(task_names, n_tasks):
    """One name per task; None makes them up."""
    if task_names is None:
        return [f"task_{task}" for task in range(n_tasks)]
    names = [str(name) for name in task_names]
    if len(names) != n_tasks:
        raise InputError(
            f"`task_names` must hold one name per task, {n_tasks}; found {len(names)}."
        )
    return names


def check_switch(name, value):
    """Refuse what is neither True, False nor "auto"."""
    if not (isinstance(value, bool) or value == "auto"):
        raise InputError(f'`{name}` must be True, False or "auto"; found {value!r}.')
