"""What a network sees of its training, for methods that change while they learn."""

from typing import Any, Protocol

from torch import Tensor

from ._random import MemberRandom

__all__ = ["TrainingState"]


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

    def optimizer_state(self, parameter: Tensor) -> dict[str, Tensor]:
        """List what the optimiser remembers of a parameter, to be edited in place.

        Parameters
        ----------
        parameter : Parameter
            Of the network.

        Returns
        -------
        dict of str to Tensor, shaped as the parameter
            Such as the averages of Adam; empty before its first step.
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
