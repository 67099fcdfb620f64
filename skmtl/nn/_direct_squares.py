"""Sums of squared per-row gradients of plain encoders, without a graph."""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import TypeGuard

import torch
from torch import Tensor, nn

from ._direct import SLOPES
from ._encoders import ACTIVATIONS, MLPEncoder
from ._layer_squares import LinearSquares
from ._layers import Dropout, MemberLinear, member_linear
from ._row_squares import Pull, Values, add_sums, empty_totals
from ._rowwise import row_chunks

__all__ = ["direct_squares", "has_direct_squares"]


def has_direct_squares(encoder: nn.Module) -> TypeGuard[MLPEncoder]:
    """Whether an encoder is of the plain kind.

    Its layers have a weight and a bias of their own, no hooks, and no other ``forward``
    than their class.
    """
    if type(encoder) is not MLPEncoder or encoder.norms is not None:
        return False
    # Values that layers share are named once.
    names = {name for name, _ in encoder.named_parameters()}
    own = {f"{name}.{part}" for name in _layers(encoder) for part in ("weight", "bias")}
    return (
        encoder.activation in SLOPES
        and names == own
        and all(
            type(part) in (MLPEncoder, MemberLinear, nn.ModuleList, Dropout)
            and not part._forward_hooks
            and not part._forward_pre_hooks
            and "forward" not in vars(part)
            for part in encoder.modules()
        )
    )


def _layers(encoder: MLPEncoder) -> list[str]:
    """Names of the affine layers, in their order."""
    hidden = [f"hidden.{depth}" for depth in range(len(encoder.hidden))]
    return hidden if encoder.latent is None else [*hidden, "latent"]


@torch.no_grad()
def direct_squares(
    encoder: MLPEncoder,
    x: Tensor,
    pull: Pull,
    n_groups: int = 1,
    parameters: Mapping[str, Tensor] | None = None,
    numbers: int = 2**23,
    axis: int = 0,
    names: Collection[str] | None = None,
) -> list[Values]:
    """Sum squared per-row gradients over the rows, for each member.

    The derivatives that ``pull`` yields are overwritten.

    Parameters
    ----------
    encoder : MLPEncoder
        One that :func:`has_direct_squares` accepts.
    x, pull, n_groups, parameters, numbers, axis, names
        As for :func:`member_squares`.

    Returns
    -------
    list of dict of str to Tensor
        For each group the sums, of the parameters' shapes.
    """
    given = encoder.named_parameters() if parameters is None else parameters
    values: Values = dict(given)
    totals = empty_totals(values, n_groups, names)
    way = _Way(encoder, values)
    # Products that write to given memory would break off within a user's autocast.
    with torch.autocast(x.device.type, enabled=False):
        for rows in row_chunks(x.shape[axis], way.numbers_per_row, numbers):
            output = way.forward(x[(slice(None),) * axis + (rows,)])
            for total, group in zip(totals, pull(output, rows), strict=True):
                for gradient in group:
                    way.add(gradient)
                for own_names, sums in way.finish():
                    add_sums(total, own_names, sums)
    return totals


class _Way:
    """Through the layers and back, members together."""

    def __init__(self, encoder: MLPEncoder, values: Mapping[str, Tensor]) -> None:
        self._n_hidden, self._names = len(encoder.hidden), _layers(encoder)
        self._weights = [values[f"{name}.weight"].detach() for name in self._names]
        self._biases = [values[f"{name}.bias"].detach() for name in self._names]
        self._activate = ACTIVATIONS[encoder.activation]
        self._slope = SLOPES[encoder.activation]
        self._activated: list[Tensor] = []
        self._squares: list[LinearSquares] = []
        self._passed: dict[int, Tensor] = {}

    @property
    def numbers_per_row(self) -> int:
        """Estimate of the numbers held for a row, derivatives and squares included."""
        return sum(
            math.prod(weight.shape[:-2]) * (2 * weight.shape[-1] + 4 * weight.shape[-2])
            for weight in self._weights
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute the representation, and keep what the way back needs."""
        self._activated, self._passed = [x], {}
        layers = zip(self._weights, self._biases, strict=True)
        for depth, (weight, bias) in enumerate(layers):
            x = member_linear(x, weight, bias)
            if depth < self._n_hidden:
                x = self._activate(x)
            self._activated.append(x)
        self._squares = [LinearSquares(own) for own in self._activated[:-1]]
        return x

    def add(self, gradient: Tensor) -> None:
        """Pass one derivative by the representation down, over its own memory."""
        for depth in range(len(self._weights) - 1, 0, -1):
            if depth < self._n_hidden:
                gradient = self._slope(gradient, self._activated[depth + 1])
            self._squares[depth].add(gradient)
            if depth in self._passed:
                torch.matmul(gradient, self._weights[depth], out=self._passed[depth])
            else:
                self._passed[depth] = gradient @ self._weights[depth]
            gradient = self._passed[depth]
        if self._squares:
            self._squares[0].add(gradient)

    def finish(self) -> Iterator[tuple[dict[str, str], Values]]:
        """Yield each layer's names of its parameters and sums since the last call."""
        for depth, (name, squares) in enumerate(
            zip(self._names, self._squares, strict=True)
        ):
            lowest = depth == 0 < self._n_hidden
            sums = squares.finish(self._squared_slopes if lowest else None)
            yield {local: f"{name}.{local}" for local in sums}, sums

    def _squared_slopes(self, squares: Tensor) -> Tensor:
        """Bring the lowest activation's slopes over all derivatives' squares at once.

        Nothing is passed on from there, so that the derivatives may do without.
        """
        activated = self._activated[1]
        return self._slope(self._slope(squares, activated), activated)
