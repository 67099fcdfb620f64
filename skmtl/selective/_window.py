"""What is remembered between the first step of a training and the merge."""

import zlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from skmtl.nn import member_tensors

from ._capture import GradientCapture, SketchPoints
from ._grouping import Sharing

__all__ = ["Window", "same_window"]


class Window(nn.Module):
    """Steps over which the tasks are watched, in one training or over several.

    A part of the network, so that what was seen is copied, cut and kept with it.

    Parameters
    ----------
    encoder : Module
        Its weights at this moment are remembered.
    sharing : Sharing
    """

    losses: Tensor | None
    totals: Tensor | None
    watched: Tensor
    capture: GradientCapture | None
    points: SketchPoints | None

    def __init__(self, encoder: nn.Module, sharing: Sharing) -> None:
        super().__init__()
        # Running statistics of a user's norms are part of what it computes.
        own = dict(member_tensors(encoder))
        common = {k: v for k, v in encoder.named_buffers() if k not in own}
        self.names = (*own, *common)
        for place, value in enumerate([*own.values(), *common.values()]):
            self.register_buffer(f"start_{place}", value.detach().clone())
        self._of_members = tuple(f"start_{place}" for place in range(len(own)))
        self.register_buffer("watched", torch.tensor(_kind_of(sharing)))
        self.n_steps, self.closed, self.closing_epoch = 0, False, 0
        self.restart(sharing)

    @property
    def member_buffers(self) -> tuple[str, ...]:
        """Names of what each member has for itself."""
        heard = () if self.losses is None else ("losses", "totals")
        return (*self._of_members, *heard)

    @property
    def start(self) -> dict[str, Tensor]:
        """Weights and statistics of the encoder, by name, before it learned."""
        places = enumerate(self.names)
        return {name: getattr(self, f"start_{place}") for place, name in places}

    def begin(self, sharing: Sharing, n_seen: int, closed: bool) -> None:
        """Get ready for the first step of a training.

        Parameters
        ----------
        sharing : Sharing
            If it asks for other things than were kept, these are forgotten.
        n_seen : int
            Steps of this window in earlier trainings.
        closed : bool
            Whether the tasks have been grouped before.
        """
        self.closed, self.closing_epoch = closed, 0
        if closed:
            # At most what was too little to group by at the end of an epoch.
            n_seen = 0 if self.points is None else self.points.n_steps
        if not n_seen or int(self.watched) != _kind_of(sharing):
            self.restart(sharing)
            n_seen = 0
        self.n_steps = self.n_watched = n_seen

    def rest(self, sharing: Sharing, open_again: bool) -> int:
        """Count the steps that the next training has to go on from.

        Parameters
        ----------
        sharing : Sharing
        open_again : bool
            Whether the groups that the window led to, if it has closed, were undone.

        Returns
        -------
        int
        """
        if self.closed and open_again:
            self.restart(sharing)
            return 0
        return min(self.n_steps, sharing.window)

    def restart(self, sharing: Sharing) -> None:
        """Forget losses and gradients."""
        self.n_watched = 0
        self.watched.fill_(_kind_of(sharing))
        self.register_buffer("losses", None)
        self.register_buffer("totals", None)
        compares = not sharing.is_given and sharing.representation != "whitened"
        self.capture = _capture_of(sharing) if compares else None
        varies = not sharing.is_given and sharing.sharing == "variance"
        self.points = SketchPoints() if varies else None

    def resize_like(
        self, weights: Mapping[str, Tensor], n_axes: int, sharing: Sharing
    ) -> None:
        """Make room for what another window has kept, by the names it has there.

        Parameters
        ----------
        weights : mapping of str to Tensor
        n_axes : int
            Number of member axes of ``weights``, which are left away.
        sharing : Sharing
        """
        self.capture = _capture_of(sharing) if "capture.seen" in weights else None
        self.points = SketchPoints() if "points.seen" in weights else None
        for name in ("losses", "totals", "capture.seen", "points.seen"):
            if name in weights:
                path, _, leaf = name.rpartition(".")
                kept = weights[name]
                room = kept.new_zeros(kept.shape[n_axes:])
                self.get_submodule(path).register_buffer(leaf, room)

    @property
    def tells_enough(self) -> bool:
        """Whether tasks can be grouped by what was watched."""
        least = 1 if self.points is None else 2
        return self.n_watched >= least

    @property
    def wants_gradients(self) -> bool:
        """Whether gradients of the tasks are used."""
        return self.capture is not None or self.points is not None

    def add_losses(self, losses: Tensor, totals: Tensor) -> None:
        """Hear the losses of a step, ``(*members, n_tasks)``, and their weights."""
        weight = totals.expand_as(losses)
        if self.losses is None or self.totals is None:
            self.losses, self.totals = losses * weight, weight.clone()
        else:
            self.losses += losses * weight
            self.totals += weight

    def add_gradient(self, gradient: Tensor) -> None:
        """Hear the gradients of a step, ``(*members, n_tasks, d1, d0)``."""
        if self.capture is not None:
            self.capture.add(gradient)
        if self.points is not None:
            self.points.add(gradient)

    def mean_losses(self) -> Tensor:
        """Mean loss of each task, ``(*members, n_tasks)``; infinite if never seen."""
        assert self.losses is not None and self.totals is not None
        mean = self.losses / self.totals.clamp_min(1e-300)
        return torch.where(self.totals > 0, mean, torch.inf)


def same_window(first: Window | None, second: Window | None) -> bool:
    """Whether two windows have watched equally many steps, for the same."""
    if first is None or second is None:
        return first is second
    shapes = [
        {name: value.shape for name, value in own.state_dict().items()}
        for own in (first, second)
    ]
    steps = [(own.n_steps, own.closed, own.closing_epoch) for own in (first, second)]
    return shapes[0] == shapes[1] and steps[0] == steps[1]


def _capture_of(sharing: Sharing) -> GradientCapture:
    return GradientCapture(sharing.representation, sharing.rank, sharing.reshape)


def _kind_of(sharing: Sharing) -> int:
    """A number that tells what is watched, the same in every process."""
    kept = (sharing.is_given, sharing.representation, sharing.rank, sharing.reshape)
    varies = not sharing.is_given and sharing.sharing == "variance"
    return zlib.crc32(repr((*kept, varies)).encode())
