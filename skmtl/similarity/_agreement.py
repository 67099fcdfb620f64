"""How well groups of tasks agree with other groups and with distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import check_random_state

from ..exceptions import InputError
from ._grouping import number_by_appearance


def adjusted_rand(groups_a: ArrayLike, groups_b: ArrayLike) -> float:
    """Adjusted Rand index of two partitions of the same tasks.

    Parameters
    ----------
    groups_a, groups_b : array-like of shape (n_tasks,)
        One group label per task; the names of the labels do not matter.

    Returns
    -------
    float
        1 for equal partitions, around 0 for unrelated ones.

    Raises
    ------
    InputError
        If the two do not label the same number of tasks.

    Examples
    --------
    >>> from skmtl.similarity import adjusted_rand
    >>> adjusted_rand([0, 0, 1], [5, 5, 2])
    1.0
    """
    a, b = _labels(groups_a, "groups_a"), _labels(groups_b, "groups_b")
    if len(a) != len(b):
        raise InputError(
            f"`groups_a` labels {len(a)} tasks but `groups_b` {len(b)}; compare "
            "partitions of the same tasks."
        )
    return float(adjusted_rand_score(a, b))


def pairwise_separation(distances: ArrayLike, groups: ArrayLike) -> float:
    """Smallest distance between groups minus largest distance within a group.

    Positive where every task is closer to each task of its group than any two tasks of
    different groups are: the criterion of success of [1]_.

    Parameters
    ----------
    distances : array-like of shape (n_tasks, n_tasks)
        Symmetric distances between tasks.
    groups : array-like of shape (n_tasks,)
        One group label per task.

    Returns
    -------
    float
        In the unit of the distances; NaN if all tasks form one group. If every task is
        alone the largest distance within a group is 0.

    Raises
    ------
    InputError
        If the shapes do not fit.

    References
    ----------
    .. [1] "Compressed Hierarchical Representations for Multi-Task Learning and Task
       Clustering", IJCNN 2022.

    Examples
    --------
    >>> from skmtl.similarity import pairwise_separation
    >>> pairwise_separation([[0, 1, 4], [1, 0, 3], [4, 3, 0]], [0, 0, 1])
    2.0
    """
    labels = _labels(groups, "groups")
    table = np.asarray(distances, dtype=np.float64)
    if table.shape != (len(labels), len(labels)):
        raise InputError(
            f"`distances` must have shape {(len(labels), len(labels))}, one row and "
            f"column per entry of `groups`; got {table.shape}."
        )
    same = labels[:, None] == labels[None, :]
    if same.all():
        return float("nan")
    off_diagonal = ~np.eye(len(labels), dtype=bool)
    within = table[same & off_diagonal].max(initial=0.0)
    return float(table[~same].min() - within)


def co_association(labels: ArrayLike) -> NDArray[np.float64]:
    """Measure how often two tasks fall into one group.

    Parameters
    ----------
    labels : array-like of shape (n_partitions, n_tasks)
        Group of each task in each partition, for instance of the members of an
        ensemble.

    Returns
    -------
    shares : ndarray of shape (n_tasks, n_tasks)
        Fraction of the partitions in which the two tasks share a group: 1 always, 0
        never. Symmetric, with a unit diagonal.

    Raises
    ------
    InputError
        If `labels` is not a table of at least one partition.

    References
    ----------
    A. Fred and A. K. Jain, "Combining multiple clusterings using evidence
    accumulation", IEEE TPAMI 27(6), 2005, eq. 1.

    Examples
    --------
    >>> from skmtl.similarity import co_association
    >>> co_association([[0, 0, 1], [0, 1, 1]])
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0.5],
           [0. , 0.5, 1. ]])
    """
    table = np.asarray(labels)
    if table.ndim != 2 or len(table) == 0:
        raise InputError(
            "`labels` must have shape (n_partitions, n_tasks) with at least one "
            f"partition; found {table.shape}."
        )
    return np.mean(table[:, :, None] == table[:, None, :], axis=0)


def matched_random_groups(
    groups: ArrayLike,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.intp]:
    """Groups of the same sizes with tasks drawn at random.

    The control that tells a good partition from a good number of groups.

    Parameters
    ----------
    groups : array-like of shape (n_tasks,)
        One group label per task.
    random_state : int, RandomState instance or None, default=None
        Draws the permutation.

    Returns
    -------
    ndarray of shape (n_tasks,)
        Labels 0..G-1 in order of first appearance.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.similarity import matched_random_groups
    >>> np.bincount(matched_random_groups([0, 0, 0, 1], random_state=0)).max()
    np.int64(3)
    """
    labels = _labels(groups, "groups")
    return number_by_appearance(check_random_state(random_state).permutation(labels))


def _labels(groups: ArrayLike, name: str) -> NDArray[np.generic]:
    labels = np.asarray(groups)
    if labels.ndim != 1 or len(labels) == 0:
        raise InputError(
            f"`{name}` must hold one label per task; got shape {labels.shape}."
        )
    return labels
