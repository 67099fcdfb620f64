"""Layers whose parameters may carry leading member axes.

A layer is written once, for tensors that end in ``(..., batch, features)``. Built
alone it holds one network's parameters; after :func:`skmtl.nn.stack_modules` the
same code runs many networks as one.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._random import MemberRandom

__all__ = [
    "Dropout",
    "MemberConv2d",
    "MemberLinear",
    "member_linear",
    "weight_gradient",
]


def member_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Apply one affine map per member.

    Parameters
    ----------
    x : Tensor of shape (batch, in) or (*leading, [n_tasks,] batch, in)
        Without leading axes the batch is shared by all members; along a leading axis
        of length one it is shared by the members of that axis. A further axis in front
        of the batch stays.
    weight : Tensor of shape (*leading, out, in)
        One matrix per member.
    bias : Tensor of shape (*leading, out)
        Added to every row of the member.

    Returns
    -------
    Tensor of shape (*leading, [n_tasks,] batch, out)
        ``x @ weight.T + bias`` of each member.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import member_linear
    >>> weight, bias = torch.ones(3, 2, 4), torch.zeros(3, 2)  # 3 members
    >>> member_linear(torch.ones(5, 4), weight, bias).shape
    torch.Size([3, 5, 2])
    """
    if weight.dim() == 2:
        return F.linear(x, weight, bias)
    leading = weight.shape[:-2]
    if x.dim() == 2:
        # One product (batch, in) x (in, members * out) instead of many small ones.
        joint = F.linear(x, weight.reshape(-1, weight.shape[-1]), bias.reshape(-1))
        return joint.unflatten(-1, (*leading, -1)).movedim(0, -2)
    if x.dim() > weight.dim():
        # Tasks, between members and batch, share the map of a member.
        joint = member_linear(x.flatten(-3, -2), weight, bias)
        return joint.unflatten(-2, x.shape[-3:-1])
    if _shares_batch(x, leading):
        joint = member_linear(x.squeeze(-3), weight.flatten(-3, -2), bias.flatten(-2))
        return joint.unflatten(-1, (leading[-1], -1)).movedim(-2, -3)
    flat_x = x.expand(*leading, *x.shape[-2:]).flatten(0, -3)
    flat = torch.baddbmm(
        bias.reshape(-1, 1, bias.shape[-1]),
        flat_x,
        weight.reshape(-1, *weight.shape[-2:]).transpose(-1, -2),
    )
    return flat.unflatten(0, leading)


def _shares_batch(x: Tensor, leading: Sequence[int]) -> bool:
    """Whether members along the last leading axis see the same rows."""
    return len(leading) > 1 and x.shape[-3] == 1 < leading[-1]


def weight_gradient(gradient: Tensor, x: Tensor) -> Tensor:
    """Compute the derivative by the weights of :func:`member_linear`.

    Parameters
    ----------
    gradient : Tensor of shape (*leading, batch, out)
        Derivative by the result.
    x : Tensor of shape (batch, in) or (*leading, batch, in)
        As given to :func:`member_linear`.

    Returns
    -------
    Tensor of shape (*leading, out, in)
        Products of gradients and features, summed over the batch.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import weight_gradient
    >>> weight_gradient(torch.ones(3, 5, 2), torch.ones(5, 4)).shape  # 3 members
    torch.Size([3, 2, 4])
    """
    leading = gradient.shape[:-2]
    if leading and (x.dim() == 2 or _shares_batch(x, leading)):
        joint = gradient.movedim(-3, -2).flatten(-2)
        rows = x if x.dim() == 2 else x.squeeze(-3)
        product = weight_gradient(joint, rows)
        return product.unflatten(-2, (leading[-1], -1))
    return gradient.transpose(-1, -2) @ x


def _uniform(
    shape: Sequence[int], bound: float, generator: torch.Generator, dtype: torch.dtype
) -> nn.Parameter:
    values = torch.empty(*shape, dtype=dtype).uniform_(
        -bound, bound, generator=generator
    )
    return nn.Parameter(values)


class MemberLinear(nn.Module):
    """Affine map, initialised uniformly within 1 / sqrt(in_features).

    Parameters
    ----------
    in_features, out_features : int
        Numbers of features that come in and go out.
    generator : torch.Generator
        Source of the initial values.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberLinear
    >>> layer = MemberLinear(4, 2, torch.Generator().manual_seed(0))
    >>> layer(torch.ones(5, 4)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        bound = 1 / math.sqrt(max(in_features, 1))
        self.weight = _uniform((out_features, in_features), bound, generator, dtype)
        self.bias = _uniform((out_features,), bound, generator, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's map to its rows.

        Parameters
        ----------
        x : Tensor of shape ([*members, [n_tasks,]] batch, in)
            Without member axes all members see the same rows.

        Returns
        -------
        Tensor of shape (*members, [n_tasks,] batch, out)
            As from :func:`member_linear`.
        """
        return member_linear(x, self.weight, self.bias)


class MemberConv2d(nn.Module):
    """Square convolution with padding that keeps the picture's size.

    Members run as groups of one convolution.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels that come in and go out.
    kernel_size : int
        Height and width of the kernel, in pixels; odd.
    generator : torch.Generator
        Source of the initial values, uniform within 1 / sqrt(fan-in).
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberConv2d
    >>> layer = MemberConv2d(1, 8, 3, torch.Generator().manual_seed(0))
    >>> layer(torch.ones(5, 1, 28, 28)).shape
    torch.Size([5, 8, 28, 28])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        bound = 1 / math.sqrt(in_channels * kernel_size**2)
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = _uniform(shape, bound, generator, dtype)
        self.bias = _uniform((out_channels,), bound, generator, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's convolution to its pictures.

        Parameters
        ----------
        x : Tensor of shape ([*members, [n_tasks,]] batch, in, height, width)
            Without member axes all members see the same pictures. An axis of tasks
            stays.

        Returns
        -------
        Tensor of shape (*members, [n_tasks,] batch, out, height, width)
            Pictures of the same size.
        """
        padding = self.weight.shape[-1] // 2
        leading = self.weight.shape[:-4]
        if x.dim() > self.weight.dim():
            # Tasks, between members and batch, share the kernel of a member.
            joint = self.forward(x.flatten(-5, -4))
            return joint.unflatten(-4, x.shape[-5:-3])
        if not leading:
            return F.conv2d(x, self.weight, self.bias, padding=padding)
        weight, bias = self.weight.flatten(0, -4), self.bias.flatten()
        if x.dim() == 4:
            joint = F.conv2d(x, weight, bias, padding=padding)
        else:
            members = math.prod(leading)
            own = x.expand(*leading, *x.shape[-4:])
            side_by_side = own.flatten(0, -5).movedim(0, 1).flatten(1, 2)
            joint = F.conv2d(
                side_by_side, weight, bias, padding=padding, groups=members
            )
        return joint.unflatten(1, (*leading, -1)).movedim(0, -4)


class Dropout(nn.Module):
    """Dropout that draws from the members' own generators.

    Parameters
    ----------
    rate : float
        Fraction of the features set to zero in training.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import Dropout, MemberRandom
    >>> layer, x = Dropout(0.5), torch.ones(2, 1000)
    >>> layer(x, MemberRandom(0)).unique()
    tensor([0., 2.])
    >>> torch.equal(layer(x), x)
    True
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Drop features, and scale the others so that the mean stays.

        Parameters
        ----------
        x : Tensor of shape (*members, ...)
            Features.
        random : MemberRandom, optional
            Source of the draws; None drops nothing.

        Returns
        -------
        Tensor, shaped as ``x``
            Zero where dropped, else divided by ``1 - rate``.
        """
        if random is None or self.rate == 0:
            return x
        draws = random.uniform(x.shape[len(random.members) :], x.dtype)
        return x * (draws >= self.rate) / (1 - self.rate)
