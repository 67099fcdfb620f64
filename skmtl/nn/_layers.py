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
    "TaskHeads",
    "member_linear",
    "rows_of_tasks",
    "weight_gradient",
]


def member_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Apply one affine map per member.

    Parameters
    ----------
    x : Tensor of shape (batch, in) or (*leading, batch, in)
        Without leading axes the batch is shared by all members; along a leading axis
        of length one it is shared by the members of that axis.
    weight : Tensor of shape (*leading, out, in)
    bias : Tensor of shape (*leading, out)

    Returns
    -------
    Tensor of shape (*leading, batch, out)
    """
    if weight.dim() == 2:
        return F.linear(x, weight, bias)
    leading = weight.shape[:-2]
    if x.dim() == 2:
        # One product (batch, in) x (in, members * out) instead of many small ones.
        joint = F.linear(x, weight.reshape(-1, weight.shape[-1]), bias.reshape(-1))
        return joint.unflatten(-1, (*leading, -1)).movedim(0, -2)
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
    """Derivative by the weights of :func:`member_linear`.

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
    generator : torch.Generator
        Source of the initial values.
    dtype : torch.dtype
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
        """Map ``(*members, batch, in)`` to ``(*members, batch, out)``."""
        return member_linear(x, self.weight, self.bias)


class MemberConv2d(nn.Module):
    """Square convolution with padding that keeps the picture's size.

    Members run as groups of one convolution.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int
        Odd.
    generator : torch.Generator
    dtype : torch.dtype
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
        """Map ``(*members, batch, in, h, w)`` to ``(*members, batch, out, h, w)``."""
        padding = self.weight.shape[-1] // 2
        leading = self.weight.shape[:-4]
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
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Drop features of ``(*members, ...)``; without ``random`` do nothing."""
        if random is None or self.rate == 0:
            return x
        draws = random.uniform(x.shape[len(random.members) :], x.dtype)
        return x * (draws >= self.rate) / (1 - self.rate)


class TaskHeads(nn.Module):
    """One affine head per task, all applied in one product.

    Parameters
    ----------
    in_features : int
    n_outputs : sequence of int
        Outputs of each task; shorter heads are padded with zeros that stay zero.
    generator : torch.Generator
    dtype : torch.dtype
    """

    valid: Tensor

    def __init__(
        self,
        in_features: int,
        n_outputs: Sequence[int],
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        n_tasks, widest = len(n_outputs), max(n_outputs)
        bound = 1 / math.sqrt(max(in_features, 1))
        weight = torch.zeros(n_tasks, widest, in_features, dtype=dtype)
        bias = torch.zeros(n_tasks, widest, dtype=dtype)
        for task, outputs in enumerate(n_outputs):
            weight[task, :outputs].uniform_(-bound, bound, generator=generator)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)
        valid = torch.arange(widest) < torch.tensor(list(n_outputs))[:, None]
        self.register_buffer("valid", valid, persistent=False)

    def forward(self, z: Tensor, per_task: bool = False) -> Tensor:
        """Compute every head on every row.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, in), or (*members, tasks, batch, in)
            The second form if ``per_task``.
        per_task : bool
            Whether each task reads its own representation.

        Returns
        -------
        Tensor of shape (*members, tasks, batch, n_outputs_max)
        """
        if per_task:
            return member_linear(z, self.weight, self.bias)
        n_tasks = self.weight.shape[-3]
        weight, bias = self.weight.flatten(-3, -2), self.bias.flatten(-2)
        joint = member_linear(z, weight, bias)
        if n_tasks == 1:
            return joint.unsqueeze(-3)
        return joint.unflatten(-1, (n_tasks, -1)).movedim(-2, -3)

    def rows(self, z: Tensor, task_of_row: Tensor) -> Tensor:
        """Compute each row's own head only.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, in)
        task_of_row : Tensor of shape (batch,) or (*members, batch)

        Returns
        -------
        Tensor of shape (*members, batch, n_outputs_max)
        """
        weight = rows_of_tasks(self.weight, task_of_row, trailing=2)
        bias = rows_of_tasks(self.bias, task_of_row, trailing=1)
        return torch.einsum("...bi,...boi->...bo", z, weight) + bias


def rows_of_tasks(values: Tensor, task_of_row: Tensor, trailing: int) -> Tensor:
    """Gather each row's task.

    Parameters
    ----------
    values : Tensor of shape (*members, tasks, ...)
        With ``trailing`` axes after that of the tasks.
    task_of_row : Tensor of shape (batch,) or (*members, batch)
        Axes of members may be of length one.
    trailing : int

    Returns
    -------
    Tensor of shape (*members, batch, ...)
    """
    axis = values.dim() - trailing - 1
    if task_of_row.dim() == 1:
        return values.index_select(axis, task_of_row)
    leading = values.shape[:axis]
    flat = values.flatten(0, axis - 1)
    tasks = task_of_row.expand(*leading, task_of_row.shape[-1]).flatten(0, -2)
    members = torch.arange(len(flat), device=values.device)
    return flat[members[:, None], tasks].unflatten(0, leading)
