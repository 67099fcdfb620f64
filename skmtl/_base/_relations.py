"""Fitted attributes on how tasks relate, and why some stand alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..exceptions import TaskGroupWarning
from ..similarity import co_association, group_tasks
from ..similarity._grouping import HDBSCAN_TASKS
from ._warn import name_tasks, warn_user

__all__ = [
    "cause_of_groups",
    "fault_of_clustering",
    "task_attributes",
    "warn_of_silent_tasks",
    "warn_of_unrelated_tasks",
]

# Of tasks whose labels vary, and of those whose labels do not.
_TEXTS_OF_SILENCE = (
    "the signal that two halves of their rows agree on does not exceed that of "
    "permuted labels (`task_reliability_` <= `task_null_`). More labelled rows may "
    "change that. A network can learn such labels by heart: trust scores of rows that "
    "it did not see only.",
    "their target does not vary, so that there is nothing to relate. Check how the "
    "column came about, or leave it out.",
)


def task_attributes(
    estimator: Any,
    similarities: np.ndarray,
    distances: np.ndarray,
    reliability: np.ndarray,
    null: np.ndarray,
) -> dict[str, Any]:
    """Group the tasks, and name what is known of them.

    Parameters
    ----------
    estimator : estimator
        Says how to group.
    similarities : ndarray of shape (n_members, n_tasks, n_tasks)
        Gated.
    distances : ndarray of shape (n_tasks, n_tasks)
    reliability, null : ndarray of shape (n_tasks,)

    Returns
    -------
    dict of str to object
        Fitted attributes.
    """
    similarity = similarities.mean(0)
    groups = _group(estimator, similarity)
    attributes = {
        "task_similarity_": similarity,
        "task_distances_": distances,
        "task_groups_": groups.labels,
        "task_linkage_": groups.linkage,
        "task_reliability_": reliability,
        "task_null_": null,
    }
    if len(similarities) > 1:
        labels = np.array([_group(estimator, own).labels for own in similarities])
        attributes["task_similarity_std_"] = similarities.std(0)
        attributes["task_stability_"] = co_association(labels)
    return attributes


def _group(estimator: Any, similarity: np.ndarray) -> Any:
    return group_tasks(
        similarity,
        method=estimator.clustering,
        min_similarity=estimator.min_similarity,
        n_groups=estimator.n_groups,
    )


def warn_of_silent_tasks(
    silent: np.ndarray,
    varies: np.ndarray,
    task_names: Sequence[str],
    labels: np.ndarray,
    cause: str,
) -> None:
    """Say that tasks have no signal to relate them by, and so stand alone.

    Parameters
    ----------
    silent : bool ndarray of shape (n_tasks,)
        Tasks that do not pass the gate.
    varies : bool ndarray of shape (n_tasks,)
        Tasks with different labels.
    task_names : sequence of str
    labels : ndarray of shape (n_tasks,)
        Group of each task.
    cause : str
        Why such tasks share groups, where they do.
    """
    if len(task_names) < 2:
        return
    _, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    alone = sizes[place] == 1
    texts = _TEXTS_OF_SILENCE
    for chosen, text in ((silent & varies, texts[0]), (silent & ~varies, texts[1])):
        for own, state in (
            (chosen & alone, "stand alone in `task_groups_`"),
            (
                chosen & ~alone,
                "have no signal to relate them by, and are in groups with others in "
                f"`task_groups_` only because {cause}",
            ),
        ):
            tasks = np.flatnonzero(own)
            if len(tasks):
                shown = name_tasks(tasks, task_names)
                warn_user(f"Task(s) {shown} {state}: {text}", TaskGroupWarning)


def cause_of_groups(estimator: Any) -> str:
    """Say why tasks without a signal may share groups.

    Parameters
    ----------
    estimator : estimator
        Says how its tasks were grouped.

    Returns
    -------
    str
        A main clause.
    """
    if estimator.n_groups is not None:
        return f"n_groups={estimator.n_groups} gives the number of groups"
    return f"clustering={estimator.clustering!r} put them there"


def warn_of_unrelated_tasks(
    attributes: dict[str, Any], task_names: Sequence[str], estimator: Any
) -> None:
    """Say why no group formed although tasks have signals.

    Parameters
    ----------
    attributes : dict of str to object
        Of :func:`task_attributes`.
    task_names : sequence of str
    estimator : estimator
        Says how its tasks were grouped.
    """
    heard = attributes["task_reliability_"] > attributes["task_null_"]
    labels = attributes["task_groups_"]
    by_number = estimator.n_groups is not None
    if heard.sum() < 2 or by_number or len(np.unique(labels)) < len(labels):
        return
    similarity = attributes["task_similarity_"]
    pairs = np.tril_indices(len(similarity), -1)
    closest = similarity[pairs].argmax()
    first, second = (own[closest] for own in pairs)
    largest = similarity[first, second]
    reason = "no two of them are related enough."
    if largest >= estimator.min_similarity:
        fault = fault_of_clustering(estimator.clustering, len(labels))
        reason = f"{fault}. Use clustering='gap'."
    found = "All similarities are 0"
    if largest > 0:
        found = (
            f"The largest similarity is {largest:.2g}, of {task_names[second]!r} and "
            f"{task_names[first]!r}"
        )
    warn_user(
        f"No tasks form a group in `task_groups_`: {heard.sum()} of the "
        f"{len(labels)} tasks have a signal, but {reason} {found} "
        f"(`min_similarity={estimator.min_similarity}`).",
        TaskGroupWarning,
    )


def fault_of_clustering(clustering: Any, n_tasks: int) -> str:
    """Say how a clustering came to form no group of tasks that are related enough.

    Parameters
    ----------
    clustering : str or clusterer
        As the estimator's parameter.
    n_tasks : int

    Returns
    -------
    str
        The main clause of a sentence.
    """
    few = n_tasks < HDBSCAN_TASKS
    if few and isinstance(clustering, str) and clustering == "hdbscan":
        return (
            f"clustering='hdbscan' needs at least {HDBSCAN_TASKS} tasks to find a "
            f"group among, and there are {n_tasks}"
        )
    return f"clustering={clustering!r} left every task alone"
