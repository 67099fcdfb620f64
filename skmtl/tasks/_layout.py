"""Codes of one task back to labels, and columns back to the user's layout."""

from collections.abc import Sequence

import numpy as np

from skmtl.exceptions import InputError
from skmtl.tasks._columns import ColumnLayout
from skmtl.tasks._frames import real_layout
from skmtl.tasks._spec import TaskSpec

__all__ = ["decode", "output_layout", "stack_columns"]

_POLARS_TYPES = {"b": "Boolean", "i": "Int64", "u": "UInt64", "f": "Float64"}


def output_layout(
    layout: ColumnLayout, spec: TaskSpec, known: np.ndarray | None, container: str
) -> ColumnLayout:
    """Return how predictions of a task are stored.

    Parameters
    ----------
    layout : ColumnLayout
        How the user stored the labels.
    spec : TaskSpec
        What the task predicts.
    known : ndarray of shape (n_classes,) or None
        Classes the user gave; they may not fit the data type of the labels seen.
    container : {"array", "pandas", "polars"}
        Library of the DataFrame, if any.

    Returns
    -------
    layout : ColumnLayout
    """
    if spec.classes is None:
        return real_layout(layout, container)
    if known is None:
        return layout
    if container == "polars":
        return ColumnLayout(_POLARS_TYPES.get(known.dtype.kind, "String"))
    return ColumnLayout("object" if known.dtype.kind in "OUS" else str(known.dtype))


def decode(codes: np.ndarray, spec: TaskSpec, layout: ColumnLayout) -> np.ndarray:
    """Return classes or unscaled reals.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Class indices or standardised reals of one task.
    spec : TaskSpec
        What the task predicts.
    layout : ColumnLayout
        How predictions are stored.

    Returns
    -------
    labels : ndarray of shape (n_samples,)

    Raises
    ------
    InputError
        If a class index is out of range or not a number.
    """
    if spec.classes is None:
        real = codes * spec.scale + spec.location
        return real.astype(np.float32) if layout.dtype == "float32" else real
    index = np.rint(codes)
    inside = (index >= 0) & (index < spec.n_classes)
    if not inside.all():
        raise InputError(
            f"`codes` of task {spec.name!r} must lie between 0 and "
            f"{spec.n_classes - 1}; found {codes[~inside][0]}."
        )
    return spec.classes[index.astype(np.int64)]


def stack_columns(columns: Sequence[np.ndarray], mixed: bool) -> np.ndarray:
    """Join columns to a 2-D array.

    Parameters
    ----------
    columns : sequence of n_tasks ndarrays of shape (n_samples,)
        Labels of each task.
    mixed : bool
        Whether classes stand beside real values.

    Returns
    -------
    joined : ndarray of shape (n_samples, n_tasks)
        Of objects if mixed, or if no data type holds all values as they are.
    """
    if not mixed and len({column.dtype.kind for column in columns}) == 1:
        return np.column_stack(columns)
    joined = np.empty((len(columns[0]), len(columns)), dtype=object)
    for task, column in enumerate(columns):
        joined[:, task] = column
    return joined
