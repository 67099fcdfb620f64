"""Nets made of plans: for one network, for a stack, and for a part of a stack."""

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..exceptions import InputError
from ..nn import MultiTaskNetwork, stack_modules, unstack_module
from ..tasks import MultiTaskLoss
from ._layout import Layout
from ._net import MultiTaskNet
from ._optimizer_state import state_fits
from ._settings import Plan

__all__ = [
    "build_net",
    "continued_plan",
    "joined_net",
    "net_of_members",
    "wrap_network",
]


def wrap_network(
    module: MultiTaskNetwork, plan: Plan, **overrides: Any
) -> MultiTaskNet:
    """Make a skorch net around a network.

    Parameters
    ----------
    module : MultiTaskNetwork
        Becomes ``module_`` of the net.
    plan : Plan
        Gives settings, tasks and callbacks.
    **overrides : dict
        Constructor arguments of the net.

    Returns
    -------
    MultiTaskNet
        Initialised.

    Examples
    --------
    The plan is made of a net trained before; :class:`Plan` shows a whole one.

    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, wrap_network
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> old = HardSharingRegressor(max_epochs=1).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(old.module_, (task,), data, None, None, old.settings, 1, 2, 3)
    >>> net = wrap_network(old.module_, plan)
    >>> torch.equal(net.outputs(x), old.outputs(x))
    True
    """
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
    _check_callback_names(net, settings.net_params)
    net.initialize()
    # As a parameter of the net the module would be copied and pickled a second time.
    net.module = type(module)
    if settings.compile:
        net.module_.encoder.compile()
    return net


def _check_callback_names(net: MultiTaskNet, net_params: dict[str, Any]) -> None:
    """Refuse what skorch would pass over: parameters of callbacks that do not exist."""
    # the log is there whenever `verbose` asks for it
    names = {"print_log", *(name for name, _ in net._uniquely_named_callbacks())}
    for key in net_params:
        if key.startswith("callbacks__") and key.split("__")[1] not in names:
            raise InputError(
                f"`net_params` must name callbacks that exist, {sorted(names)}; found "
                f"{key!r}. Add a callback of your own with `callbacks`, as a tuple "
                "(name, callback)."
            )


def build_net(layout: Layout) -> MultiTaskNet:
    """Make the net that trains the plans of a layout.

    Parameters
    ----------
    layout : Layout
        One plan, or the members of a stack.

    Returns
    -------
    MultiTaskNet
    """
    first = layout.plans[0]
    if not layout.members:
        return wrap_network(first.network, first)
    module = stack_modules([plan.network for plan in layout.plans], layout.members)
    return wrap_network(module, first, **_member_options(layout))


def _member_options(layout: Layout) -> dict[str, Any]:
    """What members may have each for themselves."""
    plans, options = layout.plans, {}
    decay = [plan.settings.weight_decay for plan in plans]
    if len(set(decay)) > 1:
        values = torch.tensor(decay, dtype=torch.float64)
        options["weight_decay"] = values.view(layout.members)
    first = plans[0].task_weight
    # Members of an ensemble hold one tensor, which the net needs but once.
    if any(plan.task_weight is not first for plan in plans):
        settings = plans[0].settings
        ones = torch.ones(
            len(plans[0].specs), dtype=settings.dtype, device=settings.device
        )
        own = [ones if plan.task_weight is None else plan.task_weight for plan in plans]
        options["task_weight"] = torch.stack(own).unflatten(0, layout.members)
    return options


def net_of_members(
    stacked: MultiTaskNet, plan: Plan, places: Sequence[tuple[int, ...]]
) -> MultiTaskNet:
    """Cut members of a trained stack out into a net of their own.

    Parameters
    ----------
    stacked : MultiTaskNet
        A trained stack.
    plan : Plan
        Of one of the members, which differ in seeds only.
    places : sequence of tuple of int
        Index of each member in the stack. More than one are an ensemble, whose net
        keeps one member axis.

    Returns
    -------
    MultiTaskNet
        With the optimiser's state.
    """
    index: Any = places[0]
    if len(places) > 1:
        index = tuple(torch.tensor(axis) for axis in zip(*places, strict=True))
    alone = wrap_network(unstack_module(stacked.module_, index), plan)
    state = stacked.optimizer_.state
    pairs = zip(alone.module_.parameters(), stacked.module_.parameters(), strict=True)
    for own, joint in pairs:
        # What mixes members, or is factored otherwise without them, is learned anew.
        if state_fits(state.get(joint, {}), joint, joint.dim()) and joint in state:
            alone.optimizer_.state[own] = {
                name: _member_state(value, index, joint)
                for name, value in state[joint].items()
            }
    return alone


def joined_net(nets: Sequence[MultiTaskNet], plan: Plan) -> MultiTaskNet:
    """Put the members of several trained nets side by side, in one net.

    Parameters
    ----------
    nets : sequence of MultiTaskNet
        Each of one network, or of several along one member axis.
    plan : Plan
        Of one of the members, which differ in seeds only.

    Returns
    -------
    MultiTaskNet
        With one member axis, the optimiser's state, and the callbacks of the first.
    """
    modules = [own.module_ for own in nets]
    parts = [
        unstack_module(module, member) if module.members else module
        for module in modules
        for member in range(module.members[0] if module.members else 1)
    ]
    for part in parts:
        part.agree_with(parts)
    joined = wrap_network(stack_modules(parts), replace(plan, callbacks=()))
    # They have heard of the training; to initialise them anew would make them forget.
    joined.callbacks, joined.callbacks_ = nets[0].callbacks, nets[0].callbacks_
    together = zip(
        joined.module_.parameters(), *(own.parameters() for own in modules), strict=True
    )
    for own, *before in together:
        states = [
            net.optimizer_.state.get(old, {})
            for net, old in zip(nets, before, strict=True)
        ]
        fit = [
            state_fits(s, old, old.dim()) for s, old in zip(states, before, strict=True)
        ]
        if all(states) and all(fit):
            joined.optimizer_.state[own] = {
                name: _joined_state([state[name] for state in states], before, own)
                for name in states[0]
            }
    return joined


def _joined_state(values: Sequence[Any], before: Sequence[Tensor], own: Tensor) -> Any:
    if not all(isinstance(value, Tensor) for value in values):
        return values[0]
    pairs = list(zip(values, before, strict=True))
    if all(value.shape == old.shape for value, old in pairs):
        return torch.cat(
            [v if v.dim() == own.dim() else v.unsqueeze(0) for v, _ in pairs]
        )
    # A count of steps; parts may have stopped early.
    return torch.stack(list(values)).amax(0)


def _member_state(value: Any, index: Any, joint: Tensor) -> Any:
    if not isinstance(value, Tensor):
        return value
    return (value[index] if value.shape == joint.shape else value).clone()


def continued_plan(net: MultiTaskNet, plan: Plan) -> Plan:
    """Fit a plan to a net that has been trained before, and the net to the plan.

    Parameters
    ----------
    net : MultiTaskNet
        Gets the plan's callbacks, and its settings, all but device and precision.
    plan : Plan
        What it is to be trained on.

    Returns
    -------
    Plan
        With data in the net's precision.
    """
    _attach(net, list(plan.callbacks))
    old = net.settings
    net.settings = replace(
        plan.settings, dtype=old.dtype, device=old.device, autocast=old.autocast
    )
    net.weight_decay = plan.settings.weight_decay
    net.task_weight = plan.task_weight
    if plan.task_weight is not None:
        net.task_weight = plan.task_weight.to(old.dtype)
    return replace(plan, settings=net.settings, train=plan.train.to(old.dtype))


def _attach(net: MultiTaskNet, callbacks: list[Any]) -> None:
    """Let other callbacks hear of the training, if they are others.

    Those that it has already go on as they are: to initialise them anew would make
    them forget.
    """
    before = [item for own in net.callbacks or () for item in _parts(own)]
    now = [item for own in callbacks for item in _parts(own)]
    net.callbacks = callbacks or None
    if len(before) == len(now) and all(map(operator.is_, before, now)):
        return
    old = dict(net.callbacks_)
    known = {id(own) for own in old.values()}
    defaults = {name for name, _ in net.get_default_callbacks()}
    net.callbacks_ = []
    for name, found in net._uniquely_named_callbacks():
        own = old.get(name) if name in defaults else found
        own = getattr(net, f"callbacks__{name}", own)
        if own is None:
            continue
        if id(own) not in known:
            options = net.get_params_for(f"callbacks__{name}")
            if isinstance(own, type):
                own = own(**options)
            else:
                own.set_params(**options)
            own.initialize()
        net.callbacks_.append((name, own))


def _parts(callback: Any) -> tuple[Any, ...]:
    return callback if isinstance(callback, tuple) else ("", callback)
