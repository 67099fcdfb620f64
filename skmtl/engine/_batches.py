"""Minibatches cut out of the training data of one or many members."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ._data import Batch, TaskTensors, batch_of

__all__ = ["Batches"]

# Rows are gathered in blocks of about this size and then cut into batches: few
# gathers keep the interpreter out of the way, small blocks keep memory low.
_BLOCK_BYTES = 4 * 2**20


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


def _see_equal_rows(
    datasets: Sequence[TaskTensors], generators: Sequence[torch.Generator] | None
) -> bool:
    """Whether several datasets hold other targets for the same rows of X, in step."""
    first = datasets[0]
    seeds = {own.initial_seed() for own in generators or ()}
    return len(seeds) <= 1 < len(datasets) and all(
        data.x.data_ptr() == first.x.data_ptr()
        and data.x.shape == first.x.shape
        and data.x.stride() == first.x.stride()
        and data.x.dtype == first.x.dtype
        and torch.equal(data.places(), first.places())
        for data in datasets[1:]
    )


class Batches:
    """Minibatches of one or many datasets; every iteration is an epoch.

    Datasets may differ in length; shorter ones are padded with rows of weight zero.
    Datasets of the same rows in the same order share one batch of features, which then
    has no member axis.

    Parameters
    ----------
    datasets : sequence of TaskTensors
        One per member or group of members, or a single one.
    batch_size : int
        Rows per batch and dataset; the last batch of an epoch may hold fewer.
    generators : sequence of torch.Generator, or None
        One per dataset, to draw the permutations; None keeps the order.
    dtype : torch.dtype
        Features of another type are converted to it batch by batch.
    grouped : bool, default=False
        Whether each dataset serves several members, which are the second axis.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import Batches, TaskTensors
    >>> data = TaskTensors(x=torch.zeros(5, 3), codes=torch.zeros(5, 2))
    >>> [len(batch.x) for batch in Batches([data], 2, None, torch.float32)]
    [2, 2, 1]
    >>> stack = Batches([data, data.subset(torch.arange(4))], 5, None, torch.float32)
    >>> batch = next(iter(stack))
    >>> batch.x.shape, batch.lengths  # 2 members, 5 rows, 3 features
    (torch.Size([2, 5, 3]), (5, 4))
    """

    def __init__(
        self,
        datasets: Sequence[TaskTensors],
        batch_size: int,
        generators: Sequence[torch.Generator] | None,
        dtype: torch.dtype,
        grouped: bool = False,
    ) -> None:
        self.datasets = _equally_weighted(datasets)
        self.share_x = _see_equal_rows(datasets, generators)
        if self.share_x:
            # The features of the first stand for all.
            empty = datasets[0].x.new_empty(len(datasets[0].x), 0)
            others = [replace(data, x=empty) for data in self.datasets[1:]]
            self.datasets = [self.datasets[0], *others]
        self.batch_size = batch_size
        self.generators = generators
        self.dtype = dtype
        self.grouped = grouped
        self.lengths = [len(data) for data in self.datasets]
        self._full: Batch | None = None

    def __len__(self) -> int:
        return -(-max(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if len(self) == 1:
            yield self._one_batch()
            return
        orders = [self._order(member) for member in range(len(self.datasets))]
        step = self._block_rows()
        for start in range(0, len(orders[0]), step):
            yield from self._cut(orders, start, step)

    def _one_batch(self) -> Batch:
        # One batch holds all rows: their order is of no account, so it is built once.
        if self._full is None:
            longest = max(self.lengths)
            if min(self.lengths) == longest:
                blocks = [data.whole() for data in self.datasets]
            else:
                orders = [_pad(data.places(), longest) for data in self.datasets]
                pairs = zip(self.datasets, orders, strict=True)
                blocks = [data.take(order) for data, order in pairs]
            self._full = self._masked(self._join(blocks), 0)
        return self._full

    def sample(self, n_rows: int) -> Batch:
        """Gather a random sample of each dataset, the same at every call.

        Parameters
        ----------
        n_rows : int
            Most rows per dataset.

        Returns
        -------
        Batch
            Smaller datasets are padded with rows of weight zero.
        """
        lengths = [min(own, n_rows) for own in self.lengths]
        blocks = []
        for member, data in enumerate(self.datasets):
            generator = torch.Generator()
            if self.generators is not None:
                # Its own stream: the order of training must not hang on the sample.
                seed = self.generators[member].initial_seed()
                generator.manual_seed(seed)
            chosen = torch.randperm(len(data), generator=generator)[:n_rows]
            order = data.places()[chosen.to(data.x.device)]
            blocks.append(data.take(_pad(order, max(lengths))))
        return self._masked(self._join(blocks), 0, lengths)

    def _order(self, member: int) -> Tensor:
        data = self.datasets[member]
        order = data.places()
        if self.generators is not None:
            generator = self.generators[member]
            shuffled = torch.randperm(len(data), generator=generator)
            order = order[shuffled.to(order.device)]
        return _pad(order, max(self.lengths))

    def _block_rows(self) -> int:
        x = self.datasets[0].x
        copies = 1 if self.share_x else len(self.datasets)
        row_bytes = max(x[0].numel() * x.element_size() * copies, 1)
        return self.batch_size * max(_BLOCK_BYTES // (row_bytes * self.batch_size), 1)

    def _cut(self, orders: Sequence[Tensor], start: int, step: int) -> Iterator[Batch]:
        pairs = zip(self.datasets, orders, strict=True)
        block = self._join(
            [data.take(order[start : start + step]) for data, order in pairs]
        )
        axis = len(self._axes())
        axes = [0 if self.share_x else axis, *[axis] * (len(block) - 2)]
        pieces = [
            None if part is None else part.split(self.batch_size, own)
            for part, own in zip(block[:-1], axes, strict=True)
        ]
        for index in range(len(pieces[0] or ())):
            batch = batch_of(None if part is None else part[index] for part in pieces)
            yield self._masked(batch, start + index * self.batch_size)

    def _axes(self) -> tuple[int, ...]:
        """Leading axes of a batch."""
        if len(self.datasets) == 1:
            return ()
        return (len(self.datasets), 1) if self.grouped else (len(self.datasets),)

    def _masked(
        self, batch: Batch, start: int, whole: Sequence[int] | None = None
    ) -> Batch:
        """Weigh padding zero, in a batch that starts at a place of the order."""
        whole = self.lengths if whole is None else whole
        if min(whole) == max(whole):
            return batch
        axes = self._axes()
        size = batch.x.shape[0 if self.share_x else len(axes)]
        if min(whole) >= start + size:
            return batch
        lengths = [max(min(own - start, size), 0) for own in whole]
        device = batch.codes.device
        rows = torch.arange(size, device=device)
        real = rows < torch.tensor(lengths, device=device).view(*axes, 1)
        share = real.to(batch.codes.dtype)
        labels = share if batch.codes.dim() == real.dim() else share.unsqueeze(-1)
        labels = labels.expand_as(batch.codes)
        return batch._replace(
            weight=labels if batch.weight is None else batch.weight * labels,
            row_weight=share if batch.row_weight is None else batch.row_weight * share,
            lengths=tuple(lengths),
        )

    def _join(self, blocks: Sequence[Batch]) -> Batch:
        joined = blocks[0]
        if len(blocks) > 1:
            x, *others = zip(*(block[:-1] for block in blocks), strict=True)
            shared = [x[0]] if self.share_x else [self._stack(x)]
            joined = batch_of([*shared, *map(self._stack, others)])
        if joined.x.dtype == self.dtype:
            return joined
        return joined._replace(x=joined.x.to(self.dtype))

    def _stack(self, parts: Sequence[Tensor | None]) -> Tensor | None:
        tensors = [part for part in parts if part is not None]
        return torch.stack(tensors).unflatten(0, self._axes()) if tensors else None


def _pad(order: Tensor, length: int) -> Tensor:
    """Fill up with the first place, whose row will weigh zero."""
    if len(order) == length:
        return order
    return torch.cat([order, order[:1].expand(length - len(order))])
