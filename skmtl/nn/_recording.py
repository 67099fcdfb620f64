"""What the layers of a network read and gave out while it ran, and how they hang
together."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge

__all__ = ["Call", "count_uses", "evaluating", "recording", "uses_by_calls"]


@dataclass
class Call:
    """One run of a layer.

    Parameters
    ----------
    layer : Module
        What ran.
    inputs : tuple
        Its positional arguments.
    plain : bool
        Whether all arguments were tensors by position, and so was the result.
    edge : GradientEdge or None
        Where the derivative by the result is found, even if the result is changed in
        place later; None without a graph.
    output_shape : tuple of int
        Shape of the result.
    """

    layer: nn.Module
    inputs: tuple[Any, ...]
    plain: bool
    edge: GradientEdge | None
    output_shape: tuple[int, ...]
    versions: tuple[int, ...]

    @property
    def intact(self) -> bool:
        """Whether the inputs still hold what the layer read."""
        if not self.plain:
            return False
        return tuple(value._version for value in self.inputs) == self.versions


@contextmanager
def recording(layers: Collection[nn.Module]) -> Iterator[list[Call]]:
    """Record the calls of some layers, in the order in which they return."""
    calls: list[Call] = []

    def keep(
        layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Any
    ) -> None:
        plain = not named and all(isinstance(a, Tensor) for a in (*inputs, output))
        traced = isinstance(output, Tensor) and output.requires_grad
        calls.append(
            Call(
                layer,
                inputs,
                plain,
                get_gradient_edge(output) if traced else None,
                tuple(output.shape) if plain else (),
                tuple(value._version for value in inputs) if plain else (),
            )
        )

    # First in line, so that it sees what the layer itself computed.
    handles = [
        layer.register_forward_hook(keep, prepend=True, with_kwargs=True)
        for layer in layers
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, and each part back into its own mode."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def count_uses(
    start: Node, leaves: Mapping[Node, str], stop: Collection[Node] = ()
) -> tuple[dict[str, int], set[Node]]:
    """Count how often each leaf is read in the graph behind a node.

    Parameters
    ----------
    start : Node
        Where to start.
    leaves : mapping of Node to str
        Names of the leaves.
    stop : collection of Node
        Nodes that are not passed.

    Returns
    -------
    uses : dict of str to int
        Edges that lead to each leaf that is reached.
    seen : set of Node
        All nodes that were reached.
    """
    uses: dict[str, int] = {}
    seen = {start}
    waiting = [start] if start not in stop else []
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is None:
                continue
            if node in leaves:
                uses[leaves[node]] = uses.get(leaves[node], 0) + 1
            elif node not in seen and node not in stop:
                seen.add(node)
                waiting.append(node)
    return uses, seen


def uses_by_calls(
    calls: Collection[Call], leaves: Mapping[Node, str], reached: Collection[Node]
) -> list[dict[str, int]]:
    """Count how often each call reads each leaf, in the part of the graph it made.

    A call that does not reach the output counts as reading nothing.
    """
    found: list[dict[str, int]] = []
    for call in calls:
        if call.edge is None or call.edge.node not in reached:
            found.append({})
            continue
        inputs = {
            get_gradient_edge(value).node
            for value in call.inputs
            if isinstance(value, Tensor) and value.requires_grad
        }
        found.append(count_uses(call.edge.node, leaves, inputs)[0])
    return found
