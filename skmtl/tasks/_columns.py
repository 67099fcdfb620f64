"""One column of targets: its values, which of them are observed, its layout."""

import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl.exceptions import TargetError

__all__ = [
    "Column",
    "ColumnLayout",
    "column_from_array",
    "display_value",
    "distinct_labels",
]


@dataclass(frozen=True)
class ColumnLayout:
    """How the user stored a column, in words and arrays only.

    Parameters
    ----------
    dtype : str
        Name of the data type in its own library.
    categories : list or None, default=None
        All categories of a pandas categorical or a polars Enum.
    ordered : bool, default=False
        Whether the categories are ordered.
    """

    dtype: str
    categories: list[Any] | None = None
    ordered: bool = False


@dataclass(frozen=True, eq=False)
class Column:
    """The labels of one task.

    Parameters
    ----------
    name : str
        Name of the task.
    values : ndarray of shape (n_samples,)
        Labels; a harmless filling where unobserved.
    observed : ndarray of shape (n_samples,), dtype bool
        Where a label is present.
    family : {"boolean", "integer", "real", "text"}
        Type of the observed values.
    layout : ColumnLayout
        How the user stored the column.
    categorical : bool, default=False
        Whether the column was declared categorical.
    """

    name: str
    values: np.ndarray
    observed: np.ndarray
    family: str
    layout: ColumnLayout
    categorical: bool = False

    @property
    def labels(self) -> np.ndarray:
        """Observed values only."""
        return self.values[self.observed]

    @property
    def n_observed(self) -> int:
        """Number of observed labels."""
        return int(np.count_nonzero(self.observed))

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers or booleans."""
        return self.family != "text"


def display_value(value: Any) -> str:
    """Return the representation of a label without numpy's type name."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def distinct_labels(labels: np.ndarray) -> np.ndarray:
    """Sorted distinct labels, in the data type of `labels`."""
    if labels.dtype.kind != "O":
        return np.unique(labels)
    # Hashing Python objects is faster than sorting all of them.
    distinct = sorted(set(labels.tolist()))
    classes = np.empty(len(distinct), dtype=object)
    classes[:] = distinct
    return classes


def column_from_array(
    name: str,
    values: np.ndarray,
    observed: np.ndarray | None = None,
    layout: ColumnLayout | None = None,
) -> Column:
    """Read a 1-D array of any data type.

    Parameters
    ----------
    name : str
        Name of the task.
    values : ndarray of shape (n_samples,)
        Labels; NaN, None and pandas.NA are missing.
    observed : ndarray of shape (n_samples,), dtype bool, default=None
        Where a label may be present; everywhere when None.
    layout : ColumnLayout, default=None
        How the user stored the column; taken from `values` when None.

    Returns
    -------
    column : Column
    """
    layout = layout or ColumnLayout(str(values.dtype))
    if observed is None:
        observed = np.ones(len(values), dtype=bool)
    kind = values.dtype.kind
    if kind in "biu":
        family = "boolean" if kind == "b" else "integer"
        return Column(name, values, observed, family, layout)
    if kind == "f":
        return Column(name, values, observed & ~np.isnan(values), "real", layout)
    if kind in "US":
        _refuse_text_of_nan(name, values[observed])
        return Column(name, values, observed, "text", layout)
    if kind in "OT":
        return _column_from_objects(name, values.astype(object), observed, layout)
    if kind == "c":
        raise _complex_error(name)
    raise TargetError(
        f"Labels must be numbers, booleans or text; task {name!r} of y has data type "
        f"{values.dtype}. Convert the column first."
    )


def _refuse_text_of_nan(name: str, labels: np.ndarray) -> None:
    """numpy.array(["a", numpy.nan]) turns the hole into text, unseen by the user."""
    nan = b"nan" if labels.dtype.kind == "S" else "nan"
    if np.any(labels == nan):
        raise TargetError(
            f"Task {name!r} of y holds the text 'nan', most likely a missing label "
            "that numpy turned into text. Use an array of dtype=object with None for "
            "missing labels (there, 'nan' is an ordinary class)."
        )


def _is_missing(value: Any) -> bool:
    """None, NaN, pandas.NA and pandas.NaT."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Number) and bool(value != value)


def _column_from_objects(
    name: str, values: np.ndarray, observed: np.ndarray, layout: ColumnLayout
) -> Column:
    missing = np.fromiter(map(_is_missing, values), dtype=bool, count=len(values))
    observed = observed & ~missing
    labels = values[observed]
    family, dtype = _family_of_objects(name, set(map(type, labels)))
    filled = np.zeros(len(values), dtype=dtype)
    if family == "text":
        filled[:] = ""
    try:
        filled[observed] = labels.astype(dtype)
    except (OverflowError, ValueError) as error:
        raise TargetError(
            f"Task {name!r} of y holds a number beyond 64 bits; use text for "
            "identifiers, or rescale the target."
        ) from error
    return Column(name, filled, observed, family, layout)


def _family_of_objects(name: str, types: set[type]) -> tuple[str, Any]:
    """Return the family and the data type that holds all values of `types`."""
    if types and _all_subclass(types, (bool, np.bool_)):
        return "boolean", np.bool_
    if types and _all_subclass(types, (bool, np.bool_, numbers.Integral)):
        return "integer", np.int64
    if any(map(_is_complex, types)):
        raise _complex_error(name)
    # Not numbers.Real: decimal.Decimal is registered as a Number only.
    if _all_subclass(types, (np.bool_, numbers.Number)):
        return "real", np.float64
    if _all_subclass(types, str) or _all_subclass(types, bytes):
        return "text", object
    found = ", ".join(sorted(kind.__name__ for kind in types))
    raise TargetError(
        f"The labels of one task must be all numbers, all booleans or all text; task "
        f"{name!r} of y mixes or holds other types: {found}. Convert the column to "
        "one type, and write missing labels as None or NaN."
    )


def _complex_error(name: str) -> TargetError:
    return TargetError(
        f"Complex data not supported: task {name!r} of y holds complex numbers; give "
        "real and imaginary part as two tasks."
    )


def _is_complex(kind: type) -> bool:
    return issubclass(kind, numbers.Complex) and not issubclass(kind, numbers.Real)


def _all_subclass(types: Iterable[type], parents: Any) -> bool:
    return all(issubclass(kind, parents) for kind in types)
