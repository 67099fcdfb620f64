"""From the representation to the outputs of every task."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ._layers import member_linear

__all__ = ["TaskHeads", "rows_of_tasks"]


class TaskHeads(nn.Module):
    """One affine head per task, all applied in one product.

    Parameters
    ----------
    in_features : int
        Width of the representation.
    n_outputs : sequence of n_tasks int
        Outputs of each task; shorter heads are padded with zeros that stay zero.
    generator : torch.Generator
        Source of the initial weights, uniform within 1 / sqrt(in_features); biases
        start at zero.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.
    intercept : sequence of n_tasks bool, optional
        Tasks whose head has a bias; by default all. A ranking learns from differences
        of scores, on which a bias has no influence: its gradient would be rounding
        error, which Adam makes as large as any other. The others' biases stay zero.

    Attributes
    ----------
    valid : bool Tensor of shape (n_tasks, n_outputs_max)
        False in the padding.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import TaskHeads
    >>> heads = TaskHeads(4, [1, 3], torch.Generator().manual_seed(0))
    >>> heads(torch.ones(5, 4)).shape  # 2 tasks, 5 rows, at most 3 outputs
    torch.Size([2, 5, 3])
    >>> heads.valid
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """

    valid: Tensor
    _shifted: Tensor | None

    def __init__(
        self,
        in_features: int,
        n_outputs: Sequence[int],
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
        intercept: Sequence[bool] | None = None,
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
        shifted = None
        if intercept is not None and not all(intercept):
            shifted = torch.tensor(list(intercept), dtype=dtype)[:, None]
        self.register_buffer("_shifted", shifted, persistent=False)

    def intercepts(self, bias: Tensor) -> Tensor:
        """Put zeros where a task has no intercept.

        Parameters
        ----------
        bias : Tensor of shape (*members, n_tasks, n_outputs_max)
            Biases, or their gradients.

        Returns
        -------
        Tensor, shaped as ``bias``
            The same tensor where every task has an intercept.
        """
        return bias if self._shifted is None else bias * self._shifted

    def forward(self, z: Tensor, per_task: bool = False) -> Tensor:
        """Compute every head on every row.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, in), or (*members, n_tasks, batch, in)
            Representation; the second form if ``per_task``.
        per_task : bool, default=False
            Whether each task reads its own representation.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Outputs, zero in the padding.
        """
        bias = self.intercepts(self.bias)
        if per_task:
            return member_linear(z, self.weight, bias)
        n_tasks = self.weight.shape[-3]
        joint = member_linear(z, self.weight.flatten(-3, -2), bias.flatten(-2))
        if n_tasks == 1:
            return joint.unsqueeze(-3)
        return joint.unflatten(-1, (n_tasks, -1)).movedim(-2, -3)

    def rows(self, z: Tensor, task_of_row: Tensor) -> Tensor:
        """Compute each row's own head only.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, in)
            Representation.
        task_of_row : int Tensor of shape (batch,) or (*members, batch)
            The task each row is for.

        Returns
        -------
        Tensor of shape (*members, batch, n_outputs_max)
            Outputs for each row's task, zero in the padding.
        """
        weight = rows_of_tasks(self.weight, task_of_row, trailing=2)
        bias = rows_of_tasks(self.intercepts(self.bias), task_of_row, trailing=1)
        return torch.einsum("...bi,...boi->...bo", z, weight) + bias


def rows_of_tasks(values: Tensor, task_of_row: Tensor, trailing: int) -> Tensor:
    """Gather for each row what belongs to its task.

    Parameters
    ----------
    values : Tensor of shape (*members, n_tasks, ...)
        With ``trailing`` axes after that of the tasks.
    task_of_row : int Tensor of shape (batch,) or (*members, batch)
        The task of each row; axes of members may be of length one.
    trailing : int
        Number of axes after that of the tasks.

    Returns
    -------
    Tensor of shape (*members, batch, ...)
        The values of each row's task.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import rows_of_tasks
    >>> values = torch.tensor([[1.0, 2.0], [3.0, 4.0]])  # 2 tasks
    >>> rows_of_tasks(values, torch.tensor([1, 0, 1]), trailing=1)
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    axis = values.dim() - trailing - 1
    if task_of_row.dim() == 1:
        return values.index_select(axis, task_of_row)
    leading = values.shape[:axis]
    flat = values.flatten(0, axis - 1)
    tasks = task_of_row.expand(*leading, task_of_row.shape[-1]).flatten(0, -2)
    members = torch.arange(len(flat), device=values.device)
    return flat[members[:, None], tasks].unflatten(0, leading)
