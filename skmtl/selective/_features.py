"""What the trunk makes of the rows that tasks are compared on."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from skmtl.nn._recording import evaluating

from ._window import Window

__all__ = ["read_features", "row_count"]

# Rows and features that the tasks are compared on.
_ROWS = 5000
_MOST_FEATURES = 256
# Pictures cost more: so many for each step of an epoch, but enough for a signal.
_PICTURES_PER_STEP = 6
_LEAST_PICTURES = 500
# Rows that pass the trunk at once, few enough for the processor's caches.
_CHUNK = 128


def row_count(network: Any, state: Any) -> int:
    """Count the rows that tasks are to be compared on.

    Parameters
    ----------
    network : SelectiveSharingNetwork
    state : TrainingState

    Returns
    -------
    int
        At most so many.
    """
    if network.row_dims == 1:
        return _ROWS
    n_steps = state.n_steps // max(state.n_epochs, 1)
    return min(max(_PICTURES_PER_STEP * n_steps, _LEAST_PICTURES), _ROWS)


def read_features(network: Any, window: Window, batch: Any) -> list[np.ndarray]:
    """Compute what the trunk makes of rows, without chance and without traces.

    First as it was before it learned: what it has learned from these very labels
    would make noise look like signal. Then, after the first merge, as it is now.

    Parameters
    ----------
    network : SelectiveSharingNetwork
    window : Window
    batch : Batch

    Returns
    -------
    list of ndarray of shape (n_members, n_rows, d)
        One or two.
    """
    # A user's trunk may drop units, or note every batch that passes in training.
    with evaluating(network.encoder):
        found = [_encoded(network, batch.x, window.start)]
        if bool((network.closed_epoch > 0).any()):
            found.append(_encoded(network, batch.x, None))
    arrays = []
    for z in found:
        wide = z.expand(*network.members, *z.shape[-2:]).reshape(-1, *z.shape[-2:])
        arrays.append(_narrowed(wide.to(torch.float64).cpu().numpy()))
    return arrays


def _encoded(network: Any, x: Tensor, weights: dict[str, Tensor] | None) -> Tensor:
    """Representation of rows under other weights of the trunk, or its own."""
    parts = []
    for part in x.split(_CHUNK, x.dim() - 1 - network.row_dims):
        if weights is None:
            parts.append(network.encode(part))
        else:
            call = torch.func.functional_call
            parts.append(call(network.encoder, weights, (part,)))
    return torch.cat(parts, dim=-2)


def _narrowed(features: np.ndarray) -> np.ndarray:
    """Random combinations of very many features, which cost less and tell as much."""
    width = features.shape[-1]
    if width <= _MOST_FEATURES:
        return features
    # Fixed, so that a member does not depend on its neighbours.
    weights = np.random.RandomState(0).normal(size=(width, _MOST_FEATURES))
    found: np.ndarray = features @ (weights / np.sqrt(width))
    return found
