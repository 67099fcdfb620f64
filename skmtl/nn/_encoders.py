"""Encoders: from features to the shared representation."""

import copy
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..exceptions import InputError
from ._layers import Dropout, MemberConv2d, MemberLinear
from ._pictures import picture_shape
from ._random import MemberRandom
from ._user_encoder import UserEncoder

__all__ = ["ACTIVATIONS", "ConvEncoder", "MLPEncoder", "build_encoder"]

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
    ) -> None:
        super().__init__()
        widths = [in_features, *hidden_layer_sizes]
        self.hidden = nn.ModuleList(
            MemberLinear(fan_in, fan_out, generator, dtype)
            for fan_in, fan_out in pairwise(widths)
        )
        self.activation = activation
        self.dropout = Dropout(dropout)
        self.latent = (
            None
            if latent_dim is None
            else MemberLinear(widths[-1], latent_dim, generator, dtype)
        )
        self.out_features = widths[-1] if latent_dim is None else latent_dim

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the representation.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, in)
            Features; without member axes all members see the same rows.
        random : MemberRandom, optional
            Source of the dropout; None drops nothing.

        Returns
        -------
        Tensor of shape (*members, batch, out_features)
            Last affine layer, or last hidden layer if there is none.
        """
        activate = ACTIVATIONS[self.activation]
        for layer in self.hidden:
            x = self.dropout(activate(layer(x)), random)
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
        self.activation = activation
        flat = widths[-1] * (height // shrink) * (width // shrink)
        self.dense = MLPEncoder(
            flat, hidden_layer_sizes, latent_dim, generator, activation, dropout, dtype
        )
        self.out_features = self.dense.out_features

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the representation.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, [channels,] height, width)
            Pictures; without member axes all members see the same.
        random : MemberRandom, optional
            Source of the dropout; None drops nothing.

        Returns
        -------
        Tensor of shape (*members, batch, out_features)
            As from :class:`MLPEncoder`.
        """
        activate = ACTIVATIONS[self.activation]
        if not self.has_channels:
            x = x.unsqueeze(-3)
        for layer in self.convolutions:
            x = activate(layer(x))
            pooled = F.max_pool2d(x.flatten(0, -4), 2)
            x = pooled.unflatten(0, x.shape[:-3])
        return self.dense(x.flatten(-3), random)


def build_encoder(
    encoder: str | nn.Module | Callable[..., nn.Module],
    input_shape: Sequence[int],
    *,
    hidden_layer_sizes: Sequence[int],
    latent_dim: int | None,
    generator: torch.Generator,
    activation: str = "relu",
    dropout: float = 0.0,
    dtype: torch.dtype = torch.float32,
) -> Any:
    """Build the encoder an estimator asks for.

    Parameters
    ----------
    encoder : "mlp", "conv", Module, or callable
        A module is copied with its weights. A callable gets the number of features
        (or the shape of one row, for pictures) and returns a module.
    input_shape : sequence of int
        Shape of one row of X.
    hidden_layer_sizes : sequence of int
        As in :class:`MLPEncoder`; a user's encoder takes no notice.
    latent_dim : int or None
        As in :class:`MLPEncoder`. A user's encoder gets a last affine layer of this
        width unless it has that width already.
    generator : torch.Generator
        Source of the initial values.
    activation : str, default="relu"
        As in :class:`MLPEncoder`; a user's encoder takes no notice.
    dropout : float, default=0.0
        As in :class:`MLPEncoder`; a user's encoder takes no notice.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.

    Returns
    -------
    Module
        With ``out_features`` and ``forward(x, random=None)``.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import build_encoder
    >>> encoder = build_encoder(
    ...     lambda n_features: torch.nn.Linear(n_features, 7),
    ...     (3,),
    ...     hidden_layer_sizes=[],
    ...     latent_dim=None,
    ...     generator=torch.Generator(),
    ... )
    >>> encoder.out_features
    7
    """
    shape = tuple(input_shape)
    options: dict[str, Any] = {
        "generator": generator,
        "activation": activation,
        "dropout": dropout,
        "dtype": dtype,
    }
    if isinstance(encoder, str) and encoder == "mlp":
        return MLPEncoder(math.prod(shape), hidden_layer_sizes, latent_dim, **options)
    if isinstance(encoder, str):
        return ConvEncoder(shape, hidden_layer_sizes, latent_dim, **options)
    body = UserEncoder(_user_module(encoder, shape), shape, dtype)
    if latent_dim is None or latent_dim == body.out_features:
        return body
    return _Projected(body, latent_dim, generator, dtype)


def _user_module(
    encoder: nn.Module | Callable[..., nn.Module], shape: tuple[int, ...]
) -> nn.Module:
    if isinstance(encoder, nn.Module):
        return copy.deepcopy(encoder)
    module = encoder(shape[0] if len(shape) == 1 else shape)
    if not isinstance(module, nn.Module):
        raise InputError(
            "`encoder` is a callable and must return a torch.nn.Module; found "
            f"{type(module).__name__}."
        )
    return module


class _Projected(nn.Module):
    """A user's encoder followed by an affine layer."""

    def __init__(
        self,
        body: UserEncoder,
        latent_dim: int,
        generator: torch.Generator,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.body = body
        self.latent = MemberLinear(body.out_features, latent_dim, generator, dtype)
        self.out_features = latent_dim

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        return self.latent(self.body(x, random))
