"""Scores of each task over its observed labels.

Targets may be arrays, lists, or Series and DataFrames of pandas or polars. A label is
missing where `y_true` holds NaN, None, pandas.NA, null or a masked entry.
"""

import numbers
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from skmtl.exceptions import InputError, TargetError, UnlabelledTaskWarning

__all__ = ["accuracy_scores", "kendall_tau_scores", "mean_score", "r2_scores"]

_Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def accuracy_scores(y_true: Any, y_pred: Any, sample_weight: Any = None) -> np.ndarray:
    """Fraction of right labels of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Classes; missing labels are left out.
    y_pred : array-like of the same shape
        Predicted classes, needed wherever `y_true` is observed.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between 0 and 1, or NaN for a task without observed label.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or text meets numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.metrics import accuracy_scores
    >>> y_true = np.array([[0, "a"], [1, None], [1, "b"]], dtype=object)
    >>> y_pred = np.array([[0, "a"], [1, "a"], [0, "a"]], dtype=object)
    >>> accuracy_scores(y_true, y_pred).round(3).tolist()
    [0.667, 0.5]
    """
    return _score_tasks(y_true, y_pred, sample_weight, _accuracy, real=False)


def r2_scores(y_true: Any, y_pred: Any, sample_weight: Any = None) -> np.ndarray:
    """Coefficient of determination of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Real targets; missing labels are left out.
    y_pred : array-like of the same shape
        Predictions, needed wherever `y_true` is observed.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        At most 1; NaN for a task with fewer than two observed labels. As in
        scikit-learn, a constant target scores 1 if predicted exactly, 0 otherwise.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or values are not finite numbers.

    Examples
    --------
    >>> from skmtl.metrics import r2_scores
    >>> r2_scores([[1.0, 5.0], [2.0, None], [3.0, 7.0]], [[1, 6], [2, 0], [3, 6]])
    array([1., 0.])
    """
    return _score_tasks(y_true, y_pred, sample_weight, _r2, real=True)


def kendall_tau_scores(y_true: Any, y_pred: Any) -> np.ndarray:
    """Kendall's tau-b between target and predicted score of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Real targets; missing labels are left out.
    y_pred : array-like of the same shape
        Predicted scores, needed wherever `y_true` is observed.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between -1 and 1; NaN for a task without observed label; 0 where all targets
        or all predictions are equal, so that constant predictions gain nothing.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or values are not finite numbers.

    Examples
    --------
    >>> from skmtl.metrics import kendall_tau_scores
    >>> kendall_tau_scores([1, 2, 3, None], [0.1, 0.4, 0.9, 0.0])
    array([1.])
    """
    return _score_tasks(y_true, y_pred, None, _kendall_tau, real=True)


def mean_score(scores: Any, task_names: Sequence[str] | None = None) -> float:
    """Mean over the tasks that have a score.

    Parameters
    ----------
    scores : array-like of shape (n_tasks,)
        One score per task, NaN where there is none.
    task_names : sequence of n_tasks str, default=None
        Names for messages; "task_0" and so on when None.

    Returns
    -------
    score : float
        Unweighted mean of the finite scores.

    Raises
    ------
    TargetError
        If no score is finite.

    Warns
    -----
    UnlabelledTaskWarning
        If a task is left out; the message names it.

    Examples
    --------
    >>> from skmtl.metrics import mean_score
    >>> mean_score([0.5, 1.0])
    0.75
    """
    scores = np.asarray(scores, dtype=np.float64).ravel()
    names = _task_names(len(scores)) if task_names is None else list(task_names)
    finite = np.isfinite(scores)
    if not finite.any():
        raise TargetError(
            "At least one task needs observed labels to be scored; found none among "
            f"{len(scores)} tasks ({', '.join(names)}). Give rows with labels."
        )
    if not finite.all():
        left_out = [names[task] for task in np.flatnonzero(~finite)]
        warnings.warn(
            f"{len(left_out)} of {len(scores)} tasks have too few observed labels and "
            f"are left out of the mean score: {', '.join(left_out)}.",
            UnlabelledTaskWarning,
            stacklevel=2,
        )
    return float(scores[finite].mean())


def _accuracy(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(true == pred, weights=weight))


def _r2(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    if len(true) < 2:
        return float("nan")
    residual = float(np.sum(weight * (true - pred) ** 2))
    if true.min() == true.max():
        return float(residual == 0)
    mean = np.average(true, weights=weight)
    return 1.0 - residual / float(np.sum(weight * (true - mean) ** 2))


def _kendall_tau(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    if true.min() == true.max() or pred.min() == pred.max():
        return 0.0
    return float(kendalltau(true, pred).statistic)


def _score_tasks(
    y_true: Any, y_pred: Any, sample_weight: Any, score: _Score, *, real: bool
) -> np.ndarray:
    """Apply `score` to the observed labels of positive weight of each task."""
    names, true_columns = _read_columns(y_true, "y_true")
    _, pred_columns = _read_columns(y_pred, "y_pred")
    n_samples, n_tasks = len(true_columns[0]), len(true_columns)
    if (len(pred_columns[0]), len(pred_columns)) != (n_samples, n_tasks):
        raise TargetError(
            f"`y_true` and `y_pred` must have the same shape; found {n_samples} rows "
            f"of {n_tasks} tasks and {len(pred_columns[0])} rows of "
            f"{len(pred_columns)} tasks."
        )
    weight = _read_weight(sample_weight, n_samples, n_tasks)
    scores = np.full(n_tasks, np.nan)
    for task, name in enumerate(names):
        rows = (weight[:, task] > 0) & _present(true_columns[task])
        if not rows.any():
            continue
        pred = pred_columns[task][rows]
        if not _present(pred).all():
            raise TargetError(
                f"`y_pred` must be complete; it contains NaN in task {name!r}."
            )
        true = _plain(true_columns[task][rows], name, "y_true", real)
        pred = _plain(pred, name, "y_pred", real)
        if (true.dtype.kind in "biuf") != (pred.dtype.kind in "biuf"):
            raise TargetError(
                f"Labels of task {name!r} must be of one type; found {true[0]!r} in "
                f"`y_true` and {pred[0]!r} in `y_pred`. Convert one of them."
            )
        scores[task] = score(true, pred, weight[rows, task])
    return scores


def _task_names(n_tasks: int) -> list[str]:
    return [f"task_{task}" for task in range(n_tasks)]


def _read_columns(y: Any, parameter: str) -> tuple[list[str], list[np.ndarray]]:
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
    return names or _task_names(len(columns)), columns


def _present(column: np.ndarray) -> np.ndarray:
    if column.dtype.kind != "O":
        return np.asarray(column == column)  # only NaN differs from itself
    return ~np.fromiter(map(_is_missing, column), dtype=bool, count=len(column))


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Number) and bool(value != value)


def _plain(labels: np.ndarray, name: str, parameter: str, real: bool) -> np.ndarray:
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
