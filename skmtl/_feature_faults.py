"""What is wrong with features, told by the names of their columns."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from skmtl.exceptions import InputError

__all__ = ["refuse_columns", "refuse_dates", "refuse_shape"]

_MOST_NAMES = 5
# Kinds of NumPy's types of times.
_DATES = ("m", "M")
_NO_DATES = (
    "Drop what are dates or times, or make numbers of them, for example days since a "
    "fixed day."
)


def refuse_shape(X: Any) -> None:
    """Refuse one axis, and data frames without columns.

    Parameters
    ----------
    X : array, DataFrame or Series

    Raises
    ------
    InputError
        With the way to two axes.
    """
    shape = getattr(X, "shape", ())
    if len(shape) == 1:
        of_column, of_row = "X.reshape(-1, 1)", "X.reshape(1, -1)"
        if not isinstance(X, np.ndarray):
            of_column, of_row = "X.to_frame()", "X.to_numpy().reshape(1, -1)"
        raise InputError(
            f"X must have shape (n_samples, n_features); found {tuple(shape)}, one "
            f"axis. Reshape your data: {of_column} if they are one feature of many "
            f"rows, {of_row} if they are the features of one row."
        )
    if hasattr(X, "columns") and len(X.columns) == 0:
        raise InputError(
            f"X must have columns, each a feature; found 0 feature(s) (shape={shape}) "
            "while a minimum of 1 is required. Check how the columns were selected."
        )


def refuse_dates(X: Any) -> None:
    """Refuse types of dates and times, which NumPy alone would read as numbers.

    Parameters
    ----------
    X : array or DataFrame

    Raises
    ------
    InputError
        Naming the first such column.
    """
    if not hasattr(X, "columns"):
        if getattr(getattr(X, "dtype", None), "kind", "") in _DATES:
            raise InputError(f"X must hold numbers; found {X.dtype}. {_NO_DATES}")
        return
    for name, dtype in zip(X.columns, X.dtypes, strict=True):
        temporal = getattr(dtype, "is_temporal", bool)()
        if temporal or getattr(dtype, "kind", "") in _DATES:
            raise InputError(
                f"X must hold numbers; found {dtype} in column {name!r}. {_NO_DATES}"
            )


def refuse_columns(X: Any, error: Exception) -> None:
    """Name the first columns that hold text, dates or nothing, if that is the error.

    Parameters
    ----------
    X : array or DataFrame of shape (n_samples, n_features), or pictures
    error : Exception
        Raised by scikit-learn or NumPy when they read X.

    Raises
    ------
    InputError
        If columns are to blame.
    """
    for name, column in _columns(X):
        kind, value = _content(column)
        if kind == "text":
            raise InputError(
                f"X must hold numbers; found text, {value!r}, in column {name!r}. Drop "
                "the column, or encode it, for example with "
                "sklearn.preprocessing.OneHotEncoder."
            ) from error
        if kind == "dates":
            raise InputError(
                f"X must hold numbers; found {value} in column {name!r}. {_NO_DATES}"
            ) from error
    if "contains NaN" in str(error):
        raise InputError(
            f"Input X contains NaN{_places(X, _count_holes)}; features must not be "
            "missing. Impute them, for example by a pipeline that begins with "
            "sklearn.impute.SimpleImputer, or drop the columns or rows."
        ) from error
    if "contains infinity" in str(error):
        raise InputError(
            f"{str(error).rstrip('.')}{_places(X, _count_infinite)}; features must be "
            "finite. Look for divisions by zero or logarithms of it, clip the values, "
            "or drop the columns or rows."
        ) from error


def _columns(X: Any) -> Iterator[tuple[Any, np.ndarray]]:
    for place, name in enumerate(getattr(X, "columns", ())):
        yield name, np.asarray(X.iloc[:, place] if hasattr(X, "iloc") else X[name])


def _content(column: np.ndarray) -> tuple[str, Any]:
    """What a column holds, and the first such value."""
    if column.dtype.kind in "biufc":
        return "numbers", None
    for value in column.tolist():
        if _is_word(value):
            return "text", value
        if hasattr(value, "isoformat") or hasattr(value, "to_timestamp"):
            return "dates", value
    return "numbers", None


def _is_word(value: Any) -> bool:
    """Whether a value is text that is no number, which scikit-learn would read."""
    if not isinstance(value, str | bytes):
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def _places(X: Any, count: Callable[[np.ndarray], int]) -> str:
    """Name the first columns with bad values, and count their rows."""
    if hasattr(X, "columns"):
        named = [(name, count(column)) for name, column in _columns(X)]
    elif getattr(X, "ndim", 0) == 2:
        named = [(place, count(column)) for place, column in enumerate(X.T)]
    else:
        named = []
    bad = [(name, n_rows) for name, n_rows in named if n_rows]
    if not bad:
        return ""
    shown = ", ".join(f"{name!r} ({n_rows} rows)" for name, n_rows in bad[:_MOST_NAMES])
    more = len(bad) - _MOST_NAMES
    return f" in {len(bad)} column(s), {shown}" + (f" and {more} more" * (more > 0))


def _count_holes(column: np.ndarray) -> int:
    if column.dtype.kind == "O":
        # Of all values only NaN differs from itself; NA of pandas compares to NA.
        return sum(
            value is None or type(value).__name__ == "NAType" or value != value
            for value in column.tolist()
        )
    return int(np.isnan(column).sum()) if column.dtype.kind in "fc" else 0


def _count_infinite(column: np.ndarray) -> int:
    try:
        return int(np.isinf(column.astype(np.float64)).sum())
    except (TypeError, ValueError):
        return 0
