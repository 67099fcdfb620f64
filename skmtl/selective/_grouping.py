"""From similarities to the groups that are to share a branch."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from skmtl.similarity import group_tasks, matched_random_groups

__all__ = ["Sharing", "join_groups", "number_groups"]

# Points that "variance" compares with each other, at most.
_MOST_POINTS = 1500


@dataclass(frozen=True)
class Sharing:
    """Which tasks share a branch, and how they come to.

    Attributes
    ----------
    sharing : str or tuple of int
        A criterion, or the groups themselves.
    representation : str
    clustering : str or clusterer
    min_similarity : float
    n_groups : int or None
    min_reliability : str, float or None
    window : int
        Steps.
    merge : str
    recluster : bool
    refit_output : bool or str
    rank : int
    reshape : tuple of int or None
    """

    sharing: Any
    representation: str
    clustering: Any
    min_similarity: float
    n_groups: int | None
    min_reliability: Any
    window: int
    merge: str
    recluster: bool
    refit_output: Any
    rank: int
    reshape: tuple[int, ...] | None

    @property
    def is_given(self) -> bool:
        """Whether the groups are given."""
        return not isinstance(self.sharing, str)

    def described(self) -> dict[str, Any]:
        """Values by the names of the estimator's parameters, a clusterer in words."""
        values = {own.name: getattr(self, own.name) for own in fields(self)}
        values["tensor_shape"] = values.pop("reshape")
        chosen = self.clustering
        if not isinstance(chosen, str):
            values["clustering"] = f"{type(chosen).__name__}: {chosen.get_params()}"
        return values

    def group(
        self,
        similarity: np.ndarray,
        passed: np.ndarray,
        points: np.ndarray | None,
        seed: int,
    ) -> np.ndarray:
        """Find the groups of one network.

        Parameters
        ----------
        similarity : ndarray of shape (n_tasks, n_tasks)
            Zero beside the diagonal for tasks that did not pass.
        passed : bool ndarray of shape (n_tasks,)
            Others stay alone.
        points : ndarray of shape (n_steps, n_tasks, size), or None
            For "variance".
        seed : int
            For "random".

        Returns
        -------
        ndarray of shape (n_tasks,)
            Labels in order of first appearance.
        """
        found = group_tasks(
            similarity,
            method=self.clustering,
            min_similarity=self.min_similarity,
            n_groups=self.n_groups,
        ).labels
        active = np.flatnonzero(passed)
        if self.sharing == "similarity" or len(active) < 2:
            return found
        own, table = found[active], similarity[np.ix_(active, active)]
        if self.sharing == "random":
            chosen = matched_random_groups(own, random_state=seed)
        elif self.sharing == "dissimilarity":
            count = len(np.unique(own))
            chosen = group_tasks(1 - table, n_groups=count).labels
        else:
            assert points is not None
            chosen = _by_variance(points[:, active])
        labels = len(passed) + np.arange(len(passed))
        labels[active] = chosen
        return number_groups(labels)


def _by_variance(points: np.ndarray) -> np.ndarray:
    """Groups of tasks that come closest to each other at some step.

    A neighbourhood reaches as far as half of the distances within a task. The point
    whose neighbourhood holds most tasks makes a group of them, until none is left.
    """
    n_tasks = points.shape[1]
    points = points[-max(_MOST_POINTS // n_tasks, 2) :]
    flat = points.reshape(-1, points.shape[-1])
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    # A batch without a label of a task says nothing of it, nor does one that blew up.
    tells = np.isfinite(lengths) & (lengths > 0)
    flat = np.where(tells, flat, 0) / np.where(tells, np.maximum(lengths, 1e-300), 1)
    distance = 1 - (flat @ flat.T) ** 2
    task = np.tile(np.arange(n_tasks), len(points))
    both = tells & tells.T
    same = (task[:, None] == task) & both
    np.fill_diagonal(same, False)
    if not same.any():
        return np.arange(n_tasks)
    near = both & (distance <= np.median(distance[same]))
    by_task = near.reshape(len(flat), len(points), n_tasks).any(1)
    by_task[np.arange(len(flat)), task] = True
    labels, left = np.full(n_tasks, -1), np.ones(n_tasks, dtype=bool)
    while left.any():
        counts = np.where(left[task], (by_task & left).sum(1), 0)
        members = by_task[counts.argmax()] & left
        labels[members] = labels.max() + 1
        left &= ~members
    return number_groups(labels)


def join_groups(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The finest groups that hold every group of both."""
    labels = number_groups(first)
    for group in np.unique(second):
        together = np.unique(labels[second == group])
        labels[np.isin(labels, together)] = together[0]
    return number_groups(labels)


def number_groups(labels: np.ndarray) -> np.ndarray:
    """Rename labels to 0..G-1 in order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    found: np.ndarray = np.argsort(np.argsort(first))[inverse]
    return found
