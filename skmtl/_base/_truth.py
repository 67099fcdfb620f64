"""Targets to be scored."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._validation import check_same_rows, check_sample_weight
from ..exceptions import RareClassWarning
from ..tasks import TargetEncoder
from ..tasks._columns import display_value, distinct_labels
from ..tasks._table import names_for_weights, read_targets
from ._warn import warn_user
from ._weights import counted_labels

__all__ = ["read_truth"]

_MOST_LABELS = 5


def read_truth(
    encoder: TargetEncoder, y: Any, sample_weight: Any, n_rows: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Encode targets that predictions are compared with.

    Parameters
    ----------
    encoder : TargetEncoder
        Fitted.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
    n_rows : int
        Number of predictions.

    Returns
    -------
    codes : ndarray of shape (n_samples, n_tasks)
        NaN where there is no label, -1 for a class that was not seen in fit.
    weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None

    Warns
    -----
    RareClassWarning
        If a label that counts is of a class that was not seen in fit.
    """
    check_same_rows(n_rows, y)
    codes, observed = encoder.transform(y, unseen="code")
    names = names_for_weights(sample_weight, y, encoder.task_names)
    n_samples, n_tasks = codes.shape
    weight = check_sample_weight(sample_weight, n_samples, n_tasks, np.float64, names)
    counted = counted_labels(observed, weight)
    classes = np.array([spec.is_classification for spec in encoder.specs])
    unseen = counted & classes & (codes < 0)
    if unseen.any():
        _warn_of_unseen(unseen, y, encoder.task_names)
    return np.where(observed, codes, np.nan), weight


def _warn_of_unseen(unseen: np.ndarray, y: Any, task_names: Sequence[str]) -> None:
    columns = read_targets(y).columns
    for task in np.flatnonzero(unseen.any(0)).tolist():
        labels = distinct_labels(columns[task].values[unseen[:, task]])
        shown = ", ".join(map(display_value, labels[:_MOST_LABELS]))
        rest = " and others" if len(labels) > _MOST_LABELS else ""
        warn_user(
            f"Task {task_names[task]!r} has {unseen[:, task].sum()} label(s) to be "
            f"scored of classes that the estimator never saw: {shown}{rest}. They "
            "count as errors. Fit with all classes, or write NaN or None where a label "
            "is missing.",
            RareClassWarning,
        )
