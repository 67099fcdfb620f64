"""Networks that know how few weights a task may keep in each layer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from skmtl.nn import TaskHeads

from ._layers import MaskedLayer
from ._network import MaskedNetwork

__all__ = ["FloorNetwork"]


class FloorNetwork(MaskedNetwork):
    """Masks that keep some weights in each layer at least.

    Parameters
    ----------
    encoder : Module
    heads : TaskHeads
    layers : sequence of MaskedLayer
    masks : sequence of bool Tensor of shape (n_tasks, *weight)
        One per layer.
    floors : sequence of int
        Weights that each task keeps in each layer at least.
    masking : {"forward", "gradient"}
    row_dims : int
    """

    floors: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        layers: Sequence[MaskedLayer],
        masks: Sequence[Tensor],
        floors: Sequence[int],
        masking: str,
        row_dims: int,
    ) -> None:
        super().__init__(encoder, heads, layers, masks, masking, row_dims)
        self._add_buffer("floors", torch.tensor(list(floors)))

    def difference_to(self, fitted: Any) -> tuple[str, Any, Any] | None:
        """Compare the numbers of weights, in all and in each layer at least."""
        before, now = fitted.floors.tolist(), self.floors.tolist()
        floors = ("`layer_floor`, in weights of each layer", before, now)
        return super().difference_to(fitted) or (floors if before != now else None)
