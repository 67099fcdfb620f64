"""Classification, regression or ranking: named by the user or guessed."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from skmtl._naming import values_by_name
from skmtl.exceptions import InputError, TargetError, TaskTypeWarning
from skmtl.tasks._columns import Column

__all__ = ["choose_types", "named_types"]

# A column of integers with more distinct values is read as a quantity.
_MOST_GRADES = 20
# Classes are learnable from this many labels each, on average.
_LABELS_PER_GRADE = 5


def choose_types(
    task_types: str | Sequence[str] | Mapping[str, str],
    allowed: Sequence[str],
    columns: Sequence[Column],
    with_classes: Sequence[bool],
) -> tuple[list[str], list[bool]]:
    """Decide for each column whether it is classification, regression or ranking.

    Parameters
    ----------
    task_types : str, sequence of n_tasks str, or mapping of str to str
        "auto", one of the allowed types for all columns, one of them per column, or
        types by name of the column, the others being left to "auto". A Series whose
        index holds names is read as such a mapping.
    allowed : sequence of str
        Of "classification", "regression" and "ranking", those that can be learnt.
    columns : sequence of n_tasks Column
        Labels.
    with_classes : sequence of n_tasks bool
        Columns whose classes were given; "auto" takes them as classification.

    Returns
    -------
    types : list of n_tasks str
    guessed : list of n_tasks bool
        Whether "auto" decided from the labels.
    """
    named = named_types(task_types, [column.name for column in columns])
    types, guessed = [], []
    for column, one, given in zip(columns, named, with_classes, strict=True):
        guessed.append(one is None and len(allowed) > 1 and not given)
        if one is None:
            types.append(_auto_type(column, allowed, given))
        elif one in allowed:
            types.append(one)
        else:
            raise InputError(
                f"`task_types` must be 'auto' or hold {' and '.join(allowed)} only, "
                f"which can be learnt here; found {one!r} for task {column.name!r}."
            )
    return types, guessed


def named_types(
    task_types: str | Sequence[str] | Mapping[str, str], names: Sequence[str]
) -> list[str | None]:
    """Read the types that the user names.

    Parameters
    ----------
    task_types : str, sequence of n_tasks str, or mapping of str to str
        As for :func:`choose_types`.
    names : sequence of n_tasks str

    Returns
    -------
    list of n_tasks (str or None)
        None where "auto" is to decide.
    """
    if isinstance(task_types, str):
        return [None if task_types == "auto" else task_types] * len(names)
    by_name = values_by_name(task_types, names, "task_types")
    if by_name is not None:
        return [by_name.get(name) for name in names]
    types: list[str | None] = [str(one) for one in task_types]
    if len(types) != len(names):
        raise InputError(
            "`task_types` must hold one entry per task; found "
            f"{len(types)} entries for {len(names)} tasks ({', '.join(names)}). A "
            "dict may name some of the tasks only."
        )
    return types


def _auto_type(column: Column, allowed: Sequence[str], with_classes: bool) -> str:
    if len(allowed) == 1:
        return allowed[0]
    choice = "classification" if with_classes else _guess(column)
    if choice not in allowed:
        raise TargetError(
            f"Task {column.name!r} of y looks like {choice}, but only "
            f"{' and '.join(allowed)} can be learnt here. Set `task_types`."
        )
    return choice


def _guess(column: Column) -> str:
    """Guess from type and values, and warn where both readings are plausible."""
    if column.categorical or column.family in ("boolean", "text"):
        return "classification"
    distinct = np.unique(column.labels)
    if np.isin(distinct, (0, 1)).all():
        return "classification"
    whole = column.family == "integer" or _is_whole(distinct)
    few = len(distinct) <= _MOST_GRADES
    repeated = len(distinct) * _LABELS_PER_GRADE < column.n_observed
    choice = "regression"
    if column.family == "integer" and few and repeated:
        choice = "classification"
    if whole and (few or (repeated and column.family == "integer")):
        warnings.warn(
            f"Task {column.name!r} holds {len(distinct)} distinct whole numbers in "
            f"{column.n_observed} labels of type {column.layout.dtype} and is taken as "
            f"{choice}. Name the type of this task in `task_types` to choose and to "
            "silence this warning.",
            TaskTypeWarning,
            stacklevel=2,
        )
    return choice


def _is_whole(values: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values) & (values == np.rint(values))))
