"""From the parts of a network that tasks use to similarities between tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InputError
from ._measures import unit_diagonal

Float = NDArray[np.float64]

# Of a layer's mean information; below it, information is no information.
_FLOOR = 1e-8


def mask_overlap(masks: Sequence[ArrayLike]) -> Float:
    """Overlap of the tasks' masks beyond that of random masks of the same densities.

    ``S_ij = (o_ij - e_ij) / (m_ij - e_ij)``, clipped to [0, 1], where o counts the
    weights that both tasks use, e is its expectation for random masks with the same
    number of weights per layer, and m the most that it could be.

    Parameters
    ----------
    masks : sequence of array-like of shape (n_tasks, *weight), bool
        Which weights each task uses, one table per layer.

    Returns
    -------
    ndarray of shape (n_tasks, n_tasks)
        0: no more than by chance; 1: all that the smaller mask has. Symmetric, unit
        diagonal. 0 where a task uses everything or nothing.

    Raises
    ------
    InputError
        If there is no layer, or layers have masks of different numbers of tasks.

    Examples
    --------
    Two tasks with the same half of a layer, one with the other half, and one with a
    half that overlaps both by chance:

    >>> from skmtl.similarity import mask_overlap
    >>> mask_overlap([[[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0]]])
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [0., 0., 1., 0.],
           [0., 0., 0., 1.]])
    """
    layers = _layers(masks, "masks", np.float32)
    found = expected = most = np.zeros(())
    for table in layers:
        counts = table.sum(1, dtype=np.float64)
        # Counts under 2**24 are exact in single precision, which multiplies faster.
        shared = np.rint(table @ table.T).astype(np.float64)
        found = found + shared
        expected = expected + np.outer(counts, counts) / table.shape[1]
        most = most + np.minimum.outer(counts, counts)
    room = most - expected
    excess = np.divide(
        found - expected, room, out=np.zeros_like(room), where=room > 1e-9
    )
    return unit_diagonal(np.clip(excess, 0.0, 1.0))


def information_correlation(information: Sequence[ArrayLike]) -> Float:
    """Correlation of the logarithms of the tasks' Fisher information.

    What remains of the relation of tasks where masks keep nearly everything. Means of
    the layers are taken off first, and weights that no task depends on left out.

    Parameters
    ----------
    information : sequence of array-like of shape (n_tasks, *weight)
        Diagonal Fisher information of each task, zero or larger, one table per layer.

    Returns
    -------
    ndarray of shape (n_tasks, n_tasks)
        Clipped to [0, 1], symmetric, unit diagonal; 0 for a task without information.

    Raises
    ------
    InputError
        If there is no layer, layers have different numbers of tasks, or a value is
        negative or not finite.

    Examples
    --------
    >>> from skmtl.similarity import information_correlation
    >>> information_correlation([[[1.0, 2.0, 9.0], [2.0, 4.0, 18.0], [9.0, 2.0, 1.0]]])
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    layers = _layers(information, "information", np.float64)
    n_tasks = len(layers[0])
    products = np.zeros((n_tasks, n_tasks))
    for table in layers:
        if not np.isfinite(table).all() or (table < 0).any():
            raise InputError(
                "`information` must be finite and at least 0; its values span "
                f"[{table.min()}, {table.max()}]."
            )
        used = table[:, table.any(0)]
        if not used.shape[1]:
            continue
        level = used.mean(1, keepdims=True)
        floor = np.where(level > 0, _FLOOR * level, 1.0)
        logarithm = np.log(np.maximum(used, floor))
        logarithm -= logarithm.mean(1, keepdims=True)
        products += logarithm @ logarithm.T
    power = np.sqrt(np.outer(products.diagonal(), products.diagonal()))
    correlation = np.divide(products, power, out=np.zeros_like(power), where=power > 0)
    return unit_diagonal(np.clip(correlation, 0.0, 1.0))


def _layers(values: Sequence[ArrayLike], name: str, dtype: type) -> list[NDArray]:
    tables: list[NDArray] = [np.asarray(own, dtype=dtype) for own in values]
    if not tables or len({own.shape[:1] for own in tables}) > 1 or not tables[0].ndim:
        raise InputError(
            f"`{name}` must hold one array (n_tasks, *weight) per layer; found "
            f"shapes {[own.shape for own in tables]}."
        )
    return [own.reshape(len(own), -1) for own in tables]
