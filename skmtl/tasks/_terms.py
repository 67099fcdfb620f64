"""What a loss tells of a batch, and how factors of tasks spread over outputs."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["LossTerms", "task_factors"]


class LossTerms(NamedTuple):
    """Losses of a batch and what they were made of.

    Parameters
    ----------
    losses : Tensor of shape (*members, n_tasks)
        Weighted means over the batch's rows, in nats; of a ranking task over its
        pairs of rows, in squared margins.
    totals : Tensor of shape ([*members,] n_tasks), or None
        Sums of the weights of these rows or pairs; None where each of the batch's rows
        counts once for every task.
    gradient : Tensor, shaped as the outputs
        Derivative of each task's loss by that task's outputs.
    objective : Tensor of shape (*members, n_tasks), optional
        What the parameters of the loss itself learn from, with a graph to them; None
        for a loss without parameters.

    Examples
    --------
    >>> import torch
    >>> from skmtl.tasks import MultiTaskLoss, TaskSpec
    >>> criterion = MultiTaskLoss([TaskSpec("size", "continuous")])
    >>> outputs, codes = torch.zeros(1, 2, 1), torch.tensor([[1.0], [3.0]])
    >>> terms = criterion.terms(outputs, codes)
    >>> terms.losses  # the mean of 1 / 2 and 9 / 2
    tensor([2.5000])
    >>> terms.gradient.flatten()
    tensor([-0.5000, -1.5000])
    """

    losses: Tensor
    totals: Tensor | None
    gradient: Tensor
    objective: Tensor | None = None


def task_factors(per_task: Tensor, task_of_row: Tensor | None) -> Tensor:
    """Spread one factor per task over the outputs' axes.

    Parameters
    ----------
    per_task : Tensor of shape ([*members,] n_tasks)
        The factors.
    task_of_row : int Tensor of shape ([*members,] batch), or None
        The one task each row is labelled for, if that is how the data are.

    Returns
    -------
    Tensor
        Broadcasts against the outputs of :meth:`MultiTaskLoss.terms`.

    Examples
    --------
    >>> import torch
    >>> from skmtl.tasks import task_factors
    >>> task_factors(torch.tensor([1.0, 5.0]), None).shape  # tasks, rows, outputs
    torch.Size([2, 1, 1])
    >>> task_factors(torch.tensor([1.0, 5.0]), torch.tensor([1, 1, 0])).flatten()
    tensor([5., 5., 1.])
    """
    if task_of_row is None:
        return per_task[..., None, None]
    if task_of_row.dim() == 1:
        return per_task.index_select(-1, task_of_row).unsqueeze(-1)
    leading = torch.broadcast_shapes(per_task.shape[:-1], task_of_row.shape[:-1])
    tasks = task_of_row.expand(*leading, task_of_row.shape[-1])
    return per_task.expand(*leading, -1).gather(-1, tasks).unsqueeze(-1)
