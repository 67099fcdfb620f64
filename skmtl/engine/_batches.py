"""Training data as tensors on the device, and minibatches cut out of them."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["Batch", "Batches", "TaskTensors", "as_tensor"]

# Rows are gathered in blocks of about this size and then cut into batches: few
# gathers keep the interpreter out of the way, small blocks keep memory low.
_BLOCK_BYTES = 4 * 2**20


class Batch(NamedTuple):
    """One minibatch; member axes lead where members see different rows."""

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
    device : torch.device

    Returns
    -------
    Tensor
    """
    with warnings.catch_warnings():
        # Nothing here ever writes to the features.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
        return torch.from_numpy(np.asarray(array)).to(device)


@dataclass(frozen=True)
class TaskTensors(Dataset):
    """Features, encoded targets and weights of one fit.

    Attributes
    ----------
    x : Tensor of shape (n_rows, *row)
    codes : Tensor of shape (n_rows, n_tasks), or (n_rows,) with ``task_of_row``
    weight : Tensor shaped as ``codes``, or None
        Zero where unobserved. None: everything observed, all weights one.
    row_weight : Tensor of shape (n_rows,), or None
        Weight of the row in statistics of the representation.
    task_of_row : int Tensor of shape (n_rows,), or None
        The one task each row is labelled for, if that is how the data are.
    rows : int Tensor of shape (n_used,), or None
        The rows that take part; None for all.
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
        """Keep only ``rows``, without copying."""
        return replace(self, rows=rows)

    def take(self, places: Tensor) -> Batch:
        """Gather rows by their place in ``x``."""
        return _batch(_select(part, places) for part in self._parts())

    def to(self, dtype: torch.dtype) -> "TaskTensors":
        """Hold targets and weights in another type; X is converted by batch."""
        weight, row_weight = (
            own if own is None else own.to(dtype)
            for own in (self.weight, self.row_weight)
        )
        return replace(
            self, codes=self.codes.to(dtype), weight=weight, row_weight=row_weight
        )

    def whole(self) -> Batch:
        """All rows that take part, as one batch."""
        if self.rows is None:
            return _batch(self._parts())
        return self.take(self.rows)

    def _parts(self) -> tuple[Tensor | None, ...]:
        return (self.x, self.codes, self.weight, self.row_weight, self.task_of_row)


def _batch(parts: Iterable[Any]) -> Batch:
    return Batch(*parts)


def _select(part: Tensor | None, places: Tensor) -> Tensor | None:
    return None if part is None else part.index_select(0, places)


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
    """Minibatches of one or many members.

    Parameters
    ----------
    datasets : sequence of TaskTensors
        One per member, all of the same length, or a single one.
    batch_size : int
    generators : sequence of torch.Generator, optional
        One per dataset, to draw the permutations; None keeps the order.
    dtype : torch.dtype
        Integer features are converted to it batch by batch.
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
            yield _batch(None if part is None else part[index] for part in pieces)

    def _join(self, blocks: Sequence[Batch]) -> Batch:
        if len(blocks) == 1:
            joined = blocks[0]
        else:
            joined = _batch(
                None if parts[0] is None else torch.stack(parts)
                for parts in zip(*blocks, strict=True)
            )
        if joined.x.dtype == self.dtype:
            return joined
        return joined._replace(x=joined.x.to(self.dtype))
