"""Squares of gradients that were summed over the rows."""

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor, nn

from ._plan import call_numbers
from ._recording import evaluating, recording
from ._row_squares import Pull, Values, empty_totals, frozen_run, parameter_values
from ._rowwise import row_chunks
from ._user_encoder import UserEncoder

__all__ = ["cut_rows", "squared_sums"]


def squared_sums(
    module: nn.Module,
    x: Tensor,
    pull: Pull,
    n_groups: int = 1,
    parameters: Mapping[str, Tensor] | None = None,
    numbers: int = 2**23,
    axis: int = 0,
    names: Collection[str] | None = None,
) -> list[Values]:
    """Square the gradients of each group, summed over rows and derivatives.

    Parameters
    ----------
    module, x, pull, n_groups, parameters, numbers, names
        As for :func:`module_squares`; members are allowed.
    axis : int, default=0
        The axis of ``x`` that counts the rows.

    Returns
    -------
    list of dict of str to Tensor
        For each group the squares, by parameter.
    """
    values = parameter_values(module, parameters)
    totals = empty_totals(values, n_groups, names)
    wanted = [values[name] for name in totals[0]]
    run = frozen_run(module)
    with evaluating(module), torch.enable_grad():
        layers = _measured(module, values)
        for rows in cut_rows(layers, lambda one: run(values, one), x, axis, numbers):
            output = run(values, x[(slice(None),) * axis + (rows,)])
            if not output.requires_grad:
                break
            groups = pull(output.detach(), rows)
            for total, group in zip(totals, groups, strict=True):
                found = torch.autograd.grad(
                    output,
                    wanted,
                    torch.stack(list(group)).sum(0),
                    retain_graph=True,
                    materialize_grads=True,
                )
                for whole, own in zip(total.values(), found, strict=True):
                    whole += own
    return [{name: value.square() for name, value in total.items()} for total in totals]


def cut_rows(
    layers: Collection[nn.Module],
    run: Callable[[Tensor], Tensor],
    x: Tensor,
    axis: int,
    numbers: int,
) -> list[slice]:
    """Cut rows into chunks by what the layers need for a single one."""
    with recording(layers) as calls:
        run(x.narrow(axis, 0, 1))
    return row_chunks(x.shape[axis], sum(map(call_numbers, calls)), numbers)


def _measured(module: nn.Module, values: Values) -> list[nn.Module]:
    """Layers with parameters, but for those that run vectorised over members."""
    hidden: set[nn.Module] = set()
    for prefix, part in module.named_modules():
        if isinstance(part, UserEncoder):
            start = f"{prefix}." if prefix else ""
            names = [start + name for name, _ in part.named_parameters()]
            if any(values[name].dim() > part.solo_dims for name in names[:1]):
                hidden.update(part.module.modules())
    own = [part for part in module.modules() if part._parameters]
    return [part for part in own if part not in hidden]
