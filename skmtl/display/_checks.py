"""What displays demand of what they are given."""

import numpy as np
from sklearn.pipeline import Pipeline

from ..exceptions import InputError


def fitted_step(estimator):
    """The estimator itself, out of a search and out of a pipeline."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


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
