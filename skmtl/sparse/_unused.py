"""Weights that no task uses stay where they are."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

__all__ = ["UnusedWeights"]

# What optimisers call the direction in which a weight is heading.
_MOMENTA = ("exp_avg", "momentum_buffer")


class UnusedWeights:
    """Values that weights outside of all masks go back to after each step.

    Momentum and weight decay would move them otherwise.

    Parameters
    ----------
    weights : sequence of Parameter of shape (*members, *weight)
    masks : sequence of bool Tensor of shape (*members, n_tasks, *weight)
    axis : int
        That of the tasks.
    """

    def __init__(
        self, weights: Sequence[nn.Parameter], masks: Sequence[Tensor], axis: int
    ) -> None:
        self._held = []
        for weight, mask in zip(weights, masks, strict=True):
            used = mask.any(axis)
            if not bool(used.all()):
                kept = weight.detach().masked_fill(used, 0.0)
                self._held.append((weight, used.to(weight.dtype), kept))

    def restore(self) -> None:
        """Put the weights back, exactly."""
        for weight, used, kept in self._held:
            weight.data.mul_(used).add_(kept)

    @staticmethod
    def forget(network: Any, state: Any) -> None:
        """Let the optimiser forget where weights that no task uses were heading.

        Parameters
        ----------
        network : MaskedNetwork
        state : TrainingState
        """
        axis = len(network.members)
        pairs = zip(network.masked_weights(), network.masks(), strict=True)
        for weight, mask in pairs:
            unused = ~mask.any(axis)
            for name, value in state.optimizer_state(weight).items():
                if name in _MOMENTA:
                    value.masked_fill_(unused, 0.0)
