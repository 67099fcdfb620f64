"""Training data as tensors on the device, and minibatches cut out of them."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["Batch", "Batches", "TaskTensors", "as_tensor"]

# Rows are gathered in blocks of about this size and then cut into batches: few
# gathers keep the interpreter out of the way, small blocks keep memory low.
_BLOCK_BYTES = 4 * 2**20


class Batch(NamedTuple):
    """One minibatch; member axes lead where members see different rows.

    Parameters
    ----------
    x : Tensor of shape ([*members,] batch, *row)
        Features.
    codes : Tensor of shape ([*members,] batch, n_tasks)
        Encoded targets; of shape ([*members,] batch) with ``task_of_row``.
    weight : Tensor, shaped as ``codes``, or None
        Weights of the labels, zero where unobserved. None: all observed, all one.
    row_weight : Tensor of shape ([*members,] batch), or None
        Weights of the rows in statistics of the representation; None for all one.
    task_of_row : int Tensor of shape ([*members,] batch), or None
        The one task each row is labelled for, if that is how the data are.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import Batch
    >>> batch = Batch(torch.zeros(4, 3), torch.zeros(4, 2), None, None, None)
    >>> batch.codes.shape  # 4 rows, 2 tasks
    torch.Size([4, 2])
    """

    x: Tensor
    codes: Tensor
    weight: Tensor | None
    row_weight: Tensor | None
    task_of_row: Tensor | None


def as_tensor(array: np.ndarray, device: torch.device) -> Tensor:
    """Wrap an array without a copy on the CPU, read-only memory maps included.

    Parameters
    ----------
    array : ndarray
        Numbers, of any shape.
    device : torch.device
        Where the tensor shall be.

    Returns
    -------
    Tensor
        Of the same shape and type; on the CPU, in the same memory.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmtl.engine import as_tensor
    >>> as_tensor(np.zeros((2, 3)), torch.device("cpu")).shape
    torch.Size([2, 3])
    """
    with warnings.catch_warnings():
        # Nothing here ever writes to the features.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
        return torch.from_numpy(np.asarray(array)).to(device)


@dataclass(frozen=True)
class TaskTensors(Dataset):
    """Features, encoded targets and weights of one fit.

    Parameters
    ----------
    x : Tensor of shape (n_rows, *row)
        Features, in the type of the user's array.
    codes : Tensor of shape (n_rows, n_tasks)
        Encoded targets; of shape (n_rows,) with ``task_of_row``.
    weight : Tensor, shaped as ``codes``, or None, default=None
        Weights of the labels, zero where unobserved. None: all observed, all one.
    row_weight : Tensor of shape (n_rows,), or None, default=None
        Weights of the rows in statistics of the representation; None for all one.
    task_of_row : int Tensor of shape (n_rows,), or None, default=None
        The one task each row is labelled for, if that is how the data are.
    rows : int Tensor of shape (n_used,), or None, default=None
        The rows that take part; None for all.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import TaskTensors
    >>> data = TaskTensors(x=torch.zeros(5, 3), codes=torch.zeros(5, 2))
    >>> training = data.subset(torch.tensor([0, 2, 4]))
    >>> len(training), len(training.whole().x)
    (3, 3)
    """

    x: Tensor
    codes: Tensor
    weight: Tensor | None = None
    row_weight: Tensor | None = None
    task_of_row: Tensor | None = None
    rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x) if self.rows is None else len(self.rows)

    def __getitem__(self, index: int) -> Batch:
        place = index if self.rows is None else int(self.rows[index])
        return self.take(torch.tensor([place], device=self.x.device))

    def subset(self, rows: Tensor) -> "TaskTensors":
        """Let only some rows take part, without a copy.

        Parameters
        ----------
        rows : int Tensor of shape (n_used,)
            Places of the rows in ``x``.

        Returns
        -------
        TaskTensors
            The same tensors, with these ``rows``.
        """
        return replace(self, rows=rows)

    def take(self, places: Tensor) -> Batch:
        """Gather rows by their place in ``x``, whether they take part or not.

        Parameters
        ----------
        places : int Tensor of shape (batch,)
            Places of the rows in ``x``.

        Returns
        -------
        Batch
            Copies of these rows, in this order.
        """
        return Batch._make(
            None if part is None else part.index_select(0, places)
            for part in self._parts()
        )

    def to(self, dtype: torch.dtype) -> "TaskTensors":
        """Hold targets and weights in another type; X is converted by batch.

        Parameters
        ----------
        dtype : torch.dtype
            Floating-point type of the network.

        Returns
        -------
        TaskTensors
            With ``codes``, ``weight`` and ``row_weight`` of that type.
        """
        weight, row_weight = (
            own if own is None else own.to(dtype)
            for own in (self.weight, self.row_weight)
        )
        return replace(
            self, codes=self.codes.to(dtype), weight=weight, row_weight=row_weight
        )

    def whole(self) -> Batch:
        """Gather all rows that take part as one batch.

        Returns
        -------
        Batch
            Without a copy if all rows take part.
        """
        if self.rows is None:
            return Batch._make(self._parts())
        return self.take(self.rows)

    def _parts(self) -> tuple[Tensor | None, ...]:
        return (self.x, self.codes, self.weight, self.row_weight, self.task_of_row)


def _equally_weighted(datasets: Sequence[TaskTensors]) -> Sequence[TaskTensors]:
    """Spell out weights of one where other members have weights."""
    weighted = any(data.weight is not None for data in datasets)
    row_weighted = any(data.row_weight is not None for data in datasets)
    filled = []
    for data in datasets:
        if weighted and data.weight is None:
            data = replace(data, weight=torch.ones_like(data.codes))
        if row_weighted and data.row_weight is None:
            ones = data.codes.new_ones(len(data.codes))
            data = replace(data, row_weight=ones)
        filled.append(data)
    return filled


class Batches:
    """Minibatches of one or many members; every iteration is an epoch.

    Parameters
    ----------
    datasets : sequence of TaskTensors
        One per member, all of the same length; a single one if all see the same.
    batch_size : int
        Rows per batch and member; the last batch of an epoch may hold fewer.
    generators : sequence of torch.Generator, or None
        One per dataset, to draw the permutations; None keeps the order.
    dtype : torch.dtype
        Features of another type are converted to it batch by batch.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import Batches, TaskTensors
    >>> data = TaskTensors(x=torch.zeros(5, 3), codes=torch.zeros(5, 2))
    >>> [len(batch.x) for batch in Batches([data], 2, None, torch.float32)]
    [2, 2, 1]
    >>> stack = Batches([data] * 7, 5, None, torch.float32)
    >>> next(iter(stack)).x.shape  # 7 members, 5 rows, 3 features
    torch.Size([7, 5, 3])
    """

    def __init__(
        self,
        datasets: Sequence[TaskTensors],
        batch_size: int,
        generators: Sequence[torch.Generator] | None,
        dtype: torch.dtype,
    ) -> None:
        self.datasets = _equally_weighted(datasets)
        self.batch_size = batch_size
        self.generators = generators
        self.dtype = dtype
        self._full: Batch | None = None

    def __len__(self) -> int:
        return -(-len(self.datasets[0]) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if len(self) == 1:
            yield self._one_batch()
            return
        orders = [self._order(member) for member in range(len(self.datasets))]
        step = self._block_rows()
        for start in range(0, len(orders[0]), step):
            yield from self._cut([order[start : start + step] for order in orders])

    def _one_batch(self) -> Batch:
        # One batch holds all rows: their order is of no account, so it is built once.
        if self._full is None:
            self._full = self._join([data.whole() for data in self.datasets])
        return self._full

    def _order(self, member: int) -> Tensor:
        data = self.datasets[member]
        if self.generators is None:
            order = torch.arange(len(data), device=data.x.device)
        else:
            generator = self.generators[member]
            order = torch.randperm(len(data), generator=generator).to(data.x.device)
        return order if data.rows is None else data.rows[order]

    def _block_rows(self) -> int:
        x = self.datasets[0].x
        row_bytes = max(x[0].numel() * x.element_size() * len(self.datasets), 1)
        return self.batch_size * max(_BLOCK_BYTES // (row_bytes * self.batch_size), 1)

    def _cut(self, places: Sequence[Tensor]) -> Iterator[Batch]:
        pairs = zip(self.datasets, places, strict=True)
        block = self._join([data.take(own) for data, own in pairs])
        axis = 0 if len(self.datasets) == 1 else 1
        pieces = [
            None if part is None else part.split(self.batch_size, axis)
            for part in block
        ]
        for index in range(len(pieces[0] or ())):
            yield Batch._make(None if part is None else part[index] for part in pieces)

    def _join(self, blocks: Sequence[Batch]) -> Batch:
        joined = blocks[0]
        if len(blocks) > 1:
            joined = Batch._make(
                None if parts[0] is None else torch.stack(parts)
                for parts in zip(*blocks, strict=True)
            )
        return joined._replace(x=joined.x.to(self.dtype))
