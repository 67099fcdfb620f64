"""Targets, predictions and weights, read column by column."""

import numbers
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from skmtl._naming import columns_by_name, columns_like
from skmtl.exceptions import InputError, TargetError

__all__ = [
    "ObservedTask",
    "check_one_type",
    "numbered_names",
    "observed_tasks",
    "plain_labels",
    "present",
    "read_columns",
    "score_tasks",
]

_Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


class ObservedTask(NamedTuple):
    """The labels of a task that count: observed, of positive weight.

    Parameters
    ----------
    number : int
        Position of the task.
    name : str
        Its name, for messages.
    rows : ndarray of shape (n_samples,), dtype bool
        Where labels count.
    labels : ndarray of shape (n_counting,)
        These labels, as they were given.
    weight : ndarray of shape (n_counting,)
        Their weights.
    """

    number: int
    name: str
    rows: np.ndarray
    labels: np.ndarray
    weight: np.ndarray


def observed_tasks(
    names: list[str], columns: list[np.ndarray], sample_weight: Any
) -> Iterator[ObservedTask]:
    """Yield the tasks that have a label that counts."""
    sample_weight = columns_by_name(sample_weight, names, "sample_weight")
    weight = _read_weight(sample_weight, len(columns[0]), len(columns))
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        rows = (weight[:, number] > 0) & present(column)
        if rows.any():
            yield ObservedTask(number, name, rows, column[rows], weight[rows, number])


def numbered_names(n_tasks: int) -> list[str]:
    """Names of tasks that have none."""
    return [f"task_{task}" for task in range(n_tasks)]


def read_columns(y: Any, parameter: str) -> tuple[list[str], list[np.ndarray]]:
    """Return names and columns; data frames and lists give columns of objects."""
    names = list(map(str, y.columns)) if hasattr(y, "columns") else None
    if hasattr(y, "iloc"):
        y = y.astype(object).to_numpy()
    elif hasattr(y, "rows"):
        y = y.rows()
    elif hasattr(y, "to_list"):
        y = y.to_list()
    elif isinstance(y, np.ma.MaskedArray):
        y = y.tolist()  # None where masked
    array = np.array(y, dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
    if array.ndim not in (1, 2) or array.size == 0:
        raise TargetError(
            f"`{parameter}` must have shape (n_samples,) or (n_samples, n_tasks), none "
            f"of them 0; found {array.shape}."
        )
    columns = list(array.T) if array.ndim == 2 else [array]
    return names or numbered_names(len(columns)), columns


def present(column: np.ndarray) -> np.ndarray:
    """Return where a column holds a label, boolean of its shape."""
    if column.dtype.kind != "O":
        return np.asarray(column == column)  # only NaN differs from itself
    return ~np.fromiter(map(_is_missing, column), dtype=bool, count=len(column))


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Number) and bool(value != value)


def plain_labels(
    labels: np.ndarray, name: str, parameter: str, real: bool
) -> np.ndarray:
    """Numbers stored as objects become an array of numbers."""
    if labels.dtype.kind == "O":
        texts = sum(isinstance(label, (str, bytes)) for label in labels)
        if 0 < texts < len(labels):
            raise TargetError(
                f"Labels of task {name!r} in `{parameter}` must be all text or all "
                f"numbers; found both ({texts} of {len(labels)} are text)."
            )
        if not texts:
            labels = np.array(labels.tolist())
    if not real:
        return labels
    if labels.dtype.kind not in "biuf" or not np.isfinite(labels).all():
        raise TargetError(
            f"Task {name!r} of `{parameter}` must hold finite numbers; found text or "
            f"infinity, for example in {labels[:3].tolist()}."
        )
    return labels.astype(np.float64)


def check_one_type(true: np.ndarray, other: np.ndarray, name: str, where: str) -> None:
    """Raise TargetError if text meets numbers."""
    if (true.dtype.kind in "biuf") != (other.dtype.kind in "biuf"):
        raise TargetError(
            f"Labels of task {name!r} must be of one type; found {true[0]!r} in "
            f"`y_true` and {other[0]!r} in `{where}`. Convert one of them."
        )


def _read_weight(sample_weight: Any, n_samples: int, n_tasks: int) -> np.ndarray:
    shape = (n_samples, n_tasks)
    if sample_weight is None:
        return np.ones(shape)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape not in ((n_samples,), shape):
        raise InputError(
            f"`sample_weight` must have shape ({n_samples},) or {shape}; found "
            f"{weight.shape}."
        )
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise InputError(
            f"`sample_weight` must be finite and not negative; found {weight[bad][0]}. "
            "Use 0 to leave a label out."
        )
    return np.broadcast_to(weight[:, np.newaxis] if weight.ndim == 1 else weight, shape)


def score_tasks(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    score: _Score,
    *,
    real: bool,
    check: Callable[[np.ndarray, str], None] | None = None,
) -> np.ndarray:
    """Apply `score` to the observed labels of positive weight of each task.

    Columns of predictions are found by their names where both data bear names.
    `check` sees the labels and the name of each task before.
    """
    names, true_columns = read_columns(y_true, "y_true")
    _, pred_columns = read_columns(y_pred, "y_pred")
    n_samples, n_tasks = len(true_columns[0]), len(true_columns)
    if (len(pred_columns[0]), len(pred_columns)) != (n_samples, n_tasks):
        raise TargetError(
            f"`y_true` and `y_pred` must have the same shape; found {n_samples} rows "
            f"of {n_tasks} tasks and {len(pred_columns[0])} rows of "
            f"{len(pred_columns)} tasks."
        )
    places = columns_like(y_true, y_pred, "y_pred") or range(n_tasks)
    scores = np.full(n_tasks, np.nan)
    for task in observed_tasks(names, true_columns, sample_weight):
        pred = pred_columns[places[task.number]][task.rows]
        if not present(pred).all():
            raise TargetError(
                f"`y_pred` must be complete; it contains NaN in task {task.name!r}."
            )
        true = plain_labels(task.labels, task.name, "y_true", real)
        pred = plain_labels(pred, task.name, "y_pred", real)
        check_one_type(true, pred, task.name, "y_pred")
        if check is not None:
            check(true, task.name)
        scores[task.number] = score(true, pred, task.weight)
    return scores
