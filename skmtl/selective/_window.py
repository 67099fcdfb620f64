"""What is remembered between the first step of a training and the merge."""

import torch
from torch import Tensor, nn

from ._capture import GradientCapture, SketchPoints
from ._grouping import Sharing

__all__ = ["Window"]


class Window:
    """Steps over which the tasks are watched.

    Parameters
    ----------
    encoder : Module
        Its weights at this moment are remembered.
    sharing : Sharing
    n_steps : int
        Steps of this network before.
    closed : bool
        Whether the tasks have been grouped before.
    """

    def __init__(
        self, encoder: nn.Module, sharing: Sharing, n_steps: int, closed: bool
    ) -> None:
        # Running statistics of a user's norms are part of what it computes.
        tensors = [*encoder.named_parameters(), *encoder.named_buffers()]
        self.start = {name: value.detach().clone() for name, value in tensors}
        self.n_steps, self.closed = n_steps, closed
        self._sharing = sharing
        self.restart()

    def restart(self) -> None:
        """Forget losses and gradients."""
        self.n_watched = 0
        self._losses: Tensor | None = None
        self._totals: Tensor | None = None
        sharing = self._sharing
        self.capture: GradientCapture | None = None
        self.points: SketchPoints | None = None
        if sharing.is_given:
            return
        if sharing.representation != "whitened":
            self.capture = GradientCapture(
                sharing.representation, sharing.rank, sharing.reshape
            )
        if sharing.sharing == "variance":
            self.points = SketchPoints()

    @property
    def wants_gradients(self) -> bool:
        """Whether gradients of the tasks are used."""
        return self.capture is not None or self.points is not None

    def add_losses(self, losses: Tensor, totals: Tensor) -> None:
        """Hear the losses of a step, ``(*members, n_tasks)``, and their weights."""
        weight = totals.expand_as(losses)
        if self._losses is None or self._totals is None:
            self._losses, self._totals = losses * weight, weight.clone()
        else:
            self._losses += losses * weight
            self._totals += weight

    def add_gradient(self, gradient: Tensor) -> None:
        """Hear the gradients of a step, ``(*members, n_tasks, d1, d0)``."""
        if self.capture is not None:
            self.capture.add(gradient)
        if self.points is not None:
            self.points.add(gradient)

    def mean_losses(self) -> Tensor:
        """Mean loss of each task, ``(*members, n_tasks)``; infinite if never seen."""
        assert self._losses is not None and self._totals is not None
        mean = self._losses / self._totals.clamp_min(1e-300)
        return torch.where(self._totals > 0, mean, torch.inf)
