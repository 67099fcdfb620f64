"""How many networks fit into memory as one."""

import os
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ..nn import MemberRandom, member_tensors
from ._settings import Plan

__all__ = ["member_bytes", "stack_capacity"]

# Share of the free memory that a stack may take: other processes live there too.
_SHARE = 0.5
# Copies of the members' tensors: values, gradients, two moments, two snapshots, and the
# results, which are cut out while the stack is still there.
_COPIES = 10
# What a pass makes, its gradients, and what operations need besides.
_PASSES = 3
_FALLBACK = 2 * 2**30
_PROBE_ROWS = (2, 4)


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
    network = plan.network
    # Of a method's own buffers, such as masks, training makes copies of other kinds.
    own = sum(tensor.nbytes for _, tensor in member_tensors(network))
    rows = min(plan.settings.batch_size, len(plan.train))
    # Two probes tell what grows with the rows from what does not.
    few, more = (_pass_bytes(plan, n_rows) for n_rows in _PROBE_ROWS)
    per_row = (more - few) / (_PROBE_ROWS[1] - _PROBE_ROWS[0])
    fixed = max(few - _PROBE_ROWS[0] * per_row, 0)
    passes = _PASSES * network.n_passes
    return int(_COPIES * own + passes * (fixed + rows * per_row))


class _MadeBytes(TorchDispatchMode):
    """Counts the memory of all tensors that operations make, views left out."""

    def __init__(self, given: list[Tensor]) -> None:
        super().__init__()
        # Held, so that no address is used twice.
        self._tensors = given
        self._known = {own.untyped_storage().data_ptr() for own in given}
        self.total = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        parts = made if isinstance(made, tuple | list) else (made,)
        for own in parts:
            if isinstance(own, Tensor):
                self._count(own)
        return made

    def _count(self, made: Tensor) -> None:
        place = made.untyped_storage().data_ptr()
        if place not in self._known:
            self._known.add(place)
            self._tensors.append(made)
            self.total += made.untyped_storage().nbytes()


def _pass_bytes(plan: Plan, n_rows: int) -> int:
    """Bytes of all that a noisy pass of some rows makes on its way."""
    network = plan.network
    device = next((own.device for own in network.parameters()), torch.device("cpu"))
    shape, dtype = plan.train.x.shape[1:], plan.settings.dtype
    x = torch.zeros(n_rows, *shape, dtype=dtype, device=device)
    tasks = None
    if plan.train.task_of_row is not None:
        tasks = torch.zeros(n_rows, dtype=torch.long, device=device)
    random = MemberRandom(0, device)
    counter = _MadeBytes([*network.parameters(), x])
    was_training = network.training
    network.eval()  # running statistics stay as they are
    try:
        # A user's encoder may draw from torch's own generator.
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            network.run(x, tasks, random)  # once makes what stays
            with counter:
                network.run(x, tasks, random)
    finally:
        network.train(was_training)
    return counter.total + x.nbytes


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
