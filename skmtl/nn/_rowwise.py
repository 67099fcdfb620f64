"""Sums of squared per-row gradients of any function, by vectorised derivatives."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["RowwiseSquares", "row_chunks"]

Values = dict[str, Tensor]


def row_chunks(n_rows: int, numbers_per_row: int, numbers: int) -> list[slice]:
    """Cut rows into equal chunks that need at most so many numbers at once."""
    most = max(numbers // max(numbers_per_row, 1), 1)
    n_chunks = -(-n_rows // most)
    size = -(-n_rows // max(n_chunks, 1))
    return [slice(start, start + size) for start in range(0, n_rows, size)]


class RowwiseSquares:
    """Layer without a closed form.

    Parameters
    ----------
    function : callable
        Maps parameters and inputs with a batch axis in front to an output.
    values : dict of str to Tensor
        The parameters.
    inputs : tuple of Tensor
        Each with the batch in front.
    numbers : int
        Numbers that may be held at once.
    """

    def __init__(
        self,
        function: Callable[..., Tensor],
        values: Values,
        inputs: tuple[Tensor, ...],
        numbers: int,
    ) -> None:
        self._function = function
        self._values = {name: value.detach() for name, value in values.items()}
        self._inputs = tuple(value.detach() for value in inputs)
        own = sum(value.numel() for value in values.values())
        per_row = 4 * own + 8 * sum(value[0].numel() for value in inputs)
        self._chunks = row_chunks(len(inputs[0]), per_row, numbers)
        self._can_vectorise = True
        self._sums: Values = {}

    def add(self, gradient: Tensor) -> None:
        """Add the squares of one derivative, batch in front."""
        for rows in self._chunks:
            inputs = tuple(value[rows] for value in self._inputs)
            for name, value in self._gradients(inputs, gradient[rows]).items():
                squares = value.square().sum(0)
                self._sums[name] = self._sums.get(name, 0) + squares

    def finish(self) -> Values:
        """Give the sums since the last call."""
        sums, self._sums = self._sums, {}
        return sums

    def _gradients(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Values:
        if self._can_vectorise:
            try:
                return self._vectorised(inputs, gradient)
            except RuntimeError:
                # Control flow that depends on data, operations without a rule for
                # batches: what is wrong with the function itself fails below again.
                self._can_vectorise = False
        return self._one_by_one(inputs, gradient)

    def _vectorised(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Values:
        def one_row(own_gradient: Tensor, *row: Tensor) -> Values:
            def run(values: Values) -> Tensor:
                return self._function(values, *(value.unsqueeze(0) for value in row))

            pull = torch.func.vjp(run, self._values)[1]
            found: Values = pull(own_gradient.unsqueeze(0))[0]
            return found

        joint: Values = torch.func.vmap(one_row)(gradient, *inputs)
        return joint

    def _one_by_one(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Values:
        values = {name: own.requires_grad_() for name, own in self._values.items()}
        rows = []
        for row in range(len(gradient)):
            output = self._function(values, *(value[row : row + 1] for value in inputs))
            rows.append(
                torch.autograd.grad(
                    output,
                    list(values.values()),
                    gradient[row : row + 1],
                    materialize_grads=True,
                )
            )
        joint = (torch.stack(own) for own in zip(*rows, strict=True))
        return dict(zip(values, joint, strict=True))
