"""The contract that every method's network fulfils."""

from collections.abc import Iterable

from torch import Tensor, nn

from ._direct import DirectPass
from ._layers import TaskHeads
from ._random import MemberRandom

__all__ = ["MultiTaskNetwork"]


class MultiTaskNetwork(nn.Module):
    """Encoder and heads; with nothing between them it is hard parameter sharing.

    A method overrides what it does differently. Tensors follow the leading-axes
    convention: ``(*members, batch, features)``, with empty ``members`` for a single
    network. Random numbers come from a :class:`MemberRandom`; without one the
    network is deterministic.

    Parameters
    ----------
    encoder : Module
        Maps ``(*members, batch, *row)`` to ``(*members, batch, out_features)``.
    heads : TaskHeads
    """

    def __init__(self, encoder: nn.Module, heads: TaskHeads) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = heads

    @property
    def valid(self) -> Tensor:
        """Boolean ``(n_tasks, n_outputs_max)``: False in the padding."""
        return self.heads.valid

    @property
    def members(self) -> tuple[int, ...]:
        """Lengths of the member axes; () for a single network."""
        return tuple(self.heads.weight.shape[:-3])

    def encode(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the shared representation ``(*members, batch, latent)``."""
        return self.encoder(x, random)

    def decode(
        self,
        z: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Compute the outputs from the representation.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, latent)
        task_of_row : Tensor of shape (batch,) or (*members, batch), optional
            With it each row passes through its own task's head only.
        random : MemberRandom, optional
            Given in training only.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max), or
        (*members, batch, n_outputs_max) with ``task_of_row``.
        """
        if task_of_row is None:
            return self.heads(z)
        return self.heads.rows(z, task_of_row)

    def forward(
        self,
        x: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Encode and decode."""
        return self.decode(self.encode(x, random), task_of_row, random)

    def direct_pass(self) -> DirectPass | None:
        """A pass without a graph, where network and encoder are plain."""
        if type(self) is MultiTaskNetwork and DirectPass.supports(self.encoder):
            return DirectPass(self.encoder, self.heads)
        return None

    def penalty(self, z: Tensor, row_weight: Tensor | None = None) -> Tensor | None:
        """Penalty per member, ``(*members,)``, in nats; None if there is none.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, latent)
        row_weight : Tensor of shape (batch,) or (*members, batch), optional
        """
        return None

    def shared_parameters(self) -> list[nn.Parameter]:
        """Parameters that serve every task."""
        return list(self.encoder.parameters())

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """Parameters that weight decay leaves alone: those without a fan-in."""
        names = ("bias",)
        return [
            parameter
            for name, parameter in self.named_parameters()
            if name.rpartition(".")[2] in names
        ]

    def learning_rate_multipliers(self) -> list[tuple[Iterable[nn.Parameter], float]]:
        """Parameters that learn at a multiple of the learning rate."""
        return []

    def set_progress(self, fraction: float) -> None:
        """Hear which fraction of the training steps is over."""

    def after_epoch(self, epoch: int) -> None:
        """Change structure between epochs, for methods that do."""

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Raw evidence on how the tasks relate, per member; empty by default.

        Parameters
        ----------
        z_variance : Tensor of shape (*members, latent), optional
            Variance of the representation over all training rows.
        """
        return {}
