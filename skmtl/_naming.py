"""What is given for each task, read by the names of the tasks where it bears names."""

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from skmtl.exceptions import InputError

__all__ = ["bears_names", "column_places", "columns_by_name", "values_by_name"]


def values_by_name(
    values: Any, task_names: Sequence[str], parameter: str, complete: bool = False
) -> dict[str, Any] | None:
    """Read a parameter that has one value per task by the names that it bears.

    A Series of pandas whose index is not made of task names goes by place only if the
    index is numbers in increasing order, as that of a Series without names is.

    Parameters
    ----------
    values : dict, Series or array-like of shape (n_tasks,)
    task_names : sequence of n_tasks str
    parameter : str
        Name of the parameter.
    complete : bool, default=False
        Whether every task must have a value.

    Returns
    -------
    dict of str to object, or None
        Values by the names of tasks; None if there are no names, so that values go by
        place.

    Raises
    ------
    InputError
        If it names a task twice, an unknown one or, with `complete`, not all.
    """
    if isinstance(values, Mapping):
        labels, items = list(values), list(values.values())
    elif hasattr(values, "iloc") and not hasattr(values, "columns"):
        labels, items = list(values.index), list(values)
        if _by_place(labels, task_names):
            return None
    else:
        return None
    _check_names(labels, task_names, f"`{parameter}`", complete)
    return dict(zip(map(str, labels), items, strict=True))


def columns_by_name(values: Any, task_names: Sequence[str], parameter: str) -> Any:
    """Put the columns of a data frame into the order of the tasks.

    Parameters
    ----------
    values : DataFrame of shape (n_samples, n_tasks), or anything else
    task_names : sequence of n_tasks str
    parameter : str
        Name of the parameter.

    Returns
    -------
    ndarray of shape (n_samples, n_tasks), or `values`
        As it was given if it is no data frame, if its columns bear no names (those
        that the library counts itself are none), or if there is a single task, whose
        weights may have a name of their own.

    Raises
    ------
    InputError
        If columns have other names than the tasks, or one has none.
    """
    places = column_places(values, task_names, parameter)
    return values if places is None else np.asarray(values)[:, places]


def column_places(
    values: Any, task_names: Sequence[str], parameter: str
) -> list[int] | None:
    """Find the column of each task in a data frame.

    Parameters
    ----------
    values, task_names, parameter
        As in :func:`columns_by_name`, which returns `values` where this is None.

    Returns
    -------
    list of n_tasks int, or None

    Raises
    ------
    InputError
        If columns have other names than the tasks, or one has none.
    """
    if len(task_names) == 1 or not bears_names(values, task_names):
        return None
    labels = list(values.columns)
    _check_names(labels, task_names, f"`{parameter}`", True)
    places = {str(label): place for place, label in enumerate(labels)}
    return [places[name] for name in task_names]


def bears_names(values: Any, task_names: Sequence[str] = ()) -> bool:
    """Whether something is a data frame whose columns have names of their own.

    Parameters
    ----------
    values : object
    task_names : sequence of str, default=()
        These are names, whatever they look like.

    Returns
    -------
    bool
    """
    if not hasattr(values, "columns"):
        return False
    labels = list(values.columns)
    counted = [f"column_{place}" for place in range(len(labels))]
    if not hasattr(values, "iloc") and labels == counted:
        return False  # so polars counts
    return not _by_place(labels, task_names)


def _by_place(labels: list[Any], task_names: Sequence[str]) -> bool:
    """Whether labels of values are no names: numbers in increasing order, or none."""
    if labels and all(str(label) in task_names for label in labels):
        return False
    if not all(isinstance(label, Number) for label in labels):
        return False
    return bool((np.diff(np.asarray(labels, dtype=float)) > 0).all())


def _check_names(
    labels: list[Any], task_names: Sequence[str], what: str, complete: bool
) -> None:
    names = list(map(str, labels))
    unknown = [own for own in labels if str(own) not in task_names]
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in task_names if name not in names] if complete else []
    faults = [f"names unknown task(s) {unknown}"] if unknown else []
    faults += [f"names {twice} more than once"] if twice else []
    faults += [f"leaves out {missing} (each task needs a value)"] if missing else []
    if faults:
        raise InputError(
            f"{what} {' and '.join(faults)}; the tasks are {list(task_names)}. What "
            "bears no names, such as a list or an array, goes by their order."
        )
