"""Scores of predicted labels and values."""

from typing import Any

import numpy as np
from sklearn.metrics import mean_absolute_error, recall_score

from skmtl.metrics._columns import score_tasks

__all__ = [
    "accuracy_scores",
    "balanced_accuracy_scores",
    "mean_absolute_error_scores",
    "r2_scores",
]


def accuracy_scores(y_true: Any, y_pred: Any, sample_weight: Any = None) -> np.ndarray:
    """Fraction of right labels of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Classes; missing labels are left out.
    y_pred : array-like of the same shape
        Predicted classes, needed wherever `y_true` is observed. Columns go
        by their names where both are data frames with names.
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
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.metrics import accuracy_scores
    >>> y_true = np.array([[0, "a"], [1, None], [1, "b"]], dtype=object)
    >>> y_pred = np.array([[0, "a"], [1, "a"], [0, "a"]], dtype=object)
    >>> accuracy_scores(y_true, y_pred).round(3).tolist()
    [0.667, 0.5]
    """
    return score_tasks(y_true, y_pred, sample_weight, _accuracy, real=False)


def balanced_accuracy_scores(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> np.ndarray:
    """Mean over the classes of each task of the fraction of right labels.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Classes; missing labels are left out.
    y_pred : array-like of the same shape
        Predicted classes, needed wherever `y_true` is observed. Columns go
        by their names where both are data frames with names.
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
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import balanced_accuracy_scores
    >>> balanced_accuracy_scores(["a", "a", "a", "b", None], ["a", "a", "b", "b", "a"])
    array([0.83333333])
    """
    return score_tasks(y_true, y_pred, sample_weight, _balanced_accuracy, real=False)


def r2_scores(y_true: Any, y_pred: Any, sample_weight: Any = None) -> np.ndarray:
    """Coefficient of determination of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Real targets; missing labels are left out.
    y_pred : array-like of the same shape
        Predictions, needed wherever `y_true` is observed. Columns go
        by their names where both are data frames with names.
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
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import r2_scores
    >>> r2_scores([[1.0, 5.0], [2.0, None], [3.0, 7.0]], [[1, 6], [2, 0], [3, 6]])
    array([1., 0.])
    """
    return score_tasks(y_true, y_pred, sample_weight, _r2, real=True)


def mean_absolute_error_scores(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> np.ndarray:
    """Mean absolute error of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Real targets; missing labels are left out.
    y_pred : array-like of the same shape
        Predictions, needed wherever `y_true` is observed. Columns go
        by their names where both are data frames with names.
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
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import mean_absolute_error_scores
    >>> mean_absolute_error_scores([[1.0, 5.0], [2.0, None]], [[1, 6], [4, 0]])
    array([1., 1.])
    """
    return score_tasks(y_true, y_pred, sample_weight, _absolute_error, real=True)


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
