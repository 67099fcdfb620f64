"""A fitted net made anew from plain values."""

import math

import torch
from torch.overrides import TorchFunctionMode

from ..engine import Plan, Settings, TaskTensors, wrap_network
from ..nn import stack_modules
from ._context import build_network

__all__ = ["make_net", "read_settings", "rebuild"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}
# Elements of the tensors that a network may make beside those that it keeps.
_SPARE = 2**20


def read_settings(values, device):
    """Make settings for a device; the others are those of the fit.

    Parameters
    ----------
    values : dict of str to object
    device : torch.device

    Returns
    -------
    Settings
    """
    values = {**values, "device": device, "dtype": _DTYPES[values["dtype"]]}
    return Settings(**values)


class _Bounded(TorchFunctionMode):
    """Refuses to make tensors much larger than those of the file."""

    def __init__(self, most):
        super().__init__()
        self.most = most

    def __torch_function__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.numel() > self.most:
            raise ValueError(f"parameters ask for a tensor of {tuple(made.shape)}")
        return made


def rebuild(estimator, state, dtype):
    """Build the network from the parameters and fill in the weights.

    Parameters
    ----------
    estimator : estimator
        With parameters and encoded targets.
    state : State
    dtype : torch.dtype

    Returns
    -------
    MultiTaskNetwork

    Raises
    ------
    ValueError
        If the weights are not those of such a network.
    """
    wanted = {name: (t.shape, t.dtype) for name, t in state.network.items()}
    most = sum(tensor.numel() for tensor in state.network.values()) + _SPARE
    shape = state.net["row_shape"]
    if math.prod(shape) > most:
        raise ValueError(f"rows of shape {shape}")
    specs = estimator._targets.specs
    n_members = estimator.n_estimators
    with _Bounded(most):
        network = build_network(estimator, shape, specs, dtype, 0, torch.device("cpu"))
        network.resize_like(state.network)
        if n_members > 1:
            _check_members(network, wanted, n_members)
            network = stack_modules([network] * n_members)
    found = {name: (t.shape, t.dtype) for name, t in network.state_dict().items()}
    if found != wanted:
        raise ValueError("the weights do not fit the network of the parameters")
    network.load_state_dict(state.network)
    # Norms predict by their running statistics.
    return network.eval()


def _check_members(network, wanted, n_members):
    """Believe a number of members only if the weights are those of so many."""
    for name, own in network.named_parameters():
        if name not in wanted or wanted[name][0] != (n_members, *own.shape):
            raise ValueError(f"the weights are not those of {n_members} networks")


def make_net(estimator, network, values, settings):
    """Wrap a network as the engine does, with a fresh optimiser.

    Parameters
    ----------
    estimator : estimator
    network : MultiTaskNetwork
    values : dict of str to object
        ``task_weight`` and ``history`` of the net.
    settings : Settings

    Returns
    -------
    MultiTaskNet
    """
    weight = values["task_weight"]
    if weight is not None:
        if weight.shape != (estimator.n_tasks_,):
            raise ValueError(f"task_weight of shape {weight.shape}")
        weight = torch.as_tensor(weight, dtype=settings.dtype, device=settings.device)
    if not all(type(row) is dict for row in values["history"]):
        raise TypeError("history must be a list of dict")
    nothing = torch.empty(0)
    plan = Plan(
        network=network,
        specs=tuple(estimator._targets.specs),
        train=TaskTensors(nothing, nothing),
        valid=None,
        task_weight=weight,
        settings=settings,
        shuffle_seed=0,
        noise_seed=0,
        torch_seed=0,
    )
    net = wrap_network(network, plan)
    net.history.extend(values["history"])
    return net
