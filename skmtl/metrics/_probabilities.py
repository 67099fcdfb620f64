"""Scores of predicted probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from skmtl._naming import columns_like
from skmtl.metrics._columns import (
    observed_tasks,
    plain_labels,
    read_columns,
)
from skmtl.metrics._responses import (
    align_scores,
    own_classes,
    split_classes,
    split_scores,
)

__all__ = ["average_precision_scores", "log_loss_scores", "roc_auc_scores"]

_Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def roc_auc_scores(
    y_true: Any, y_score: Any, sample_weight: Any = None, *, classes: Any = None
) -> np.ndarray:
    """Area under the receiver operating characteristic of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Classes; missing labels are left out.
    y_score : array-like, or list of n_tasks (array-like or None)
        One array per task, of shape (n_samples, n_classes_t), or (n_samples,) for the
        greater of two classes; the array itself if `y_true` is 1-D. Two-class tasks
        only: also one array of shape (n_samples, n_tasks), whose columns go by their
        names where it and `y_true` are data frames with names. None leaves a task out.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out.
    classes : array-like, or list of n_tasks (array-like or None), default=None
        Classes of the columns, in their order, as ``classes_`` of an estimator; the
        sorted labels of `y_true` when None. A label that is none of them gets score 0.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between 0 and 1. With three or more classes, the unweighted mean over the
        classes that occur, each against the rest. NaN for a task whose observed labels
        are not of two classes at least.

    Raises
    ------
    TargetError
        If shapes differ, a score is not finite, or text meets numbers.
    InputError
        If both are data frames with names, and not the same ones.

    Notes
    -----
    scikit-learn has no multiclass value where a class does not occur in `y_true`; here
    the others have their mean.

    Examples
    --------
    >>> from skmtl.metrics import roc_auc_scores
    >>> roc_auc_scores(["no", "yes", None, "yes"], [0.5, 0.7, 0.1, 0.3])
    array([0.5])
    """
    score = _one_against_rest(roc_auc_score)
    return _score_tasks(y_true, y_score, sample_weight, classes, score)


def average_precision_scores(
    y_true: Any, y_score: Any, sample_weight: Any = None, *, classes: Any = None
) -> np.ndarray:
    """Average precision of each task, the area under precision over recall.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Classes; missing labels are left out.
    y_score : array-like, or list of n_tasks (array-like or None)
        As in :func:`roc_auc_scores`.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out.
    classes : array-like, or list of n_tasks (array-like or None), default=None
        As in :func:`roc_auc_scores`.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between 0 and 1. Two classes: the precision for the greater of them. Three or
        more: the unweighted mean over the classes that occur, each against the rest.
        NaN for a task whose observed labels are not of two classes at least.

    Raises
    ------
    TargetError
        If shapes differ, a score is not finite, or text meets numbers.
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import average_precision_scores
    >>> average_precision_scores([0, 1, None, 1], [0.5, 0.7, 0.1, 0.3]).round(3)
    array([0.833])
    """
    score = _one_against_rest(average_precision_score)
    return _score_tasks(y_true, y_score, sample_weight, classes, score)


def log_loss_scores(
    y_true: Any, y_proba: Any, sample_weight: Any = None, *, classes: Any = None
) -> np.ndarray:
    """Mean negative logarithm of the probability of the true class of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Classes; missing labels are left out.
    y_proba : array-like, or list of n_tasks (array-like or None)
        Probabilities, laid out as the scores of :func:`roc_auc_scores`.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out.
    classes : array-like, or list of n_tasks (array-like or None), default=None
        As in :func:`roc_auc_scores`; a label that is none of them has probability 0.

    Returns
    -------
    losses : ndarray of shape (n_tasks,)
        In nats, smaller is better; NaN for a task without observed label. As in
        scikit-learn, no probability counts as less than the resolution of its data
        type, so that no loss is infinite.

    Raises
    ------
    TargetError
        If shapes differ, a probability is not finite, or text meets numbers.
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import log_loss_scores
    >>> log_loss_scores(["no", "yes", None], [0.5, 0.5, 0.9]).round(3)
    array([0.693])
    """
    return _score_tasks(y_true, y_proba, sample_weight, classes, _log_loss)


def _one_against_rest(metric: Callable[..., float]) -> _Score:
    """Score the greater of two classes, or the mean over more of them."""

    def score(codes: np.ndarray, response: np.ndarray, weight: np.ndarray) -> float:
        occurring = np.unique(codes)
        if len(occurring) < 2:
            return float("nan")
        positive = [1] if response.shape[1] == 2 else occurring
        scores = [
            metric(codes == code, response[:, code], sample_weight=weight)
            for code in positive
        ]
        return float(np.mean(scores))

    return score


def _log_loss(codes: np.ndarray, response: np.ndarray, weight: np.ndarray) -> float:
    labels = np.arange(response.shape[1])
    return float(log_loss(codes, response, sample_weight=weight, labels=labels))


def _score_tasks(
    y_true: Any, y_score: Any, sample_weight: Any, classes: Any, score: _Score
) -> np.ndarray:
    """Apply `score` to class numbers and columns of scores of each task."""
    names, columns = read_columns(y_true, "y_true")
    n_samples, n_tasks = len(columns[0]), len(columns)
    responses = split_scores(y_score, n_samples, n_tasks)
    places = columns_like(y_true, y_score, "y_score") or range(n_tasks)
    class_lists = split_classes(classes, n_tasks)
    scores = np.full(n_tasks, np.nan)
    for task in observed_tasks(names, columns, sample_weight):
        response = responses[places[task.number]]
        if response is not None:
            true = plain_labels(task.labels, task.name, "y_true", real=False)
            own = own_classes(true, class_lists[task.number], task.name)
            aligned = align_scores(true, response, task.rows, own, task.name)
            scores[task.number] = score(*aligned, task.weight)
    return scores
