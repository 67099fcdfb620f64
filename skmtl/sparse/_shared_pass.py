"""One pass for all tasks, of whose gradient each task keeps its own part (eq. 4)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.func import functional_call

from skmtl.nn import MemberRandom

__all__ = ["shared_representation"]


def shared_representation(
    network: Any,
    masks: Sequence[Tensor],
    x: Tensor,
    random: MemberRandom | None,
) -> Tensor:
    """Compute the representation once, for tasks that go back by ways of their own.

    Parameters
    ----------
    network : MaskedNetwork
    masks : sequence of Tensor of shape (*members, n_tasks, *weight)
        Which weights learn from a task, one tensor per masked layer.
    x : Tensor of shape ([*members,] batch, *row)
    random : MemberRandom, or None

    Returns
    -------
    Tensor of shape (*members, n_tasks, batch, latent)
        The same for all tasks.
    """
    names, parameters = zip(*network.encoder.named_parameters(), strict=True)
    found: Tensor = _Passes.apply(network, names, masks, x, random, *parameters)
    return found


class _Passes(torch.autograd.Function):
    """Back once per task, with that task's masks on the gradient of the weights."""

    @staticmethod
    def forward(
        ctx: Any,
        network: Any,
        names: Sequence[str],
        masks: Sequence[Tensor],
        x: Tensor,
        random: MemberRandom | None,
        *parameters: Tensor,
    ) -> Tensor:
        leaves = [own.detach().requires_grad_(own.requires_grad) for own in parameters]
        weights = dict(zip(names, leaves, strict=True))
        with torch.enable_grad():
            z: Tensor = functional_call(network.encoder, weights, (x, random))
        ctx.z, ctx.axis = z, len(network.members)
        ctx.masks = dict(zip(network.layer_names, masks, strict=True))
        ctx.names, ctx.leaves = names, leaves
        shape = (*z.shape[:-2], network.n_tasks, *z.shape[-2:])
        return z.detach().unsqueeze(-3).expand(shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        learning = [
            (name, leaf)
            for name, leaf in zip(ctx.names, ctx.leaves, strict=True)
            if leaf.requires_grad
        ]
        totals: dict[str, Tensor] = {}
        by_task = upstream[0].unbind(-3)
        for task, own in enumerate(by_task):
            gradients = torch.autograd.grad(
                ctx.z,
                [leaf for _, leaf in learning],
                own,
                retain_graph=True,
                materialize_grads=True,
            )
            for (name, _), gradient in zip(learning, gradients, strict=True):
                if name in ctx.masks:
                    gradient = gradient * ctx.masks[name].select(ctx.axis, task)
                totals[name] = totals[name] + gradient if task else gradient
        return (None,) * 5 + tuple(totals.get(name) for name in ctx.names)
