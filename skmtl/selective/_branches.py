"""Branches between the shared representation and the output layers, stored stacked."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from skmtl.nn import ACTIVATIONS, MemberLinear, TaskHeads, member_linear, rows_of_tasks

__all__ = ["Branches", "start_equally"]


class _StackedLinear(nn.Module):
    """One affine map per branch, all with the same initial values."""

    def __init__(
        self,
        n_branches: int,
        in_features: int,
        out_features: int,
        generator: torch.Generator,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        one = MemberLinear(in_features, out_features, generator, dtype)
        self.weight = nn.Parameter(one.weight.detach().repeat(n_branches, 1, 1))
        self.bias = nn.Parameter(one.bias.detach().repeat(n_branches, 1))


class Branches(nn.Module):
    """Fully connected branches of one architecture, with equal initial values.

    Parameters
    ----------
    n_branches : int
        Places in the storage.
    in_features : int
        Width of the shared representation.
    layer_sizes : sequence of int
        Widths of the layers of a branch, each followed by the activation.
    generator : torch.Generator
    activation : str
        A key of ``skmtl.nn.ACTIVATIONS``.
    dtype : torch.dtype
    """

    def __init__(
        self,
        n_branches: int,
        in_features: int,
        layer_sizes: Sequence[int],
        generator: torch.Generator,
        activation: str,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        widths = [in_features, *layer_sizes]
        self.layers = nn.ModuleList(
            _StackedLinear(n_branches, fan_in, fan_out, generator, dtype)
            for fan_in, fan_out in pairwise(widths)
        )
        self.activation = activation
        self.out_features = widths[-1]

    @property
    def n_stored(self) -> int:
        """Places in the storage."""
        stored: Tensor = self.first_weight
        return stored.shape[-3]

    @property
    def first_weight(self) -> nn.Parameter:
        """Weights of the first layers, ``(*members, n_branches, d1, d0)``."""
        weight = self.layers[0].weight
        assert isinstance(weight, nn.Parameter)
        return weight

    def gathered(self, branch_of: Tensor) -> list[Tensor]:
        """Copy the layers of each task's branch.

        Parameters
        ----------
        branch_of : int Tensor of shape (*members, n_tasks)

        Returns
        -------
        list of Tensor of shape (*members, n_tasks, ...)
            Weight and bias of each layer in turn.
        """
        copies = []
        for layer in cast(list[_StackedLinear], list(self.layers)):
            weight = rows_of_tasks(layer.weight.detach(), branch_of, trailing=2)
            bias = rows_of_tasks(layer.bias.detach(), branch_of, trailing=1)
            copies += [weight, bias]
        return copies

    def shrink(self, n_kept: int) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Keep the first branches only.

        Parameters
        ----------
        n_kept : int

        Returns
        -------
        list of (Parameter, Parameter)
            Old and new ones.
        """
        pairs = []
        for layer in self.layers:
            for name, axis in (("weight", -3), ("bias", -2)):
                old = getattr(layer, name)
                new = nn.Parameter(old.detach().narrow(axis, 0, n_kept).clone())
                setattr(layer, name, new)
                pairs.append((old, new))
        return pairs

    def forward(
        self, z: Tensor, n_used: int, weights: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Run every row through the first branches.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, in_features)
        n_used : int
            How many branches.
        weights : sequence of Tensor of shape (*members, n_used, ...), optional
            Take the place of the stored ones; as from :meth:`gathered`.

        Returns
        -------
        Tensor of shape (*members, n_used, batch, out_features)
        """
        activate = ACTIVATIONS[self.activation]
        for depth, (weight, bias) in enumerate(self._layers(weights)):
            if n_used < weight.shape[-3]:
                weight = weight.narrow(-3, 0, n_used)
                bias = bias.narrow(-2, 0, n_used)
            if depth:
                z = activate(member_linear(z, weight, bias))
                continue
            # All branches read the same rows: one product instead of many small ones.
            joint = member_linear(z, weight.flatten(-3, -2), bias.flatten(-2))
            z = activate(joint).unflatten(-1, (n_used, -1)).movedim(-2, -3)
        return z

    def _layers(self, weights: Sequence[Tensor] | None) -> list[tuple[Tensor, Tensor]]:
        if weights is not None:
            return list(zip(weights[::2], weights[1::2], strict=True))
        stored: list[nn.Parameter] = list(self.parameters())
        return list(zip(stored[::2], stored[1::2], strict=True))

    def rows(
        self,
        z: Tensor,
        branch_of_row: Tensor,
        weights: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Run each row through its own branch only.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, in_features)
        branch_of_row : int Tensor of shape ([*members,] batch)
        weights : sequence of Tensor, optional
            As in :meth:`forward`.

        Returns
        -------
        Tensor of shape (*members, batch, out_features)
        """
        activate = ACTIVATIONS[self.activation]
        for stored in self._layers(weights):
            weight = rows_of_tasks(stored[0], branch_of_row, trailing=2)
            bias = rows_of_tasks(stored[1], branch_of_row, trailing=1)
            z = activate(torch.einsum("...bi,...boi->...bo", z, weight) + bias)
        return z


def start_equally(heads: TaskHeads) -> TaskHeads:
    """Let output layers start from the same values, as far as they are wide.

    Parameters
    ----------
    heads : TaskHeads
        Changed in place.

    Returns
    -------
    TaskHeads
    """
    with torch.no_grad():
        widest = heads.valid.sum(-1).argmax()
        start = heads.weight[widest].clone()
        heads.weight.copy_(torch.where(heads.valid.unsqueeze(-1), start, 0.0))
    return heads
