"""Networks of which every task uses a part."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from skmtl.nn import MemberRandom, TaskHeads, TaskNetwork, UserEncoder

from ._covered import CoveredGradient
from ._layers import MaskedLayer
from ._shared_pass import shared_representation
from ._unused import UnusedWeights

__all__ = ["MaskedNetwork"]

# Entries of all masks up to which, on a CPU, one product beats a loop over tasks.
_SMALL = 2**17
# Bytes up to which masks are kept as numbers too, which multiply faster.
_CACHED = 2**26
# Parameters of a norm, which have an axis for tasks already.
_AFFINE = ("weight", "bias")


@dataclass
class _Derived:
    """What follows from the masks, for as long as they stay."""

    key: Any
    dense: bool
    factors: list[Tensor]
    unused: UnusedWeights | None = None


class MaskedNetwork(TaskNetwork):
    """Encoder whose weights carry one boolean mask per task, and heads.

    Parameters
    ----------
    encoder : Module
    heads : TaskHeads
    layers : sequence of MaskedLayer
        Weights of the encoder that have masks.
    masks : sequence of bool Tensor of shape (n_tasks, *weight)
        One per layer.
    masking : {"forward", "gradient"}
        Whether each task computes with its own weights alone, or all with the same
        weights, of which each changes its own alone.
    row_dims : int
        Axes of one row of X.
    """

    member_buffers: tuple[str, ...] = ()

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        layers: Sequence[MaskedLayer],
        masks: Sequence[Tensor],
        masking: str,
        row_dims: int,
    ) -> None:
        super().__init__(encoder, heads, row_dims)
        self.layer_names = tuple(layer.name for layer in layers)
        self.masking = masking
        for place, mask in enumerate(masks):
            self._add_buffer(f"mask_{place}", mask)
        self._derived: _Derived | None = None

    def _add_buffer(self, name: str, value: Tensor) -> None:
        """Register a tensor that every member has for itself."""
        self.register_buffer(name, value)
        self.member_buffers = (*self.member_buffers, name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_derived": None}

    # ---- masks and the weights they cover

    def masks(self) -> list[Tensor]:
        """Boolean masks ``(*members, n_tasks, *weight)``, one per layer."""
        return [
            getattr(self, f"mask_{place}") for place in range(len(self.layer_names))
        ]

    def masked_weights(self) -> list[nn.Parameter]:
        """The weights under the masks, ``(*members, *weight)``, one per layer."""
        return [self.encoder.get_parameter(name) for name in self.layer_names]

    def set_masks(self, masks: Sequence[Tensor]) -> None:
        """Change the masks in place."""
        for old, new in zip(self.masks(), masks, strict=True):
            old.copy_(new)

    def churn(self, masks: Sequence[Tensor]) -> Tensor:
        """Share of the masks' entries that new ones change, ``(*members,)``."""
        start = len(self.members)
        pairs = list(zip(self.masks(), masks, strict=True))
        changed = sum((old ^ new).flatten(start).sum(-1) for old, new in pairs)
        count = sum(math.prod(old.shape[start:]) for old, _ in pairs)
        return torch.as_tensor(changed) / count

    def n_weights_kept(self) -> int:
        """Count the weights that the first task of the first member keeps."""
        axis = len(self.members)
        return sum(
            int(own.flatten(axis + 1).sum(-1).flatten()[0]) for own in self.masks()
        )

    def difference_to(self, fitted: Any) -> tuple[str, Any, Any] | None:
        """Compare the share of the weights, which the loaded masks would keep."""
        before, now = fitted.n_weights_kept(), self.n_weights_kept()
        if before == now:
            return None
        return "`keep_ratio`, in weights that a task keeps", before, now

    def derived(self) -> _Derived:
        """What follows from the present masks."""
        key = [(own.data_ptr(), own._version) for own in self.masks()]
        if self._derived is None or self._derived.key != key:
            # What predictions leave behind must serve training too.
            with torch.inference_mode(False):
                self._derived = self._derive(key)
        return self._derived

    def _derive(self, key: Any) -> _Derived:
        masks, weights = self.masks(), self.masked_weights()
        factors = masks
        size = sum(own.numel() for own in masks) * weights[0].element_size()
        if size <= _CACHED or weights[0].is_cuda:
            pairs = zip(masks, weights, strict=True)
            factors = [mask.to(weight.dtype) for mask, weight in pairs]
        return _Derived(key, all(bool(own.all()) for own in masks), factors)

    def task_weights(self, task: int) -> dict[str, Tensor]:
        """What a task puts in the place of the encoder's tensors, by name."""
        axis = len(self.members)
        factors = self.derived().factors
        parts = zip(self.layer_names, self.masked_weights(), factors, strict=True)
        cover = CoveredGradient.apply if self.masking == "gradient" else torch.mul
        covered = {
            name: cover(weight, factor.select(axis, task))
            for name, weight, factor in parts
        }
        return {**covered, **super().task_weights(task)}

    def all_weights(self) -> dict[str, Tensor]:
        """All parameters of the encoder, with an axis for tasks after the members."""
        axis = len(self.members)
        factors = dict(zip(self.layer_names, self.derived().factors, strict=True))
        by_task = {f"{name}.{own}" for name in self.norm_names for own in _AFFINE}
        found: dict[str, Tensor] = {}
        for name, own in self.encoder.named_parameters():
            if name in by_task:
                found[name] = own
                continue
            spread = own.unsqueeze(axis)
            if name in factors and self.masking == "forward":
                found[name] = spread * factors[name]
                continue
            wide = spread.expand(*own.shape[:axis], self.n_tasks, *own.shape[axis:])
            if name in factors:
                wide = CoveredGradient.apply(wide, factors[name])
            found[name] = wide
        return found

    # ---- passes

    @property
    def n_passes(self) -> int:  # type: ignore[override]
        """Passes of each row that are not made yet, since the masks are still full."""
        if self.masking == "gradient" or not self.is_plain:
            return 1
        # Norms have made those of all layers but the first.
        return 2 if self.norm_names else self.n_tasks

    @property
    def is_shared(self) -> bool:
        """Whether all tasks compute the same at present."""
        if self.norm_names:
            return False
        return self.masking == "gradient" or self.derived().dense

    @property
    def is_plain(self) -> bool:
        """Whether masks matter to nothing at present."""
        if self.masking == "gradient" and not torch.is_grad_enabled():
            return True
        return self.derived().dense

    def encode(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the mean of the tasks' representations; it has no way back."""
        if self.is_shared:
            found: Tensor = self.encoder(x, random)
            return found
        return super().encode(x, random)

    def representations(
        self,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute what each task's part of the encoder makes of the rows."""
        if self.is_plain:
            return super().representations(x, random, labels)
        if self.is_shared:
            factors = self.derived().factors
            return shared_representation(self, factors, x, random)
        draws = self._draws(x, random)
        if self.at_once():
            axis = -self.row_dims - 1
            rows = x if x.dim() == self.row_dims + 1 else x.unsqueeze(axis - 1)
            inputs = (rows, draws, labels) if self.norm_names else (rows, draws)
            found: Tensor = functional_call(self.encoder, self.all_weights(), inputs)
            return found
        own = [None] * self.n_tasks if labels is None else labels.unbind(-2)
        each = [
            self.encode_task(task, x, draws, own[task]) for task in range(self.n_tasks)
        ]
        return torch.stack(each, -3)

    def at_once(self) -> bool:
        """Whether one pass with an axis for the tasks beats a loop over them."""
        if any(isinstance(own, UserEncoder) for own in self.encoder.modules()):
            return False
        masks = self.masks()
        return masks[0].is_cuda or sum(own.numel() for own in masks) <= _SMALL

    # ---- weights that no task uses

    def set_progress(self, fraction: float) -> None:
        """Remember the weights that no task uses, before a step moves them."""
        derived = self.derived()
        if not derived.dense and derived.unused is None:
            axis = len(self.members)
            pair = self.masked_weights(), self.masks()
            derived.unused = UnusedWeights(*pair, axis)

    def after_step(self, state: Any) -> None:
        """Put weights that no task uses back."""
        unused = self.derived().unused
        if unused is not None:
            unused.restore()

    def settle(self) -> list[tuple[nn.Parameter, nn.Parameter, Tensor]]:
        """Drop what served training only."""
        self._derived = None
        return []

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Masks, one tensor ``(*members, n_tasks, *weight)`` per layer."""
        return {f"mask_{place}": own for place, own in enumerate(self.masks())}
