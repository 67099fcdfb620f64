"""Gradients that only some of the weights get."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["CoveredGradient"]


class CoveredGradient(torch.autograd.Function):
    """Passes weights on, and lets only some of them learn (eq. 4)."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(mask)
        return weight.view_as(weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        (mask,) = ctx.saved_tensors
        return upstream[0] * mask, None
