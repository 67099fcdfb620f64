"""Features of a size at which networks learn badly."""

from collections.abc import Sequence

import numpy as np
import torch

from ..exceptions import FeatureScaleWarning, InputError
from ._warn import warn_user

__all__ = ["check_range", "warn_of_scale"]

# Networks start with weights for features around zero, of size one. Up to a thousand
# they find their way; from ten thousand on, one such feature drowns the others. Centres
# ten deviations away cost planted tasks up to 4 points of accuracy, thirty 3 to 6, a
# hundred 4 to 48, while those of a small feature are but one more bias; features of
# size .01, all together, cost the hierarchical bottleneck 25.
_LARGE, _SMALL = 1e3, 0.02
_FAR, _FAR_SIZE = 5.0, 10.0
_MOST_ROWS = 1000
_SHOWN = 3
# Below this share of its size, the deviation of a feature is rounding.
_ROUNDING = 1e-9
_ADVICE = "Put a StandardScaler in front, in a pipeline."


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
    if X.dtype.kind != "f" or float(np.finfo(X.dtype).max) <= limit:
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
        Naming features whose root mean square is beyond a thousand, or which lie far
        from zero for their spread, or telling that all of them are tiny.
    """
    step = max(len(X) // _MOST_ROWS, 1)
    sample = X[::step][:_MOST_ROWS].reshape(-1, X[0].size).astype(np.float64)
    # Squares of the largest features would overflow.
    top = np.abs(sample).max(0)
    shares = sample / np.where(top > 0, top, 1.0)
    size = top * np.sqrt((shares**2).mean(0))
    centre, spread = top * np.abs(shares.mean(0)), top * shares.std(0)
    varies = spread > _ROUNDING * top
    large = size > _LARGE
    far = varies & (centre > _FAR * spread) & (size > _FAR_SIZE)
    found = np.flatnonzero(large | far)
    if len(found):
        order = found[np.argsort(-size[found], kind="stable")].tolist()
        told = [
            f"{_name(own, names)} "
            + (f"({size[own]:.1g})" if large[own] else _place(centre[own], spread[own]))
            for own in order[:_SHOWN]
        ]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        warn_user(
            "X holds features far larger than 1, or far from 0, on which networks "
            f"learn badly: {', '.join(told)}{more}; single numbers are root mean "
            f"squares. {_ADVICE}",
            FeatureScaleWarning,
        )
    elif varies.any() and size[varies].max() < _SMALL:
        warn_user(
            "All features of X are far smaller than 1, so that networks learn slowly "
            f"or nothing; the largest root mean square is {size[varies].max():.1g}. "
            f"{_ADVICE}",
            FeatureScaleWarning,
        )


def _name(feature: int, names: Sequence[str] | None) -> str:
    return f"column {feature}" if names is None else repr(str(names[feature]))


def _place(centre: float, spread: float) -> str:
    return f"({centre:.2g} from 0, deviation {spread:.1g})"
