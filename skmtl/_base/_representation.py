"""What a trained encoder makes of rows."""

import math

import numpy as np
import torch
from torch import Tensor

from ..engine import MultiTaskNet, as_tensor
from ..exceptions import ConvergenceError

__all__ = [
    "chunk_rows",
    "representation",
    "representation_variance",
    "side_by_side",
]

_CHUNK = 8192
_LEAST_CHUNK = 256
_CPU = torch.device("cpu")


def chunk_rows(net: MultiTaskNet) -> int:
    """Rows that pass a net at once; fewer where each is seen many times.

    By members, or by tasks of which each has norms.
    """
    network = net.module_
    copies = math.prod(network.members)
    if getattr(network, "norm_names", ()):
        copies *= network.n_tasks
    return max(_CHUNK // copies, _LEAST_CHUNK)


def representation(net: MultiTaskNet, X: np.ndarray) -> np.ndarray:
    """Compute the shared representation ``(*members, n_samples, latent)`` in chunks."""
    step = chunk_rows(net)
    chunks = [
        net.outputs(as_tensor(X[start : start + step], _CPU), representation=True)
        .cpu()
        .numpy()
        for start in range(0, len(X), step)
    ]
    return np.concatenate(chunks, axis=-2)


def side_by_side(z: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Lay members out as columns ``(n_samples, *)``, in double precision where X is.

    On an accelerator networks are in single precision in any case.
    """
    z = z if z.ndim == 2 else np.concatenate(list(z), axis=1)
    return z.astype(X.dtype, copy=False) if X.dtype == np.float64 else z


def representation_variance(
    net: MultiTaskNet, X: np.ndarray, weights: np.ndarray | None, rows: np.ndarray
) -> Tensor:
    """Variance of the representation over the training rows, ``(*members, latent)``.

    Chunks are joined by their means and sums of squares about the mean, which stays
    exact where a plain sum of squares would cancel.

    Raises
    ------
    ConvergenceError
        If the representation overflows.
    """
    total, mean, scatter = 0.0, np.zeros(1), np.zeros(1)
    for start in range(0, len(rows), _CHUNK):
        places = rows[start : start + _CHUNK]
        w = np.ones(len(places)) if weights is None else weights[places]
        if w.sum() == 0:
            continue
        z = representation(net, X[places]).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            own_mean = np.average(z, axis=-2, weights=w)
            centred = z - own_mean[..., None, :]
            own_scatter = (w[:, None] * centred**2).sum(-2)
            joined = total + w.sum()
            shift = own_mean - mean
            scatter = scatter + own_scatter + shift**2 * total * w.sum() / joined
            mean = mean + shift * w.sum() / joined
        total = joined
    if not np.isfinite(scatter).all():
        raise ConvergenceError(
            "The shared representation of the training rows is beyond 64 bits. Scale "
            "X (for example with StandardScaler)."
        )
    return torch.as_tensor(scatter / total)
