"""Where each task stands in a picture of all tasks."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform


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


def _neighbours_alike(similarity, members):
    if len(members) < 3:
        return members
    distance = squareform(1 - similarity[np.ix_(members, members)], checks=False)
    tree = linkage(distance, method="average")
    leaves = leaves_list(optimal_leaf_ordering(tree, distance))
    # Both directions are equally good; the earliest task leads.
    return members[leaves if leaves[0] < leaves[-1] else leaves[::-1]]
