"""What a network sees of its training, for methods that change while they learn."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from ._random import MemberRandom

__all__ = ["TrainingHooks", "TrainingState"]


class TrainingState(Protocol):
    """What :meth:`MultiTaskNetwork.after_step` and ``after_epoch`` are told.

    The engine makes it; one object serves a whole run.

    Attributes
    ----------
    step, n_steps : int
        Steps taken, the present one included, and steps of the whole run.
    epoch, n_epochs : int
        Finished epochs, and epochs of the whole run.
    batch : Batch
        Rows of the step just taken; the gradients of the parameters still hold.
    criterion : MultiTaskLoss
        The plain losses.
    random : MemberRandom, or None
        Source of noise that a member draws alike alone and in a stack; None without.
    """

    step: int
    n_steps: int
    epoch: int
    n_epochs: int
    batch: Any
    criterion: Any
    random: MemberRandom | None

    def sample(self, n_rows: int) -> Any:
        """Gather a random sample of the training rows, always the same ones.

        Parameters
        ----------
        n_rows : int
            Most rows per member.

        Returns
        -------
        Batch
            With member axes where members see different rows; padded rows have
            weight zero.
        """

    def optimizer_state(
        self, parameter: Tensor, n_axes: int | None = None
    ) -> dict[str, Tensor]:
        """List what the optimiser remembers of a parameter, to be edited in place.

        Parameters
        ----------
        parameter : Parameter
            Of the network.
        n_axes : int, optional
            First axes that must be those of the parameter; by default all.

        Returns
        -------
        dict of str to Tensor
            Such as the averages of Adam, shaped as the parameter; with ``n_axes``
            also the factors of Adafactor. Empty before the first step.
        """

    def limit(self, limits: dict[Tensor, int]) -> None:
        """Tell the optimiser which rows are of use, where that saves time.

        Parameters
        ----------
        limits : dict of Parameter to int
            How many first rows are still used; all rows of the others are. Rows that
            are not used may or may not go on moving. Holds for this run.
        """

    def record(self, name: str, values: Tensor) -> None:
        """Write a column of the history, for the epoch that is under way or just over.

        Parameters
        ----------
        name : str
            Of the column.
        values : Tensor of shape (*members,)
            One number per member. A column that lacks in some epochs is NaN there.
        """


class TrainingHooks(nn.Module):
    """What a network may do while it is trained, and after; by default nothing."""

    def set_progress(self, fraction: float) -> None:
        """Hear how far training is, before every step.

        Parameters
        ----------
        fraction : float
            Of the training steps that is over; 1 if schedules are held at their end.
        """

    def warmup_epochs(self, n_epochs: int) -> int:
        """Count the epochs, from the first, that early stopping looks past.

        Parameters
        ----------
        n_epochs : int
            Of the whole run.

        Returns
        -------
        int
            Fewer than ``n_epochs``.
        """
        return 0

    def after_step(self, state: TrainingState) -> None:
        """Change between steps, for methods that do.

        Parameters
        ----------
        state : TrainingState
            Where the training stands; the gradients of the step still hold.
        """

    def after_epoch(self, state: TrainingState) -> None:
        """Change structure, but no shapes, between epochs; see :meth:`settle`.

        Parameters
        ----------
        state : TrainingState
            As for :meth:`after_step`.
        """

    def settle(self) -> list[tuple[nn.Parameter, nn.Parameter, Tensor]]:
        """Drop what training left unused, once it is over.

        Called on every trained network, also when it was a member of a stack.

        Returns
        -------
        list of (Parameter, Parameter, int Tensor)
            Parameters that were replaced: the old one, the new one, and which
            places along the first axis after those of the members it kept, of shape
            (*members, n_kept). What the optimiser remembers follows.
        """
        return []

    def resize_like(self, weights: Mapping[str, Tensor]) -> None:
        """Take the shapes that :meth:`settle` has left, before weights are loaded.

        Parameters
        ----------
        weights : mapping of str to Tensor of shape ([*members,] ...)
            State of a network that was trained with the same parameters. What does
            not fit is left as it is.
        """

    def agree_with(self, others: Sequence[Any]) -> None:
        """Drop what others lack, before all become members of one network.

        Called after training, on each in turn.

        Parameters
        ----------
        others : sequence of TrainingHooks
            Of the same parameters, trained in turn because of their memory.
        """

    def difference_to(self, fitted: Any) -> tuple[str, Any, Any] | None:
        """Find a parameter that could not change the fitted network any more.

        Parameters
        ----------
        fitted : TrainingHooks
            Of the same tasks and shapes, whose state this network is about to take.

        Returns
        -------
        (str, object, object), or None
            The parameter in words, its value in the fitted network and in this one;
            None if all that matter are the same.
        """
        return None
