"""The contract that every method's network fulfils."""

from collections.abc import Iterable

from torch import Tensor, nn

from ..tasks import LossTerms, MultiTaskLoss
from ._direct import DirectPass
from ._heads import TaskHeads
from ._random import MemberRandom
from ._training import TrainingHooks

__all__ = ["MultiTaskNetwork"]


class MultiTaskNetwork(TrainingHooks):
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
        Map the representation to the outputs of each task.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MLPEncoder, MultiTaskNetwork, TaskHeads
    >>> random = torch.Generator().manual_seed(0)
    >>> encoder, heads = MLPEncoder(3, [4], None, random), TaskHeads(4, [1, 2], random)
    >>> network = MultiTaskNetwork(encoder, heads)
    >>> network(torch.ones(5, 3)).shape  # 2 tasks, 5 rows, at most 2 outputs
    torch.Size([2, 5, 2])
    """

    # Passes of each row through the encoder that training may come to.
    n_passes: int = 1

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
        """Compute the shared representation.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, *row)
            Features; without member axes all members see the same rows.
        random : MemberRandom, optional
            Source of the noise; given in training only.

        Returns
        -------
        Tensor of shape (*members, batch, latent)
            What all tasks share.
        """
        return self.encoder(x, random)

    def encode_task(
        self, task: int, x: Tensor, random: MemberRandom | None = None
    ) -> Tensor:
        """Compute the representation that one task reads.

        Parameters
        ----------
        task : int
            Index of the task.
        x, random : Tensor or MemberRandom
            As for :meth:`encode`.

        Returns
        -------
        Tensor of shape (*members, batch, latent)
            The shared one, where tasks do not differ.
        """
        return self.encode(x, random)

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
            Representation.
        task_of_row : int Tensor of shape ([*members,] batch), optional
            With it each row passes through its own task's head only.
        random : MemberRandom, optional
            Source of the noise; given in training only.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Logits, or standardised predictions, zero in the padding; of shape
            (*members, batch, n_outputs_max) with ``task_of_row``.
        """
        heads = self.heads
        return heads(z) if task_of_row is None else heads.rows(z, task_of_row)

    def forward(
        self,
        x: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Encode and decode.

        Parameters
        ----------
        x, task_of_row, random : Tensor or MemberRandom
            As for :meth:`encode` and :meth:`decode`.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Outputs, as from :meth:`decode`.
        """
        return self.run(x, task_of_row, random)[1]

    def run(
        self,
        x: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Encode and decode, where tasks may have passes of their own.

        Parameters
        ----------
        x, task_of_row, random : Tensor or MemberRandom
            As for :meth:`forward`.
        weight : Tensor of shape ([*members,] batch, n_tasks), optional
            Weights of the labels in training, all one by default; of shape
            ([*members,] batch) with ``task_of_row``. Some networks look at them.

        Returns
        -------
        z, outputs : Tensor
            What :meth:`penalty` reads, and what :meth:`forward` returns.
        """
        z = self.encode(x, random)
        return z, self.decode(z, task_of_row, random)

    def direct_pass(self) -> DirectPass | None:
        """Offer a pass without a graph, where network and encoder are plain.

        Returns
        -------
        DirectPass, or None
            None where training needs a graph.
        """
        if type(self) is MultiTaskNetwork and DirectPass.supports(self.encoder):
            return DirectPass(self.encoder, self.heads)
        return None

    def penalty(self, z: Tensor, row_weight: Tensor | None = None) -> Tensor | None:
        """Compute what is added to the weighted sum of the losses.

        Parameters
        ----------
        z : Tensor of shape (*members, batch, latent)
            Representation of the batch.
        row_weight : Tensor of shape ([*members,] batch), optional
            Weights of the rows in statistics of ``z``; None for all one.

        Returns
        -------
        Tensor of shape (*members,), or None
            Penalty per member, in nats; None if there is none.
        """
        return None

    def judge(
        self,
        criterion: MultiTaskLoss,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None = None,
        task_of_row: Tensor | None = None,
    ) -> LossTerms:
        """Compute the losses of a batch, for methods whose losses have parameters.

        Parameters
        ----------
        criterion : MultiTaskLoss
            The plain losses.
        outputs, codes, weight, task_of_row : Tensor
            As in :meth:`skmtl.tasks.MultiTaskLoss.terms`.

        Returns
        -------
        LossTerms
            Losses and derivatives by the outputs; with ``objective`` where parameters
            of the network learn from the losses directly.
        """
        return criterion.terms(outputs, codes, weight, task_of_row)

    def shared_parameters(self) -> list[nn.Parameter]:
        """List the parameters that serve every task.

        Returns
        -------
        list of Parameter
            Those of the encoder, unless a method shares more.
        """
        return list(self.encoder.parameters())

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """List the parameters that weight decay leaves alone.

        Returns
        -------
        list of Parameter
            Those without a fan-in, such as biases.
        """
        named = self.named_parameters()
        return [own for name, own in named if name.rpartition(".")[2] == "bias"]

    def learning_rate_multipliers(self) -> list[tuple[Iterable[nn.Parameter], float]]:
        """List the parameters that learn at a multiple of the learning rate.

        Returns
        -------
        list of (iterable of Parameter, float)
            Parameters and their multiple; all others learn at the rate itself. What
            rests for a part of the training without the others is a list of its own.
        """
        return []

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Collect raw evidence on how the tasks relate.

        Parameters
        ----------
        z_variance : Tensor of shape (*members, latent), optional
            Variance of the representation over all training rows.

        Returns
        -------
        dict of str to Tensor of shape (*members, n_tasks, ...)
            By name; empty for a method without evidence of its own.
        """
        return {}
