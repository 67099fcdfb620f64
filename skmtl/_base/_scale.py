"""Features of a size at which networks learn badly."""

from collections.abc import Sequence

import numpy as np

from ..exceptions import FeatureScaleWarning
from ._warn import warn_user

__all__ = ["warn_of_scale"]

# Networks start with weights for features of size one. Up to a thousand they find
# their way; from ten thousand on, one such feature drowns the others.
_LARGE = 1e3
_MOST_ROWS = 1000
_SHOWN = 3


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
