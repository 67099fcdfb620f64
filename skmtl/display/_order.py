"""Where each task and each dimension stands in a picture."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

# Part of the largest value of all that a dimension must reach somewhere to be open.
_OPEN = 0.1
# Part of what the first group reads of a dimension that the second must read, for the
# dimension to be shared by groups.
_SHARED = 0.3


def display_order(similarity, groups):
    """Order tasks so that those of a group are neighbours.

    Groups of two or more come first, by their number; within one, tasks that resemble
    each other are neighbours. Tasks that stand alone follow, in their own order.

    Parameters
    ----------
    similarity : ndarray of shape (n_tasks, n_tasks)
    groups : ndarray of shape (n_tasks,), or None
        None keeps the order of the tasks.

    Returns
    -------
    order : ndarray of int, shape (n_tasks,)
        The task shown at each place.
    """
    if groups is None:
        return np.arange(len(similarity))
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    blocks = [
        _neighbours_alike(similarity, np.flatnonzero(number == group))
        for group in np.flatnonzero(sizes > 1)
    ]
    return np.concatenate([*blocks, np.flatnonzero(sizes[number] == 1)])


def group_spans(groups, order):
    """First and last place of every group of two or more tasks.

    Parameters
    ----------
    groups : ndarray of shape (n_tasks,), or None
    order : ndarray of int, shape (n_tasks,)
        As :func:`display_order` returns it.

    Returns
    -------
    spans : list of (label, int, int)
        In the order of places.
    """
    if groups is None:
        return []
    shown = groups[order]
    starts = np.flatnonzero(np.append(True, shown[1:] != shown[:-1]))
    ends = np.append(starts[1:], len(shown)) - 1
    return [
        (shown[start], int(start), int(end))
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ]


def dimension_order(capacity, groups):
    """Order dimensions by who reads them.

    Those that several groups read come first, then those of each group in its order,
    and last those that hardly any task reads. Within a block, those that more tasks
    read come first, then those of earlier tasks.

    Parameters
    ----------
    capacity : ndarray of shape (n_tasks, n_dimensions)
        At least 0, tasks in the order of the picture.
    groups : ndarray of shape (n_tasks,), or None
        In the order of the picture; None makes each task a group of its own.

    Returns
    -------
    order : ndarray of int, shape (n_dimensions,)
        The dimension shown at each place.
    bounds : list of int
        The places at which blocks begin, but for the first.
    """
    n_tasks, n_dimensions = capacity.shape
    if groups is None:
        groups = np.arange(n_tasks)
    starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    sizes = np.diff(np.append(starts, n_tasks))
    by_group = np.add.reduceat(capacity, starts, axis=0) / sizes[:, np.newaxis]
    block = by_group.argmax(axis=0)
    if len(starts) > 1:
        second, first = np.sort(by_group, axis=0)[-2:]
        block[second > _SHARED * first] = -1
    block[capacity.max(axis=0) <= _OPEN * capacity.max()] = len(starts)
    total = np.maximum(capacity.sum(axis=0), np.finfo(float).tiny)
    share = capacity / total
    readers = np.rint(1 / np.maximum((share**2).sum(axis=0), 1e-9))
    centre = np.arange(n_tasks) @ share
    # Closed dimensions keep their order: their shares mean nothing.
    closed = block == len(starts)
    readers[closed] = centre[closed] = 0
    order = np.lexsort((np.arange(n_dimensions), centre, -readers, block))
    shown = block[order]
    return order, (np.flatnonzero(shown[1:] != shown[:-1]) + 1).tolist()


def _neighbours_alike(similarity, members):
    if len(members) < 3:
        return members
    distance = squareform(1 - similarity[np.ix_(members, members)], checks=False)
    tree = linkage(distance, method="average")
    leaves = leaves_list(optimal_leaf_ordering(tree, distance))
    # Both directions are equally good; the earliest task leads.
    return members[leaves if leaves[0] < leaves[-1] else leaves[::-1]]
