"""How far noisy channels let the same pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InputError
from ._measures import rows_per_task, unit_diagonal

Float = NDArray[np.float64]


def channel_overlap(covariance: ArrayLike, noise_log_variance: ArrayLike) -> Float:
    """Compare what tasks read of one representation through noise of their own.

    Of a representation with covariance ``C``, the channel with noise variances ``N_i``
    lets the shares ``P_i = C^(1/2) (C + N_i)^(-1) C^(1/2)`` pass: a matrix with
    eigenvalues between 0 and 1. The overlap is their cosine,
    ``S_ij = tr(P_i P_j) / sqrt(tr(P_i^2) tr(P_j^2))``.

    Other than :func:`capacity_overlap` it sees that two dimensions carry the same:
    tasks that read one of them each are related. Where dimensions are uncorrelated it
    is the cosine of the shares of variance that pass.

    Parameters
    ----------
    covariance : array-like of shape (n_dimensions, n_dimensions)
        Of the representation.
    noise_log_variance : array-like of shape (n_tasks, n_dimensions)
        Logarithm of the noise variance per task and dimension.

    Returns
    -------
    ndarray of shape (n_tasks, n_tasks)
        In [0, 1], symmetric, unit diagonal. A task that lets nothing pass has 0.

    Raises
    ------
    InputError
        If a value is infinite or NaN, or the shapes do not fit.

    Examples
    --------
    The first two tasks read one dimension each, and the two dimensions say the same:

    >>> from skmtl.similarity import channel_overlap
    >>> covariance = [[1.0, 0.95, 0.0], [0.95, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> noise = [[-2.0, 9.0, 9.0], [9.0, -2.0, 9.0], [9.0, 9.0, -2.0]]
    >>> channel_overlap(covariance, noise).round(2)
    array([[1. , 0.9, 0. ],
           [0.9, 1. , 0. ],
           [0. , 0. , 1. ]])
    """
    noise = rows_per_task(noise_log_variance, "noise_log_variance")
    table = rows_per_task(covariance, "covariance")
    n_dimensions = noise.shape[-1]
    if noise.ndim != 2 or table.shape != (n_dimensions, n_dimensions):
        raise InputError(
            "`covariance` must have shape (n_dimensions, n_dimensions) and "
            f"`noise_log_variance` (n_tasks, n_dimensions); got {table.shape} and "
            f"{noise.shape}."
        )
    values, vectors = np.linalg.eigh((table + table.T) / 2)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    signal = (root * np.exp(-noise)[:, None, :]) @ root
    eye = np.eye(n_dimensions)
    passed = eye - np.linalg.inv(eye + signal)
    flat = passed.reshape(len(noise), -1)
    products = flat @ flat.T
    power = np.sqrt(np.outer(products.diagonal(), products.diagonal()))
    overlap = np.divide(products, power, out=np.zeros_like(power), where=power > 0)
    return unit_diagonal(np.clip(overlap, 0.0, 1.0))
