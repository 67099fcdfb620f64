"""How much noise the targets hold beside what can be predicted of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ..similarity import random_trunk
from ..tasks import TaskSpec

__all__ = ["follows_noise", "noise_to_signal"]

# Random features that targets are predicted from, by ridge regression with penalties
# in units of their mean variance.
_UNITS = 512
_RIDGES = 10.0 ** np.arange(-3, 1.6, 0.5)
# Rows that are read; where tasks have labels in different rows, of all tasks together,
# but so many of each.
_ROWS, _ROWS_OF_TASK = 3000, 256
_LEAST_SHARE = 0.01
# Below this share of free rows, cross-validation in one pass says nothing.
_LEAST_FREEDOM = 0.1


def follows_noise(estimator: Any) -> bool:
    """Whether an estimator's "auto" weight decay depends on the noise of the targets.

    Random features see little of what a network learns in pictures or in whatever
    else comes with an encoder of its own, so it does on tables only.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    bool
    """
    wanted: bool = estimator.weight_decay == "auto" and estimator._decay_follows_noise
    is_table = isinstance(estimator.encoder, str) and estimator.encoder == "mlp"
    return wanted and is_table


def noise_to_signal(
    X: np.ndarray,
    codes: np.ndarray,
    observed: np.ndarray,
    specs: Sequence[TaskSpec],
    seed: int,
) -> float:
    """Variance of the targets that cannot be predicted, over that which can.

    The share that can is that of ridge regression on random features, by generalised
    cross-validation, as a mean over the tasks; of a ranking, that of the ranks.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    codes : ndarray of shape (n_samples, n_tasks)
    observed : bool ndarray of shape (n_samples, n_tasks)
    specs : sequence of TaskSpec
    seed : int
        Of the features, and of the rows if they are too many.

    Returns
    -------
    float
        At most 99.
    """
    masks, kind = np.unique(observed.T, axis=0, return_inverse=True)
    most = max(_ROWS // len(masks), _ROWS_OF_TASK)
    shares = np.zeros(len(specs))
    for place, mask in enumerate(masks):
        random = np.random.RandomState(seed)
        rows = np.flatnonzero(mask)
        if len(rows) > most:
            rows = np.sort(random.choice(rows, most, replace=False))
        if len(rows) < 2:
            continue
        z = random_trunk(X[rows], _UNITS, random)
        tasks = np.flatnonzero(kind.ravel() == place).tolist()
        columns = [_columns(codes[rows, task], specs[task]) for task in tasks]
        owner = np.repeat(tasks, [own.shape[1] for own in columns])
        targets = np.hstack(columns)
        targets = targets - targets.mean(0)
        power = np.bincount(owner, (targets**2).mean(0), len(specs))
        explained = np.bincount(owner, _explained(z - z.mean(0), targets), len(specs))
        shares += np.divide(explained, power, out=np.zeros_like(power), where=power > 0)
    share = max(float(shares.mean()), _LEAST_SHARE)
    return (1 - share) / share


def _columns(codes: np.ndarray, spec: TaskSpec) -> np.ndarray:
    """Targets as numbers, ``(n_rows, n_columns)``."""
    if spec.kind == "multiclass":
        columns: np.ndarray = codes[:, None] == np.arange(spec.n_classes)
        return columns.astype(float)
    values = rankdata(codes) if spec.is_ranking else codes
    return np.asarray(values, dtype=float)[:, None]


def _explained(z: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Variance of each centred target that its best ridge predicts; never below 0."""
    n_rows, n_units = z.shape
    if n_rows > n_units:
        values, vectors = np.linalg.eigh(z.T @ z / n_rows)
        values = np.maximum(values, 0)
        squares = (vectors.T @ (z.T @ targets / n_rows)) ** 2
    else:
        values, vectors = np.linalg.eigh(z @ z.T / n_rows)
        values = np.maximum(values, 0)
        squares = values[:, None] * (vectors.T @ targets) ** 2 / n_rows
    power = (targets**2).mean(0)
    best = np.zeros(targets.shape[1])
    for ridge in _RIDGES * values.sum() / n_units:
        damped = values + max(ridge, 1e-300)
        left = power - (2 / damped - values / damped**2) @ squares
        # One more for the mean.
        freedom = 1 - ((values / damped).sum() + 1) / n_rows
        if freedom > _LEAST_FREEDOM:
            best = np.maximum(best, power - left / freedom**2)
    return best
