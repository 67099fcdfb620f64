"""Networks of which every task uses some of the units."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from skmtl.nn import MemberRandom, TaskHeads

from ._layers import MaskedLayer
from ._network import MaskedNetwork
from ._unused import UnusedWeights

__all__ = ["RoamingNetwork", "UnitNetwork", "random_units", "weight_masks"]


def random_units(
    n_tasks: int, n_units: int, n_kept: int, generator: torch.Generator
) -> Tensor:
    """Draw an order of the units for each task; the first ``n_kept`` are used.

    Parameters
    ----------
    n_tasks, n_units, n_kept : int
    generator : torch.Generator

    Returns
    -------
    bool Tensor of shape (n_tasks, n_units)
    """
    keys = torch.rand(n_tasks, n_units, generator=generator)
    return keys.argsort(-1).argsort(-1) < n_kept


def weight_masks(
    units: Sequence[Tensor], shapes: Sequence[tuple[int, ...]]
) -> list[Tensor]:
    """Turn masks of units into masks of the weights that come in and go out.

    Parameters
    ----------
    units : sequence of bool Tensor of shape (*leading, n_units)
        One per layer of a chain.
    shapes : sequence of tuple of int
        Of the layers' weights; a convolution may be followed by a dense layer, which
        reads each of its channels at many places.

    Returns
    -------
    list of bool Tensor of shape (*leading, *weight)
    """
    masks = []
    for place, (own, shape) in enumerate(zip(units, shapes, strict=True)):
        lead = own.shape[:-1]
        rows = own.reshape(*lead, shape[0], *[1] * (len(shape) - 1))
        columns = own.new_ones(*lead, shape[1])
        if place:
            before = units[place - 1]
            columns = before.repeat_interleave(shape[1] // before.shape[-1], -1)
        columns = columns.reshape(*lead, 1, shape[1], *[1] * (len(shape) - 2))
        masks.append((rows & columns).expand(*lead, *shape).clone())
    return masks


class UnitNetwork(MaskedNetwork):
    """Masks over units: what a task does not use is zero for it.

    Parameters
    ----------
    encoder : Module
        A chain of layers.
    heads : TaskHeads
    layers : sequence of MaskedLayer
    units : sequence of bool Tensor of shape (n_tasks, n_units)
        One per layer.
    row_dims : int
    """

    units: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        layers: Sequence[MaskedLayer],
        units: Sequence[Tensor],
        row_dims: int,
    ) -> None:
        shapes = [layer.shape for layer in layers]
        masks = weight_masks(units, shapes)
        super().__init__(encoder, heads, layers, masks, "forward", row_dims)
        self.shapes = tuple(shapes)
        self._add_buffer("units", units[-1].clone())

    def representations(
        self,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute what each task's units make of the rows."""
        z = super().representations(x, random, labels)
        return z * self.units.unsqueeze(-2)

    def encode_task(
        self,
        task: int,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute one task's representation, zero where it has no unit."""
        z = super().encode_task(task, x, random, labels)
        return z * self.units[..., task, :].unsqueeze(-2)


class RoamingNetwork(UnitNetwork):
    """Masks over units that move on until each task has used every unit.

    When a layer's units are swapped, one that the task uses leaves for good, and one
    that it never used enters. Both orders are drawn in advance.

    Parameters
    ----------
    encoder : Module
        A chain of layers.
    heads : TaskHeads
    layers : sequence of MaskedLayer
    n_kept : sequence of int
        Units of each layer that a task uses at any time.
    roaming : float
        Fraction of the training over which units are swapped.
    row_dims : int
    generator : torch.Generator
    """

    n_swaps: Tensor
    swapped: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        layers: Sequence[MaskedLayer],
        n_kept: Sequence[int],
        roaming: float,
        row_dims: int,
        generator: torch.Generator,
    ) -> None:
        n_tasks = heads.weight.shape[-3]
        times = [
            _roaming_times(n_tasks, layer.shape[0], count, generator)
            for layer, count in zip(layers, n_kept, strict=True)
        ]
        start = [enters == 0 for enters, _ in times]
        super().__init__(encoder, heads, layers, start, row_dims)
        self.roaming = roaming
        for place, (enters, leaves) in enumerate(times):
            self._add_buffer(f"enters_{place}", enters)
            self._add_buffer(f"leaves_{place}", leaves)
        left = [layer.shape[0] - n for layer, n in zip(layers, n_kept, strict=True)]
        self._add_buffer("n_swaps", torch.tensor(left))
        self._add_buffer("swapped", torch.zeros(len(left), dtype=torch.int64))
        self._totals: list[int] = []
        self._churn: Tensor | None = None

    def units_now(self) -> list[Tensor]:
        """Units that each task uses, ``(*members, n_tasks, n_units)`` per layer."""
        found = []
        for place in range(len(self.shapes)):
            now = self.swapped[..., place, None, None]
            enters = getattr(self, f"enters_{place}")
            leaves = getattr(self, f"leaves_{place}")
            found.append((enters <= now) & (now < leaves))
        return found

    def difference_to(self, fitted: Any) -> tuple[str, Any, Any] | None:
        """Compare how fast units are swapped too; what was swapped stays so."""
        found = super().difference_to(fitted)
        if found or not bool((fitted.swapped > 0).any()):
            return found
        before, now = fitted.roaming, self.roaming
        return None if before == now else ("`roaming`", before, now)

    def after_step(self, state: Any) -> None:
        """Swap units, when it is time."""
        super().after_step(state)
        if state.step == 1:
            self._totals = self.n_swaps.unique().tolist()
            self._churn = None
        before, now = (
            min(step / max(self.roaming * state.n_steps, 1), 1.0)
            for step in (state.step - 1, state.step)
        )
        if all(int(before * total) == int(now * total) for total in self._totals):
            return
        due = (now * self.n_swaps.double()).floor().to(torch.int64)
        self.swapped.copy_(torch.maximum(self.swapped, due))
        units = self.units_now()
        masks = weight_masks(units, self.shapes)
        churn = self.churn(masks)
        self._churn = churn if self._churn is None else self._churn + churn
        self.units.copy_(units[-1])
        self.set_masks(masks)
        UnusedWeights.forget(self, state)

    def after_epoch(self, state: Any) -> None:
        """Tell how much the masks moved."""
        churn, self._churn = self._churn, None
        state.record(
            "mask_churn", torch.zeros(self.members) if churn is None else churn
        )

    def settle(self) -> list[tuple[nn.Parameter, nn.Parameter, Tensor]]:
        """Drop what served training only."""
        self._totals, self._churn = [], None
        return super().settle()


def _roaming_times(
    n_tasks: int, n_units: int, n_kept: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """After how many swaps each unit enters and leaves, ``(n_tasks, n_units)``."""
    orders = torch.rand(n_tasks, n_units, generator=generator).argsort(-1)
    drawn = torch.rand(n_tasks, n_units - n_kept, generator=generator)
    chosen = (drawn * n_kept).long().tolist()
    enters = torch.zeros(n_tasks, n_units, dtype=torch.int64)
    leaves = torch.full((n_tasks, n_units), n_units + 1)
    for task, order in enumerate(orders.tolist()):
        active = order[:n_kept]
        for swap, place in enumerate(chosen[task], start=1):
            entering = order[n_kept + swap - 1]
            leaves[task, active[place]] = swap
            enters[task, entering] = swap
            active[place] = entering
    return enters, leaves
