"""What displays demand of what they are given."""

import numpy as np
from sklearn.pipeline import Pipeline

from .._base import MultiTaskEstimator
from ..exceptions import InputError


def fitted_step(estimator):
    """The estimator itself, out of a search and out of a pipeline."""
    return _last_step(getattr(estimator, "best_estimator_", estimator))


def _last_step(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def refuse_strangers(estimator):
    """Tell an estimator that has no tasks from one that is not fitted yet."""
    # A search that is not fitted has only the estimator it will search over.
    step = fitted_step(estimator)
    step = _last_step(getattr(step, "estimator", step))
    if not (hasattr(step, "task_similarity_") or isinstance(step, MultiTaskEstimator)):
        raise InputError(
            "`estimator` must be an estimator of skmtl, or a pipeline or search over "
            f"one; found {type(step).__name__}. To draw a matrix of your own, use "
            "from_similarity."
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
