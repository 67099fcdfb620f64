"""A representation that knows nothing of the targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ..exceptions import InputError

Float = NDArray[np.float64]


def random_trunk(
    X: ArrayLike,
    n_units: int = 256,
    random_state: int | np.random.RandomState | None = None,
) -> Float:
    """Random rectified features of standardised columns.

    A representation that knows nothing of the targets and needs no training.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Numbers without missing values. Constant columns are ignored.
    n_units : int, default=256
        Number of features returned.
    random_state : int, RandomState instance or None, default=None
        Draws the weights.

    Returns
    -------
    ndarray of shape (n_samples, n_units)
        Non-negative features.

    Raises
    ------
    InputError
        If X is not a finite numeric table or `n_units` is not positive.

    Examples
    --------
    >>> from skmtl.similarity import random_trunk
    >>> random_trunk([[0.0, 1.0], [1.0, 1.0]], n_units=3, random_state=0).shape
    (2, 3)
    """
    table = finite_table(X, "X")
    if n_units < 1:
        raise InputError(f"`n_units` must be at least 1; got {n_units}.")
    table = table - table.mean(0)
    spread = table.std(0)
    varying = spread > 1e-12 * np.maximum(np.abs(table).max(0), 1e-300)
    table = table[:, varying] / spread[varying]
    random = check_random_state(random_state)
    weights = random.normal(size=(table.shape[1], n_units))
    offsets = random.normal(scale=0.5, size=n_units)
    scale = np.sqrt(max(table.shape[1], 1))
    return np.maximum(table @ (weights / scale) + offsets, 0.0)


def finite_table(values: ArrayLike, name: str) -> Float:
    """Check a numeric table of shape (n_rows, n_columns) without gaps."""
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"`{name}` must hold numbers only.") from error
    if table.ndim != 2 or 0 in table.shape:
        raise InputError(
            f"`{name}` must be a non-empty table of shape (n_samples, n_columns); got "
            f"shape {table.shape}. Flatten images first."
        )
    if not np.isfinite(table).all():
        raise InputError(f"`{name}` holds NaN or infinite values; impute them first.")
    return table
