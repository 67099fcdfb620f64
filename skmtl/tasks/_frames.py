"""Columns of pandas and polars containers, read and written.

Neither library is needed to import this module: a container is recognised by the
library its class comes from.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from skmtl.tasks._columns import Column, ColumnLayout, column_from_array

__all__ = [
    "build_frame",
    "frame_library",
    "pandas_column",
    "polars_column",
    "real_layout",
]

_FLOAT_NAMES = ("float32", "float64", "Float32", "Float64")


def frame_library(y: Any) -> str | None:
    """Return "pandas" or "polars" if `y` comes from one of them, else None."""
    for parent in type(y).__mro__:
        library = parent.__module__.partition(".")[0]
        if library in ("pandas", "polars"):
            return library
    return None


def pandas_column(name: str, series: Any) -> Column:
    """Read a pandas Series of any data type.

    Parameters
    ----------
    name : str
        Name of the task.
    series : pandas.Series of shape (n_samples,)
        Labels.

    Returns
    -------
    column : Column
    """
    dtype = series.dtype
    if hasattr(dtype, "categories"):
        return _pandas_categorical(name, series)
    layout = ColumnLayout(str(dtype))
    if isinstance(dtype, np.dtype):
        return column_from_array(name, series.to_numpy(), layout=layout)
    numpy_dtype = getattr(dtype, "numpy_dtype", np.dtype(object))
    if numpy_dtype.kind in "biuf":
        values = series.to_numpy(dtype=numpy_dtype, na_value=0)
        return column_from_array(name, values, ~_pandas_missing(series), layout)
    return column_from_array(name, np.asarray(series), layout=layout)


def _pandas_missing(series: Any) -> np.ndarray:
    return series.isna().to_numpy(dtype=bool)


def _pandas_categorical(name: str, series: Any) -> Column:
    categories = np.asarray(series.dtype.categories)
    codes = series.cat.codes.to_numpy()
    layout = ColumnLayout("category", categories.tolist(), bool(series.dtype.ordered))
    if len(categories) == 0:
        categories = np.zeros(1)
    # An unobserved row takes the first category as filling.
    values = categories[np.maximum(codes, 0)]
    column = column_from_array(name, values, codes >= 0, layout)
    return replace(column, categorical=True)


def polars_column(name: str, series: Any) -> Column:
    """Read a polars Series of any data type.

    Parameters
    ----------
    name : str
        Name of the task.
    series : polars.Series of shape (n_samples,)
        Labels.

    Returns
    -------
    column : Column
    """
    type_name = series.dtype.base_type().__name__
    observed = ~series.is_null().to_numpy()
    layout = ColumnLayout(type_name)
    if type_name in ("Categorical", "Enum"):
        if type_name == "Enum":
            layout = ColumnLayout(type_name, series.dtype.categories.to_list())
        column = column_from_array(name, _objects(series), observed, layout)
        return replace(column, categorical=True)
    if type_name == "Boolean":
        values = series.fill_null(False).to_numpy()
    elif series.dtype.is_integer() or series.dtype.is_float():
        values = series.fill_null(0).to_numpy()
    else:
        values = _objects(series)
    return column_from_array(name, values, observed, layout)


def _objects(series: Any) -> np.ndarray:
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    return values


def build_frame(
    library: str,
    labels: list[Any],
    columns: list[np.ndarray],
    layouts: list[ColumnLayout],
) -> Any:
    """Build a DataFrame whose columns have the data types of the user's.

    Parameters
    ----------
    library : {"pandas", "polars"}
        Which DataFrame to build.
    labels : list of length n_tasks
        Column labels as the user had them.
    columns : list of n_tasks ndarrays of shape (n_samples,)
        Predicted classes or real values.
    layouts : list of n_tasks ColumnLayout
        How the user stored the columns.

    Returns
    -------
    frame : pandas.DataFrame or polars.DataFrame of shape (n_samples, n_tasks)
    """
    if library == "pandas":
        return _build_pandas(labels, columns, layouts)
    return _build_polars(labels, columns, layouts)


def _build_pandas(
    labels: list[Any], columns: list[np.ndarray], layouts: list[ColumnLayout]
) -> Any:
    import pandas

    data = {}
    for position, (values, layout) in enumerate(zip(columns, layouts, strict=True)):
        if layout.dtype == "category":
            series = pandas.Series(
                pandas.Categorical(
                    values, categories=layout.categories, ordered=layout.ordered
                )
            )
        else:
            series = pandas.Series(values).astype(layout.dtype)
        data[position] = series
    frame = pandas.DataFrame(data)
    frame.columns = labels
    return frame


def _build_polars(
    labels: list[Any], columns: list[np.ndarray], layouts: list[ColumnLayout]
) -> Any:
    import polars

    series = []
    for label, values, layout in zip(labels, columns, layouts, strict=True):
        plain = polars.Series(label, values.tolist())
        if layout.dtype == "Enum":
            series.append(plain.cast(polars.Enum(layout.categories or [])))
        elif layout.dtype in ("Object", "Decimal", "Null"):
            series.append(plain)
        else:
            series.append(plain.cast(getattr(polars, layout.dtype)))
    return polars.DataFrame(series)


def real_layout(layout: ColumnLayout, library: str) -> ColumnLayout:
    """Layout of predicted reals: the user's float type, float64 for other types."""
    if layout.dtype in _FLOAT_NAMES:
        return layout
    return ColumnLayout("Float64" if library == "polars" else "float64")
