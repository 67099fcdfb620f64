"""Train many plans as members of one network, with the results of separate fits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..exceptions import ConvergenceError
from ._building import build_net, continued_plan, joined_net, net_of_members
from ._callbacks import Snapshot
from ._capacity import stack_capacity
from ._data import Batch
from ._device import seeded
from ._history import columns_of, joined_columns, rows_of
from ._layout import Layout, check_stackable, even_cuts, stack_key
from ._net import MultiTaskNet
from ._settings import Plan
from ._state import settle_network

__all__ = ["Trained", "train", "train_fits"]


@dataclass
class Trained:
    """What the engine hands back for one fit.

    Parameters
    ----------
    net : MultiTaskNet
        Holds the trained network as ``module_``; that of an ensemble has one member
        axis.
    history : dict of str to ndarray of shape (n_epochs,)
        One entry per column: epoch, seconds, losses, and one loss per task, in nats.
        Losses of an ensemble are of shape (n_epochs, n_members), NaN where a member
        had stopped.
    n_iter : int
        Epochs run.
    interrupted : bool
        Whether training was interrupted by the user.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.engine import Trained
    >>> trained = Trained(
    ...     net=None,  # the net that :func:`train` made
    ...     history={"epoch": np.array([1, 2]), "train_loss": np.array([0.7, 0.4])},
    ...     n_iter=2,
    ...     interrupted=False,
    ... )
    >>> len(trained.history["train_loss"]) == trained.n_iter
    True
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
        More than one plan trains as a stack: networks of equal shape, equally many
        batches, settings equal but for the weight decay.
    net : MultiTaskNet, optional
        Goes on training this net, optimiser state included (one plan only).
    batches : sized iterable of Batch, optional
        Train on these instead of minibatches of the plan's data (one plan only),
        which are then a sample of the rows, for methods that ask for one.

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

    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, train
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(max_epochs=3).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> [trained.n_iter for trained in train([plan, plan])]
    [3, 3]
    """
    results = train_fits([[plan] for plan in plans], net, batches)
    for result in results:
        if isinstance(result, ConvergenceError):
            raise result
    return [result for result in results if isinstance(result, Trained)]


def train_fits(
    fits: Sequence[Sequence[Plan]],
    net: MultiTaskNet | None = None,
    batches: Collection[Batch] | None = None,
    max_stack: int | None = None,
) -> list[Trained | ConvergenceError]:
    """Train fits of one network each, or of an ensemble of networks, as one stack.

    Parameters
    ----------
    fits : sequence of sequence of Plan
        One plan per network; the plans of one fit differ in seeds only.
    net : MultiTaskNet, optional
        As in :func:`train`, for a single fit.
    batches : sized iterable of Batch, optional
        As in :func:`train`, for a single fit.
    max_stack : int, optional
        Most members of a single ensemble that train at once; more of them train in
        turn and are joined. By default as many as :func:`stack_capacity` tells.

    Returns
    -------
    list of Trained or ConvergenceError
        In the order of the fits; an error for one that did not stay finite, which
        does not disturb the others.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first epoch ended.

    Examples
    --------
    An ensemble of two beside a single network; see :func:`train` for the plan.

    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, train_fits
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(max_epochs=3).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> ensemble, single = train_fits([[plan, plan], [plan]])
    >>> ensemble.history["train_loss"].shape, single.history["train_loss"].shape
    ((3, 2), (3,))
    """
    results = _train_fits(fits, net, batches, max_stack)
    for result in results:
        if isinstance(result, Trained):
            settle_network(result.net)
    return results


def _train_fits(
    fits: Sequence[Sequence[Plan]],
    net: MultiTaskNet | None,
    batches: Collection[Batch] | None,
    max_stack: int | None,
) -> list[Trained | ConvergenceError]:
    plans = [plan for fit in fits for plan in fit]
    if len(fits) > 1 and any(stack_key(plan) is None for plan in plans):
        return _one_by_one(fits, max_stack)
    if len(fits) == 1 and len(plans) > 1 and net is None:
        most = stack_capacity(plans[0]) if max_stack is None else max_stack
        if len(plans) > most:
            return [_in_parts(plans, most, batches)]
    if net is not None:
        plans = _go_on(net, plans)
    check_stackable(plans)
    layout = Layout.arrange(plans)
    first = plans[0]
    with seeded(first.torch_seed, first.settings.device):
        if net is None:
            net = build_net(layout)
        snapshot = _run(net, layout, batches)
    if snapshot.interrupted and snapshot.epochs == 0:
        raise KeyboardInterrupt
    results, start = [], 0
    for fit in fits:
        places = [layout.index(start + own) for own in range(len(fit))]
        start += len(fit)
        results.append(_finish(net, fit, places, snapshot, alone=len(fits) == 1))
    return results


def _in_parts(
    plans: Sequence[Plan], most: int, batches: Collection[Batch] | None
) -> Trained | ConvergenceError:
    """Train the members of one ensemble in several stacks, and join them."""
    parts = []
    for part in even_cuts(plans, most):
        [trained] = _train_fits([part], None, batches, len(part))
        if isinstance(trained, ConvergenceError):
            return trained
        if trained.interrupted:
            raise KeyboardInterrupt
        parts.append(trained)
    history = joined_columns([part.history for part in parts])
    net = joined_net([part.net for part in parts], plans[0])
    net.history.extend(rows_of(history, [spec.name for spec in plans[0].specs]))
    return Trained(net, history, len(history["epoch"]), False)


def _one_by_one(
    fits: Sequence[Sequence[Plan]], max_stack: int | None
) -> list[Trained | ConvergenceError]:
    results: list[Trained | ConvergenceError] = []
    for fit in fits:
        [result] = _train_fits([fit], None, None, max_stack)
        results.append(result)
        if isinstance(result, Trained) and result.interrupted:
            raise KeyboardInterrupt
    return results


def _go_on(net: MultiTaskNet, plans: Sequence[Plan]) -> list[Plan]:
    first = continued_plan(net, plans[0])
    return [replace(p, settings=first.settings, train=first.train) for p in plans]


def _run(
    net: MultiTaskNet, layout: Layout, batches: Collection[Batch] | None
) -> Snapshot:
    first = layout.plans[0]
    rows = layout.batches()
    source = rows if batches is None else batches
    net.random = layout.random()
    net.on_epoch = first.on_epoch
    epochs = first.settings.max_epochs
    try:
        return net.train(
            source,
            layout.valid_batches(),
            epochs,
            epochs * len(source),
            layout.task_names(),
            rows,
        )
    finally:
        # Generators and hooks belong to the run, not to the fitted net.
        net.random, net.on_epoch = None, None


def _finish(
    net: MultiTaskNet,
    fit: Sequence[Plan],
    places: Sequence[tuple[int, ...]],
    snapshot: Snapshot,
    alone: bool,
) -> Trained | ConvergenceError:
    for place in places:
        if place in snapshot.errors:
            return snapshot.errors[place]
    rows = net.history[len(net.history) - snapshot.epochs :]
    n_iter = [snapshot.epochs_of(place) for place in places]
    names = [spec.name for spec in fit[0].specs]
    history = columns_of(rows[: max(n_iter)], names, places, n_iter)
    own = net if alone else net_of_members(net, fit[0], places)
    return Trained(own, history, max(n_iter), snapshot.interrupted)
