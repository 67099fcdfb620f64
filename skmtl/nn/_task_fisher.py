"""Fisher information of an encoder for each of many tasks, and of many members."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..exceptions import InputError
from ..tasks import TaskSpec
from ._direct_squares import direct_squares, has_direct_squares
from ._heads import TaskHeads
from ._likelihood import FAMILIES, FISHER_KINDS, likelihood_gradients
from ._member_squares import member_squares
from ._random import MemberRandom
from ._row_squares import Values, module_squares
from ._summed import squared_sums

__all__ = ["task_fisher"]


def task_fisher(
    encoder: nn.Module,
    heads: TaskHeads,
    x: Tensor,
    specs: Sequence[TaskSpec],
    *,
    kind: str = "predicted",
    codes: Tensor | None = None,
    weight: Tensor | None = None,
    random: MemberRandom | None = None,
    parameters: Mapping[str, Tensor] | None = None,
    names: Collection[str] | None = None,
    per_task: bool = False,
    row_axes: int = 1,
    megabytes: float = 32.0,
) -> dict[str, Tensor]:
    """Average squared per-row gradients of an encoder, for each task.

    Tasks share one forward pass through the encoder, or each has a pass with
    parameters of its own. Members are computed together.

    Parameters
    ----------
    encoder : Module
        Maps ``([*members,] batch, *row)`` to ``(*members, batch, latent)``. Evaluation
        mode is used, and the module is left as it was.
    heads : TaskHeads
        Heads on the representation.
    x : Tensor of shape (batch, *row) or (*members, batch, *row)
        Rows; with ``per_task``, ``(*members, 1, batch, *row)`` in place of the second
        form, or ``n_tasks`` in place of 1.
    specs : sequence of n_tasks TaskSpec
        Kind of each task: binary, multiclass or continuous, the latter with a standard
        deviation of 1 (of the standardised target).
    kind : {"exact", "predicted", "sampled", "label", "batch"}, default="predicted"
        As in :func:`fisher_information`.
    codes : Tensor of shape ([*members,] batch, n_tasks), optional
        Encoded labels, finite; for "label" and "batch".
    weight : Tensor of shape ([*members,] batch, n_tasks), optional
        Weight of each row for each task, 1 by default. A weight of zero leaves out a
        row, for instance one without a label of the task.
    random : MemberRandom, optional
        Source of the labels for "sampled".
    parameters : mapping of str to Tensor, optional
        Values in place of the encoder's parameters, by their names. Whatever leading
        axes they carry, so does the result. Buffers may have others too; ``names``
        must then be given.
    names : collection of str, optional
        Names of the parameters to answer for, all by default. With members these must
        belong to layers of this package; others, such as those of norms, are left out.
    per_task : bool, default=False
        Whether the last leading axis of the parameters counts the tasks, each of which
        then passes through its own.
    row_axes : int, default=1
        Number of axes of a row: 1 for features, 2 or 3 for pictures.
    megabytes : float, default=32.0
        About how much memory to use beside the result; more rows pass in chunks.

    Returns
    -------
    dict of str to Tensor of shape (*members, n_tasks, *parameter)
        By name of the encoder's parameters. Weighted means over the rows, in squared
        nats; zero for a task without rows.

    Raises
    ------
    InputError
        For an unknown kind, a kind of task without a likelihood of rows, what ``kind``
        needs and is not there, no rows, or layers whose members cannot be told apart.

    Notes
    -----
    For "exact" all classes of a task share one product per layer. "batch" is the
    square of the gradient of the weighted mean loss.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MLPEncoder, TaskHeads, task_fisher
    >>> from skmtl.tasks import TaskSpec
    >>> random = torch.Generator().manual_seed(0)
    >>> encoder, heads = MLPEncoder(3, [4], None, random), TaskHeads(4, [1, 1], random)
    >>> specs = [TaskSpec("a", "continuous"), TaskSpec("b", "continuous")]
    >>> fisher = task_fisher(encoder, heads, torch.ones(5, 3), specs, kind="exact")
    >>> fisher["hidden.0.weight"].shape  # 2 tasks
    torch.Size([2, 4, 3])
    """
    x = x.detach()
    members = tuple(heads.weight.shape[:-3])
    leading = (*members, len(specs)) if per_task else members
    _check(kind, specs, codes, random)
    axis = x.dim() - row_axes - 1
    if x.shape[axis] == 0:
        raise InputError("`x` must have at least one row; found none.")
    question = _Tasks(heads, specs, kind, codes, weight)
    question.draw(random, members, x.shape[axis], per_task)
    numbers = int(megabytes * 2**20 / heads.weight.element_size())
    n_groups = 1 if per_task else len(specs)
    pull = question.joint if per_task else question.one_by_one
    options: dict[str, Any] = {
        "parameters": parameters,
        "numbers": numbers,
        "names": names,
    }
    if kind == "batch":
        found = squared_sums(encoder, x, pull, n_groups, axis=axis, **options)
    elif has_direct_squares(encoder) and (
        leading or not _has_members(encoder, parameters)
    ):
        found = direct_squares(encoder, x, pull, n_groups, axis=axis, **options)
    elif leading:
        found = member_squares(encoder, x, pull, n_groups, axis=axis, **options)
    else:
        found = module_squares(encoder, x, pull, n_groups, **options)
    total = question.total(members, x.shape[axis])
    divisor = total.square() if kind == "batch" else total
    return _joined(found, divisor, len(members), per_task)


def _has_members(encoder: nn.Module, parameters: Mapping[str, Tensor] | None) -> bool:
    """Whether the values of affine layers carry leading axes."""
    values = encoder.parameters() if parameters is None else parameters.values()
    return any(value.dim() > 2 for value in values)


def _joined(
    found: list[Values], divisor: Tensor, n_leading: int, per_task: bool
) -> Values:
    joined = {}
    for name in list(found[0]):
        parts = [one.pop(name) for one in found]
        whole = parts[0] if per_task else torch.stack(parts, n_leading)
        trailing = whole.dim() - divisor.dim()
        joined[name] = whole.div_(divisor.reshape(*divisor.shape, *[1] * trailing))
    return joined


def _check(
    kind: str,
    specs: Sequence[TaskSpec],
    codes: Tensor | None,
    random: MemberRandom | None,
) -> None:
    kinds = (*FISHER_KINDS, "batch")
    if kind not in kinds:
        raise InputError(f"`kind` must be one of {kinds}; found {kind!r}.")
    for spec in specs:
        if spec.kind not in FAMILIES:
            raise InputError(
                f"Task {spec.name!r} is of kind {spec.kind!r}, whose rows have no "
                f"likelihood of their own; allowed are {FAMILIES}."
            )
    if kind in ("label", "batch") and codes is None:
        raise InputError(f"kind={kind!r} needs `codes`; found None.")
    if kind == "sampled" and random is None:
        raise InputError("kind='sampled' needs `random`; found None.")


class _Tasks:
    """Derivatives of the tasks' likelihoods by the representation."""

    def __init__(
        self,
        heads: TaskHeads,
        specs: Sequence[TaskSpec],
        kind: str,
        codes: Tensor | None,
        weight: Tensor | None,
    ) -> None:
        self._heads, self._specs = heads, specs
        self._kind = "label" if kind == "batch" else kind
        self._codes, self._weight = codes, weight
        # Squares bring the weight back; the gradient of a loss has it as it is.
        self._factor = weight if kind == "batch" or weight is None else weight.sqrt()
        self._draws: dict[str, Tensor] = {}

    def draw(
        self,
        random: MemberRandom | None,
        members: tuple[int, ...],
        n_rows: int,
        per_task: bool,
    ) -> None:
        """Draw for all rows at once, so that chunks do not matter."""
        if self._kind != "sampled" or random is None:
            return
        shape, dtype = (len(self._specs), n_rows, 1), self._heads.weight.dtype
        families = {spec.kind for spec in self._specs}
        if families & {"binary", "multiclass"}:
            self._draws["label"] = random.uniform(shape, dtype)
        if "continuous" in families:
            self._draws["value"] = random.normal(shape, dtype)

    def total(self, members: tuple[int, ...], n_rows: int) -> Tensor:
        """Sum of the weights, 1 in place of 0, of shape (*members, n_tasks)."""
        n_tasks = len(self._specs)
        if self._weight is None:
            return self._heads.weight.new_full((*members, n_tasks), n_rows)
        total = self._weight.sum(-2).to(self._heads.weight.dtype)
        return torch.where(total > 0, total, 1).expand(*members, n_tasks)

    def one_by_one(self, z: Tensor, rows: slice) -> Iterator[Iterator[Tensor]]:
        """Derivatives by ``(*members, batch, latent)``, a group for each task."""
        outputs = self._outputs(z, per_task=False)
        for task in range(len(self._specs)):
            yield self._by_z(task, outputs, rows)

    def joint(self, z: Tensor, rows: slice) -> Iterator[Iterator[Tensor]]:
        """Derivatives by ``(*members, n_tasks, batch, latent)``, in one group."""
        outputs = self._outputs(z, per_task=True)
        tasks = [self._by_z(task, outputs, rows) for task in range(len(self._specs))]
        nothing = z[..., 0, :, :].new_zeros(z[..., 0, :, :].shape)
        every = itertools.zip_longest(*tasks, fillvalue=nothing)
        yield (torch.stack(own, -3) for own in every)

    def _outputs(self, z: Tensor, per_task: bool) -> Tensor:
        with torch.no_grad():
            outputs: Tensor = self._heads(z, per_task)
        return outputs

    def _by_z(self, task: int, outputs: Tensor, rows: slice) -> Iterator[Tensor]:
        spec = self._specs[task]
        head = self._heads.weight.detach()[..., task, : spec.n_outputs, :]
        codes = None if self._codes is None else self._codes[..., rows, task, None]
        draws = self._draws.get("value" if spec.kind == "continuous" else "label")
        found = likelihood_gradients(
            outputs[..., task, :, : spec.n_outputs],
            spec.kind,
            self._kind,
            codes=codes,
            draws=None if draws is None else draws[..., task, rows, :],
        )
        for gradient in found:
            if self._factor is not None:
                gradient = gradient * self._factor[..., rows, task, None]
            yield gradient @ head
