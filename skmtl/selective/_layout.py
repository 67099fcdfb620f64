"""How the output layers of many tasks read few branches."""

from typing import NamedTuple

import torch
from torch import Tensor

from skmtl.nn import TaskHeads, member_linear, rows_of_tasks

__all__ = ["BranchLayout"]


class BranchLayout(NamedTuple):
    """Where the output layers are while all of a branch are applied in one product.

    Attributes
    ----------
    n_used : int
        Branches; the most of any member.
    task_at : int Tensor of shape (*members, n_used * most), or None
        The task in each place, ``most`` places for each branch; where there are
        fewer tasks, any. None where each task has a branch of its own.
    place_of : int Tensor of shape (*members, n_tasks)
        The place of each task.
    """

    n_used: int
    task_at: Tensor | None
    place_of: Tensor

    @classmethod
    @torch.inference_mode(False)
    def of(cls, branch_of: Tensor) -> "BranchLayout":
        """Arrange the tasks by branch, for ``branch_of`` (*members, n_tasks)."""
        n_tasks = branch_of.shape[-1]
        n_used = int(branch_of.max()) + 1
        tasks = torch.arange(n_tasks, device=branch_of.device)
        if bool((branch_of == tasks).all()):
            return cls(n_used, None, branch_of)
        one_hot = torch.nn.functional.one_hot(branch_of, n_used)
        rank = (one_hot.cumsum(-2) - 1).gather(-1, branch_of.unsqueeze(-1)).squeeze(-1)
        most = int(one_hot.sum(-2).max())
        place_of = branch_of * most + rank
        task_at = branch_of.new_zeros(*branch_of.shape[:-1], n_used * most)
        task_at.scatter_(-1, place_of, tasks.expand_as(place_of))
        return cls(n_used, task_at, place_of)

    def outputs(self, hidden: Tensor, heads: TaskHeads) -> Tensor:
        """Apply every task's output layer to its branch.

        Parameters
        ----------
        hidden : Tensor of shape (*members, n_used, batch, d)
        heads : TaskHeads

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max)
        """
        if self.task_at is None:
            return heads(hidden, per_task=True)
        # Gathering weights and outputs spares a copy of the features for each task.
        weight = rows_of_tasks(heads.weight, self.task_at, trailing=2)
        bias = heads.intercepts(heads.bias)
        bias = rows_of_tasks(bias, self.task_at, trailing=1)
        by_branch = (self.n_used, -1)
        weight = weight.unflatten(-3, by_branch).flatten(-3, -2)
        bias = bias.unflatten(-2, by_branch).flatten(-2)
        joint = member_linear(hidden, weight, bias)
        widest = heads.weight.shape[-2]
        apart = joint.unflatten(-1, (-1, widest)).movedim(-2, -3).flatten(-4, -3)
        return rows_of_tasks(apart, self.place_of, trailing=2)
