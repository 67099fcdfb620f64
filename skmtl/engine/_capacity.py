"""How many networks fit into memory as one."""

import os
from typing import Any

import torch
from torch import nn

from ._settings import Plan

__all__ = ["member_bytes", "stack_capacity"]

# Share of the free memory that a stack may take: other processes live there too.
_SHARE = 0.5
# Copies of the parameters: values, gradients, two moments, two snapshots, and the
# results, which are cut out while the stack is still there.
_COPIES = 10
# Activations, their gradients, and what operations need besides.
_PASSES = 6
_FALLBACK = 2 * 2**30


def member_bytes(plan: Plan) -> int:
    """Estimate the memory that one member of a stack takes while it trains.

    Parameters
    ----------
    plan : Plan
        One fit, ready for the engine.

    Returns
    -------
    n_bytes : int
        Parameters with all their copies, and one batch on its way through the network
        and back; the data themselves are shared.

    Examples
    --------
    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, member_bytes
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(hidden_layer_sizes=(9,), max_epochs=1).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> member_bytes(plan) >= 10 * sum(own.nbytes for own in net.module_.parameters())
    True
    """
    network, settings = plan.network, plan.settings
    parameters = sum(parameter.numel() for parameter in network.parameters())
    row_shape = plan.train.x.shape[1:]
    rows = min(settings.batch_size, len(plan.train))
    per_row = row_shape.numel() + _activations(network, row_shape, settings.dtype)
    size = torch.empty((), dtype=settings.dtype).element_size()
    return size * (_COPIES * parameters + _PASSES * rows * per_row)


def _activations(network: nn.Module, row_shape: torch.Size, dtype: torch.dtype) -> int:
    """Elements of all layers' outputs for one row."""
    counts = [0]

    def count(module: nn.Module, inputs: Any, output: Any) -> None:
        counts[0] += output.numel()

    layers = [own for own in network.modules() if not list(own.children())]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was_training = network.training
    try:
        device = next(network.parameters()).device
        with torch.no_grad():
            network.eval()(torch.zeros(1, *row_shape, dtype=dtype, device=device))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return counts[0]


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _FALLBACK  # systems that do not tell


def stack_capacity(plan: Plan) -> int:
    """Count the members that a stack may have.

    Parameters
    ----------
    plan : Plan
        One of the members, which need about equal memory.

    Returns
    -------
    n_members : int
        At least 1; as many as half of the free memory of the device holds.

    Examples
    --------
    >>> import torch
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.engine import Plan, TaskTensors, stack_capacity
    >>> from skmtl.tasks import TaskSpec
    >>> x = torch.linspace(-1, 1, 6)[:, None]
    >>> net = HardSharingRegressor(hidden_layer_sizes=(9,), max_epochs=1).fit(x, x).net_
    >>> task, data = TaskSpec("x", "continuous"), TaskTensors(x, codes=x)
    >>> plan = Plan(net.module_, (task,), data, None, None, net.settings, 1, 2, 3)
    >>> stack_capacity(plan) > 100  # networks of 28 parameters are small
    True
    """
    free = _SHARE * _free_bytes(plan.settings.device)
    return max(int(free // member_bytes(plan)), 1)
