"""Train many plans as members of one network, with the results of separate fits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..exceptions import InputError
from ..nn import (
    MemberRandom,
    MultiTaskNetwork,
    UserEncoder,
    stack_modules,
    unstack_module,
)
from ..tasks import MultiTaskLoss
from ._batches import Batch, Batches, TaskTensors
from ._callbacks import Snapshot
from ._device import seeded
from ._net import MultiTaskNet
from ._settings import Plan

__all__ = ["Trained", "train"]

_VALID_BATCH = 4096


@dataclass
class Trained:
    """What the engine hands back for one plan.

    Parameters
    ----------
    net : MultiTaskNet
        Holds the trained network as ``module_``.
    history : dict of str to ndarray of shape (n_iter,)
        One entry per column: epoch, seconds, losses, and one loss per task, in nats.
    n_iter : int
        Epochs run.
    interrupted : bool
        Whether training ended early by Ctrl-C.

    Examples
    --------
    See :func:`train`, which returns such objects.
    """

    net: MultiTaskNet
    history: dict[str, np.ndarray]
    n_iter: int
    interrupted: bool


def train(
    plans: Sequence[Plan],
    net: MultiTaskNet | None = None,
    batches: Collection[Batch] | None = None,
) -> list[Trained]:
    """Train one network, or many as one.

    Parameters
    ----------
    plans : sequence of Plan
        More than one plan trains as a stack: networks of equal shape, data of equal
        length, settings equal but for the weight decay.
    net : MultiTaskNet, optional
        Goes on training this net, optimiser state included (one plan only).
    batches : sized iterable of Batch, optional
        Train on these instead of minibatches of the plan's data (one plan only).

    Returns
    -------
    list of Trained
        In the order of the plans; equal to training each plan alone, to float
        tolerance.

    Raises
    ------
    ConvergenceError
        If a loss is not finite.
    KeyboardInterrupt
        If interrupted before the first epoch ended.

    Examples
    --------
    The settings come from a net trained before; :class:`Plan` shows a whole plan.

    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(max_epochs=3).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> [trained.n_iter for trained in train([plan, plan])]
    [3, 3]
    """
    if len(plans) > 1 and not _vectorised(plans):
        return _one_by_one(plans)
    if net is not None:
        plans = [_go_on(net, plan) for plan in plans]
    first = plans[0]
    with seeded(first.torch_seed, first.settings.device):
        if net is None:
            net = _build(plans)
        snapshot = _run(net, plans, batches)
    if snapshot.interrupted and snapshot.epochs == 0:
        raise KeyboardInterrupt
    if len(plans) == 1:
        return [_finish(net, first, snapshot, None, net.history)]
    return [
        _finish(_member_net(net, plan, member), plan, snapshot, member, net.history)
        for member, plan in enumerate(plans)
    ]


def _vectorised(plans: Sequence[Plan]) -> bool:
    modules = plans[0].network.modules()
    return all(own.can_stack() for own in modules if isinstance(own, UserEncoder))


def _one_by_one(plans: Sequence[Plan]) -> list[Trained]:
    results = []
    for plan in plans:
        results += train([plan])
        if results[-1].interrupted:
            raise KeyboardInterrupt
    return results


def _go_on(net: MultiTaskNet, plan: Plan) -> Plan:
    """Fit a plan to a net that has been trained before, and the net to the plan."""
    old = net.settings
    net.settings = replace(
        plan.settings, dtype=old.dtype, device=old.device, autocast=old.autocast
    )
    net.weight_decay = plan.settings.weight_decay
    weight = plan.task_weight
    net.task_weight = None if weight is None else weight.to(old.dtype)
    return replace(plan, settings=net.settings, train=plan.train.to(old.dtype))


def _build(plans: Sequence[Plan]) -> MultiTaskNet:
    first, settings = plans[0], plans[0].settings
    if len(plans) == 1:
        return _new_net(first.network, first)
    _check_stackable(plans)
    module = stack_modules([plan.network for plan in plans])
    weights = None
    if any(plan.task_weight is not None for plan in plans):
        ones = torch.ones(
            len(first.specs), dtype=settings.dtype, device=settings.device
        )
        own = [ones if plan.task_weight is None else plan.task_weight for plan in plans]
        weights = torch.stack(own)
    decays = [plan.settings.weight_decay for plan in plans]
    decay = torch.tensor(decays, dtype=torch.float64)
    return _new_net(module, first, task_weight=weights, weight_decay=decay)


def _new_net(module: MultiTaskNetwork, plan: Plan, **overrides: Any) -> MultiTaskNet:
    settings = plan.settings
    options = {
        "criterion": MultiTaskLoss,
        "criterion__specs": plan.specs,
        "settings": settings,
        "task_weight": plan.task_weight,
        "weight_decay": settings.weight_decay,
        "on_epoch": None,
        "callbacks": list(plan.callbacks) or None,
        "device": str(settings.device),
        "verbose": settings.verbose,
        "train_split": None,
        **settings.net_params,
        **overrides,
    }
    net = MultiTaskNet(module, **options)
    net.initialize()
    # As a parameter of the net the module would be copied and pickled a second time.
    net.module = type(module)
    if settings.compile:
        net.module_.encoder.compile()
    return net


def _check_stackable(plans: Sequence[Plan]) -> None:
    first = plans[0]
    for plan in plans[1:]:
        same = replace(plan.settings, weight_decay=first.settings.weight_decay)
        if same != first.settings:
            raise InputError(
                "Plans of one stack must have equal settings but for `weight_decay`; "
                f"found {plan.settings} beside {first.settings}. Train them apart."
            )
        tasks = [[(own.kind, own.n_outputs) for own in p.specs] for p in (plan, first)]
        if tasks[0] != tasks[1]:
            raise InputError(
                "Plans of one stack must have tasks of equal kinds and numbers of "
                f"classes; found {tasks[0]} beside {tasks[1]}. Train them apart."
            )
        for part in ("train", "valid"):
            found, wanted = (_extent(getattr(own, part)) for own in (plan, first))
            if found != wanted:
                raise InputError(
                    "Plans of one stack must have equally many rows, labelled for one "
                    "task each or not; found (rows, one task per row) = "
                    f"{found} beside {wanted} in `{part}`. Train them apart."
                )


def _extent(data: TaskTensors | None) -> tuple[int, bool]:
    return (0, False) if data is None else (len(data), data.task_of_row is not None)


def _same_rows(plans: Sequence[Plan]) -> bool:
    drawn = {(id(plan.train), id(plan.valid), plan.shuffle_seed) for plan in plans}
    return len(drawn) == 1


def _shuffled(plans: Sequence[Plan]) -> Batches:
    settings = plans[0].settings
    generators = [torch.Generator().manual_seed(plan.shuffle_seed) for plan in plans]
    data = [plan.train for plan in plans]
    return Batches(data, settings.batch_size, generators, settings.dtype)


def _run(
    net: MultiTaskNet, plans: Sequence[Plan], batches: Collection[Batch] | None
) -> Snapshot:
    first = plans[0]
    settings = first.settings
    sources = plans[:1] if _same_rows(plans) else plans
    source = _shuffled(sources) if batches is None else batches
    valid = None
    if first.valid is not None:
        valid_sets = [plan.valid for plan in sources if plan.valid is not None]
        valid = Batches(valid_sets, _VALID_BATCH, None, settings.dtype)
    seeds = [plan.noise_seed for plan in plans]
    net.random = MemberRandom(seeds[0] if len(plans) == 1 else seeds, settings.device)
    net.on_epoch = first.on_epoch if len(plans) == 1 else None
    n_steps = settings.max_epochs * len(source)
    names = [spec.name for spec in first.specs]
    try:
        return net.train(source, valid, settings.max_epochs, n_steps, names)
    finally:
        # Generators and hooks belong to the run, not to the fitted net.
        net.random, net.on_epoch = None, None


def _member_net(stacked: MultiTaskNet, plan: Plan, member: int) -> MultiTaskNet:
    alone = _new_net(unstack_module(stacked.module_, member), plan)
    state = stacked.optimizer_.state
    pairs = zip(alone.module_.parameters(), stacked.module_.parameters(), strict=True)
    for own, joint in pairs:
        if joint in state:
            alone.optimizer_.state[own] = {
                name: _member_state(value, member, joint)
                for name, value in state[joint].items()
            }
    return alone


def _member_state(value: Any, member: int, joint: Tensor) -> Any:
    if not isinstance(value, Tensor):
        return value
    return (value[member] if value.shape == joint.shape else value).clone()


def _finish(
    net: MultiTaskNet, plan: Plan, snapshot: Snapshot, member: int | None, rows: Any
) -> Trained:
    names = [spec.name for spec in plan.specs]
    n_iter = snapshot.epochs
    if snapshot.stop_epoch.ndim and member is not None:
        n_iter = int(snapshot.stop_epoch[member]) or n_iter
    columns = _columns(rows[len(rows) - snapshot.epochs :][:n_iter], names, member)
    return Trained(net, columns, n_iter, snapshot.interrupted)


def _columns(
    rows: Sequence[dict[str, Any]], names: Sequence[str], member: int | None
) -> dict[str, np.ndarray]:
    columns = {
        "epoch": np.arange(1, len(rows) + 1),
        "seconds": np.array([row.get("dur", np.nan) for row in rows]),
    }
    for part in ("train", "valid"):
        if f"{part}_loss" not in rows[0]:
            continue
        total = np.array([row[f"{part}_loss"] for row in rows])
        tasks = np.array([row[f"{part}_task_losses"] for row in rows])
        if member is not None:
            total, tasks = total[:, member], tasks[:, member]
        columns[f"{part}_loss"] = total
        for name, column in zip(names, tasks.T, strict=True):
            columns[f"{part}_loss_{name}"] = column
    return columns
