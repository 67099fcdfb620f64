"""What relatedness looks like when labels are permuted within a task's own rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._targets import TargetColumns

Float = NDArray[np.float64]
Single = NDArray[np.float32]

# A task this many standard deviations above its first permutations needs no more.
_CLEAR_SIGNAL = 5.0
# A task silent by itself is heard beside others at a fifth of the gate's error rate:
# the second chance must not raise the share of random tasks that are heard by much.
_SECOND_CHANCE = 0.2
# With a handful of labels some permutations leave them as they are. They are ties, and
# must not be beaten by the rounding of single precision.
_ROUNDING = 1e-5


class Whitened(NamedTuple):
    """A representation in the eigenbasis of its covariance, ridged and whitened."""

    scores: Float  # (n_samples, n_units)
    power: Float  # (n_samples,), squared length of each row of scores
    variance: Float  # (n_units,), variance of each column of scores


class _Permuted(NamedTuple):
    reliability: Float  # (n_permutations,)
    covariance: Single  # (n_permutations, n_outputs of the task, n_units)


def permuted_reliability(
    white: Whitened,
    targets: TargetColumns,
    reliability: Float,
    n_permutations: int,
    quantile: float,
    seed: int,
) -> tuple[Float, dict[int, Single]]:
    """Null of every task, and the permuted covariances of tasks below their null."""
    # Single precision halves the cost; its error is far below the spread of the null.
    scores, power = white.scores.astype(np.float32), white.power.astype(np.float32)
    silent: dict[int, Single] = {}
    if n_permutations == 0:
        return np.full(len(reliability), np.nan), silent
    n_first = min(n_permutations, int(np.ceil(1 / (1 - quantile))))
    null = np.zeros(len(reliability))
    orders: dict[int, NDArray[np.intp]] = {}
    for task, columns in enumerate(targets.blocks()):
        if columns.start == columns.stop:
            continue
        rows = np.flatnonzero(targets.observed[:, task])
        count = len(rows)
        if count not in orders:
            orders[count] = _orders(count, n_permutations, seed)
        everywhere = count == len(scores)
        a, p = (scores, power) if everywhere else (scores[rows], power[rows])
        labels = targets.values[rows, columns].T.astype(np.float32)
        drawn = _permute(labels, a, p, orders[count][:n_first])
        mean, spread = drawn.reliability.mean(), drawn.reliability.std()
        if reliability[task] <= mean + _CLEAR_SIGNAL * spread:
            drawn = _permute(labels, a, p, orders[count])
        chance = np.quantile(drawn.reliability, quantile, method="higher")
        # Less than nothing that repeats is no signal, whatever chance has.
        null[task] = max(chance + _ROUNDING, 0.0)
        if reliability[task] <= null[task]:
            silent[task] = drawn.covariance
    return null, silent


def beside_others(
    covariance: Float,
    disjoint: Float,
    white: Whitened,
    targets: TargetColumns,
    passed: NDArray[np.bool_],
    permuted: dict[int, Single],
    quantile: float,
) -> NDArray[np.bool_]:
    """Silent tasks whose relation to a passed task is beyond chance.

    The statistic is the largest, over passed tasks j, of ``||G_ij||^2`` in units of its
    mean under permutation; its null permutes the labels of the silent task i.
    """
    heard = np.zeros(len(passed), dtype=bool)
    if not passed.any():
        return heard
    level = 1 - (1 - quantile) * _SECOND_CHANCE
    unit = targets.sum_by_task(white.variance @ covariance**2)
    for task, draws in permuted.items():
        own = targets.blocks()[task]
        few = (len(draws) + 1) * (1 - level) < 1 - 1e-9
        if few or _share_of_same(draws, covariance[:, own]) > 1 - level:
            continue  # too few permutations, or too few labels, to reach the level
        squares = targets.sum_by_task((disjoint[own] ** 2).sum(0))
        statistic = (squares[passed] / unit[passed]).max()
        chance = targets.sum_by_task(((draws @ covariance) ** 2).sum(1))
        largest = (chance[:, passed] / unit[passed]).max(1)
        bound = np.quantile(largest, level, method="higher")
        heard[task] = statistic > bound * (1 + _ROUNDING)
    return heard


def _share_of_same(draws: Single, own: Float) -> float:
    """Share of the permutations that leave the labels as they are, up to their sign."""
    lengths = (draws.astype(np.float64) ** 2).sum((1, 2))
    return float(np.isclose(lengths, (own**2).sum(), rtol=_ROUNDING).mean())


def _orders(count: int, n_permutations: int, seed: int) -> NDArray[np.intp]:
    # Seeded by the count, so that no task's null depends on which others exist.
    random = np.random.default_rng([seed, count])
    return np.argsort(random.random((n_permutations, count)), axis=1)


def _permute(
    labels: Single, scores: Single, power: Single, orders: NDArray[np.intp]
) -> _Permuted:
    shuffled = labels[:, orders]  # (n_outputs, n_permutations, count)
    covariance = (shuffled @ scores).transpose(1, 0, 2)
    full = (covariance.astype(np.float64) ** 2).sum((1, 2))
    same_row = (shuffled**2).sum(0) @ power
    # A representation that does not vary has no power; its reliability is 0.
    lasting = np.divide(full - same_row, full, out=np.zeros_like(full), where=full > 0)
    return _Permuted(lasting, covariance)
