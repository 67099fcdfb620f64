"""Sums of squared per-row gradients of one layer, in closed form.

The gradient of row n by the weights of an affine layer is the product of ``delta_n``,
the derivative by what the layer puts out, and its input ``a_n``; summed squares over
rows are the one product ``(delta**2).T @ a**2``. Where several positions of a row share
the weights, as in convolutions, each row's own product comes first.

An object here is made from the input of a layer. It then hears derivatives, adds up
squares, and gives the sums on :meth:`finish`, after which it may start anew.
"""

from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ._layers import weight_gradient

__all__ = ["LayerSquares", "LinearSquares", "MemberPatchSquares", "PatchSquares"]

Padding = tuple[int, int]


class LayerSquares(Protocol):
    """What every layer's sums offer."""

    def add(self, gradient: Tensor) -> None:
        """Add the squares that belong to one derivative by the layer's output."""

    def finish(self) -> dict[str, Tensor]:
        """Sums since the last call, by the layer's names of its parameters."""


class LinearSquares:
    """Affine map of plain rows; all derivatives share one product.

    Parameters
    ----------
    x : Tensor of shape (batch, in) or (*leading, batch, in)
        Input, as :func:`weight_gradient` takes it.
    """

    def __init__(self, x: Tensor) -> None:
        self._squared_input = x.detach().square()
        self._squares: Tensor | None = None

    def add(self, gradient: Tensor) -> None:
        """Add the squares of ``(*leading, batch, out)``."""
        if self._squares is None:
            self._squares = gradient.square()
        else:
            self._squares.addcmul_(gradient, gradient)

    def finish(
        self, scale: Callable[[Tensor], Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Multiply once, after ``scale`` has come over the rows' summed squares."""
        squares, self._squares = self._squares, None
        if squares is None:
            return {}
        if scale is not None:
            squares = scale(squares)
        return {
            "weight": weight_gradient(squares, self._squared_input),
            "bias": squares.sum(-2),
        }


class PatchSquares:
    """Affine map of several positions per row, such as the patches of a convolution.

    Parameters
    ----------
    columns : Tensor of shape (batch, groups, in, positions)
        What each position reads.
    channels_last : bool, default=False
        Whether derivatives are ``(batch, *positions, out)``, else
        ``(batch, out, *positions)``.
    """

    def __init__(self, columns: Tensor, channels_last: bool = False) -> None:
        self._channels_last = channels_last
        self._groups = columns.shape[1]
        self._columns = columns.flatten(0, 1).transpose(1, 2)
        self._sums: dict[str, Tensor] = {}

    @classmethod
    def of_sequence(cls, x: Tensor) -> "PatchSquares":
        """Read ``(batch, *positions, in)``, the input of a linear layer."""
        columns = x.detach().flatten(1, -2).transpose(1, 2)
        return cls(columns.unsqueeze(1), channels_last=True)

    @classmethod
    def of_pictures(
        cls,
        x: Tensor,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...] = (1, 1),
        padding: str | tuple[int, ...] = (0, 0),
        dilation: tuple[int, ...] = (1, 1),
        groups: int = 1,
    ) -> "PatchSquares":
        """Read ``(batch, in, height, width)`` as :func:`torch.nn.functional.conv2d`."""
        x = x.detach()
        if isinstance(padding, str):
            x = F.pad(x, _same_padding(padding, kernel_size, dilation))
            padding = (0, 0)
        # Positions that the convolution's stride leaves over are left out here too.
        columns = F.unfold(x, kernel_size, dilation, padding, stride)
        return cls(columns.unflatten(1, (groups, -1)))

    def add(self, gradient: Tensor) -> None:
        """Add the squares of one derivative."""
        if self._channels_last:
            gradient = gradient.flatten(1, -2).transpose(1, 2)
        else:
            gradient = gradient.flatten(2)
        per_group = gradient.unflatten(1, (self._groups, -1)).flatten(0, 1)
        products = torch.bmm(per_group, self._columns)
        products = products.unflatten(0, (-1, self._groups)).flatten(1, 2)
        _accumulate(self._sums, "weight", products.square().sum(0))
        _accumulate(self._sums, "bias", gradient.sum(-1).square().sum(0))

    def finish(self) -> dict[str, Tensor]:
        """Give the sums, weights as ``(out, in)`` with the patch in one axis."""
        sums, self._sums = self._sums, {}
        return sums


def _same_padding(
    padding: str, kernel_size: tuple[int, ...], dilation: tuple[int, ...]
) -> list[int]:
    """Widths for :func:`torch.nn.functional.pad`, last axis first."""
    if padding == "valid":
        return [0, 0, 0, 0]
    widths = []
    for size, step in zip(reversed(kernel_size), reversed(dilation), strict=True):
        total = step * (size - 1)
        widths += [total // 2, total - total // 2]
    return widths


class MemberPatchSquares:
    """Convolutions of many members, each over pictures of its own or over the same.

    Parameters
    ----------
    x : Tensor of shape (batch, in, height, width) or (*members, batch, ...)
        Pictures; along an axis of length one members share them.
    members : tuple of int
        Lengths of the leading axes of the derivatives.
    kernel_size : tuple of int
        Height and width; padding keeps the size of pictures.
    """

    def __init__(
        self, x: Tensor, members: tuple[int, ...], kernel_size: tuple[int, ...]
    ) -> None:
        self._members = members
        self._shared = x.dim() == 4
        padding = tuple(size // 2 for size in kernel_size)
        own = [x] if self._shared else x.expand(*members, *x.shape[-4:]).flatten(0, -5)
        self._parts = [
            PatchSquares.of_pictures(part, kernel_size, padding=padding) for part in own
        ]

    def add(self, gradient: Tensor) -> None:
        """Add the squares of ``(*members, batch, out, height, width)``."""
        flat = gradient.flatten(0, -5)
        if self._shared:
            # Members side by side, as more channels of one layer.
            flat = flat.movedim(0, 1).flatten(1, 2).unsqueeze(0)
        for part, own in zip(self._parts, flat, strict=True):
            part.add(own)

    def finish(self) -> dict[str, Tensor]:
        """Give the sums, with the members' axes in front."""
        found = [part.finish() for part in self._parts]
        shape = (*self._members, -1)
        if self._shared:
            return {name: value.unflatten(0, shape) for name, value in found[0].items()}
        return {
            name: torch.stack([part[name] for part in found]).unflatten(
                0, self._members
            )
            for name in found[0]
        }


def _accumulate(sums: dict[str, Tensor], name: str, value: Tensor) -> None:
    if name in sums:
        sums[name] += value
    else:
        sums[name] = value
