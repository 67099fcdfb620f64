"""Gradients of plain networks without a graph."""

from collections.abc import Callable
from typing import TypeGuard, cast

import torch
from torch import Tensor, nn

from ._encoders import ACTIVATIONS, MLPEncoder
from ._heads import TaskHeads
from ._layers import MemberLinear, member_linear, weight_gradient
from ._random import MemberRandom

__all__ = ["SLOPES", "DirectPass"]


def _relu_slope(gradient: Tensor, activated: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward.grad_input(
        gradient, activated, 0, grad_input=gradient
    )


def _tanh_slope(gradient: Tensor, activated: Tensor) -> Tensor:
    return gradient.mul_(1 - activated.square())


# Derivatives that can be read from the activated values alone; what comes in is
# overwritten.
SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": _relu_slope,
    "tanh": _tanh_slope,
    "identity": lambda gradient, activated: gradient,
}


class DirectPass:
    """Forward and backward pass of a fully connected encoder with heads.

    On small networks autograd's bookkeeping costs as much as the arithmetic. This
    pass does the arithmetic only and sets the parameters' ``grad``; members run as
    one, as everywhere. A method with something between encoder and heads overrides
    ``decode`` and ``decode_gradient``.

    Parameters
    ----------
    encoder : MLPEncoder
        One that :meth:`supports` accepts.
    heads : TaskHeads
        Heads on the encoder's representation.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import DirectPass, MLPEncoder, TaskHeads
    >>> random = torch.Generator().manual_seed(0)
    >>> encoder, heads = MLPEncoder(3, [4], None, random), TaskHeads(4, [1, 2], random)
    >>> direct = DirectPass(encoder, heads)
    >>> outputs = direct.forward(torch.ones(5, 3))
    >>> outputs.shape  # 2 tasks, 5 rows, at most 2 outputs
    torch.Size([2, 5, 2])
    >>> direct.backward(torch.ones_like(outputs))
    >>> heads.weight.grad.shape
    torch.Size([2, 2, 4])
    """

    def __init__(self, encoder: MLPEncoder, heads: TaskHeads) -> None:
        self.heads = heads
        self._hidden = cast(list[MemberLinear], list(encoder.hidden))
        self._latent = encoder.latent
        self._activate = ACTIVATIONS[encoder.activation]
        self._slope = SLOPES[encoder.activation]
        self._activated: list[Tensor] = []
        self._z: Tensor | None = None

    @staticmethod
    def supports(encoder: nn.Module) -> TypeGuard[MLPEncoder]:
        """Whether an encoder is of the plain kind, all of it trained.

        Parameters
        ----------
        encoder : Module
            Any encoder.

        Returns
        -------
        bool
            True for an :class:`MLPEncoder` with neither norms nor dropout nor frozen
            parameters whose activation is "relu", "tanh" or "identity".
        """
        return (
            type(encoder) is MLPEncoder
            and encoder.norms is None
            and encoder.dropout.rate == 0
            and encoder.activation in SLOPES
            and all(parameter.requires_grad for parameter in encoder.parameters())
        )

    @torch.no_grad()
    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the outputs, and keep what :meth:`backward` needs.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, in)
            Features; without member axes all members see the same rows.
        random : MemberRandom, optional
            Source of the noise, for methods that have some.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Outputs of every head on every row, without a graph.
        """
        self._activated = [x]
        for layer in self._hidden:
            x = self._activate(member_linear(x, layer.weight, layer.bias))
            self._activated.append(x)
        if self._latent is not None:
            x = member_linear(x, self._latent.weight, self._latent.bias)
        self._z = x
        return self.decode(x, random)

    @torch.no_grad()
    def backward(self, gradient: Tensor, row_weight: Tensor | None = None) -> None:
        """Set ``grad`` of every parameter, that of the penalty included.

        Parameters
        ----------
        gradient : Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Derivative of the weighted losses by the outputs.
        row_weight : Tensor of shape ([*members,] batch), optional
            Weight of the rows in the penalty.
        """
        assert self._z is not None, "backward follows forward"
        gradient = self.decode_gradient(self._z, gradient, row_weight)
        if self._latent is not None:
            _set_gradients(self._latent, gradient, self._activated[-1])
            gradient = gradient @ self._latent.weight
        for depth in range(len(self._hidden) - 1, -1, -1):
            layer = self._hidden[depth]
            gradient = self._slope(gradient, self._activated[depth + 1])
            _set_gradients(layer, gradient, self._activated[depth])
            if depth:
                gradient = gradient @ layer.weight
        self._activated, self._z = [], None

    def decode(self, z: Tensor, random: MemberRandom | None) -> Tensor:
        """Compute the outputs from the representation.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, latent)
            Representation.
        random : MemberRandom, or None
            Source of the noise, for methods that have some.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Outputs of every head on every row.
        """
        return self.read(z).transpose(-1, -2)

    def read(self, z: Tensor) -> Tensor:
        """Compute the outputs with the rows last.

        Losses and gradients of heads run along the rows.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, latent)
            Representation.

        Returns
        -------
        Tensor of shape (*members, n_tasks, n_outputs_max, batch)
            Outputs of every head on every row, without noise.
        """
        weight, bias = self.heads.weight, self.heads.bias
        joint = weight.flatten(-3, -2) @ z.transpose(-1, -2)
        joint += bias.flatten(-2).unsqueeze(-1)
        return joint.unflatten(-2, weight.shape[-3:-1])

    def decode_gradient(
        self, z: Tensor, gradient: Tensor, row_weight: Tensor | None
    ) -> Tensor:
        """Set the heads' ``grad`` and go on to the representation.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, latent)
            Representation, as :meth:`decode` got it.
        gradient : Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Derivative of the weighted losses by the outputs.
        row_weight : Tensor of shape ([*members,] batch), or None
            Weights of the rows in the penalty, for methods that have one.

        Returns
        -------
        Tensor, shaped as ``z``
            Derivative of losses and penalty by the representation, which the rest of
            the pass may overwrite.
        """
        weight, bias = self.heads.weight, self.heads.bias
        joint = gradient.transpose(-1, -2).flatten(-3, -2)
        weight.grad = (joint @ z).view_as(weight)
        bias.grad = self.heads.intercepts(joint.sum(-1).view_as(bias))
        return joint.transpose(-1, -2) @ weight.flatten(-3, -2)


def _set_gradients(layer: MemberLinear, gradient: Tensor, x: Tensor) -> None:
    layer.weight.grad = weight_gradient(gradient, x)
    layer.bias.grad = gradient.sum(-2)
