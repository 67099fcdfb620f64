"""How much each task's likelihood depends on each weight of its own network."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from skmtl.nn import MemberRandom, member_linear, task_fisher
from skmtl.nn._task_rows import RowGroups, take_rows
from skmtl.tasks import TaskSpec

__all__ = ["CommonDraws", "OneHead", "network_fisher"]


class CommonDraws(MemberRandom):
    """One draw for each row, whichever task asks, of labels and of values.

    Parameters
    ----------
    random : MemberRandom
    n_rows : int
    """

    def __init__(self, random: MemberRandom, n_rows: int) -> None:
        self.members, self.lengths = random.members, random.lengths
        self._random, self._n_rows = random, n_rows
        self._drawn: dict[str, Tensor] = {}
        self.rows: Tensor | None = None

    def uniform(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw numbers uniform on [0, 1)."""
        return self._spread("uniform", shape, dtype)

    def normal(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw standard normal numbers."""
        return self._spread("normal", shape, dtype)

    def _spread(self, kind: str, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        if kind not in self._drawn:
            draw = getattr(self._random, kind)
            self._drawn[kind] = draw((self._n_rows, 1), dtype)
        drawn = self._drawn[kind]
        if self.rows is not None:
            drawn = take_rows(drawn, self.rows, trailing=1)
        return drawn.unsqueeze(-3).expand(*drawn.shape[:-2], *shape)


class OneHead:
    """The head of one task, as heads of a single task.

    Parameters
    ----------
    heads : TaskHeads
    task : int
    """

    def __init__(self, heads: Any, task: int) -> None:
        self.weight = heads.weight.detach()[..., task : task + 1, :, :]
        self.bias = heads.bias.detach()[..., task : task + 1, :]

    def __call__(self, z: Tensor, per_task: bool = False) -> Tensor:
        """Compute outputs ``(*members, 1, batch, n_outputs_max)``."""
        weight, bias = self.weight.squeeze(-3), self.bias.squeeze(-2)
        return member_linear(z, weight, bias).unsqueeze(-3)


class _Rows(NamedTuple):
    """A sample of rows with the labels, and their weights, of one or of all tasks."""

    x: Tensor
    codes: Tensor
    weight: Tensor | None


def network_fisher(
    network: Any,
    specs: Sequence[Any],
    batch: Any,
    kind: str,
    random: MemberRandom | None,
) -> list[Tensor]:
    """Compute the diagonal Fisher information of the weights under the masks.

    Derivatives are by the weights as a task's network has them, zero where it has none,
    so that those may come back.

    Parameters
    ----------
    network : MaskedNetwork
    specs : sequence of n_tasks TaskSpec
    batch : Batch
        Sample of training rows.
    kind : {"exact", "predicted", "batch", "sampled"}
        As in :func:`skmtl.nn.task_fisher`.
    random : MemberRandom, or None
        Source of the labels of "sampled".

    Returns
    -------
    list of Tensor of shape (*members, n_tasks, *weight)
        In squared nats, one per masked layer.
    """
    # A rank has no likelihood of its own; what moves its score matters to it.
    specs = [
        TaskSpec(spec.name, "continuous") if spec.kind == "ranking" else spec
        for spec in specs
    ]
    draws = None
    if random is not None and kind == "sampled":
        random.count_rows(batch.lengths)
        draws = CommonDraws(random, batch.codes.shape[_row_axis(batch)])
    options = {
        "kind": kind,
        "random": draws,
        "row_axes": network.row_dims,
        "names": network.layer_names,
    }
    if network.is_shared:
        rows = _all_rows(batch, network.n_tasks, kind)
        found = _ask(network, network.heads, rows, specs, options)
        return [found[name] for name in network.layer_names]
    if batch.task_of_row is None and network.at_once():
        rows = _all_rows(batch, network.n_tasks, kind)
        if rows.x.dim() > network.row_dims + 1:
            rows = rows._replace(x=rows.x.unsqueeze(-network.row_dims - 2))
        with torch.no_grad():
            values = network.all_weights()
        options |= {"parameters": values, "per_task": True}
        found = _ask(network, network.heads, rows, specs, options)
        return [found[name] for name in network.layer_names]
    each = [
        _one_task(network, task, own, specs[task], options)
        for task, own in enumerate(_rows_by_task(network, batch, kind, draws))
    ]
    axis = len(network.members)
    return [torch.stack(list(parts), axis) for parts in zip(*each, strict=True)]


def _one_task(
    network: Any, task: int, rows: _Rows, spec: Any, options: dict[str, Any]
) -> list[Tensor]:
    parameters = dict(network.encoder.named_parameters())
    with torch.no_grad():
        parameters |= network.task_weights(task)
    head = OneHead(network.heads, task)
    own = options | {"parameters": parameters}
    found = _ask(network, head, rows, [spec], own)
    axis = len(network.members)
    return [found[name].squeeze(axis) for name in network.layer_names]


def _ask(
    network: Any,
    heads: Any,
    rows: _Rows,
    specs: Sequence[Any],
    options: dict[str, Any],
) -> dict[str, Tensor]:
    codes = rows.codes
    if codes.dim() > 2:
        # Members of one set of rows have an axis of length one here.
        codes = codes.expand(*network.members, *codes.shape[-2:])
    with torch.enable_grad(), _interpreted(network.encoder):
        return task_fisher(
            network.encoder,
            heads,
            rows.x,
            specs,
            codes=codes,
            weight=rows.weight,
            **options,
        )


@contextmanager
def _interpreted(module: Any) -> Iterator[None]:
    """Run a compiled module as it was written: hooks would have it compiled anew."""
    compiled, module._compiled_call_impl = module._compiled_call_impl, None
    try:
        yield
    finally:
        module._compiled_call_impl = compiled


def _row_axis(batch: Any) -> int:
    return -1 if batch.task_of_row is not None else -2


def _all_rows(batch: Any, n_tasks: int, kind: str) -> _Rows:
    """Every row with its labels of all tasks."""
    codes, weight = batch.codes, batch.weight
    if batch.task_of_row is not None:
        tasks = torch.arange(n_tasks, device=codes.device)
        own = (batch.task_of_row.unsqueeze(-1) == tasks).to(codes.dtype)
        labels = codes.new_ones(()) if weight is None else weight.unsqueeze(-1)
        codes, weight = codes.unsqueeze(-1) * own, own * labels
    return _Rows(batch.x, codes, _filled(weight, batch.row_weight, kind))


def _filled(
    weight: Tensor | None, row_weight: Tensor | None, kind: str
) -> Tensor | None:
    """Let all rows speak for a task without a label in the sample."""
    if weight is None or kind == "batch":
        return weight
    silent = weight.sum(-2, keepdim=True) == 0
    instead = weight.new_ones(()) if row_weight is None else row_weight.unsqueeze(-1)
    return torch.where(silent, instead, weight)


def _rows_by_task(network: Any, batch: Any, kind: str, draws: Any) -> Iterator[_Rows]:
    """Iterate over the rows of each task."""
    everything = _all_rows(batch, network.n_tasks, kind)
    groups: dict[int, Any] = {}
    if batch.task_of_row is not None:
        found = RowGroups(batch.task_of_row, network.n_tasks)
        pairs = zip(found.rows, found.real, strict=True)
        groups = dict(zip(found.tasks, pairs, strict=True))
    for task in range(network.n_tasks):
        own = None
        if task in groups:
            own = _group(network, batch, *groups[task])
        if own is None or _is_silent(own):
            # Among all rows weights name those of the task, or all if it has none.
            own = _of_task(everything, task)
        elif draws is not None:
            draws.rows = groups[task][0]
        yield own
        if draws is not None:
            draws.rows = None


def _is_silent(rows: _Rows) -> bool:
    """Whether no row of some member has a label of the task."""
    return rows.weight is not None and bool((rows.weight.sum(-2) == 0).any())


def _of_task(rows: _Rows, task: int) -> _Rows:
    """All rows, with the labels of one task."""
    weight = None if rows.weight is None else rows.weight[..., task : task + 1]
    return _Rows(rows.x, rows.codes[..., task : task + 1], weight)


def _group(network: Any, batch: Any, at: Tensor, real: Tensor) -> _Rows:
    """The rows of one task, where each row is for one."""
    weight = real.to(batch.codes.dtype)
    if batch.weight is not None:
        weight = weight * take_rows(batch.weight, at, trailing=0)
    codes = take_rows(batch.codes, at, trailing=0)
    x = take_rows(batch.x, at, network.row_dims)
    return _Rows(x, codes.unsqueeze(-1), weight.unsqueeze(-1))
