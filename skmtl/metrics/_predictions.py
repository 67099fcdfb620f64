"""Scores of predicted labels and values."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import kendalltau
from sklearn.metrics import mean_absolute_error, recall_score

from skmtl.exceptions import TargetError
from skmtl.metrics._columns import (
    check_one_type,
    observed_tasks,
    plain_labels,
    present,
    read_columns,
)

__all__ = [
    "accuracy_scores",
    "balanced_accuracy_scores",
    "kendall_tau_scores",
    "mean_absolute_error_scores",
    "r2_scores",
]

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


def balanced_accuracy_scores(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> np.ndarray:
    """Mean over the classes of each task of the fraction of right labels.

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
        Between 0 and 1, over the classes observed in `y_true`; NaN for a task
        without observed label.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or text meets numbers.

    Examples
    --------
    >>> from skmtl.metrics import balanced_accuracy_scores
    >>> balanced_accuracy_scores(["a", "a", "a", "b", None], ["a", "a", "b", "b", "a"])
    array([0.83333333])
    """
    return _score_tasks(y_true, y_pred, sample_weight, _balanced_accuracy, real=False)


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


def mean_absolute_error_scores(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> np.ndarray:
    """Mean absolute error of each task.

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
    errors : ndarray of shape (n_tasks,)
        In the unit of each target, smaller is better; NaN for a task without observed
        label.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or values are not finite numbers.

    Examples
    --------
    >>> from skmtl.metrics import mean_absolute_error_scores
    >>> mean_absolute_error_scores([[1.0, 5.0], [2.0, None]], [[1, 6], [4, 0]])
    array([1., 1.])
    """
    return _score_tasks(y_true, y_pred, sample_weight, _absolute_error, real=True)


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


def _accuracy(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(true == pred, weights=weight))


def _balanced_accuracy(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    # Numbered first: scikit-learn takes 0.5 and 1.5 for no classes.
    codes = np.unique(np.concatenate([true, pred]), return_inverse=True)[1]
    true_codes, pred_codes = codes[: len(true)], codes[len(true) :]
    # balanced_accuracy_score is this, with a warning where a class is never true.
    return float(
        recall_score(
            true_codes,
            pred_codes,
            labels=np.unique(true_codes),
            average="macro",
            sample_weight=weight,
        )
    )


def _absolute_error(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    return float(mean_absolute_error(true, pred, sample_weight=weight))


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
    names, true_columns = read_columns(y_true, "y_true")
    _, pred_columns = read_columns(y_pred, "y_pred")
    n_samples, n_tasks = len(true_columns[0]), len(true_columns)
    if (len(pred_columns[0]), len(pred_columns)) != (n_samples, n_tasks):
        raise TargetError(
            f"`y_true` and `y_pred` must have the same shape; found {n_samples} rows "
            f"of {n_tasks} tasks and {len(pred_columns[0])} rows of "
            f"{len(pred_columns)} tasks."
        )
    scores = np.full(n_tasks, np.nan)
    for task in observed_tasks(names, true_columns, sample_weight):
        pred = pred_columns[task.number][task.rows]
        if not present(pred).all():
            raise TargetError(
                f"`y_pred` must be complete; it contains NaN in task {task.name!r}."
            )
        true = plain_labels(task.labels, task.name, "y_true", real)
        pred = plain_labels(pred, task.name, "y_pred", real)
        check_one_type(true, pred, task.name, "y_pred")
        scores[task.number] = score(true, pred, task.weight)
    return scores
