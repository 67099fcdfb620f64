"""Training data as tensors on the device."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["Batch", "TaskTensors", "as_tensor", "batch_of"]


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
    lengths : tuple of int, or None, default=None
        Real rows of each dataset, where shorter ones are padded with rows of weight
        zero; None without padding.

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
    lengths: tuple[int, ...] | None = None


def batch_of(parts: Iterable[Any]) -> Batch:
    """Make a batch without padding of its parts, in their order."""
    return Batch(*parts)


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
    array = np.asarray(array)
    if any(stride < 0 for stride in array.strides):
        # torch has no views that run backwards.
        array = array.copy()
    with warnings.catch_warnings():
        # Nothing here ever writes to the features.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
        return torch.from_numpy(array).to(device)


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

    def places(self) -> Tensor:
        """List the rows that take part.

        Returns
        -------
        int Tensor of shape (n_used,)
            Their places in ``x``.
        """
        if self.rows is not None:
            return self.rows
        return torch.arange(len(self.x), device=self.x.device)

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
        return batch_of(_select(part, places) for part in self._parts())

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
            return batch_of(self._parts())
        return self.take(self.rows)

    def _parts(self) -> tuple[Tensor | None, ...]:
        return (self.x, self.codes, self.weight, self.row_weight, self.task_of_row)


def _select(part: Tensor | None, places: Tensor) -> Tensor | None:
    return None if part is None else part.index_select(0, places)
