"""Networks whose masks follow the Fisher information of each task."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from skmtl.nn import TaskHeads

from ._floor_network import FloorNetwork
from ._information import network_fisher
from ._layers import MaskedLayer
from ._selection import select_exactly
from ._unused import UnusedWeights

__all__ = ["FisherNetwork", "Schedule"]

# Of the saliency of the unit that a weight leads to.
_UNIT_POWER = 4


class Schedule(NamedTuple):
    """When masks change.

    Attributes
    ----------
    warmup : float
        Fraction of the epochs before the first masks.
    freeze : float
        Fraction of the epochs, at the end, in which masks stay.
    update_every : int
        Epochs from one change to the next.
    """

    warmup: float
    freeze: float
    update_every: int

    def first(self, n_epochs: int) -> int:
        """The first epoch after which masks change."""
        return max(1, round(self.warmup * n_epochs))

    def is_due(self, epoch: int, n_epochs: int) -> bool:
        """Whether masks change after a finished epoch."""
        first = self.first(n_epochs)
        last = max(first, n_epochs - round(self.freeze * n_epochs))
        return first <= epoch <= last and (epoch - first) % self.update_every == 0


class FisherNetwork(FloorNetwork):
    """Masks for the weights that the likelihood of a task depends on most.

    Parameters
    ----------
    encoder : Module
    heads : TaskHeads
    layers : sequence of MaskedLayer
    n_kept : int
        Weights that each task keeps.
    floors : sequence of int
        Of these, the least in each layer.
    masking : {"forward", "gradient"}
    row_dims : int
    fisher : {"exact", "predicted", "batch", "sampled", "magnitude", "random"}
    importance : {"saliency", "units", "fisher", "relative"}
    schedule : Schedule
    ema : float
        Weight of the past in the moving average of the information.
    n_samples : int
        Rows the information is averaged over.
    generator : torch.Generator
        Source of the random scores.
    """

    n_kept: Tensor
    n_updates: Tensor
    n_rested: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        layers: Sequence[MaskedLayer],
        *,
        n_kept: int,
        floors: Sequence[int],
        masking: str,
        row_dims: int,
        fisher: str,
        importance: str,
        schedule: Schedule,
        ema: float,
        n_samples: int,
        generator: torch.Generator,
    ) -> None:
        n_tasks = heads.weight.shape[-3]
        shapes = [(n_tasks, *layer.shape) for layer in layers]
        everything = [torch.ones(shape, dtype=torch.bool) for shape in shapes]
        super().__init__(encoder, heads, layers, everything, floors, masking, row_dims)
        self._add_buffer("n_kept", torch.tensor(n_kept))
        self._add_buffer("n_updates", torch.tensor(0))
        # Epochs since masks were chosen; the first choice has waited long enough.
        self._add_buffer("n_rested", torch.tensor(schedule.update_every))
        self.fisher, self.importance = fisher, importance
        self.schedule, self.ema, self.n_samples = schedule, ema, n_samples
        for place, shape in enumerate(shapes):
            value = torch.zeros(shape, dtype=heads.weight.dtype)
            if fisher == "random":
                value.uniform_(generator=generator)
            if fisher != "magnitude":
                self._add_buffer(f"fisher_{place}", value)

    def n_weights_kept(self) -> int:
        """Count the weights that a task of the first member keeps, masks or not yet."""
        return int(self.n_kept.flatten()[0])

    def information(self) -> list[Tensor]:
        """Moving average ``(*members, n_tasks, *weight)`` per layer, squared nats."""
        count = len(self.layer_names)
        return [getattr(self, f"fisher_{place}") for place in range(count)]

    def warmup_epochs(self, n_epochs: int) -> int:
        """Epochs that end before the masks are in use."""
        return min(self.schedule.first(n_epochs), n_epochs - 1)

    def after_epoch(self, state: Any) -> None:
        """Choose masks anew, when it is time."""
        churn = torch.zeros(self.members, dtype=self.heads.weight.dtype)
        self.n_rested += 1
        if self._is_due(state.epoch, state.n_epochs):
            self.n_rested.zero_()
            self.update_information(state)
            found = select_exactly(self.scores(), self.n_kept, self.floors)
            churn = self.churn(found)
            self.set_masks(found)
            UnusedWeights.forget(self, state)
        state.record("mask_churn", churn)

    def _is_due(self, epoch: int, n_epochs: int) -> bool:
        if n_epochs > 1:
            return self.schedule.is_due(epoch, n_epochs)
        # Calls of one epoch each are parts of a training whose end nobody knows.
        return bool((self.n_rested >= self.schedule.update_every).any())

    def update_information(self, state: Any) -> None:
        """Take the present network into the moving average."""
        if self.fisher in ("magnitude", "random"):
            return
        batch = state.sample(self.n_samples)
        specs = state.criterion.specs
        found = network_fisher(self, specs, batch, self.fisher, state.random)
        past = torch.where(self.n_updates > 0, self.ema, 0.0)
        for average, own in zip(self.information(), found, strict=True):
            share = past.view(*past.shape, *[1] * (own.dim() - past.dim())).to(own)
            average.mul_(share).add_((1 - share) * own)
        self.n_updates += 1

    def scores(self) -> list[Tensor]:
        """What masks are chosen by, ``(*members, n_tasks, *weight)`` per layer."""
        axis = len(self.members)
        if self.fisher == "random":
            return self.information()
        squares = [
            own.detach().square().unsqueeze(axis) for own in self.masked_weights()
        ]
        if self.fisher == "magnitude":
            pairs = zip(squares, self.masks(), strict=True)
            return [square.expand(mask.shape) for square, mask in pairs]
        information = self.information()
        if self.importance == "fisher":
            return information
        if self.importance == "relative":
            totals = [own.sum(axis, keepdim=True) for own in information]
            tiny = torch.finfo(totals[0].dtype).tiny
            pairs = zip(information, totals, strict=True)
            return [own / total.clamp_min(tiny) for own, total in pairs]
        pairs = zip(information, squares, strict=True)
        saliency = [own * square for own, square in pairs]
        if self.importance == "units":
            return [_gathered(own, axis + 2) for own in saliency]
        return saliency

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Masks, and the information they came from, unless it is no evidence."""
        evidence = super().task_evidence()
        if self.fisher not in ("magnitude", "random"):
            for place, own in enumerate(self.information()):
                evidence[f"fisher_{place}"] = own
        return evidence


def _gathered(saliency: Tensor, n_lead: int) -> Tensor:
    """Logarithms of each weight's saliency times a power of that of its unit.

    Members, tasks and units are the ``n_lead`` first axes. Powers themselves would
    leave the range of single precision.
    """
    axes = tuple(range(n_lead, saliency.dim()))
    return saliency.log() + _UNIT_POWER * saliency.sum(axes, keepdim=True).log()
