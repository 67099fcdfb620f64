"""From a method's evidence to distances and similarities between tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InputError

Float = NDArray[np.float64]

# Share of its squares below which the variance of a column has lost too many digits.
_LOST = 1e-4


def capacity_overlap(capacity: ArrayLike) -> Float:
    """Ruzicka overlap of the tasks' channel capacities.

    ``S_ij = sum_d min(c_id, c_jd) / sum_d max(c_id, c_jd)``: the share of the capacity
    used by either task that both use.

    Parameters
    ----------
    capacity : array-like of shape (..., n_tasks, n_dimensions)
        Non-negative capacities, in nats; leading axes are kept.

    Returns
    -------
    ndarray of shape (..., n_tasks, n_tasks)
        In [0, 1], symmetric, unit diagonal. Two tasks without any capacity have 0.

    Raises
    ------
    InputError
        If a capacity is negative, infinite or NaN.

    Examples
    --------
    >>> from skmtl.similarity import capacity_overlap
    >>> capacity_overlap([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0. ],
           [0. , 0. , 1. ]])
    """
    capacities = rows_per_task(capacity, "capacity")
    if (capacities < 0).any():
        raise InputError(
            "`capacity` must not be negative; its smallest value is "
            f"{capacities.min()}."
        )
    left, right = capacities[..., :, None, :], capacities[..., None, :, :]
    shared = np.minimum(left, right).sum(-1)
    used = np.maximum(left, right).sum(-1)
    overlap = np.divide(shared, used, out=np.zeros_like(shared), where=used > 0)
    return unit_diagonal(overlap)


def capacity_distance(capacity: ArrayLike) -> Float:
    """L1 distance between the tasks' channel capacities.

    Parameters
    ----------
    capacity : array-like of shape (..., n_tasks, n_dimensions)
        Capacities, in nats; leading axes are kept.

    Returns
    -------
    ndarray of shape (..., n_tasks, n_tasks)
        Distances in nats, symmetric, zero diagonal.

    Raises
    ------
    InputError
        If a capacity is infinite or NaN.

    Examples
    --------
    >>> from skmtl.similarity import capacity_distance
    >>> capacity_distance([[1.0, 1.0], [1.0, 0.0]])
    array([[0., 1.],
           [1., 0.]])
    """
    return _city_block(rows_per_task(capacity, "capacity"))


def log_variance_distance(noise_log_variance: ArrayLike) -> Float:
    """L1 distance between the tasks' log noise variances, equation 11 of [1]_.

    Parameters
    ----------
    noise_log_variance : array-like of shape (..., n_tasks, n_dimensions)
        Natural logarithms of the noise variances; leading axes are kept.

    Returns
    -------
    ndarray of shape (..., n_tasks, n_tasks)
        Symmetric, zero diagonal.

    Raises
    ------
    InputError
        If a value is infinite or NaN.

    References
    ----------
    .. [1] "Compressed Hierarchical Representations for Multi-Task Learning and Task
       Clustering", IJCNN 2022.

    Examples
    --------
    >>> from skmtl.similarity import log_variance_distance
    >>> log_variance_distance([[0.0, -2.0], [1.0, 0.0]])
    array([[0., 3.],
           [3., 0.]])
    """
    return _city_block(rows_per_task(noise_log_variance, "noise_log_variance"))


def apply_gate(
    similarity: ArrayLike,
    reliability: ArrayLike,
    null: ArrayLike,
    passed: ArrayLike | None = None,
) -> Float:
    """Leave tasks alone whose own signal does not exceed chance.

    Parameters
    ----------
    similarity : array-like of shape (..., n_tasks, n_tasks)
        Similarities of any method.
    reliability : array-like of shape (..., n_tasks)
        How much of each task's signal repeats.
    null : array-like of shape (..., n_tasks)
        What chance reaches; a task passes where its reliability is larger.
    passed : array-like of shape (..., n_tasks), bool, default=None
        Tasks to let pass whatever their reliability, such as those that
        :func:`target_relatedness` heard beside others.

    Returns
    -------
    ndarray of shape (..., n_tasks, n_tasks)
        The similarity with 0 off the diagonal for each silent task, unit diagonal.

    Raises
    ------
    InputError
        If the similarity is not square.

    Examples
    --------
    >>> from skmtl.similarity import apply_gate
    >>> apply_gate([[1.0, 0.8], [0.8, 1.0]], reliability=[0.9, 0.1], null=[0.2, 0.2])
    array([[1., 0.],
           [0., 1.]])
    """
    table = np.asarray(similarity, dtype=np.float64)
    if table.ndim < 2 or table.shape[-1] != table.shape[-2]:
        raise InputError(
            f"`similarity` must have shape (..., n_tasks, n_tasks); got {table.shape}."
        )
    heard = np.asarray(reliability) > np.asarray(null)
    if passed is not None:
        heard = heard | np.asarray(passed, dtype=bool)
    if heard.shape[-1:] != table.shape[-1:]:
        raise InputError(
            f"`reliability` and `null` must have one value for each of the "
            f"{table.shape[-1]} tasks; got shape {heard.shape}."
        )
    return unit_diagonal(table * heard[..., :, None] * heard[..., None, :])


def label_correlation(y: ArrayLike) -> Float:
    """Absolute Pearson correlation of labels over commonly observed rows.

    A baseline: the relation that shows without looking at the features. For the
    codes of a task with more than two unordered classes it has no meaning.

    Parameters
    ----------
    y : array-like of shape (n_samples, n_tasks)
        Numeric targets; NaN or masked where missing.

    Returns
    -------
    ndarray of shape (n_tasks, n_tasks)
        In [0, 1], symmetric, unit diagonal; 0 for pairs that share fewer than two rows
        or of which one does not vary on the shared rows.

    Raises
    ------
    InputError
        If `y` is not a numeric table or holds infinite values.

    Examples
    --------
    >>> from skmtl.similarity import label_correlation
    >>> nan = float("nan")
    >>> label_correlation([[0.0, 1.0], [1.0, 0.0], [1.0, nan]])
    array([[1., 1.],
           [1., 1.]])
    """
    table = np.asarray(y, dtype=np.float64)
    if np.ma.isMaskedArray(y):
        table = np.where(np.ma.getmaskarray(y), np.nan, table)
    if table.ndim != 2 or np.isinf(table).any():
        raise InputError(
            "`y` must be a table of shape (n_samples, n_tasks) of finite numbers or "
            f"NaN; got shape {table.shape}."
        )
    observed = ~np.isnan(table)
    seen = observed.astype(np.float64)
    counts = np.maximum(seen.sum(0), 1)
    values = np.where(observed, table, 0.0)
    values = np.where(observed, values - values.sum(0) / counts, 0.0)
    scale = np.abs(values).max(0, initial=0.0)
    values /= np.where(scale > 0, scale, 1.0)
    shared = np.maximum(seen.T @ seen, 1)
    # sums[i, j]: sum of task i over the rows that task j observed too.
    sums, squares = values.T @ seen, (values**2).T @ seen
    covariance = values.T @ values - sums * sums.T / shared
    variance = squares - sums**2 / shared
    variance[variance < 1e-12 * np.maximum(squares, 1e-300)] = 0.0
    power = np.sqrt(variance * variance.T)
    correlation = np.divide(
        np.abs(covariance), power, out=np.zeros_like(power), where=power > 0
    )
    # Where most of the squares is the distance of the shared rows from the others.
    lost = variance < _LOST * squares
    for i, j in np.argwhere(np.triu(lost | lost.T, 1)):
        both = observed[:, i] & observed[:, j]
        found = _pair_correlation(table[both, i], table[both, j])
        correlation[i, j] = correlation[j, i] = found
    return unit_diagonal(np.minimum(correlation, 1.0))


def _pair_correlation(first: Float, second: Float) -> float:
    """Absolute correlation of two columns; 0 if one of them does not vary."""
    directions = []
    for own in (first, second):
        if len(own) < 2 or own.min() == own.max():
            return 0.0
        own = own / np.abs(own).max()
        own = own - own.mean()
        own = own / np.abs(own).max()
        directions.append(own / np.linalg.norm(own))
    return abs(float(directions[0] @ directions[1]))


def rows_per_task(values: ArrayLike, name: str) -> Float:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim < 2:
        raise InputError(
            f"`{name}` must have shape (..., n_tasks, n_dimensions); got {table.shape}."
        )
    if not np.isfinite(table).all():
        raise InputError(
            f"`{name}` holds NaN or infinite values; the fit it comes from diverged."
        )
    return table


def _city_block(table: Float) -> Float:
    return np.abs(table[..., :, None, :] - table[..., None, :, :]).sum(-1)


def unit_diagonal(table: Float) -> Float:
    index = np.arange(table.shape[-1])
    table[..., index, index] = 1.0
    return table
