"""Classification, regression or ranking: named by the user or guessed."""

import warnings
from collections.abc import Sequence

import numpy as np

from skmtl.exceptions import InputError, TargetError, TaskTypeWarning
from skmtl.tasks._columns import Column

__all__ = ["TASK_TYPES", "choose_types"]

TASK_TYPES = ("classification", "regression", "ranking")

# A column of integers with more distinct values is read as a quantity.
_MOST_GRADES = 20
# Classes are learnable from this many labels each, on average.
_LABELS_PER_GRADE = 5


def choose_types(
    task_types: str | Sequence[str],
    allowed: Sequence[str],
    columns: Sequence[Column],
    with_classes: Sequence[bool],
) -> tuple[list[str], list[bool]]:
    """Decide for each column whether it is classification, regression or ranking.

    Parameters
    ----------
    task_types : str or sequence of n_tasks str
        "auto", one of "classification", "regression" and "ranking" for all columns,
        or one of these three per column.
    allowed : sequence of str
        Types that "auto" may choose.
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
    if not (isinstance(task_types, str) and task_types == "auto"):
        return _named_types(task_types, columns), [False] * len(columns)
    if len(allowed) == 1:
        return [allowed[0]] * len(columns), [False] * len(columns)
    types = [
        "classification" if given else _guess(column)
        for column, given in zip(columns, with_classes, strict=True)
    ]
    for column, one in zip(columns, types, strict=True):
        if one not in allowed:
            raise TargetError(
                f"Task {column.name!r} of y looks like {one}, but only "
                f"{' and '.join(allowed)} can be learnt here. Set `task_types`."
            )
    return types, [not given for given in with_classes]


def _named_types(
    task_types: str | Sequence[str], columns: Sequence[Column]
) -> list[str]:
    if isinstance(task_types, str):
        types = [task_types] * len(columns)
    else:
        types = [str(one) for one in task_types]
    if len(types) != len(columns):
        names = ", ".join(column.name for column in columns)
        raise InputError(
            "`task_types` must hold one entry per task; found "
            f"{len(types)} entries for {len(columns)} tasks ({names})."
        )
    for column, one in zip(columns, types, strict=True):
        if one not in TASK_TYPES:
            raise InputError(
                f"`task_types` must be 'auto' or hold {', '.join(TASK_TYPES)}; found "
                f"{one!r} for task {column.name!r}."
            )
    return types


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
            f"{column.n_observed} labels and is taken as {choice}. Name the type of "
            "every task in `task_types` to choose and to silence this warning.",
            TaskTypeWarning,
            stacklevel=2,
        )
    return choice


def _is_whole(values: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values) & (values == np.rint(values))))
