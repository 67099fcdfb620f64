"""Groups of tasks that the user gives."""

from collections.abc import Hashable, Mapping, Sequence, Set
from numbers import Number
from typing import Any

import numpy as np

from skmtl._naming import values_by_name
from skmtl.exceptions import InputError

__all__ = ["read_groups"]

# No labels, though some of them can be hashed.
_NESTED = (list, tuple, Set, Mapping, np.ndarray)


def read_groups(sharing: Any, task_names: Sequence[str]) -> tuple[int, ...]:
    """Number the groups that `sharing` gives, one label per task.

    Parameters
    ----------
    sharing : array-like of shape (n_tasks,), or mapping of task names to labels
        Labels of any type that can be hashed. A Series whose index holds names is read
        by them.
    task_names : sequence of n_tasks str

    Returns
    -------
    tuple of n_tasks int
        Groups in order of first appearance.

    Raises
    ------
    InputError
        If there is not one label for every task.
    """
    named = values_by_name(sharing, task_names, "sharing", complete=True)
    if named is None:
        labels = _by_place(sharing, len(task_names))
    else:
        labels = [named[name] for name in task_names]
    numbers: dict[Any, int] = {}
    for name, label in zip(task_names, labels, strict=True):
        _check_label(label, name)
        numbers.setdefault(label, len(numbers))
    return tuple(numbers[label] for label in labels)


def _by_place(sharing: Any, n_tasks: int) -> list[Any]:
    if isinstance(sharing, Set) or hasattr(sharing, "columns"):
        found = f"a {type(sharing).__name__}"
    else:
        labels = sharing.tolist() if hasattr(sharing, "tolist") else list(sharing)
        nested = any(isinstance(own, _NESTED) for own in labels)
        if not nested and len(labels) == n_tasks:
            return labels
        found = f"{len(labels)} {'lists' if nested else 'labels'}"
    raise InputError(
        f"`sharing` must give one group label per task, shape ({n_tasks},); found "
        f"{found}. Tasks of one group have equal labels, in the order of the tasks, as "
        "in [0, 0, 1]; a dict or a Series may name the tasks."
    )


def _check_label(label: Any, name: str) -> None:
    missing = label is None or type(label).__name__ in ("NAType", "NaTType")
    if missing or (isinstance(label, Number) and bool(label != label)):
        raise InputError(
            f"`sharing` must give one group label per task; found {label!r} for task "
            f"{name!r}. Give a task that is to stay alone a label of its own."
        )
    if isinstance(label, _NESTED) or not isinstance(label, Hashable):
        raise InputError(
            f"`sharing` must give one group label per task, a number or text; found "
            f"{label!r} for task {name!r}."
        )
