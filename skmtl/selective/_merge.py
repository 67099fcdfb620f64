"""Branches become one: their weights, and what the optimiser remembers of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["merge_places", "refit_heads"]

# Ridge of the refitted output layers, in units of the mean square of a feature.
_RIDGE = 1e-3


def merge_places(
    parameter: Tensor,
    state: dict[str, Tensor],
    groups: Sequence[Sequence[Sequence[int]]],
    best: Sequence[Sequence[int]],
    how: str,
    axis: int,
) -> None:
    """Bring the branches of each group into one place, the first places in turn.

    Parameters
    ----------
    parameter : Tensor of shape (*members, n_places, ...)
        Edited in place, as is what follows.
    state : dict of str to Tensor
        What the optimiser remembers, of shape (*members, n_places, ...).
    groups : sequence of n_members sequences
        Places of each group of each member.
    best : sequence of n_members sequences
        Of each group, the place of the branch with the lowest loss.
    how : {"best", "mean", "max", "min"}
        The best branch, or entry by entry the mean, maximum or minimum. The
        optimiser's state is taken from the same places, or from the best branch
        where it has no place for each entry.
    axis : int
        Number of member axes.
    """
    tensors = [parameter, *state.values()]
    flat = [own.view(-1, *own.shape[axis:]) for own in tensors]
    for member, (own_groups, own_best) in enumerate(zip(groups, best, strict=True)):
        before = [own[member].clone() for own in flat]
        for place, (slots, kept) in enumerate(zip(own_groups, own_best, strict=True)):
            for own, old in zip(flat, before, strict=True):
                own[member, place] = _combined(old, before[0], slots, kept, how)


def _combined(
    values: Tensor, weights: Tensor, slots: Sequence[int], kept: int, how: str
) -> Tensor:
    of_entries = values.shape == weights.shape
    if how == "best" or len(slots) == 1 or (how != "mean" and not of_entries):
        return values[kept]
    chosen = list(slots)
    if how == "mean":
        return values[chosen].mean(0)
    of_weights = weights[chosen]
    index = of_weights.argmax(0) if how == "max" else of_weights.argmin(0)
    return values[chosen].gather(0, index.unsqueeze(0))[0]


def refit_heads(hidden: Tensor, wanted: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Fit output layers, by ridge regression, so that outputs stay what they were.

    Parameters
    ----------
    hidden : Tensor of shape (..., n_rows, d)
        What the layers read now.
    wanted : Tensor of shape (..., n_rows, n_outputs)
    share : Tensor of shape (..., n_rows)
        Weights of the rows that sum to one.

    Returns
    -------
    weight : Tensor of shape (..., n_outputs, d)
    bias : Tensor of shape (..., n_outputs)
    """
    share = share.unsqueeze(-1)
    mean, level = (share * hidden).sum(-2), (share * wanted).sum(-2)
    centred = hidden - mean.unsqueeze(-2)
    scatter = centred.transpose(-1, -2) @ (share * centred)
    square = (share * hidden.square()).sum((-1, -2)) / hidden.shape[-1]
    ridge = (_RIDGE * square + 1e-12)[..., None, None]
    unit = torch.eye(hidden.shape[-1], dtype=hidden.dtype, device=hidden.device)
    cross = centred.transpose(-1, -2) @ (share * (wanted - level.unsqueeze(-2)))
    weight = torch.linalg.solve(scatter + ridge * unit, cross).transpose(-1, -2)
    return weight, level - (weight @ mean.unsqueeze(-1)).squeeze(-1)
