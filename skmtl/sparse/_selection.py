"""Masks with an exact number of entries."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = [
    "layer_floors",
    "n_kept_of",
    "n_units_of",
    "select_exactly",
    "top_entries",
]


def n_kept_of(keep_ratio: float, sizes: Sequence[int]) -> int:
    """Count the weights a task keeps: the rounded share, but one for each layer.

    Parameters
    ----------
    keep_ratio : float
        Share of all weights.
    sizes : sequence of int
        Weights of each layer.

    Returns
    -------
    int
    """
    return max(_rounded(keep_ratio * sum(sizes)), len(sizes))


def n_units_of(keep_ratio: float, n_units: int) -> int:
    """Count the units of a layer that a task uses: the rounded share, at least one."""
    return max(_rounded(keep_ratio * n_units), 1)


def _rounded(value: float) -> int:
    """Round halves up; Python itself would go to the even neighbour."""
    return math.floor(value + 0.5)


def layer_floors(
    keep_ratio: float, layer_floor: float, sizes: Sequence[int]
) -> list[int]:
    """Count the weights that a task keeps in each layer at least.

    Parameters
    ----------
    keep_ratio : float
        Share of all weights.
    layer_floor : float
        Least density of a layer, as a fraction of ``keep_ratio``.
    sizes : sequence of int
        Weights of each layer.

    Returns
    -------
    list of int
        At least 1; together no more than :func:`n_kept_of`.
    """
    # Rounded first: 0.3 * 0.1 * 100 is a little more than 3.
    shares = [round(layer_floor * keep_ratio * size, 6) for size in sizes]
    floors = [max(math.ceil(share), 1) for share in shares]
    if sum(floors) > n_kept_of(keep_ratio, sizes):
        return [1] * len(sizes)
    return floors


def top_entries(scores: Tensor, count: int) -> Tensor:
    """Mark the largest entries; of equal ones the first.

    Parameters
    ----------
    scores : Tensor of shape (n_entries,)
    count : int
        From 1 to ``n_entries``.

    Returns
    -------
    bool Tensor of shape (n_entries,)
        True in ``count`` places.
    """
    threshold = scores.kthvalue(len(scores) - count + 1).values
    chosen = scores > threshold
    equal = scores == threshold
    missing = count - chosen.sum()
    return chosen | (equal & (equal.cumsum(0) <= missing))


def select_exactly(
    scores: Sequence[Tensor], n_kept: Tensor, floors: Tensor
) -> list[Tensor]:
    """Choose the weights of each task by their scores over all layers.

    Parameters
    ----------
    scores : sequence of Tensor of shape (*members, n_tasks, *weight)
        One per layer.
    n_kept : int Tensor of shape (*members,)
        Weights that each task of a member keeps.
    floors : int Tensor of shape (*members, n_layers)
        Of these, the least in each layer.

    Returns
    -------
    list of bool Tensor, shaped as ``scores``
        Exactly ``n_kept`` True entries per task, over all layers.
    """
    lead = n_kept.dim() + 1
    flat = [own.flatten(lead) for own in scores]
    sizes = [own.shape[-1] for own in flat]
    rows = torch.cat(flat, -1)
    n_tasks = rows.shape[-2]
    chosen = torch.empty(rows.shape, dtype=torch.bool, device=rows.device)
    counts = n_kept.unsqueeze(-1).expand(*n_kept.shape, n_tasks).reshape(-1).tolist()
    least = floors.unsqueeze(-2).expand(*n_kept.shape, n_tasks, len(sizes))
    each = zip(
        chosen.view(-1, rows.shape[-1]),
        rows.reshape(-1, rows.shape[-1]),
        counts,
        least.reshape(-1, len(sizes)).tolist(),
        strict=True,
    )
    for mask, row, count, own_floors in each:
        mask.copy_(_select_row(row, count, own_floors, sizes))
    parts = chosen.split(sizes, -1)
    return [part.reshape(own.shape) for part, own in zip(parts, scores, strict=True)]


def _select_row(
    row: Tensor, count: int, floors: Sequence[int], sizes: Sequence[int]
) -> Tensor:
    chosen = top_entries(row, count)
    found = [int(part.sum()) for part in chosen.split(list(sizes))]
    if all(own >= least for own, least in zip(found, floors, strict=True)):
        return chosen
    pairs = zip(row.split(list(sizes)), floors, strict=True)
    must = torch.cat([top_entries(part, least) for part, least in pairs])
    return top_entries(row.masked_fill(must, math.inf), count)
