"""The network of selective sharing: branches that become one while they learn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skmtl.nn import MemberRandom, MultiTaskNetwork, TaskHeads, rows_of_tasks
from skmtl.nn._recording import evaluating
from skmtl.tasks import LossTerms, MultiTaskLoss

from ._branches import Branches
from ._grouping import Sharing
from ._layout import BranchLayout
from ._sharing import EVENT_FIELDS, find_groups, merge
from ._window import Window, same_window

__all__ = ["SelectiveSharingNetwork"]


class SelectiveSharingNetwork(MultiTaskNetwork):
    """Trunk, branches, and one output layer per task.

    Parameters
    ----------
    encoder : Module
        The trunk.
    branches : Branches
        As many as tasks.
    heads : TaskHeads
    sharing : Sharing
    classification : bool ndarray of shape (n_tasks,)
    seed : int
        Of permutations and random groups.
    row_dims : int
        Axes of a row; more than one for pictures, on which the trunk is costly.
    """

    member_buffers = (
        "branch_of",
        "closed_epoch",
        "lock_epoch",
        "quiet_epochs",
        "steps_seen",
        "seed",
        "similarity",
        "reliability",
        "null",
        "merges",
    )
    branch_of: Tensor
    closed_epoch: Tensor
    lock_epoch: Tensor
    quiet_epochs: Tensor
    steps_seen: Tensor
    seed: Tensor
    similarity: Tensor
    reliability: Tensor
    null: Tensor
    merges: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        branches: Branches,
        heads: TaskHeads,
        sharing: Sharing,
        classification: np.ndarray,
        seed: int,
        row_dims: int = 1,
    ) -> None:
        super().__init__(encoder, heads)
        self.branches = branches
        self.row_dims = row_dims
        self.sharing = sharing
        # Networks of one stack must agree in it.
        self.described = repr(sharing)
        self.classification = tuple(classification.tolist())
        n_tasks = len(classification)
        n_events = max(n_tasks - 1, 1) if sharing.recluster else 1
        unknown = torch.zeros(n_tasks, dtype=torch.float64)
        events = unknown.new_zeros(n_events, len(EVENT_FIELDS) + n_tasks)
        for name, value in {
            "branch_of": torch.arange(n_tasks),
            "closed_epoch": torch.tensor(0),
            "lock_epoch": torch.tensor(0),
            "quiet_epochs": torch.tensor(0),
            "steps_seen": torch.tensor(0),
            "seed": torch.tensor(seed),
            "similarity": torch.eye(n_tasks, dtype=torch.float64),
            "reliability": unknown,
            "null": unknown.clone(),
            "merges": events,
        }.items():
            self.register_buffer(name, value)
        self.window: Window | None = None
        self._locked: bool | None = None
        self._layout: tuple[Tensor, int, BranchLayout] | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A layout belongs to this very index, of which a copy may become another.
        return {**self.__dict__, "_layout": None}

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return self.heads.weight.shape[-3]

    @property
    def layout(self) -> BranchLayout:
        """How output layers read branches; kept while the index stays."""
        index, version = self.branch_of, self.branch_of._version
        kept = self._layout
        if kept is None or kept[0] is not index or kept[1] != version:
            self._layout = kept = (index, version, BranchLayout.of(index))
        return kept[2]

    def decode(
        self,
        z: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Pass the representation through the branches and the output layers."""
        if task_of_row is not None:
            branch_of_row = rows_of_tasks(self.branch_of, task_of_row, trailing=0)
            return self.heads.rows(self.branches.rows(z, branch_of_row), task_of_row)
        layout = self.layout
        return layout.outputs(self.branches(z, layout.n_used), self.heads)

    # ---- what happens while training

    def set_progress(self, fraction: float) -> None:
        """Open the window before the first step of a training."""
        if self._locked is None:
            self._locked = self.n_tasks == 1 or bool((self.lock_epoch > 0).all())
            if not self._locked:
                old = self.window
                self.window = old or Window(self.encoder, self.sharing)
                n_seen = int(self.steps_seen.max()) if old else 0
                closed = bool((self.closed_epoch > 0).all())
                self.window.begin(self.sharing, n_seen, closed)

    def judge(
        self,
        criterion: MultiTaskLoss,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None = None,
        task_of_row: Tensor | None = None,
    ) -> LossTerms:
        """Compute the losses of a batch, and remember those of the window."""
        terms = criterion.terms(outputs, codes, weight, task_of_row)
        if self.training and self.window is not None and not self._locked:
            totals = terms.totals
            if totals is None:
                totals = torch.full_like(terms.losses, codes.shape[-2])
            self.window.add_losses(terms.losses, totals)
        return terms

    def after_step(self, state: Any) -> None:
        """Watch a step of the window; group and merge at its end."""
        window = self.window
        if window is None or self._locked:
            return
        window.n_steps += 1
        if window.n_watched < self.sharing.window:
            window.n_watched += 1
            if window.wants_gradients:
                window.add_gradient(self._gradients_of_step(state))
        if window.n_steps >= self.sharing.window and not window.closed:
            window.closed, window.closing_epoch = True, state.epoch + 1
            self._regroup(state, state.epoch + 1)

    def after_epoch(self, state: Any) -> None:
        """With ``recluster``, group anew."""
        window = self.window
        if window is None or self._locked or not window.closed:
            return
        if window.closing_epoch < state.epoch:
            if not window.tells_enough:
                return
            self._regroup(state, state.epoch)
        window.restart(self.sharing)

    def _regroup(self, state: Any, epoch: int) -> None:
        window = self.window
        assert window is not None
        groups = find_groups(self, window, state)
        merge(self, window, state, groups, epoch)
        self._locked = bool((self.lock_epoch > 0).all())

    def _gradients_of_step(self, state: Any) -> Tensor:
        """Gradient of every task, ``(*members, n_tasks, d1, d0)``.

        While each has a branch of its own they are slices of the stacked gradient.
        """
        first = self.branches.first_weight
        if self.window is not None and not self.window.closed:
            assert first.grad is not None
            return first.grad
        return self.task_gradients(state.batch, state.criterion)

    def task_gradients(self, batch: Any, criterion: MultiTaskLoss) -> Tensor:
        """Gradient of every task's loss by the first layer of its branch.

        Computed with a copy of the branch for each task, for tasks that share one.

        Parameters
        ----------
        batch : Batch
        criterion : MultiTaskLoss

        Returns
        -------
        Tensor of shape (*members, n_tasks, d1, d0)
        """
        with evaluating(self.encoder):
            z = self.encode(batch.x).detach()
        with torch.enable_grad():
            weights = self.branches.gathered(self.branch_of)
            weights[0].requires_grad_()
            if batch.task_of_row is None:
                hidden = self.branches(z, self.n_tasks, weights)
                outputs = self.heads(hidden, per_task=True)
            else:
                hidden = self.branches.rows(z, batch.task_of_row, weights)
                outputs = self.heads.rows(hidden, batch.task_of_row)
            losses = criterion(outputs, batch.codes, batch.weight, batch.task_of_row)
            (gradient,) = torch.autograd.grad(losses.sum(), weights[0])
        return gradient

    # ---- what training leaves behind

    def settle(self) -> list[tuple[nn.Parameter, nn.Parameter, Tensor]]:
        """Drop the branches that no task uses."""
        window, self._locked = self.window, None
        if window is not None and bool((self.lock_epoch > 0).all()):
            self.window = None
        elif window is not None:
            # Training may have gone back to weights from before the merge.
            undone = bool((self.closed_epoch == 0).any())
            self.steps_seen.fill_(window.rest(self.sharing, undone))
        n_used, members = self.layout.n_used, self.members
        if n_used == self.branches.n_stored:
            return []
        kept = torch.arange(n_used, device=self.branch_of.device)
        kept = kept.expand(*members, n_used)
        return [(old, new, kept) for old, new in self.branches.shrink(n_used)]

    def resize_like(self, weights: Mapping[str, Tensor]) -> None:
        """Get ready for the weights of a network that has settled."""
        name = "branches.layers.0.weight"
        if name in weights and 0 < weights[name].shape[-3] < self.branches.n_stored:
            self.branches.shrink(weights[name].shape[-3])
        start = "window."
        kept = {n[len(start) :]: v for n, v in weights.items() if n.startswith(start)}
        if kept:
            n_axes = weights["branch_of"].dim() - 1
            self.window = Window(self.encoder, self.sharing)
            self.window.resize_like(kept, n_axes, self.sharing)

    def agree_with(self, others: Sequence[Any]) -> None:
        """Forget the window where others stopped elsewhere, or need none."""
        if not all(same_window(self.window, other.window) for other in others):
            self.window = None

    def difference_to(self, fitted: Any) -> tuple[str, Any, Any] | None:
        """Compare the ways to share; branches that were merged never part again."""
        if not bool((fitted.closed_epoch > 0).any()):
            return None
        before, now = fitted.sharing.described(), self.sharing.described()
        for name, value in before.items():
            if value != now[name]:
                return f"`{name}`", value, now[name]
        return None

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Branches, merges, and what the groups were made of."""
        names = set(self.member_buffers) - {"quiet_epochs", "seed", "steps_seen"}
        evidence = {name: getattr(self, name).clone() for name in sorted(names)}
        evidence["n_parameters"] = self.count_parameters()
        return evidence

    def count_parameters(self) -> Tensor:
        """Parameters in use, ``(*members,)``: one branch for each group."""
        n_axes = len(self.members)
        n_members = max(int(np.prod(self.members)), 1)
        trunk = sum(own.numel() for own in self.encoder.parameters()) // n_members
        valid = self.heads.valid.to(self.heads.bias.dtype)
        biases = int(self.heads.intercepts(valid).sum())
        outputs = int(valid.sum()) * self.heads.weight.shape[-1] + biases
        one = sum(own[(0,) * n_axes][0].numel() for own in self.branches.parameters())
        n_branches = self.branch_of.amax(-1) + 1
        return trunk + outputs + one * n_branches
