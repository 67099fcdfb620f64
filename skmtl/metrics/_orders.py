"""Scores of predicted orders."""

import math
import sys
from typing import Any

import numpy as np
from sklearn.metrics import ndcg_score

from skmtl.exceptions import TargetError
from skmtl.metrics._columns import score_tasks
from skmtl.metrics._pairs import count_pairs

__all__ = ["concordance_scores", "kendall_tau_scores", "ndcg_scores"]


def kendall_tau_scores(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> np.ndarray:
    """Kendall's tau-b between target and predicted score of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Real targets; missing labels are left out.
    y_pred : array-like of the same shape
        Predicted scores, needed wherever `y_true` is observed. Columns go
        by their names where both are data frames with names.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out. A pair weighs
        the product of its two, so that a weight of two is a row that is there twice.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between -1 and 1; NaN for a task without two different labels, which has no
        order; 0 where all predictions are equal, so that they gain nothing.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or values are not finite numbers.
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import kendall_tau_scores
    >>> kendall_tau_scores([1, 2, 3, None], [0.1, 0.4, 0.9, 0.0])
    array([1.])
    """
    return score_tasks(y_true, y_pred, sample_weight, _kendall_tau, real=True)


def concordance_scores(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> np.ndarray:
    """Fraction of the pairs of each task that the scores put into the right order.

    Also known as the concordance index, or pairwise accuracy. With two different
    targets it is the area under the ROC curve.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Real targets; missing labels are left out, and so are pairs of equal ones.
    y_pred : array-like of the same shape
        Predicted scores, needed wherever `y_true` is observed; a pair of equal ones
        counts one half. Columns go by their names where both are data frames with
        names.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weights of rows or of labels; weight zero leaves a label out. A pair weighs
        the product of its two.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between 0 and 1, 0.5 by chance; NaN for a task without two different labels.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, or values are not finite numbers.
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import concordance_scores
    >>> concordance_scores([1, 2, 2, 3], [0.1, 0.4, 0.4, 0.4])
    array([0.8])
    """
    return score_tasks(y_true, y_pred, sample_weight, _concordance, real=True)


def ndcg_scores(y_true: Any, y_pred: Any, k: int | None = None) -> np.ndarray:
    """Normalised discounted cumulative gain of each task, its rows one list.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Gains, not negative, that is what a row is worth at the top of the list;
        missing labels are left out.
    y_pred : array-like of the same shape
        Predicted scores, needed wherever `y_true` is observed. Columns go
        by their names where both are data frames with names.
    k : int, default=None
        Count the first `k` rows of the list only; all when None.

    Returns
    -------
    scores : ndarray of shape (n_tasks,)
        Between 0 and 1; NaN for a task without two different labels, which any
        scores put into the best order.

    Raises
    ------
    TargetError
        If shapes differ, a prediction is missing, values are not finite numbers, or a
        gain is negative.
    InputError
        If both are data frames with names, and not the same ones.

    Examples
    --------
    >>> from skmtl.metrics import ndcg_scores
    >>> ndcg_scores([3, 1, 0, None], [0.9, 0.2, 0.1, 0.3])
    array([1.])
    """

    def ndcg(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
        if true.min() == true.max():
            return float("nan")
        return float(ndcg_score(true[np.newaxis], pred[np.newaxis], k=k))

    return score_tasks(y_true, y_pred, None, ndcg, real=True, check=_check_gains)


def _check_gains(true: np.ndarray, name: str) -> None:
    if true.min() < 0:
        raise TargetError(
            f"Gains must not be negative; found {true.min()} in task {name!r} of "
            "`y_true`. Shift or clip the targets, or judge their order by Kendall's "
            "tau: `kendall_tau_scores`, or the scorer 'kendall_tau'."
        )


def _kendall_tau(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    if true.min() == true.max():
        return float("nan")
    if pred.min() == pred.max():
        return 0.0
    pairs = count_pairs(true, pred, weight)
    excess = pairs.concordant - pairs.discordant
    product = pairs.true_ordered * pairs.pred_ordered
    mean = math.sqrt(product)
    if product < sys.float_info.min:
        mean = math.sqrt(pairs.true_ordered) * math.sqrt(pairs.pred_ordered)
    return min(max(excess / mean, -1.0), 1.0)


def _concordance(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> float:
    if true.min() == true.max():
        return float("nan")
    pairs = count_pairs(true, pred, weight)
    excess = pairs.concordant - pairs.discordant
    return min(max(0.5 + 0.5 * excess / pairs.true_ordered, 0.0), 1.0)
