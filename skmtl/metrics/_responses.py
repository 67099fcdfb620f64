"""Scores of classes, laid out in many ways, read task by task."""

from typing import Any

import numpy as np

from skmtl.exceptions import InputError, TargetError
from skmtl.metrics._columns import check_one_type, plain_labels

__all__ = [
    "align_scores",
    "number_classes",
    "own_classes",
    "split_classes",
    "split_scores",
]


def split_scores(y_score: Any, n_samples: int, n_tasks: int) -> list[Any]:
    """Return the scores of each task, however they were put together."""
    if isinstance(y_score, (list, tuple)):
        whole = n_tasks == 1 and not (
            len(y_score) == 1 and np.shape(y_score[0])[:1] == (n_samples,)
        )
        per_task = [y_score] if whole else list(y_score)
    else:
        scores = np.asarray(y_score)
        if n_tasks == 1:
            per_task = [scores]
        else:
            per_task = list(scores.T if scores.ndim == 2 else scores)
    if len(per_task) != n_tasks:
        raise TargetError(
            f"Scores must hold one array per task, {n_tasks}; found {len(per_task)}. "
            "Give a list, as predict_proba returns it."
        )
    return per_task


def split_classes(classes: Any, n_tasks: int) -> list[Any]:
    """Return the classes of each task, None where they are not known."""
    if classes is None:
        return [None] * n_tasks
    per_task = list(classes)
    if n_tasks == 1 and not (len(per_task) == 1 and np.ndim(per_task[0]) == 1):
        per_task = [classes]
    if len(per_task) != n_tasks:
        raise InputError(
            f"`classes` must hold one array per task, {n_tasks}; found {len(per_task)}."
        )
    return per_task


def own_classes(true: np.ndarray, classes: Any, name: str) -> np.ndarray:
    """Return the classes of the columns, those that occur when None are named."""
    if classes is None:
        return np.unique(true)
    own = plain_labels(np.asarray(classes), name, "classes", real=False)
    check_one_type(true, own, name, "classes")
    return own


def align_scores(
    true: np.ndarray, response: Any, rows: np.ndarray, classes: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Number the true classes and give each number a column of scores.

    Parameters
    ----------
    true : ndarray of shape (n_counting,)
        Labels that count.
    response : array-like of shape (n_samples, n_classes) or (n_samples,)
        Scores of all rows.
    rows : ndarray of shape (n_samples,), dtype bool
        Where labels count.
    classes : ndarray of shape (n_classes,)
        Classes of the columns.
    name : str
        Name of the task.

    Returns
    -------
    codes : ndarray of shape (n_counting,), dtype int64
        Numbers of the labels.
    table : ndarray of shape (n_counting, n_numbers)
        Scores, zero for labels that are none of the classes; two columns at least.
    """
    table = _read_scores(response, rows, name, len(classes))
    codes, n_numbers = number_classes(true, classes)
    n_missing = max(n_numbers, 2) - table.shape[1]
    zeros = np.zeros((len(table), n_missing), dtype=table.dtype)
    return codes, np.hstack([table, zeros])


def _read_scores(
    response: Any, rows: np.ndarray, name: str, n_classes: int
) -> np.ndarray:
    """Return the rows that count, with a column for each class."""
    table, n_samples = np.asarray(response), len(rows)
    table = table if table.dtype.kind == "f" else table.astype(np.float64)
    if table.shape == (n_samples,) and n_classes <= 2:
        table = np.column_stack([1 - table, table])
    elif table.shape != (n_samples, n_classes):
        raise TargetError(
            f"Scores of task {name!r} must have a row per sample and a column per "
            f"class, shape {(n_samples, n_classes)}; found {table.shape}. Name the "
            "classes of the columns in `classes`, as they may not all occur in "
            "`y_true`."
        )
    table = table[rows]
    if not np.isfinite(table).all():
        raise TargetError(
            f"Scores of task {name!r} must be finite wherever `y_true` is "
            f"observed; found {table[~np.isfinite(table)][0]}."
        )
    return table


def number_classes(labels: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, int]:
    """Number labels by their place in `classes`, and all others after these.

    Parameters
    ----------
    labels : ndarray of shape (n_labels,)
        Labels of one type.
    classes : ndarray of shape (n_classes,)
        Known classes.

    Returns
    -------
    codes : ndarray of shape (n_labels,), dtype int64
        Numbers of the labels.
    n_numbers : int
        How many numbers there are, that of the known classes at least.
    """
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    distinct, index = np.unique(labels, return_inverse=True)
    codes = [numbers.setdefault(label, len(numbers)) for label in distinct.tolist()]
    return np.array(codes)[index], len(numbers)
