"""Sums of squared per-row gradients of the package's own networks, with members."""

import itertools
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from ..exceptions import InputError
from ._layer_squares import LayerSquares, LinearSquares, MemberPatchSquares
from ._layers import MemberConv2d, MemberLinear
from ._recording import Call, evaluating, recording
from ._row_squares import (
    Pull,
    Values,
    add_sums,
    empty_totals,
    frozen_run,
    module_squares,
    parameter_values,
    sweep,
)
from ._summed import cut_rows
from ._user_encoder import UserEncoder

__all__ = ["member_squares"]


def member_squares(
    module: nn.Module,
    x: Tensor,
    pull: Pull,
    n_groups: int = 1,
    parameters: Mapping[str, Tensor] | None = None,
    numbers: int = 2**23,
    axis: int = 0,
    names: Collection[str] | None = None,
) -> list[Values]:
    """Sum squared per-row gradients over the rows, for each member.

    Parameters
    ----------
    module : Module
        Encoder whose wanted parameters belong to a MemberLinear, a MemberConv2d or a
        UserEncoder, each of which runs once.
    x, pull, n_groups, parameters, numbers, names
        As for :func:`module_squares`.
    axis : int, default=0
        The axis of ``x`` that counts the rows.

    Returns
    -------
    list of dict of str to Tensor
        For each group the sums, of the parameters' shapes.
    """
    values = parameter_values(module, parameters)
    totals = empty_totals(values, n_groups, names)
    places = _places(module, totals[0])
    run = frozen_run(module)
    row_axes = x.dim() - axis
    with evaluating(module), torch.enable_grad():
        for rows in cut_rows(places, lambda one: run(values, one), x, axis, numbers):
            with recording(places) as calls:
                output = run(values, x[(slice(None),) * axis + (rows,)])
            _check_once(calls)
            layers = []
            for call in calls:
                own = {
                    local: values[name].detach()
                    for local, name in places[call.layer].items()
                }
                layers.append((call, _form(call, own, row_axes, numbers)))
            swept = sweep(output, layers, None, pull(output.detach(), rows))
            for total, found in zip(totals, swept, strict=True):
                for (call, _), sums in zip(layers, found, strict=True):
                    add_sums(total, places[call.layer], sums)
    return totals


def _places(
    module: nn.Module, wanted: Collection[str]
) -> dict[nn.Module, dict[str, str]]:
    """Layers that hold wanted parameters, and the parameters' names in both."""
    places: dict[nn.Module, dict[str, str]] = {}
    for prefix, part in module.named_modules():
        if isinstance(part, MemberLinear | MemberConv2d | UserEncoder):
            start = f"{prefix}." if prefix else ""
            own = [local for local, _ in part.named_parameters()]
            if any(start + local in wanted for local in own):
                places[part] = {local: start + local for local in own}
    known = {name for own in places.values() for name in own.values()}
    others = [name for name in wanted if name not in known]
    if others:
        raise InputError(
            "parameters of an encoder with members must belong to a MemberLinear, "
            f"MemberConv2d or UserEncoder; found {others}. Wrap the layer in a "
            "UserEncoder, or take the members one by one."
        )
    return places


def _check_once(calls: list[Call]) -> None:
    layers = [call.layer for call in calls]
    for layer in layers:
        if layers.count(layer) > 1:
            raise InputError(
                "a layer with members must run once in a forward pass; found "
                f"{layers.count(layer)} runs of {layer}. Use a layer for each."
            )


def _form(call: Call, values: Values, row_axes: int, numbers: int) -> LayerSquares:
    (x,) = call.inputs[:1]
    if isinstance(call.layer, MemberLinear):
        return LinearSquares(x)
    if isinstance(call.layer, MemberConv2d):
        weight = values["weight"]
        return MemberPatchSquares(x, tuple(weight.shape[:-4]), tuple(weight.shape[-2:]))
    assert isinstance(call.layer, UserEncoder), "one of three kinds of layers"
    return _UserSquares(call.layer.module, values, x, row_axes, numbers)


class _UserSquares:
    """Members of a user's module, one after the other."""

    def __init__(
        self,
        module: nn.Module,
        values: Values,
        x: Tensor,
        row_axes: int,
        numbers: int,
    ) -> None:
        self._module, self._numbers = module, numbers
        start = len("module.")
        self._values = {name[start:]: value for name, value in values.items()}
        self._x, self._row_axes = x.detach(), row_axes
        self._gradients: list[Tensor] = []

    def add(self, gradient: Tensor) -> None:
        """Keep the derivative until all are there."""
        self._gradients.append(gradient)

    def finish(self) -> Values:
        """Run each member once for all derivatives."""
        gradients, self._gradients = self._gradients, []
        if not gradients:
            return {}
        members = gradients[0].shape[:-2]
        x = self._x.expand(*members, *self._x.shape[-self._row_axes :])
        found = [
            self._member(x, gradients, index)
            for index in itertools.product(*map(range, members))
        ]
        return {
            f"module.{name}": torch.stack([one[name] for one in found])
            for name in found[0]
        }

    def _member(
        self, x: Tensor, gradients: list[Tensor], index: tuple[int, ...]
    ) -> Values:
        own = {name: value[index] for name, value in self._values.items()}

        def pull(output: Tensor, rows: slice) -> list[list[Tensor]]:
            return [[gradient[index][rows] for gradient in gradients]]

        return module_squares(
            self._module, x[index], pull, parameters=own, numbers=self._numbers
        )[0]
