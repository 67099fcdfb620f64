"""Networks of which every task may have a pass of its own."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ._heads import TaskHeads
from ._network import MultiTaskNetwork
from ._random import MemberRandom
from ._task_norm import TaskNorm, task_norms
from ._task_rows import RowGroups, SharedDraws, take_rows

__all__ = ["TaskNetwork"]


class TaskNetwork(MultiTaskNetwork):
    """Encoder that may compute something else for each task, and heads.

    As it is, tasks differ in the norms of the encoder.

    Parameters
    ----------
    encoder : Module
        May hold :class:`TaskNorm` layers.
    heads : TaskHeads
        Map each task's representation to its outputs.
    row_dims : int
        Number of axes of one row of X.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MLPEncoder, TaskHeads, TaskNetwork
    >>> random = torch.Generator().manual_seed(0)
    >>> encoder = MLPEncoder(3, [4], None, random, n_normed=2)  # norms of 2 tasks
    >>> network = TaskNetwork(encoder, TaskHeads(4, [1, 2], random), row_dims=1)
    >>> network.representations(torch.ones(5, 3)).shape
    torch.Size([2, 5, 4])
    """

    def __init__(self, encoder: nn.Module, heads: TaskHeads, row_dims: int) -> None:
        super().__init__(encoder, heads)
        self.row_dims = row_dims
        self.norm_names = tuple(task_norms(encoder))

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return int(self.heads.weight.shape[-3])

    @property
    def is_plain(self) -> bool:
        """Whether at present tasks differ in nothing but their norms."""
        return True

    def task_weights(self, task: int) -> dict[str, Tensor]:
        """List what a task puts in the place of the encoder's tensors.

        Parameters
        ----------
        task : int
            Index of the task.

        Returns
        -------
        dict of str to Tensor of shape (*members, ...)
            By name; what is not listed serves all tasks.
        """
        axis = len(self.members)
        return {
            f"{name}.{own}": getattr(norm, own).select(axis, task)
            for name, norm in self._norms()
            for own in TaskNorm.by_task
        }

    def _norms(self) -> list[tuple[str, nn.Module]]:
        return [(name, self.encoder.get_submodule(name)) for name in self.norm_names]

    # ---- passes

    def encode(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the mean of the tasks' representations.

        Parameters
        ----------
        x, random : Tensor or MemberRandom
            As for :meth:`representations`.

        Returns
        -------
        Tensor of shape (*members, batch, latent)
            What all tasks share, where they do not differ.
        """
        if self.is_plain and not self.norm_names:
            return super().encode(x, random)
        return self.representations(x, random).mean(-3)

    def representations(
        self,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute the representation of each task.

        Parameters
        ----------
        x : Tensor of shape ([*members,] batch, *row)
            Features; without member axes all members see the same rows.
        random : MemberRandom, optional
            Source of the noise; given in training only.
        labels : Tensor of shape ([*members,] n_tasks, batch), optional
            Weights of the labels, for the norms.

        Returns
        -------
        Tensor of shape (*members, n_tasks, batch, latent)
            What each task computes with.
        """
        if self.norm_names:
            found: Tensor = self.encoder(x, self._draws(x, random), labels)
            return found
        z = self.encoder(x, random)
        return z.unsqueeze(-3).expand(*z.shape[:-2], self.n_tasks, *z.shape[-2:])

    def encode_task(
        self,
        task: int,
        x: Tensor,
        random: MemberRandom | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Compute one task's representation.

        Parameters
        ----------
        task : int
            Index of the task.
        x, random : Tensor or MemberRandom
            As for :meth:`representations`.
        labels : Tensor of shape ([*members,] batch), optional
            Weights of the task's labels, for the norms.

        Returns
        -------
        Tensor of shape (*members, batch, latent)
            What the task computes with.
        """
        if isinstance(random, SharedDraws):
            random.begin(random.rows)
        inputs = (x, random, labels) if self.norm_names else (x, random)
        found: Tensor = functional_call(self.encoder, self.task_weights(task), inputs)
        return found

    def _draws(self, x: Tensor, random: MemberRandom | None) -> SharedDraws | None:
        if random is None:
            return None
        return SharedDraws(random, x.shape[-self.row_dims - 1])

    def run(
        self,
        x: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Pass rows through the parts of the tasks they are for.

        Parameters
        ----------
        x, task_of_row, random, weight : Tensor or MemberRandom
            As in :meth:`MultiTaskNetwork.run`; labels of weight zero do not count in
            the norms.

        Returns
        -------
        z, outputs : Tensor
            Representations, of each task unless each row is for one, and outputs.
        """
        if self.is_plain and not self.norm_names:
            return super().run(x, task_of_row, random)
        if task_of_row is not None:
            z = self._own_rows(x, task_of_row, random, weight)
            return z, self.heads.rows(z, task_of_row)
        labels = None if weight is None else weight.transpose(-1, -2)
        z = self.representations(x, random, labels)
        return z, self.heads(z, per_task=True)

    def _own_rows(
        self,
        x: Tensor,
        task_of_row: Tensor,
        random: MemberRandom | None,
        weight: Tensor | None,
    ) -> Tensor:
        """Pass each row once, with the others of its task."""
        groups = RowGroups(task_of_row, self.n_tasks)
        draws = self._draws(x, random)
        parts = []
        for task, rows, real in zip(
            groups.tasks, groups.rows, groups.real, strict=True
        ):
            if draws is not None:
                draws.begin(rows)
            labels = None
            if self.norm_names and self.training:
                labels = real.to(self.heads.weight.dtype)
                if weight is not None:
                    labels = labels * take_rows(weight, rows, trailing=0)
            own = take_rows(x, rows, self.row_dims)
            parts.append(self.encode_task(task, own, draws, labels))
        return take_rows(torch.cat(parts, -2), groups.place, trailing=1)

    # ---- parameters

    def shared_parameters(self) -> list[nn.Parameter]:
        """List the parameters that serve every task.

        Returns
        -------
        list of Parameter
            Those of the encoder, but for the norms.
        """
        norms = {id(own) for _, norm in self._norms() for own in norm.parameters()}
        return [own for own in self.encoder.parameters() if id(own) not in norms]

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """List the parameters that weight decay leaves alone.

        Returns
        -------
        list of Parameter
            Biases and the scales of norms.
        """
        scales = [norm.get_parameter("weight") for _, norm in self._norms()]
        return [*super().undecayed_parameters(), *scales]
