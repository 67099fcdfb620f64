"""Targets of any container, read as a list of columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse

from skmtl._naming import distinct_names, values_by_name
from skmtl.exceptions import InputError, TargetError
from skmtl.tasks._columns import Column, column_from_array, distinct_labels
from skmtl.tasks._frames import frame_library, pandas_column, polars_column

__all__ = [
    "TargetTable",
    "check_same_tasks",
    "names_for_weights",
    "read_classes",
    "read_targets",
]


@dataclass(frozen=True, eq=False)
class TargetTable:
    """The columns of y and the way the user laid them out.

    Parameters
    ----------
    columns : list of n_tasks Column
        One per task.
    labels : list of length n_tasks
        Column labels of a DataFrame, else the names of the tasks.
    one_dimensional : bool
        Whether y was 1-D.
    container : {"array", "pandas", "polars"}
        The DataFrame library if y was a DataFrame, else "array".
    """

    columns: list[Column]
    labels: list[Any]
    one_dimensional: bool
    container: str

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.columns[0].observed)

    @property
    def names(self) -> list[str]:
        """Names of the tasks, all different."""
        return [column.name for column in self.columns]

    def observed_matrix(self) -> np.ndarray:
        """Return where labels are present, boolean of shape (n_samples, n_tasks)."""
        return np.column_stack([column.observed for column in self.columns])


def read_targets(y: Any) -> TargetTable:
    """Read y.

    Parameters
    ----------
    y : array-like, Series or DataFrame of shape (n_samples,) or (n_samples, n_tasks)
        Labels; missing ones are NaN, None, pandas.NA or polars' null.

    Returns
    -------
    table : TargetTable

    Raises
    ------
    TargetError
        If y is None, sparse, empty, not 1-D or 2-D, or holds other things than
        numbers, booleans and text.
    """
    if y is None:
        raise TargetError(
            "This estimator requires y to be passed, but the target y is None."
        )
    if scipy.sparse.issparse(y):
        raise TargetError(
            "y must be dense; found a sparse container. Use y.toarray(), and NaN "
            "where a label is missing (a zero is a label)."
        )
    library = frame_library(y)
    table = _read_array(y) if library is None else _read_frame(y, library)
    if table.n_samples == 0:
        raise TargetError(
            "y must have at least one row; found 0 sample(s). Check how the rows "
            "were selected."
        )
    return table


def check_same_tasks(
    table: TargetTable, task_names: Sequence[str], container: str
) -> None:
    """Compare the columns of y with those of fit.

    Parameters
    ----------
    table : TargetTable
    task_names : sequence of str
        Of the tasks in fit.
    container : str
        What y came in then.

    Raises
    ------
    TargetError
        If there are more or fewer, or of two data frames names or order differ.
    """
    if len(table.columns) != len(task_names):
        raise TargetError(
            f"y must have one column per task, {len(task_names)}; found "
            f"{len(table.columns)}. The tasks are {', '.join(task_names)}."
        )
    if "array" not in (container, table.container) and table.names != task_names:
        raise TargetError(
            "The columns of y must be those of fit, in the same order, "
            f"{task_names}; found {table.names}. Reorder or rename them."
        )


def names_for_weights(
    sample_weight: Any, y: Any, fitted: Sequence[str] | None = None
) -> Sequence[str] | None:
    """Names of the tasks that columns of weights may bear; None if there are none.

    They are those of the columns of y, else those in fit, else counted ones.
    """
    if not hasattr(sample_weight, "columns"):
        return None
    table = read_targets(y)
    return table.names if fitted is None or table.container != "array" else fitted


def _read_frame(y: Any, library: str) -> TargetTable:
    if hasattr(y, "collect"):
        raise TargetError("y must hold data; found a polars LazyFrame: collect it.")
    read = pandas_column if library == "pandas" else polars_column
    if not hasattr(y, "columns"):
        if library == "pandas":
            import pandas

            y = pandas.Series(y)
        label = y.name if y.name is not None and str(y.name) else "task_0"
        return TargetTable([read(str(label), y)], [label], True, "array")
    labels = list(y.columns)
    _check_some_columns(len(labels))
    names = distinct_names(labels)
    if library == "pandas":
        series = [y.iloc[:, position] for position in range(len(labels))]
    else:
        series = list(y.iter_columns())
    columns = [read(name, one) for name, one in zip(names, series, strict=True)]
    return TargetTable(columns, labels, False, library)


def _check_some_columns(n_columns: int) -> None:
    if n_columns == 0:
        raise TargetError(
            "y must have at least one column; found 0. Each column is a task."
        )


def _read_array(y: Any) -> TargetTable:
    from_list = isinstance(y, (list, tuple))
    array = _array_of_list(y) if from_list else np.asanyarray(y)
    if array.ndim not in (1, 2):
        raise TargetError(
            "y must be 1-D, or 2-D of shape (n_samples, n_tasks); found "
            f"{array.ndim} dimension(s), shape {array.shape}."
        )
    one_dimensional = array.ndim == 1
    if one_dimensional:
        array = array[:, np.newaxis]
    _check_some_columns(array.shape[1])
    names = [f"task_{position}" for position in range(array.shape[1])]
    present = ~np.ma.getmaskarray(array) if np.ma.isMaskedArray(array) else None
    plain = np.asarray(array)
    columns = [
        column_from_array(
            name, plain[:, position], None if present is None else present[:, position]
        )
        for position, name in enumerate(names)
    ]
    if from_list:
        columns = [_with_plain_text(column) for column in columns]
    return TargetTable(columns, list(names), one_dimensional, "array")


def _array_of_list(y: Any) -> np.ndarray:
    """Keep the type of every column: numpy would turn 1 beside "a" into text."""
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise TargetError(
            "All rows of y must have the same number of labels, one per task; found "
            "rows of different lengths. Write missing labels as None or NaN."
        ) from error
    if array.ndim == 1 and array.dtype.kind in "biu":
        return array
    return np.array(y, dtype=object) if array.size else array


def _with_plain_text(column: Column) -> Column:
    """As numpy does for a list of text, classes become an array of text."""
    if column.family != "text" or not isinstance(column.labels[0], str):
        return column
    return replace(column, values=column.values.astype(np.str_))


def read_classes(classes: Any, names: Sequence[str]) -> list[np.ndarray | None]:
    """Read classes that are known before all labels are.

    Parameters
    ----------
    classes : array-like, list of n_tasks (array-like or None), dict, or None
        One array if y is 1-D, else one per task; a dict names tasks.
    names : sequence of n_tasks str
        Names of the tasks.

    Returns
    -------
    classes : list of n_tasks (ndarray of shape (n_classes,) or None)
        Sorted.

    Raises
    ------
    InputError
        If there is not one array per task, of at least two classes, none missing, or
        if a dict names an unknown task.
    """
    n_tasks = len(names)
    if classes is None:
        return [None] * n_tasks
    if isinstance(classes, Mapping):
        named = values_by_name(classes, names, "classes") or {}
        classes = [named.get(name) for name in names]
    per_task = list(classes)
    if n_tasks == 1 and not (len(per_task) == 1 and _is_array_or_none(per_task[0])):
        per_task = [classes]
    if len(per_task) != n_tasks:
        raise InputError(
            "`classes` must hold one array per task; found "
            f"{len(per_task)} for {n_tasks} tasks ({', '.join(names)})."
        )
    return [
        None if one is None else _sorted_classes(name, one)
        for name, one in zip(names, per_task, strict=True)
    ]


def _is_array_or_none(value: Any) -> bool:
    return value is None or np.ndim(value) == 1


def _sorted_classes(name: str, classes: Any) -> np.ndarray:
    if np.ndim(classes) != 1:
        raise InputError(
            "`classes` must hold one array of classes per task, as in [[0, 1], [0, 1]] "
            f"or {{{name!r}: [0, 1]}}; found {classes!r} for task {name!r}."
        )
    columns = read_targets(classes).columns
    distinct = distinct_labels(columns[0].labels)
    if len(columns) > 1 or len(distinct) < 2 or not columns[0].observed.all():
        raise InputError(
            "`classes` must name at least two classes, none of them missing, for task "
            f"{name!r}; found {classes!r}."
        )
    return distinct
