"""Separate data sets, one per task, brought into the one-matrix form."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import Bunch

from skmtl.exceptions import InputError, TargetError


def stack_tasks(
    X_list: Sequence[Any],
    y_list: Sequence[Any],
    task_names: Sequence[str] | None = None,
) -> Bunch:
    """Stack data sets with the same features, one per task, below each other.

    Each row of the result has the label of one task; the labels of the other
    tasks are missing.

    Parameters
    ----------
    X_list : sequence of n_tasks array-likes of shape (n_samples_t, ...)
        The features of each data set: arrays, sparse matrices or DataFrames,
        all with the same columns in the same order.
    y_list : sequence of n_tasks array-likes of shape (n_samples_t,)
        The labels of each data set, numbers or strings; in lists and arrays of
        objects NaN or None stand for missing ones.
    task_names : sequence of n_tasks str, default=None
        Name of each task, no name twice; None takes "task_0", "task_1", ...

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : ndarray, CSR matrix or DataFrame of shape (n_samples, ...)
            All rows, data set by data set; a DataFrame with a new index if
            pandas DataFrames came in, a sparse matrix if any was sparse.
        target : ndarray or DataFrame of shape (n_samples, n_tasks)
            If any features or labels are pandas objects, a DataFrame whose
            columns keep the kind of each task's labels (boolean ones turn into
            float). Otherwise a float array, or, if the labels of any task are
            strings or whole numbers beyond 2**53, an object array. A missing
            label is None for a task with strings in an object array and NaN
            elsewhere.
        task_of_row : ndarray of int, shape (n_samples,)
            The data set of each row.
        task_names : list of str
            The names of the tasks.

    Raises
    ------
    InputError
        If the lists are empty or differ in length, if a data set has other
        columns than the first or not as many rows as labels, if DataFrames are
        mixed with arrays, or if the names do not fit.
    TargetError
        If the labels of a data set are not one-dimensional, or neither numbers
        nor strings.

    Examples
    --------
    >>> from skmtl.datasets import stack_tasks
    >>> tasks = stack_tasks(
    ...     [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6]]],
    ...     [["yes", "no"], [2.5]],
    ...     task_names=["bought", "rating"],
    ... )
    >>> tasks.data.shape
    (3, 2)
    >>> tasks.target
    array([['yes', nan],
           ['no', nan],
           [None, 2.5]], dtype=object)
    >>> tasks.task_of_row
    array([0, 0, 1])
    """
    X_list, y_list = list(X_list), list(y_list)
    names = _check_names(task_names, len(X_list))
    if not X_list or len(X_list) != len(y_list):
        raise InputError(
            "Parameters `X_list` and `y_list` must hold one data set per task, at "
            f"least one. Found {len(X_list)} and {len(y_list)}."
        )
    with_pandas = any(map(_is_pandas, X_list + y_list))
    X_list = [_as_features(X) for X in X_list]
    y_list = [_as_labels(y, name) for y, name in zip(y_list, names, strict=True)]
    for X, y, name in zip(X_list, y_list, names, strict=True):
        _check_data_set(X, y, X_list[0], name)
    sizes = [len(y) for y in y_list]
    stack = _stack_labels_in_frame if with_pandas else _stack_labels
    return Bunch(
        data=_stack_features(X_list),
        target=stack(y_list, names),
        task_of_row=np.repeat(np.arange(len(sizes)), sizes),
        task_names=names,
    )


def _is_pandas(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, (pandas.DataFrame, pandas.Series))


def _check_names(task_names: Sequence[str] | None, n_tasks: int) -> list[str]:
    if task_names is None:
        return [f"task_{task}" for task in range(n_tasks)]
    names = list(task_names)
    all_strings = all(isinstance(name, str) for name in names)
    if isinstance(task_names, str) or not all_strings or len(set(names)) < len(names):
        raise InputError(
            "Parameter `task_names` must be a sequence of different strings. "
            f"Found {task_names!r}."
        )
    if len(names) != n_tasks:
        raise InputError(
            f"Parameter `task_names` must hold one name per data set, {n_tasks}. "
            f"Found {len(names)}."
        )
    return [str(name) for name in names]


def _as_features(X: Any) -> Any:
    return X if sparse.issparse(X) or hasattr(X, "columns") else np.asarray(X)


def _as_labels(y: Any, name: str) -> Any:
    """Return 1-D numbers or strings; only pandas Series stay what they are."""
    labels = y if _is_pandas(y) else _as_array(y)
    if labels.ndim != 1:
        raise TargetError(
            f"The labels of task {name!r} in `y_list` must be one-dimensional. "
            f"Found shape {labels.shape}."
        )
    kind = getattr(labels.dtype, "kind", "O")
    if kind not in "biufOUT":
        raise TargetError(
            f"The labels of task {name!r} in `y_list` must be numbers or strings. "
            f"Found dtype {labels.dtype}."
        )
    if kind == "U" and not isinstance(y, list | tuple) and np.any(labels == "nan"):
        raise TargetError(
            f"The labels of task {name!r} in `y_list` hold the text 'nan', most likely "
            "a missing label that numpy turned into text. Pass a list, or an array of "
            "dtype=object with None for missing labels."
        )
    return labels


def _as_array(y: Any) -> NDArray:
    """Keep what numpy would change: masks, holes beside text, whole numbers."""
    labels = np.asarray(y)
    kind = labels.dtype.kind
    if np.ma.isMaskedArray(y):
        labels = labels.astype(float if kind in "biuf" else object)
        labels[np.ma.getmaskarray(y)] = np.nan
        return labels
    if not isinstance(y, list | tuple) or labels.ndim != 1:
        return labels
    text = kind == "U" and not all(isinstance(label, str) for label in y)
    large = kind == "f" and any(
        isinstance(label, int) and _is_large(label) for label in y
    )
    return np.array(y, dtype=object) if text or large else labels


def _is_large(number: int) -> bool:
    """Whether a float would round a whole number."""
    return abs(number) > 2**53


def _must_be_objects(labels: Any) -> bool:
    """Whether labels are whole numbers that a float, with its NaN, would round."""
    if not isinstance(labels.dtype, np.dtype) or labels.dtype.kind not in "iu":
        return False
    return bool(len(labels)) and any(
        map(_is_large, (int(labels.min()), int(labels.max())))
    )


def _check_data_set(X: Any, y: Any, first: Any, name: str) -> None:
    """Compare a data set with the first one, and its rows with its labels."""
    if len(X.shape) < 2:
        raise InputError(
            f"The features of task {name!r} in `X_list` must have at least two axes. "
            f"Found shape {tuple(X.shape)}."
        )
    if hasattr(X, "columns") != hasattr(first, "columns"):
        raise InputError(
            "Parameter `X_list` must hold DataFrames only or arrays only, since "
            "columns match by name in the one and by position in the other. Found "
            f"{type(X).__name__} for task {name!r} after {type(first).__name__}."
        )
    if X.shape[1:] != first.shape[1:]:
        raise InputError(
            f"The features of task {name!r} in `X_list` must have the width of the "
            f"first data set, {_width(first)}. Found {_width(X)}."
        )
    if hasattr(X, "columns"):
        _check_columns(list(X.columns), list(first.columns), name)
    if X.shape[0] != len(y):
        raise InputError(
            f"The features and labels of task {name!r} must have the same number of "
            f"rows. Found {X.shape[0]} and {len(y)}."
        )


def _width(X: Any) -> str:
    return " x ".join(map(str, X.shape[1:]))


def _check_columns(columns: list[Any], expected: list[Any], name: str) -> None:
    for found, wanted in zip(columns, expected, strict=True):
        if found != wanted:
            raise InputError(
                f"The features of task {name!r} in `X_list` must have the columns of "
                f"the first data set in the same order. Found {found!r} in place of "
                f"{wanted!r}; select `X[list(first.columns)]`."
            )


def _stack_features(X_list: list[Any]) -> Any:
    if all(map(_is_pandas, X_list)):
        import pandas as pd

        return pd.concat(X_list, ignore_index=True)
    if any(map(sparse.issparse, X_list)):
        return sparse.vstack(X_list, format="csr")
    return np.concatenate([np.asarray(X) for X in X_list])


def _stack_labels(y_list: list[NDArray], names: list[str]) -> NDArray:
    sizes = [len(y) for y in y_list]
    is_text = [y.dtype.kind not in "biuf" for y in y_list]
    as_objects = any(is_text) or any(map(_must_be_objects, y_list))
    target = np.full(
        (sum(sizes), len(names)), np.nan, dtype=object if as_objects else float
    )
    target[:, is_text] = None if any(is_text) else np.nan
    for task, rows in enumerate(_row_blocks(sizes)):
        target[rows, task] = y_list[task].tolist()
    return target


def _stack_labels_in_frame(y_list: list[Any], names: list[str]) -> Any:
    import pandas as pd

    sizes = [len(y) for y in y_list]
    rows = pd.RangeIndex(sum(sizes))
    columns = {}
    for name, y, block in zip(names, y_list, _row_blocks(sizes), strict=True):
        labels = pd.Series(y).set_axis(rows[block])
        if labels.dtype == bool:
            # Widening bool by missing values would give a column of objects.
            labels = labels.astype(float)
        elif _must_be_objects(labels):
            labels = labels.astype(object)
        columns[name] = labels.reindex(rows)
    return pd.DataFrame(columns)


def _row_blocks(sizes: list[int]) -> list[slice]:
    ends = np.cumsum(sizes)
    return [
        slice(int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True)
    ]
