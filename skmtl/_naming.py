"""What is given for each task, read by the names of the tasks where it bears names."""

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from skmtl.exceptions import InputError

__all__ = ["columns_by_name", "columns_like", "distinct_names", "values_by_name"]


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
    if not hasattr(values, "columns") or len(task_names) == 1:
        return values
    labels = list(values.columns)
    if _counted_by_polars(values) or _by_place(labels, task_names):
        return values
    _check_names(labels, task_names, f"`{parameter}`", True)
    places = {str(label): place for place, label in enumerate(labels)}
    return np.asarray(values)[:, [places[name] for name in task_names]]


def columns_like(y_true: Any, values: Any, parameter: str) -> list[int] | None:
    """Find the columns of a data frame in another one, by their names.

    Parameters
    ----------
    y_true : DataFrame of shape (n_samples, n_tasks), or anything else
    values : likewise
        With predictions, say.
    parameter : str
        Name of `values`.

    Returns
    -------
    list of n_tasks int, or None
        Places in `values` of the columns of `y_true`. None if either is no data frame
        or counts its columns from 0, if their names are equal or other numbers, or if
        there is a single task: then columns go by place.

    Raises
    ------
    InputError
        If both bear names that are no numbers, and not the same.
    """
    if _is_counted(y_true) or _is_counted(values):
        return None
    wanted, found = (distinct_names(list(own.columns)) for own in (y_true, values))
    if len(wanted) == 1 or wanted == found:
        return None
    if sorted(wanted) != sorted(found):
        if any(_by_place(list(own.columns), ()) for own in (y_true, values)):
            return None
        _check_names(found, wanted, f"`{parameter}`", True)
    return [found.index(name) for name in wanted]


def distinct_names(labels: Sequence[Any]) -> list[str]:
    """Names as text; a repeated name gets the first free number as suffix.

    Parameters
    ----------
    labels : sequence of objects

    Returns
    -------
    list of str
    """
    names: list[str] = []
    used: set[str] = set()
    originals = set(map(str, labels))
    for label in map(str, labels):
        name, number = label, 2
        while name in used or (name != label and name in originals):
            name, number = f"{label}_{number}", number + 1
        names.append(name)
        used.add(name)
    return names


def _is_counted(values: Any) -> bool:
    """Whether something is no data frame, or one whose columns are merely counted."""
    if not hasattr(values, "columns") or _counted_by_polars(values):
        return True
    return list(values.columns) == list(range(len(values.columns)))


def _counted_by_polars(values: Any) -> bool:
    labels = list(values.columns)
    counted = [f"column_{place}" for place in range(len(labels))]
    return not hasattr(values, "iloc") and labels == counted


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
