"""Features of a size at which networks learn badly."""

from collections.abc import Sequence

import numpy as np
import torch

from ..exceptions import FeatureScaleWarning, InputError
from ._warn import warn_user

__all__ = ["check_range", "warn_of_scale"]

# Networks start with weights for features of size one. Up to a thousand they find
# their way; from ten thousand on, one such feature drowns the others.
_LARGE = 1e3
_MOST_ROWS = 1000
_SHOWN = 3


def check_range(X: np.ndarray, dtype: torch.dtype) -> None:
    """Refuse features that are infinite in the precision of a network.

    Parameters
    ----------
    X : ndarray of shape (n_samples, *row)
        Finite.
    dtype : torch.dtype
        Of the network.

    Raises
    ------
    InputError
        Naming the largest value.
    """
    limit = torch.finfo(dtype).max
    if X.dtype.kind != "f" or np.finfo(X.dtype).max <= limit:
        return
    low, high = float(X.min()), float(X.max())
    largest = low if -low > high else high
    if abs(largest) > limit:
        raise InputError(
            f"X must hold values within {limit:.2g}, since the network was fitted in "
            f"{str(dtype).removeprefix('torch.')}; found {largest:.3g}. Scale X as in "
            "fit (for example with StandardScaler, in a pipeline), or fit to X of "
            "float64 on a CPU."
        )


def warn_of_scale(X: np.ndarray, names: Sequence[str] | None = None) -> None:
    """Warn of features that no network will learn well from.

    Parameters
    ----------
    X : ndarray of shape (n_samples, *row)
        A thousand rows of it are looked at.
    names : sequence of str, optional
        Names of the features.

    Warns
    -----
    FeatureScaleWarning
        Naming features whose root mean square is beyond a thousand.
    """
    step = max(len(X) // _MOST_ROWS, 1)
    sample = X[::step][:_MOST_ROWS].reshape(-1, X[0].size).astype(np.float64)
    # Squares of the largest features would overflow.
    top = np.abs(sample).max(0)
    shares = sample / np.where(top > 0, top, 1.0)
    size = top * np.sqrt((shares**2).mean(0))
    large = np.flatnonzero(size > _LARGE)
    if not len(large):
        return
    order = large[np.argsort(-size[large], kind="stable")]
    shown = ", ".join(
        (f"column {feature}" if names is None else repr(str(names[feature])))
        + f" ({size[feature]:.1g})"
        for feature in order[:_SHOWN].tolist()
    )
    more = f" and {len(large) - _SHOWN} more" if len(large) > _SHOWN else ""
    warn_user(
        f"X holds features far larger than 1, on which networks learn badly: {shown}"
        f"{more}; sizes are root mean squares. Put a StandardScaler in front, in a "
        "pipeline.",
        FeatureScaleWarning,
    )
