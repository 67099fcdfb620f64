"""From similarities to disjoint groups of tasks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.spatial.distance import squareform
from sklearn.base import clone

from ..exceptions import InputError

Float = NDArray[np.float64]
Labels = NDArray[np.intp]

# Fewer points are all noise to it.
HDBSCAN_TASKS = 4
_TOLERANCE = 1e-9


class TaskGroups(NamedTuple):
    """Disjoint groups of tasks, returned by :func:`group_tasks`.

    Parameters
    ----------
    labels : ndarray of shape (n_tasks,)
        Group of each task: integers 0..G-1 in order of first appearance.
    linkage : ndarray of shape (n_tasks - 1, 4)
        The whole average-linkage tree on ``1 - similarity``, in scipy's form.

    Examples
    --------
    >>> from skmtl.similarity import group_tasks
    >>> labels, linkage = group_tasks([[1.0, 0.75], [0.75, 1.0]])
    >>> linkage
    array([[0.  , 1.  , 0.25, 2.  ]])
    """

    labels: Labels
    linkage: Float


def group_tasks(
    similarity: ArrayLike,
    *,
    method: Any = "gap",
    min_similarity: float = 0.25,
    n_groups: int | None = None,
) -> TaskGroups:
    """Partition tasks by their similarity; the number of groups is found.

    Parameters
    ----------
    similarity : array-like of shape (n_tasks, n_tasks)
        Symmetric, in [0, 1]; the diagonal is taken to be 1.
    method : {"gap", "hdbscan"} or scikit-learn clusterer, default="gap"
        "gap" cuts the average-linkage tree in the largest gap between successive merge
        similarities, 0 following the last. Of equal gaps the one with more groups is
        taken. "hdbscan" needs the package hdbscan; its noise tasks stand alone, and
        all of fewer than four tasks do. A clusterer must have `metric="precomputed"`
        and is cloned; tasks it labels -1 stand alone.
    min_similarity : float, default=0.25
        No group is formed at a lower average similarity: "gap" makes no such merge, and
        groups of the other methods whose mean similarity is lower are dissolved.
    n_groups : int, default=None
        Number of groups to cut the tree into whatever the similarities; for "gap" only.

    Returns
    -------
    TaskGroups
        Labels and tree.

    Raises
    ------
    InputError
        If the similarity is no symmetric matrix with values in [0, 1], or a parameter
        breaks the rules.
    ImportError
        If `method="hdbscan"` and the package is not installed.

    Examples
    --------
    >>> from skmtl.similarity import group_tasks
    >>> group_tasks([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]]).labels
    array([0, 0, 1])
    """
    table = _checked(similarity)
    if not 0 <= min_similarity <= 1:
        raise InputError(f"`min_similarity` must lie in [0, 1]; got {min_similarity}.")
    _check_number(n_groups, len(table), method)
    tree = _tree(table)
    if isinstance(method, str) and method == "gap":
        n_merges = (
            _merges_before_gap(tree, min_similarity)
            if n_groups is None
            else len(table) - n_groups
        )
        return TaskGroups(_cut(tree, n_merges), tree)
    if len(table) == 1:
        return TaskGroups(np.zeros(1, dtype=np.intp), tree)
    if isinstance(method, str):
        if method != "hdbscan":
            raise InputError(
                f'`method` must be "gap", "hdbscan" or a clusterer; got {method!r}.'
            )
        found = _hdbscan(table)
    else:
        found = _precomputed(table, method)
    return TaskGroups(_dissolve(_noise_alone(found), table, min_similarity), tree)


def number_by_appearance(labels: ArrayLike) -> Labels:
    """Rename labels to 0..G-1 in order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _tree(table: Float) -> Float:
    if len(table) == 1:
        return np.zeros((0, 4))
    return scipy_linkage(squareform(1.0 - table, checks=False), method="average")


def _merges_before_gap(tree: Float, min_similarity: float) -> int:
    similarities = 1.0 - tree[:, 2]
    n_allowed = int((similarities >= min_similarity - _TOLERANCE).sum())
    # A merge of unrelated tasks is no merge, even where min_similarity is 0.
    n_allowed = min(n_allowed, int((similarities > _TOLERANCE).sum()))
    if n_allowed == 0:
        return 0
    gaps = similarities - np.append(similarities[1:], 0.0)
    gaps = gaps[:n_allowed]
    # The first of gaps that differ by rounding only, so that task order is irrelevant.
    return int(np.argmax(gaps >= gaps.max() - _TOLERANCE)) + 1


def _cut(tree: Float, n_merges: int) -> Labels:
    """Groups after the first merges; unlike a cut at a height, exact under ties."""
    n_tasks = len(tree) + 1
    members = {task: [task] for task in range(n_tasks)}
    for step, (left, right) in enumerate(tree[:n_merges, :2].astype(int)):
        members[n_tasks + step] = members.pop(left) + members.pop(right)
    labels = np.empty(n_tasks, dtype=np.intp)
    for group, tasks in members.items():
        labels[tasks] = group
    return number_by_appearance(labels)


def _hdbscan(table: Float) -> Labels:
    try:
        from hdbscan import HDBSCAN
    except ImportError as error:
        raise ImportError(
            'method="hdbscan" needs the package hdbscan; install it with '
            '`pip install hdbscan`, or use method="gap".'
        ) from error
    if len(table) < HDBSCAN_TASKS:
        return np.full(len(table), -1, dtype=np.intp)
    return HDBSCAN(metric="precomputed", min_cluster_size=2).fit_predict(1.0 - table)


def _precomputed(table: Float, clusterer: Any) -> Labels:
    metric = getattr(clusterer, "metric", None)
    if not hasattr(clusterer, "fit_predict") or metric != "precomputed":
        raise InputError(
            '`method` must be "gap", "hdbscan" or a scikit-learn clusterer with '
            f'metric="precomputed"; got {clusterer!r} with metric={metric!r}.'
        )
    return np.asarray(clone(clusterer).fit_predict(1.0 - table))


def _noise_alone(labels: Labels) -> Labels:
    labels = labels.astype(np.intp)
    noise = labels < 0
    labels[noise] = labels.max(initial=0) + 1 + np.arange(noise.sum())
    return labels


def _dissolve(labels: Labels, table: Float, min_similarity: float) -> Labels:
    labels = number_by_appearance(labels)
    alone = labels.max() + 1 + np.arange(len(labels))
    for group in range(labels.max() + 1):
        members = np.flatnonzero(labels == group)
        pairs = table[np.ix_(members, members)][np.triu_indices(len(members), 1)]
        if len(pairs) and pairs.mean() < max(min_similarity, _TOLERANCE):
            labels[members] = alone[members]
    return number_by_appearance(labels)


def _checked(similarity: ArrayLike) -> Float:
    table = np.array(similarity, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) == 0:
        raise InputError(
            f"`similarity` must be a square matrix of tasks; got shape {table.shape}."
        )
    np.fill_diagonal(table, 1.0)
    if not (np.isfinite(table).all() and np.allclose(table, table.T, atol=1e-8)):
        raise InputError("`similarity` must be finite and symmetric.")
    low, high = table.min(), table.max()
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise InputError(
            f"`similarity` must lie in [0, 1]; its values span [{low}, {high}]. Pass "
            "similarities, not distances."
        )
    return np.clip((table + table.T) / 2, 0.0, 1.0)


def _check_number(n_groups: int | None, n_tasks: int, method: Any) -> None:
    if n_groups is None:
        return
    if not (isinstance(method, str) and method == "gap"):
        raise InputError(
            '`n_groups` is for method="gap" only; set the number on the clusterer.'
        )
    if not 1 <= n_groups <= n_tasks:
        raise InputError(
            f"`n_groups` must lie between 1 and the {n_tasks} tasks; got {n_groups}."
        )
