"""What an optimiser remembers, cut as its parameters are."""

from typing import Any

from torch import Tensor

from ._optimizer import LeanAdam

__all__ = ["replace_parameter", "state_fits"]


def replace_parameter(
    optimizer: Any, old: Tensor, new: Tensor, kept: Tensor, axis: int
) -> None:
    """Let an optimiser know a parameter by some of its rows only.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    old, new : Parameter
        Before, and after.
    kept : int Tensor of shape (*members, n_kept)
        Places along ``axis`` of ``old``.
    axis : int
        Number of member axes.
    """
    for group in optimizer.param_groups:
        group["params"] = [new if own is old else own for own in group["params"]]
    state = optimizer.state.pop(old, None)
    # What belongs to no rows, such as averages over them, is learned anew.
    if state is not None and state_fits(state, old, axis + 1):
        optimizer.state[new] = {
            name: _rows_of(value, kept, axis)
            if isinstance(value, Tensor) and value.dim()
            else value
            for name, value in state.items()
        }
    if isinstance(optimizer, LeanAdam):
        optimizer.forget_lists()


def _rows_of(value: Tensor, kept: Tensor, axis: int) -> Tensor:
    index = kept.view(*kept.shape, *[1] * (value.dim() - axis - 1))
    return value.gather(axis, index.expand(*kept.shape, *value.shape[axis + 1 :]))


def state_fits(state: dict[str, Any], parameter: Tensor, n_axes: int) -> bool:
    """Whether all that an optimiser remembers can be cut as a parameter is.

    Parameters
    ----------
    state : dict of str to object
        Numbers, such as counts of steps, are not cut.
    parameter : Parameter
    n_axes : int
        First axes, which tensors must have as the parameter has them.

    Returns
    -------
    bool
    """
    wanted = (parameter.dim(), parameter.shape[:n_axes])
    return all(
        (value.dim(), value.shape[:n_axes]) == wanted
        for value in state.values()
        if isinstance(value, Tensor) and value.dim()
    )
