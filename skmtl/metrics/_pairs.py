"""Pairs of rows whose order two columns agree on, counted by weight."""

from typing import NamedTuple

import numpy as np

__all__ = ["PairCounts", "count_pairs"]


class PairCounts(NamedTuple):
    """Weights of pairs; a pair weighs the product of its rows' weights, scaled.

    The scale is common to all, so that ratios are what counts.

    Parameters
    ----------
    concordant : float
        Pairs that both columns put into the same order.
    discordant : float
        Pairs that they put into opposite orders.
    true_ordered : float
        Pairs whose targets differ.
    pred_ordered : float
        Pairs whose predictions differ.
    """

    concordant: float
    discordant: float
    true_ordered: float
    pred_ordered: float


def count_pairs(true: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> PairCounts:
    """Count pairs in O(n log n) steps, by Knight's method.

    Parameters
    ----------
    true, pred : ndarray of shape (n_samples,)
        Finite numbers.
    weight : ndarray of shape (n_samples,)
        Positive.

    Returns
    -------
    PairCounts
    """
    order = np.lexsort((pred, true))
    # Products of weights far from one leave the range of numbers; a power of two
    # brings them back without rounding.
    weight = np.ldexp(weight, -np.frexp(weight.max())[1])[order]
    true_ranks, pred_ranks = (
        np.unique(column, return_inverse=True)[1][order] for column in (true, pred)
    )
    both_ranks = true_ranks * (pred_ranks.max() + 1) + pred_ranks
    true_ordered, pred_ordered, either = (
        _ordered(ranks, weight)
        for ranks in (true_ranks, pred_ranks, np.unique(both_ranks, False, True)[1])
    )
    # Rows of equal targets ascend in their predictions, so none of them are inverted.
    discordant = _inverted(pred_ranks, weight)
    both = true_ordered + pred_ordered - either
    return PairCounts(
        max(both - discordant, 0.0), discordant, true_ordered, pred_ordered
    )


def _ordered(ranks: np.ndarray, weight: np.ndarray) -> float:
    """Weight of the pairs of different ranks."""
    groups = np.bincount(ranks, weights=weight)
    # Each group with all before it: no differences of large squares.
    before = np.concatenate([[0.0], np.cumsum(groups)[:-1]])
    return float(groups @ before)


def _inverted(ranks: np.ndarray, weight: np.ndarray) -> float:
    """Weight of the pairs whose former row has the greater rank.

    The ranks are compared bit by bit, from the highest: a pair is decided by the first
    bit in which it differs.
    """
    total = 0.0
    for bit in reversed(range(int(ranks.max()).bit_length())):
        group = ranks >> (bit + 1)
        high = (ranks >> bit) & 1 == 1
        heavier = np.concatenate([[0.0], np.cumsum(np.where(high, weight, 0.0))])
        first = np.searchsorted(group, group)
        before = heavier[:-1] - heavier[first]
        total += float(weight[~high] @ before[~high])
        order = np.argsort(ranks >> bit, kind="stable")
        ranks, weight = ranks[order], weight[order]
    return total
