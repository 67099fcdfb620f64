"""Encoders: from features to the shared representation."""

from collections.abc import Callable, Sequence
from itertools import pairwise, repeat
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._layers import Dropout, MemberConv2d, MemberLinear
from ._pictures import picture_shape
from ._random import MemberRandom
from ._task_norm import TaskNorm

__all__ = ["ACTIVATIONS", "ConvEncoder", "MLPEncoder"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "identity": lambda x: x,
}


class MLPEncoder(nn.Module):
    """Fully connected encoder.

    Parameters
    ----------
    in_features : int
        Number of features of a row.
    hidden_layer_sizes : sequence of int
        Widths of the hidden layers, each followed by the activation.
    latent_dim : int or None
        Width of a last affine layer without activation; None ends with the last
        hidden layer.
    generator : torch.Generator
        Source of the initial values.
    activation : {"relu", "tanh", "gelu", "silu", "identity"}, default="relu"
        Function after each hidden layer; a key of ``ACTIVATIONS``.
    dropout : float, default=0.0
        Fraction of hidden units dropped in training.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.
    n_normed : int, default=0
        Number of tasks that have batch norm of their own (:class:`TaskNorm`) in front
        of each activation; 0 for no norm.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MLPEncoder
    >>> encoder = MLPEncoder(3, [16, 8], 2, torch.Generator().manual_seed(0))
    >>> encoder(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        hidden_layer_sizes: Sequence[int],
        latent_dim: int | None,
        generator: torch.Generator,
        activation: str = "relu",
        dropout: float = 0.0,
        dtype: torch.dtype = torch.float32,
        n_normed: int = 0,
    ) -> None:
        super().__init__()
        widths = [in_features, *hidden_layer_sizes]
        self.hidden = nn.ModuleList(
            MemberLinear(fan_in, fan_out, generator, dtype)
            for fan_in, fan_out in pairwise(widths)
        )
        self.norms = _norms_of(self.hidden, n_normed)
        self.activation = activation
        self.dropout = Dropout(dropout)
        self.latent = (
            None
            if latent_dim is None
            else MemberLinear(widths[-1], latent_dim, generator, dtype)
        )
        self.out_features = widths[-1] if latent_dim is None else latent_dim

    def forward(
        self,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute the representation.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, in)
            Features; without member axes all members see the same rows.
        random : MemberRandom, optional
            Source of the dropout; None drops nothing.
        labels : Tensor of shape ([*members,] n_tasks, batch), optional
            As in :class:`TaskNorm`, for an encoder with norms.

        Returns
        -------
        Tensor of shape (*members, [n_tasks,] batch, out_features)
            Last affine layer, or last hidden layer if there is none; with norms, one
            representation for each task.
        """
        activate = ACTIVATIONS[self.activation]
        for layer, norm in zip(self.hidden, self.norms or repeat(None), strict=False):
            x = layer(x) if norm is None else norm(layer(x), labels)
            x = self.dropout(activate(x), random)
        return x if self.latent is None else self.latent(x)


class ConvEncoder(nn.Module):
    """Convolutional encoder: per stage a 3x3 convolution, activation, 2x2 maximum.

    Parameters
    ----------
    input_shape : tuple of int
        ``(channels, height, width)`` or ``(height, width)``.
    hidden_layer_sizes : sequence of int
        Widths of the dense layers after the convolutions.
    latent_dim : int or None
        As in :class:`MLPEncoder`.
    generator : torch.Generator
        Source of the initial values.
    channels : sequence of int, default=(16, 32)
        Output channels of each stage.
    activation : str, default="relu"
        As in :class:`MLPEncoder`; also after each convolution.
    dropout : float, default=0.0
        As in :class:`MLPEncoder`; convolutions drop nothing.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.
    n_normed : int, default=0
        As in :class:`MLPEncoder`; also after each convolution.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import ConvEncoder
    >>> encoder = ConvEncoder((28, 28), [64], 8, torch.Generator().manual_seed(0))
    >>> encoder(torch.zeros(5, 28, 28)).shape
    torch.Size([5, 8])
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        hidden_layer_sizes: Sequence[int],
        latent_dim: int | None,
        generator: torch.Generator,
        channels: Sequence[int] = (16, 32),
        activation: str = "relu",
        dropout: float = 0.0,
        dtype: torch.dtype = torch.float32,
        n_normed: int = 0,
    ) -> None:
        super().__init__()
        self.has_channels = len(input_shape) == 3
        shrink = 2 ** len(channels)
        depth, height, width = picture_shape(tuple(input_shape), shrink)
        widths = [depth, *channels]
        self.convolutions = nn.ModuleList(
            MemberConv2d(fan_in, fan_out, 3, generator, dtype)
            for fan_in, fan_out in pairwise(widths)
        )
        self.norms = _norms_of(self.convolutions, n_normed)
        self.activation = activation
        flat = widths[-1] * (height // shrink) * (width // shrink)
        self.dense = MLPEncoder(
            flat,
            hidden_layer_sizes,
            latent_dim,
            generator,
            activation,
            dropout,
            dtype,
            n_normed,
        )
        self.out_features = self.dense.out_features

    def forward(
        self,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute the representation.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, [channels,] height, width)
            Pictures; without member axes all members see the same.
        random : MemberRandom, optional
            Source of the dropout; None drops nothing.
        labels : Tensor of shape ([*members,] n_tasks, batch), optional
            As in :class:`MLPEncoder`.

        Returns
        -------
        Tensor of shape (*members, [n_tasks,] batch, out_features)
            As from :class:`MLPEncoder`.
        """
        activate = ACTIVATIONS[self.activation]
        if not self.has_channels:
            x = x.unsqueeze(-3)
        for layer, norm in zip(
            self.convolutions, self.norms or repeat(None), strict=False
        ):
            x = activate(layer(x) if norm is None else norm(layer(x), labels))
            pooled = F.max_pool2d(x.flatten(0, -4), 2)
            x = pooled.unflatten(0, x.shape[:-3])
        return self.dense(x.flatten(-3), random, labels)


def _norms_of(layers: nn.ModuleList, n_tasks: int) -> nn.ModuleList | None:
    """Norms that follow on layers, whose own shift then rests at zero."""
    if not n_tasks or not len(layers):
        return None
    norms = []
    for layer in layers:
        bias: Any = layer.bias
        bias.detach().zero_()
        bias.requires_grad_(False)
        picture = isinstance(layer, MemberConv2d)
        norms.append(TaskNorm(n_tasks, len(bias), picture, bias.dtype))
    return nn.ModuleList(norms)
