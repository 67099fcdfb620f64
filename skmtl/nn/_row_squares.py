"""Sums of squared per-row gradients of any network, for several derivatives at once.

One forward pass serves all derivatives, and each takes one backward pass that stops at
the outputs of the layers. Layers that are read nowhere else turn these into sums of
squares by themselves; whatever else there is goes through :mod:`torch.func`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from ._layer_squares import LayerSquares
from ._plan import Plan
from ._recording import Call, evaluating
from ._rowwise import row_chunks

__all__ = [
    "Pull",
    "empty_totals",
    "frozen_run",
    "module_squares",
    "parameter_values",
    "sweep",
]

Values = dict[str, Tensor]
# From the output and the rows it belongs to, to derivatives by the output; those of one
# group are added up.
Pull = Callable[[Tensor, slice], Iterable[Iterable[Tensor]]]


def parameter_values(
    module: nn.Module, given: Mapping[str, Tensor] | None = None
) -> Values:
    """Collect values to differentiate by, apart from the module's own parameters."""
    values = dict(module.named_parameters()) if given is None else given
    return {name: value.detach().requires_grad_() for name, value in values.items()}


def empty_totals(
    values: Values, n_groups: int, names: Collection[str] | None
) -> list[Values]:
    """Make zeros for each group and each wanted parameter."""
    wanted = values if names is None else names
    return [
        {name: torch.zeros_like(values[name].detach()) for name in wanted}
        for _ in range(n_groups)
    ]


def frozen_run(module: nn.Module) -> Callable[[Values, Tensor], Tensor]:
    """Make a function of parameters and rows that leaves the module as it is."""
    # Every place once: torch's own handling of tied values leaves a module that holds
    # one layer twice with the wrong parameters.
    names = {id(value): name for name, value in module.named_parameters()}
    copies = {id(value): value.clone() for value in module.buffers()}
    places, buffers = {}, {}
    for prefix, part in module.named_modules():
        start = f"{prefix}." if prefix else ""
        for local, value in part._parameters.items():
            if value is not None:
                places[start + local] = names[id(value)]
        for local, value in part._buffers.items():
            if value is not None:
                buffers[start + local] = copies[id(value)]

    def run(values: Values, x: Tensor) -> Tensor:
        own = {place: values[name] for place, name in places.items()}
        given = {name: values[name] for name in buffers if name in values}
        output: Tensor = torch.func.functional_call(
            module, {**own, **buffers, **given}, (x,), tie_weights=False
        )
        return output

    return run


def add_sums(total: Values, names: Mapping[str, str], sums: Values) -> None:
    """Add a layer's sums to those of the network, where these are wanted."""
    for local, value in sums.items():
        whole = total.get(names.get(local, ""))
        if whole is not None:
            whole += value.reshape(whole.shape)


def sweep(
    output: Tensor,
    layers: list[tuple[Call, LayerSquares]],
    rest: LayerSquares | None,
    groups: Iterable[Iterable[Tensor]],
) -> Iterator[list[Values]]:
    """Yield for each group the sums of each layer, those of ``rest`` last."""
    edges = [call.edge for call, _ in layers if call.edge is not None]
    for group in groups:
        for gradient in group:
            if edges:
                found = torch.autograd.grad(
                    output, edges, gradient, retain_graph=True, allow_unused=True
                )
                for (_, squares), own in zip(layers, found, strict=True):
                    if own is not None:
                        squares.add(own)
            if rest is not None:
                rest.add(gradient)
        everything = [squares for _, squares in layers]
        everything += [] if rest is None else [rest]
        yield [squares.finish() for squares in everything]


def module_squares(
    module: nn.Module,
    x: Tensor,
    pull: Pull,
    n_groups: int = 1,
    parameters: Mapping[str, Tensor] | None = None,
    numbers: int = 2**23,
    names: Collection[str] | None = None,
) -> list[Values]:
    """Sum squared per-row gradients over the rows, for a network without members.

    Parameters
    ----------
    module : Module
        Maps ``(batch, ...)`` to ``(batch, ...)``; evaluation mode is used.
    x : Tensor of shape (batch, ...)
        Rows.
    pull : callable
        Maps output and slice of rows to groups of derivatives by the output.
    n_groups : int, default=1
        Number of groups.
    parameters : mapping of str to Tensor, optional
        Values in place of the module's own.
    numbers : int, default=2**23
        About how many numbers may be held at once.
    names : collection of str, optional
        Parameters to answer for, all by default.

    Returns
    -------
    list of dict of str to Tensor
        For each group the sums, by parameter.
    """
    values = parameter_values(module, parameters)
    totals = empty_totals(values, n_groups, names)
    run = frozen_run(module)
    with evaluating(module), torch.enable_grad():
        plan = Plan(module, run, values, x, totals[0])
        for rows in row_chunks(len(x), plan.numbers_per_row, numbers):
            output, layers, rest = plan.run(x[rows], numbers)
            if not output.requires_grad:
                break
            swept = sweep(output, layers, rest, pull(output.detach(), rows))
            known = [plan.owners[call.layer] for call, _ in layers]
            if rest is not None:
                known.append({name: name for name in values})
            for total, found in zip(totals, swept, strict=True):
                for own_names, sums in zip(known, found, strict=True):
                    add_sums(total, own_names, sums)
    return totals
