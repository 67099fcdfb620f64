"""A task's part of a chain of layers, without the units it does not need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Affine", "prune"]


@dataclass
class Affine:
    """A dense or convolutional layer of a chain.

    Attributes
    ----------
    weight : Tensor of shape (out, in) or (out, in, height, width)
    bias : Tensor of shape (out,)
    activate : callable
        What follows; the identity in the last layer.
    picture : tuple of int
        Height and width of what a convolution reads; () for a dense layer.
    offset : Tensor of shape (out, height, width), or None
        Added to what a convolution puts out, beside the bias.
    """

    weight: Tensor
    bias: Tensor
    activate: Callable[[Tensor], Tensor]
    picture: tuple[int, ...] = ()
    offset: Tensor | None = None

    @property
    def reads(self) -> Tensor:
        """Which inputs, or channels, any unit reads."""
        return (self.weight != 0).transpose(0, 1).flatten(1).any(1)

    def keep(self, units: Tensor) -> None:
        """Drop all other units."""
        self.weight, self.bias = self.weight[units], self.bias[units]
        if self.offset is not None:
            self.offset = self.offset[units]


def prune(layers: Sequence[Affine]) -> Tensor:
    """Drop units that are constant or that nobody reads, in place.

    Constants move into the biases of the units that read them.

    Parameters
    ----------
    layers : sequence of Affine
        A chain; of the last, all units stay.

    Returns
    -------
    bool Tensor of shape (n_inputs,)
        Inputs, or channels of pictures, that the first layer still reads. Those of
        pictures all stay.
    """
    for layer, follower in pairwise(layers):
        constant = ~(layer.weight != 0).flatten(1).any(1)
        if layer.offset is not None:
            constant &= ~(layer.offset != 0).flatten(1).any(1)
        if constant.all():
            constant[0] = False  # a layer has a unit
        _fold(follower, constant, layer.activate(layer.bias))
        _drop(layer, follower, ~constant)
    for layer, follower in reversed(list(pairwise(layers))):
        read = _per_unit(follower.reads, len(layer.bias)).any(1)
        if not read.any():
            read[0] = True
        _drop(layer, follower, read)
    first = layers[0]
    read = first.reads
    if first.picture or not read.any():
        return torch.ones_like(read)
    first.weight = first.weight[:, read]
    return read


def _per_unit(values: Tensor, n_units: int) -> Tensor:
    """Inputs of a layer by the units before it, of which each may feed many places."""
    return values.unflatten(0, (n_units, -1))


def _drop(layer: Affine, follower: Affine, kept: Tensor) -> None:
    places = kept.repeat_interleave(follower.weight.shape[1] // len(kept))
    follower.weight = follower.weight[:, places]
    layer.keep(kept)


def _fold(follower: Affine, constant: Tensor, values: Tensor) -> None:
    """Add what constant units contribute to those that read them."""
    values = torch.where(constant, values, 0.0)
    if not values.any():
        return
    if not follower.picture:
        places = values.repeat_interleave(follower.weight.shape[1] // len(values))
        follower.bias = follower.bias + follower.weight @ places
        return
    # At the border of a picture a convolution reads fewer of them.
    picture = values[:, None, None].expand(-1, *follower.picture)
    padding = follower.weight.shape[-1] // 2
    follower.offset = F.conv2d(picture[None], follower.weight, padding=padding)[0]
