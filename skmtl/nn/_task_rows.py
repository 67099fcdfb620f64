"""Rows that are for one task each, put together by task; draws that tasks share."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ._random import MemberRandom

__all__ = ["RowGroups", "SharedDraws", "take_rows"]


def take_rows(values: Tensor, rows: Tensor, trailing: int) -> Tensor:
    """Gather rows of a batch, each member its own.

    Parameters
    ----------
    values : Tensor of shape ([*members,] batch, ...)
        With ``trailing`` axes after that of the batch.
    rows : int Tensor of shape ([*members,] n_rows)
        Places in the batch; axes of members may be of length one in either.
    trailing : int

    Returns
    -------
    Tensor of shape ([*members,] n_rows, ...)
    """
    axis = values.dim() - trailing - 1
    if rows.dim() == 1:
        return values.index_select(axis, rows)
    lead = torch.broadcast_shapes(values.shape[:axis], rows.shape[:-1])
    flat = values.expand(*lead, *values.shape[axis:]).flatten(0, len(lead) - 1)
    places = rows.expand(*lead, rows.shape[-1]).flatten(0, -2)
    members = torch.arange(len(flat), device=values.device)
    return flat[members[:, None], places].unflatten(0, lead)


class RowGroups:
    """The rows of each task, padded to as many as any member has.

    Parameters
    ----------
    task_of_row : int Tensor of shape ([*members,] batch)
    n_tasks : int

    Attributes
    ----------
    tasks : list of int
        Those that have rows.
    rows : list of int Tensor of shape ([*members,] n_rows)
        Places of each task's rows in the batch; another task's where a member has
        fewer rows than others.
    real : list of bool Tensor, shaped as ``rows``
        False for these others.
    place : int Tensor of shape ([*members,] batch)
        Where each row is found when the groups are laid side by side.
    """

    def __init__(self, task_of_row: Tensor, n_tasks: int) -> None:
        tasks = torch.arange(n_tasks, device=task_of_row.device)
        counts = (task_of_row.unsqueeze(-2) == tasks[:, None]).sum(-1)
        starts = counts.cumsum(-1) - counts
        longest = counts.reshape(-1, n_tasks).amax(0)
        order = task_of_row.argsort(dim=-1, stable=True)
        rank = order.argsort(-1) - starts.gather(-1, task_of_row)
        self.place = (longest.cumsum(0) - longest)[task_of_row] + rank
        self.tasks, self.rows, self.real = [], [], []
        last = task_of_row.shape[-1] - 1
        for task, length in enumerate(longest.tolist()):
            if length:
                span = torch.arange(length, device=order.device)
                at = (starts[..., task : task + 1] + span).clamp_max(last)
                self.tasks.append(task)
                self.rows.append(order.gather(-1, at))
                self.real.append(span < counts[..., task : task + 1])


class SharedDraws(MemberRandom):
    """The same draws for every task, so that masks and norms alone tell them apart.

    The first task draws, the others get what it drew, in the order of the calls.

    Parameters
    ----------
    random : MemberRandom
    n_rows : int
        Rows of the whole batch.
    """

    def __init__(self, random: MemberRandom, n_rows: int) -> None:
        self.members, self.lengths = random.members, random.lengths
        self._random, self._n_rows = random, n_rows
        self._drawn: list[Tensor] = []
        self._calls = 0
        self.rows: Tensor | None = None

    def begin(self, rows: Tensor | None = None) -> "SharedDraws":
        """Start over, for the next task; with some of the rows only."""
        self._calls, self.rows = 0, rows
        return self

    def normal(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw standard normal numbers."""
        return self._next(self._random.normal, shape, dtype)

    def uniform(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw numbers uniform on [0, 1)."""
        return self._next(self._random.uniform, shape, dtype)

    def _next(
        self, draw: Callable[..., Tensor], shape: Sequence[int], dtype: torch.dtype
    ) -> Tensor:
        if self._calls == len(self._drawn):
            self._drawn.append(draw((self._n_rows, shape[-1]), dtype))
        drawn = self._drawn[self._calls]
        self._calls += 1
        if self.rows is not None:
            drawn = take_rows(drawn, self.rows, trailing=1)
        # Where all tasks pass at once they have an axis of their own.
        return drawn if len(shape) == 2 else drawn.unsqueeze(-3)
