"""Batch norm with statistics, scale and shift of each task."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

__all__ = ["TaskNorm", "task_norms"]


class TaskNorm(nn.Module):
    """Batch norm of each task, over the rows that have a label of the task.

    In training mode a task's rows are brought to mean 0 and variance 1 by their own
    statistics, which move the running ones; in evaluation mode by the running ones.
    Of a task with fewer than two labelled rows the running statistics serve in training
    too, and stay.

    Parameters
    ----------
    n_tasks : int
        Number of tasks.
    n_features : int
        Number of features, or of channels.
    picture : bool, default=False
        Whether rows are pictures, all places of which count.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.

    Notes
    -----
    Rows count by the weights of their labels, as if they were repeated. The running
    variance is therefore that of the rows, without the ``n / (n - 1)`` of
    :class:`torch.nn.BatchNorm1d`. That of a feature without any variance stays as it
    was: units come to life again when masks change.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import TaskNorm
    >>> norm = TaskNorm(2, 3)
    >>> x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    >>> labels = torch.tensor([[1.0, 1, 1, 0, 0], [0, 0, 1, 1, 1]])  # 2 tasks, 5 rows
    >>> found = norm(x, labels)
    >>> found.shape
    torch.Size([2, 5, 3])
    >>> bool(found[0, :3].mean(0).abs().max() < 1e-6)
    True
    """

    member_buffers = ("running_mean", "running_var")
    # What belongs to tasks, after the axes of the members.
    by_task = ("weight", "bias", *member_buffers)

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        n_tasks: int,
        n_features: int,
        picture: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        ones = torch.ones(n_tasks, n_features, dtype=dtype)
        self.weight = nn.Parameter(ones)
        self.bias = nn.Parameter(torch.zeros_like(ones))
        self.register_buffer("running_mean", torch.zeros_like(ones))
        self.register_buffer("running_var", ones.clone())
        self.momentum, self.eps = 0.1, 1e-5
        self.places = 2 if picture else 0

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Normalise the rows for each task.

        Parameters
        ----------
        x : Tensor of shape (*members, [n_tasks,] batch, features[, height, width])
            Rows; without an axis of tasks all tasks see the same.
        labels : Tensor of shape ([*members,] n_tasks, batch), optional
            Weights of the rows in the statistics of each task; all one by default.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, features[, height, width])
            In the type of the parameters. Without an axis of tasks, here and above,
            where the parameters have none, which are then those of a single task.
        """
        x = x.to(self.weight.dtype)
        if x.dim() - self.places == self.weight.dim():
            x = x.unsqueeze(-self.places - 3)
        if self.training:
            mean, variance, share = self._statistics(x, labels)
            scale = (variance + self.eps).rsqrt()
            parts = (mean, scale, share, self.weight, self.bias)
            found: Tensor = _Normalise.apply(x, *parts, self.places)
            return found
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        mean, scale, shift = (
            _spread(own, self.places) for own in (self.running_mean, scale, self.bias)
        )
        return torch.addcmul(shift, x - mean, scale)

    @torch.no_grad()
    def _statistics(
        self, x: Tensor, labels: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, variance and the rows' shares in them; they move the running ones."""
        if labels is None:
            labels = x.new_ones(x.shape[-self.places - 2])
        enough = (labels > 0).sum(-1, keepdim=True) > 1
        total = torch.where(enough, labels.sum(-1, keepdim=True), 1)
        share = torch.where(enough, labels / total, 0).to(x.dtype)
        mean = torch.where(enough, self._mean(x, share), self.running_mean)
        squares = (x - _spread(mean, self.places)).square_()
        variance = torch.where(enough, self._mean(squares, share), self.running_var)
        self.running_mean.lerp_(mean, self.momentum)
        # A constant's distance from its mean is what rounding made of the mean, about
        # .08 times the number of rows in multiples of the precision, at most .25 times.
        rounding = (8 + x.shape[-self.places - 2] / 4) * torch.finfo(mean.dtype).eps
        noise = (rounding * mean).square_()
        moved = torch.where(variance > noise, variance, self.running_var)
        self.running_var.lerp_(moved, self.momentum)
        return mean, variance, share

    def _mean(self, values: Tensor, share: Tensor) -> Tensor:
        if self.places:
            values = values.mean((-2, -1))
        # In full precision, whatever the layers around compute in.
        with torch.autocast(values.device.type, enabled=False):
            if share.dim() > 1 and values.shape[-3] == 1:
                return share @ values.squeeze(-3)
            return (share.unsqueeze(-2) @ values).squeeze(-2)

    def scale_and_shift(self, task: int) -> tuple[Tensor, Tensor]:
        """Tell what evaluation mode multiplies by and adds, for a single network.

        Parameters
        ----------
        task : int
            Index of the task.

        Returns
        -------
        scale, shift : Tensor of shape (n_features,)
            The norm is ``x * scale + shift``, in double precision.
        """
        weight, bias, mean, variance = (
            getattr(self, name)[task].double() for name in self.by_task
        )
        scale = weight * (variance + self.eps).rsqrt()
        return scale, bias - mean * scale


class _Normalise(torch.autograd.Function):
    """Shift and scale of rows that made the statistics themselves.

    What autograd makes of the single steps takes longer.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        mean: Tensor,
        scale: Tensor,
        share: Tensor,
        weight: Tensor,
        bias: Tensor,
        places: int,
    ) -> Tensor:
        mean, scale, wide, shift = (
            _spread(own, places) for own in (mean, scale, weight, bias)
        )
        normal = (x - mean).mul_(scale)
        ctx.save_for_backward(normal, scale * wide, share)
        ctx.places, ctx.shape = places, x.shape
        return torch.addcmul(shift, normal, wide)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,), places = upstream, ctx.places
        normal, slope, share = ctx.saved_tensors
        axes = [-places - 2, *range(-places, 0)]
        product = gradient * normal
        shift, weight = gradient.sum(axes), product.sum(axes)
        own, along = _spread(shift, places), _spread(weight, places)
        # The means of a row's own task take their part back.
        part = torch.addcmul(own, normal, along, out=product)
        area = math.prod(normal.shape[normal.dim() - places :])
        part *= _spread(share / area, places, axis=-1)
        by_x = torch.sub(gradient, part, out=part).mul_(slope)
        return by_x.sum_to_size(ctx.shape), None, None, None, weight, shift, None


def _spread(values: Tensor, places: int, axis: int = -2) -> Tensor:
    """Give values an axis for the rows, or the features, and those of a picture."""
    return values.unsqueeze(axis)[(..., *[None] * places)]


def task_norms(module: nn.Module) -> dict[str, TaskNorm]:
    """List the norms of an encoder by their names."""
    parts = module.named_modules()
    return {name: own for name, own in parts if isinstance(own, TaskNorm)}
