"""Pictures made larger or smaller."""

import numpy as np
from numpy.typing import NDArray


def resize(images: NDArray, shape: tuple[int, int]) -> NDArray:
    """Resize pictures by the triangle filter, widened where they shrink.

    Parameters
    ----------
    images : ndarray of float, shape (n_images, height, width)
    shape : (int, int)
        The new height and width.

    Returns
    -------
    images : ndarray of float, shape (n_images, *shape)
    """
    if images.shape[1:] == shape:
        return images
    rows, columns = (
        _weights(old, new).astype(images.dtype)
        for old, new in zip(images.shape[1:], shape, strict=True)
    )
    resized: NDArray = rows @ images @ columns.T
    return resized


def _weights(old: int, new: int) -> NDArray[np.float64]:
    """Share of each old pixel in each new one, of shape (new, old)."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(old) - centres[:, np.newaxis]) / max(scale, 1.0)
    share = np.maximum(1.0 - distance, 0.0)
    return share / share.sum(axis=1, keepdims=True)
