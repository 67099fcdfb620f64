"""One number for all tasks."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl.exceptions import TargetError, UnlabelledTaskWarning
from skmtl.metrics._columns import numbered_names

__all__ = ["mean_score"]


def mean_score(
    scores: Any,
    task_names: Sequence[str] | None = None,
    task_weight: Any = None,
) -> float:
    """Mean over the tasks that have a score.

    Parameters
    ----------
    scores : array-like of shape (n_tasks,)
        One score per task, NaN where there is none.
    task_names : sequence of n_tasks str, default=None
        Names for messages; "task_0" and so on when None.
    task_weight : array-like of shape (n_tasks,), default=None
        Weights of the tasks, not negative; all alike when None.

    Returns
    -------
    score : float
        Mean of the finite scores.

    Raises
    ------
    TargetError
        If no score is finite, or all that are have weight zero.

    Warns
    -----
    UnlabelledTaskWarning
        If a task is left out; the message names it.

    Examples
    --------
    >>> from skmtl.metrics import mean_score
    >>> mean_score([0.5, 1.0])
    0.75
    >>> mean_score([0.5, 1.0], task_weight=[3, 1])
    0.625
    """
    scores = np.asarray(scores, dtype=np.float64).ravel()
    names = numbered_names(len(scores)) if task_names is None else list(task_names)
    weight = np.ones(len(scores)) if task_weight is None else np.asarray(task_weight)
    finite = np.isfinite(scores)
    if not weight[finite].any():
        raise TargetError(
            "At least one task needs observed labels to be scored, different ones "
            f"where orders are; found none among {len(scores)} tasks "
            f"({', '.join(names)}). Give rows with labels."
        )
    if not finite.all():
        left_out = [names[task] for task in np.flatnonzero(~finite)]
        warnings.warn(
            f"{len(left_out)} of {len(scores)} tasks have too few observed labels, or "
            "none that differ where orders are scored, and are left out of the mean "
            f"score: {', '.join(left_out)}.",
            UnlabelledTaskWarning,
            stacklevel=2,
        )
    return float(np.average(scores[finite], weights=weight[finite]))
