"""Groups of the tasks of every member, and the merge they lead to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skmtl.nn._recording import evaluating

from ._evidence import gated, member_tables, read_evidence
from ._features import read_features, row_count
from ._grouping import join_groups, number_groups
from ._merge import merge_places, refit_heads
from ._window import Window

__all__ = ["EVENT_FIELDS", "find_groups", "merge"]

EVENT_FIELDS = (
    "epoch",
    "step",
    "loss_before",
    "loss_after",
    "parameters_before",
    "parameters_after",
)
# Rows that a merge is judged on.
_ROWS_TO_JUDGE = 512
# A rise of the loss at the merge from which output layers are refitted.
_RISE = 0.1
# Groupings without a change after which the branches rest.
_PATIENCE = 3


def find_groups(network: Any, window: Window, state: Any) -> list[np.ndarray]:
    """Tell for each member which tasks are to share a branch.

    Members that rest keep their groups; others never part what is together.

    Parameters
    ----------
    network : SelectiveSharingNetwork
        Gets similarity, reliability and null.
    window : Window
    state : TrainingState

    Returns
    -------
    list of n_members ndarray of shape (n_tasks,)
    """
    n_tasks, members = network.n_tasks, network.members
    present = network.branch_of.reshape(-1, n_tasks).cpu().numpy()
    resting = (network.lock_epoch.reshape(-1) > 0).cpu().numpy()
    sharing = network.sharing
    if sharing.is_given:
        given = number_groups(np.array(sharing.sharing))
        return [own if r else given for own, r in zip(present, resting, strict=True)]
    batch = state.sample(row_count(network, state))
    features = read_features(network, window, batch)
    captured = points = None
    if window.capture is not None:
        captured = window.capture.similarity().reshape(-1, n_tasks, n_tasks)
    if window.points is not None:
        points = window.points.points()
        points = points.reshape(-1, *points.shape[-3:])
    groups = []
    for member, (rows, y) in enumerate(member_tables(batch, members, n_tasks)):
        own = present[member]
        if not resting[member]:
            views = [view[member][rows] for view in features]
            found = _groups_of_member(network, member, views, y, captured, points)
            own = join_groups(own, found)
        groups.append(own)
    return groups


def _groups_of_member(
    network: Any,
    member: int,
    views: list[np.ndarray],
    y: np.ndarray,
    captured: np.ndarray | None,
    points: np.ndarray | None,
) -> np.ndarray:
    sharing, n_tasks = network.sharing, network.n_tasks
    seed = int(network.seed.reshape(-1)[member])
    kinds = np.array(network.classification)
    evidence = read_evidence(views[0], y, kinds, sharing.min_reliability, seed)
    similarity = evidence.similarity
    if captured is not None:
        similarity = gated(captured[member], evidence.passed)
    elif len(views) > 1:
        later = read_evidence(views[1], y, kinds, None, seed)
        similarity = gated(later.similarity, evidence.passed)
    for name, value in (
        ("similarity", similarity),
        ("reliability", evidence.reliability),
        ("null", evidence.null),
    ):
        buffer = getattr(network, name)
        own = buffer.view(-1, *value.shape)[member]
        own.copy_(torch.as_tensor(value))
    own_points = None if points is None else points[member]
    found: np.ndarray = sharing.group(similarity, evidence.passed, own_points, seed)
    assert len(found) == n_tasks
    return found


def merge(
    network: Any, window: Window, state: Any, groups: Sequence[np.ndarray], epoch: int
) -> None:
    """Let the tasks of each group share a branch from now on.

    Parameters
    ----------
    network : SelectiveSharingNetwork
    window : Window
    state : TrainingState
    groups : list of n_members ndarray of shape (n_tasks,)
        Numbered in order of first appearance.
    epoch : int
        Under way, or just over; counted from 1.
    """
    n_tasks = network.n_tasks
    labels = torch.as_tensor(np.array(groups), device=network.branch_of.device)
    present = network.branch_of.reshape(-1, n_tasks)
    changed = (labels != present).any(-1)
    if bool(changed.any()):
        check = state.sample(_ROWS_TO_JUDGE)
        with evaluating(network.encoder):
            z = network.encode(check.x)
        before, old_outputs = _judged(network, state, z, check)
        counts = network.count_parameters()
        _merge_branches(network, window, state, groups)
        network.branch_of.copy_(labels.view_as(network.branch_of))
        n_used = network.layout.n_used
        state.limit(dict.fromkeys(network.branches.parameters(), n_used))
        after, _ = _judged(network, state, z, check)
        worse = after > before * (1 + _RISE)
        if network.sharing.refit_output is not False:
            if network.sharing.refit_output is True:
                worse = torch.ones_like(worse)
            worse = worse & changed.view_as(worse)
            _refit(network, z, old_outputs, check, worse)
            after, _ = _judged(network, state, z, check)
        numbers = (epoch, state.step, before, after, counts, network.count_parameters())
        _note(network, changed, numbers, labels)
    _lock(network, changed, labels, epoch)


def _judged(network: Any, state: Any, z: Tensor, check: Any) -> tuple[Tensor, Tensor]:
    """Loss summed over tasks, ``(*members,)``, and outputs of all tasks."""
    outputs = network.decode(z)
    wanted = outputs
    if check.task_of_row is not None:
        wanted = network.decode(z, check.task_of_row)
    terms = state.criterion.terms(wanted, check.codes, check.weight, check.task_of_row)
    return terms.losses.sum(-1), outputs


def _merge_branches(
    network: Any, window: Window, state: Any, groups: Sequence[np.ndarray]
) -> None:
    n_tasks, axis = network.n_tasks, len(network.members)
    present = network.branch_of.reshape(-1, n_tasks).cpu().numpy()
    losses = window.mean_losses().reshape(-1, n_tasks).cpu().numpy()
    places, best = [], []
    for own, slots, loss in zip(groups, present, losses, strict=True):
        tasks = [np.flatnonzero(own == group) for group in range(own.max() + 1)]
        places.append([np.unique(slots[chosen]).tolist() for chosen in tasks])
        # Of branches that serve many tasks already, the one with the best of them.
        best.append([int(slots[chosen[loss[chosen].argmin()]]) for chosen in tasks])
    for parameter in network.branches.parameters():
        remembered = state.optimizer_state(parameter, axis + 1)
        how = network.sharing.merge
        merge_places(parameter.data, remembered, places, best, how, axis)


def _refit(network: Any, z: Tensor, old: Tensor, check: Any, chosen: Tensor) -> None:
    """Solve output layers of the chosen members so that outputs stay."""
    if not bool(chosen.any()):
        return
    layout, heads = network.layout, network.heads
    hidden = network.branches(z, layout.n_used)
    by_task = rows_by_branch(hidden, network.branch_of)
    share = old.new_ones(old.shape[:-1])
    if check.row_weight is not None:
        share = (check.row_weight > 0).to(old.dtype).unsqueeze(-2).expand_as(share)
    share = share / share.sum(-1, keepdim=True)
    weight, bias = refit_heads(by_task, old, share)
    valid, bias = heads.valid, heads.intercepts(bias)
    pick = chosen[..., None, None]
    heads.bias.copy_(torch.where(pick & valid, bias, heads.bias))
    pick = pick.unsqueeze(-1) & valid.unsqueeze(-1)
    heads.weight.copy_(torch.where(pick, weight, heads.weight))


def rows_by_branch(hidden: Tensor, branch_of: Tensor) -> Tensor:
    """Branches of each task, ``(*members, n_tasks, batch, d)``."""
    index = branch_of[..., None, None].expand(*branch_of.shape, *hidden.shape[-2:])
    return hidden.gather(-3, index)


def _note(network: Any, changed: Tensor, numbers: Any, labels: Tensor) -> None:
    n_tasks = labels.shape[-1]
    events = network.merges.view(-1, *network.merges.shape[-2:])
    for member in changed.nonzero().flatten().tolist():
        free = (events[member, :, 0] == 0).nonzero().flatten()
        row = events[member, int(free[0])]
        values = [
            float(v.reshape(-1)[member]) if isinstance(v, Tensor) else float(v)
            for v in numbers
        ]
        row[:-n_tasks] = torch.tensor(values, dtype=row.dtype)
        row[-n_tasks:] = labels[member].to(row.dtype)


def _lock(network: Any, changed: Tensor, labels: Tensor, epoch: int) -> None:
    changed = changed.view_as(network.lock_epoch)
    fresh = network.closed_epoch == 0
    network.closed_epoch.masked_fill_(fresh, epoch)
    network.steps_seen.fill_(network.sharing.window)
    if not network.sharing.recluster:
        network.lock_epoch.masked_fill_(network.lock_epoch == 0, epoch)
        return
    ones = torch.nn.functional.one_hot(labels, labels.shape[-1]).sum(-2)
    alone = (ones == 1).any(-1).view_as(network.lock_epoch)
    running = network.lock_epoch == 0
    network.quiet_epochs.add_(running.long()).masked_fill_(running & changed, 0)
    rest = ~alone | (network.quiet_epochs >= _PATIENCE)
    network.lock_epoch.masked_fill_(running & rest, epoch)
