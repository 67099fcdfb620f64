"""Losses of single rows, and their derivatives by the outputs, by kind of task."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

__all__ = ["ROW_LOSSES", "single_output"]


def single_output(outputs: Tensor, gradient: Tensor) -> Tensor:
    """Derivative by the outputs of tasks that use the first one only."""
    if outputs.shape[-1] == 1:
        return gradient.unsqueeze(-1)
    return F.pad(gradient.unsqueeze(-1), (0, outputs.shape[-1] - 1))


def _binary(outputs: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    logits = outputs[..., 0]
    rows = F.binary_cross_entropy_with_logits(logits, codes, reduction="none")
    return rows, single_output(outputs, logits.sigmoid() - codes)


def _multiclass(outputs: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    classes = codes.long().unsqueeze(-2)
    # A softmax over a short last axis is many times slower than over a middle one.
    log_shares = outputs.transpose(-1, -2).log_softmax(-2)
    rows = log_shares.gather(-2, classes).squeeze(-2).neg()
    minus_one = outputs.new_full((1,), -1.0).expand(classes.shape)
    gradient = log_shares.exp_().scatter_add_(-2, classes, minus_one)
    return rows, gradient.transpose(-1, -2)


def _continuous(outputs: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    error = outputs[..., 0] - codes
    return 0.5 * error.square(), single_output(outputs, error)


# Each maps outputs (..., batch, n_outputs_max) and codes (..., batch) to losses in
# nats, shaped as the codes, and to their derivatives, shaped as the outputs.
ROW_LOSSES: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "continuous": _continuous,
}
