"""Which layers of a network give their sums of squares by themselves.

A layer does if its parameters are read by one call of it and nowhere else, which the
graph of a run tells, and if the batch is in front of all it reads and gives, which runs
on two and on three rows tell.
"""

import math
from collections.abc import Callable, Collection, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node, get_gradient_edge

from ..exceptions import InputError
from ._layer_squares import LayerSquares, LinearSquares, PatchSquares
from ._layers import MemberConv2d, MemberLinear
from ._recording import Call, count_uses, recording, uses_by_calls
from ._rowwise import RowwiseSquares

__all__ = ["Plan", "call_numbers"]

Values = dict[str, Tensor]


class Plan:
    """Which layers speak for themselves; runs on two and three rows tell of the batch.

    Parameters
    ----------
    module : Module
        The network.
    run : callable
        The module as a function of its parameters and rows.
    values : dict of str to Tensor
        Parameters, leaves of the graph.
    x : Tensor of shape (batch, ...)
        Rows.
    names : collection of str
        Parameters to answer for.
    """

    def __init__(
        self,
        module: nn.Module,
        run: Callable[[Values, Tensor], Tensor],
        values: Values,
        x: Tensor,
        names: Collection[str],
    ) -> None:
        self._run, self._values, self._names = run, values, names
        self._leaves = {
            get_gradient_edge(value).node: name for name, value in values.items()
        }
        self.owners = _owners(module)
        few = [x[[row % len(x) for row in range(count)]] for count in (2, 3)]
        (two, calls), (three, again) = [self._trace(rows) for rows in few]
        _check_rows([two, three])
        self._order = [call.layer for call in calls]
        if self._order != [call.layer for call in again]:
            self._order = []
        pairs = zip(calls, again, strict=False)
        self._by_rows = [_is_by_rows(one, other) for one, other in pairs]
        self.numbers_per_row = sum(map(call_numbers, calls)) // 2

    def run(
        self, x: Tensor, numbers: int
    ) -> tuple[Tensor, list[tuple[Call, LayerSquares]], LayerSquares | None]:
        """Run rows; returns output, the layers' sums and those of all the rest."""
        output, calls = self._trace(x)
        if not output.requires_grad:
            return output, [], None
        start = get_gradient_edge(output).node
        total, reached = count_uses(start, self._leaves)
        layers = []
        for call in self._direct(calls, total, reached):
            form = self._form(call, numbers)
            if form is not None:
                layers.append((call, form))
        settled = {
            name for call, _ in layers for name in self.owners[call.layer].values()
        }
        fixed = {name: value.detach() for name, value in self._values.items()}
        open_values = {
            name: fixed[name]
            for name in self._names
            if name in total and name not in settled
        }
        if not open_values:
            return output, layers, None

        def whole(values: Values, rows: Tensor) -> Tensor:
            return self._run({**fixed, **values}, rows)

        return output, layers, RowwiseSquares(whole, open_values, (x,), numbers)

    def _trace(self, x: Tensor) -> tuple[Tensor, list[Call]]:
        with recording(self.owners) as calls:
            output = self._run(self._values, x)
        return output, calls

    def _direct(
        self, calls: list[Call], total: dict[str, int], reached: Collection[Node]
    ) -> Iterator[Call]:
        """Calls of layers with wanted parameters that are read nowhere else."""
        order = [call.layer for call in calls]
        if order != self._order:
            return
        uses = uses_by_calls(calls, self._leaves, reached)
        for call, by_rows, own in zip(calls, self._by_rows, uses, strict=True):
            names = list(self.owners[call.layer].values())
            wanted = {name: total[name] for name in names if name in total}
            distinct = len(set(names)) == len(names) and order.count(call.layer) == 1
            asked = not set(names).isdisjoint(self._names)
            if asked and by_rows and distinct and own and own == wanted:
                yield call

    def _form(self, call: Call, numbers: int) -> LayerSquares | None:
        form = _closed_form(call)
        if form is not None or not _is_pure(call.layer):
            return form
        own = {
            local: self._values[name] for local, name in self.owners[call.layer].items()
        }

        def run(values: Values, *inputs: Tensor) -> Tensor:
            output: Tensor = torch.func.functional_call(
                call.layer, values, inputs, tie_weights=False
            )
            return output

        return RowwiseSquares(run, own, call.inputs, numbers)


def _owners(module: nn.Module) -> dict[nn.Module, dict[str, str]]:
    """Names of the parameters each part holds, from the part's to the module's."""
    names = {id(value): name for name, value in module.named_parameters()}
    owners = {}
    for part in module.modules():
        own = {
            local: names[id(value)]
            for local, value in part._parameters.items()
            if value is not None
        }
        if own:
            owners[part] = own
    return owners


def _check_rows(outputs: list[Tensor]) -> None:
    two, three = outputs
    tensors = isinstance(two, Tensor) and two.dim() > 0
    if not tensors or (len(two), len(three)) != (2, 3):
        found = tuple(two.shape) if isinstance(two, Tensor) else type(two).__name__
        raise InputError(
            "`module` must map (batch, ...) to a tensor (batch, ...); two rows gave "
            f"{found}."
        )
    slack = 1e-3 * float(three.detach().abs().max())
    gap = float((two - three[:2]).detach().abs().max())
    if gap > slack:
        raise InputError(
            "`module` must treat rows apart from each other and without chance in "
            f"evaluation mode; the outputs of two rows moved by {gap:.3g} when a third "
            "came along. Give batch norm running statistics, and draw no noise."
        )


def _is_by_rows(call: Call, other: Call) -> bool:
    """Whether the batch, of two and of three rows, is in front of all tensors."""
    if not (call.intact and other.intact and call.inputs):
        return False
    shapes = [
        (call.output_shape, other.output_shape),
        *(
            (tuple(one.shape), tuple(two.shape))
            for one, two in zip(call.inputs, other.inputs, strict=True)
        ),
    ]
    return all(
        one[:1] == (2,) and two[:1] == (3,) and one[1:] == two[1:]
        for one, two in shapes
    )


def _is_pure(layer: nn.Module) -> bool:
    """Whether a layer is known to depend on nothing but its inputs.

    A layer of one's own may read what others left behind.
    """
    hooked = layer._forward_hooks or layer._forward_pre_hooks
    known = type(layer).__module__.startswith("torch.nn.modules.")
    return known and not hooked and not list(layer.children())


def _closed_form(call: Call) -> LayerSquares | None:
    layer: Any = call.layer
    x = call.inputs[0]
    if type(layer) in (nn.Linear, MemberLinear) and layer.weight.dim() == 2:
        return LinearSquares(x) if x.dim() == 2 else PatchSquares.of_sequence(x)
    if type(layer) is MemberConv2d and layer.weight.dim() == x.dim() == 4:
        size = tuple(layer.weight.shape[-2:])
        return PatchSquares.of_pictures(x, size, padding=(size[0] // 2, size[1] // 2))
    if type(layer) is nn.Conv2d and layer.padding_mode == "zeros" and x.dim() == 4:
        return PatchSquares.of_pictures(
            x,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.dilation,
            layer.groups,
        )
    return None


def call_numbers(call: Call) -> int:
    """Estimate the numbers that a call adds, its gradients and patches included."""
    inputs = sum(value.numel() for value in call.inputs if isinstance(value, Tensor))
    numbers = 2 * inputs + 4 * math.prod(call.output_shape)
    layer: Any = call.layer
    if type(layer) in (nn.Conv2d, MemberConv2d) and len(call.output_shape) > 3:
        # Members count as rows here: each has patches and a product of its own.
        rows, channels = math.prod(call.output_shape[:-3]), call.output_shape[-3]
        patch = math.prod(layer.weight.shape[-3:])
        patches = getattr(layer, "groups", 1) * math.prod(call.output_shape[-2:])
        numbers += rows * patch * (patches + channels)
    if type(layer) is nn.Linear and len(call.output_shape) > 2:
        numbers += call.output_shape[0] * layer.weight.numel()
    return numbers
