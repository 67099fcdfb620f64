"""How the plans of a stack become members of one network."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..exceptions import InputError
from ..nn import MemberRandom, UserEncoder, module_code, shared_values
from ._batches import Batches
from ._data import TaskTensors
from ._settings import Plan

__all__ = ["Layout", "can_vectorise", "check_stackable", "even_cuts", "stack_key"]

ItemT = TypeVar("ItemT")

_VALID_BATCH = 4096
_LEAST_VALID_BATCH = 256
# Rankings compare the rows of a batch, so that its size must not depend on the stack.
_RANKED_VALID_BATCH = 512


@dataclass(frozen=True)
class Layout:
    """Places of plans in a stack.

    Members that see the same rows in the same order lie along the last axis, so that
    each batch is gathered once for all of them.

    Parameters
    ----------
    plans : tuple of Plan
        By member, in the order of a flattened stack.
    places : tuple of int
        Member of each plan, in the order given.
    members : tuple of int
        Lengths of the member axes; () for a single plan.
    streams : tuple of Plan
        One of the plans of each stream of batches.
    """

    plans: tuple[Plan, ...]
    places: tuple[int, ...]
    members: tuple[int, ...]
    streams: tuple[Plan, ...]

    @classmethod
    def arrange(cls, plans: Sequence[Plan]) -> "Layout":
        """Group the plans by the rows they see."""
        groups: dict[Hashable, list[int]] = {}
        for index, plan in enumerate(plans):
            key = (id(plan.train), id(plan.valid), plan.shuffle_seed)
            groups.setdefault(key, []).append(index)
        found = list(groups.values())
        alike = len({len(group) for group in found}) == 1
        if len(plans) == 1:
            members: tuple[int, ...] = ()
        elif len(found) == 1 or len(found) == len(plans):
            members = (len(plans),)
        elif alike and not _user_encoders(plans[0]):
            members = (len(found), len(found[0]))
        else:
            found = [[index] for index in range(len(plans))]
            members = (len(plans),)
        order = [index for group in found for index in group]
        return cls(
            tuple(plans[index] for index in order),
            tuple(np.argsort(order).tolist()),
            members,
            tuple(plans[group[0]] for group in found),
        )

    def index(self, plan: int) -> tuple[int, ...]:
        """Index of a plan's member along the member axes."""
        if not self.members:
            return ()
        return tuple(int(i) for i in np.unravel_index(self.places[plan], self.members))

    def joined(self, values: Sequence[Tensor]) -> Tensor:
        """Put the values of all members, in their order, into one tensor."""
        return torch.stack(list(values)).unflatten(0, self.members)

    def batches(self) -> Batches:
        """Shuffled minibatches of all streams."""
        settings = self.plans[0].settings
        seeds = [plan.shuffle_seed for plan in self.streams]
        return Batches(
            [plan.train for plan in self.streams],
            settings.batch_size,
            [torch.Generator().manual_seed(seed) for seed in seeds],
            settings.dtype,
            grouped=len(self.members) == 2,
        )

    def valid_batches(self) -> Batches | None:
        """Batches for validation, smaller ones for many members."""
        datasets = [plan.valid for plan in self.streams if plan.valid is not None]
        if not datasets:
            return None
        size = max(_VALID_BATCH // len(self.plans), _LEAST_VALID_BATCH)
        if any(spec.is_ranking for spec in self.plans[0].specs):
            size = _RANKED_VALID_BATCH
        dtype = self.plans[0].settings.dtype
        return Batches(datasets, size, None, dtype, grouped=len(self.members) == 2)

    def task_names(self) -> np.ndarray:
        """Names of every member's tasks, ``(*members, n_tasks)``."""
        names = [[spec.name for spec in plan.specs] for plan in self.plans]
        return np.array(names, dtype=object).reshape(*self.members, -1)

    def random(self) -> MemberRandom:
        """Sources of noise; members of equal rows and seeds share theirs."""
        device = self.plans[0].settings.device
        seeds = [plan.noise_seed for plan in self.plans]
        if not self.members:
            return MemberRandom(seeds[0], device)
        by_stream = np.reshape(seeds, (len(self.streams), -1))
        if by_stream.shape[1] > 1 and (by_stream == by_stream[:, :1]).all():
            members = (*self.members[:-1], 1)
            return MemberRandom(by_stream[:, 0].tolist(), device, members)
        return MemberRandom(seeds, device, self.members)


def even_cuts(items: Sequence[ItemT], most: int) -> list[Sequence[ItemT]]:
    """Cut a list into as few pieces as can be, of nearly equal length.

    Parameters
    ----------
    items : sequence
    most : int
        Most items of a piece.

    Returns
    -------
    list of sequence
    """
    n_pieces = -(-len(items) // most)
    bounds = [piece * len(items) // n_pieces for piece in range(n_pieces + 1)]
    return [items[start:stop] for start, stop in pairwise(bounds)]


def _user_encoders(plan: Plan) -> list[UserEncoder]:
    modules = plan.network.modules()
    return [module for module in modules if isinstance(module, UserEncoder)]


def _shared_settings(plan: Plan) -> str:
    return repr(replace(plan.settings, weight_decay=0.0))


def _tasks(plan: Plan) -> tuple[tuple[str, int], ...]:
    return tuple((spec.kind, spec.n_outputs) for spec in plan.specs)


def _extent(plan: Plan) -> tuple[int, bool, bool]:
    """Rows that no padding can make equal: whole batches, or all rows."""
    n_rows = len(plan.train)
    if not _user_encoders(plan):
        n_rows = math.ceil(n_rows / plan.settings.batch_size)
    return (n_rows, plan.train.task_of_row is not None, plan.valid is None)


def can_vectorise(plan: Plan) -> bool:
    """Whether a network may have members: whether a user's encoder may.

    Parameters
    ----------
    plan : Plan
        One fit, ready for the engine.

    Returns
    -------
    bool
        False if there is such an encoder and torch.func cannot vectorise it.

    Examples
    --------
    The plan is made of a net trained before; :class:`Plan` shows a whole one.

    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, can_vectorise
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(max_epochs=1).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> can_vectorise(plan)
    True
    """
    return all(encoder.can_stack() for encoder in _user_encoders(plan))


def stack_key(plan: Plan) -> Hashable | None:
    """Tell which plans may train as members of one network.

    Parameters
    ----------
    plan : Plan
        One fit, ready for the engine.

    Returns
    -------
    key : hashable or None
        Equal for plans that may share a stack; None for one that trains alone:
        with callbacks, or with an encoder that cannot be vectorised or compared.

    Examples
    --------
    The plan is made of a net trained before; :class:`Plan` shows a whole one.

    >>> from dataclasses import replace
    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, stack_key
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(max_epochs=1).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> stack_key(plan) == stack_key(replace(plan, noise_seed=7))
    True
    >>> other = replace(plan, settings=replace(net.settings, lr=0.5))
    >>> stack_key(plan) == stack_key(other)
    False
    """
    users = _user_encoders(plan)
    hooked = plan.callbacks or plan.on_epoch is not None
    if hooked or not can_vectorise(plan):
        return None
    codes = [module_code(encoder.module) for encoder in users]
    if not all(complete for _, complete in codes):
        return None
    # Padding would shift what a user's encoder computes over the batch.
    valid = _rows(plan.valid) if users else 0
    values = sorted((name, repr(v)) for name, v in shared_values(plan.network).items())
    own = (_shared_settings(plan), _tasks(plan), _extent(plan), valid)
    code = tuple(frozenset(found.items()) for found, _ in codes)
    return (type(plan.network), *own, tuple(values), code)


def _rows(data: TaskTensors | None) -> int:
    return 0 if data is None else len(data)


def check_stackable(plans: Sequence[Plan]) -> None:
    """Refuse plans that cannot be members of one network.

    Parameters
    ----------
    plans : sequence of Plan
        What is to be stacked.

    Raises
    ------
    InputError
        Naming what differs.
    """
    first = plans[0]
    for plan in plans[1:]:
        if _shared_settings(plan) != _shared_settings(first):
            raise InputError(
                "Plans of one stack must have equal settings but for `weight_decay`; "
                f"found {plan.settings} beside {first.settings}. Train them apart."
            )
        tasks = [list(_tasks(own)) for own in (plan, first)]
        if tasks[0] != tasks[1]:
            raise InputError(
                "Plans of one stack must have tasks of equal kinds and numbers of "
                f"classes; found {tasks[0]} beside {tasks[1]}. Train them apart."
            )
        found, wanted = _extent(plan), _extent(first)
        if found != wanted:
            raise InputError(
                "Plans of one stack must have equally many batches an epoch, rows "
                "labelled for one task each or not, and validation rows or none; found "
                f"(batches, one task per row, no validation) = {found} beside "
                f"{wanted}. Train them apart."
            )
