"""Faults of features, told by the names of their columns."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator

from skmtl._validation import check_features
from skmtl.exceptions import InputError

NAN = np.nan
DAYS = pd.date_range("2020-01-31", periods=4)


def refused(X, message, **options):
    with pytest.raises(InputError, match=message):
        check_features(BaseEstimator(), X, reset=True, **options)


@pytest.mark.parametrize(
    "dates",
    [
        DAYS,
        DAYS.tz_localize("UTC"),
        DAYS - DAYS[0],
        pd.Series([None, *map(datetime.date, [2020] * 3, [1, 2, 3], [5] * 3)]),
        DAYS.to_period("D"),
    ],
    ids=["naive", "zone", "differences", "python", "periods"],
)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside"])
def test_a_column_of_dates_is_named(dates, alone):
    frame = pd.DataFrame({"age": [1.0, 2, 3, 4], "born": dates})
    message = "must hold numbers; found .* in column 'born'. .*days since"
    refused(frame[["born"]] if alone else frame, message)


def test_dates_of_other_containers():
    frame = pl.DataFrame({"age": [1.0, 2.0], "born": [datetime.date(2020, 1, 5)] * 2})
    refused(frame, "found Date in column 'born'")
    refused(frame[["born"]], "found Date in column 'born'")
    refused(DAYS.to_numpy()[:, None], r"must hold numbers; found datetime64")


@pytest.mark.parametrize("series", [pd.Series, pl.Series], ids=["pandas", "polars"])
def test_one_axis(series):
    found = r"must have shape \(n_samples, n_features\); found \(3,\), one axis"
    refused([1.0, 2.0, 3.0], f"{found}.*X\\.reshape\\(1, -1\\)")
    refused(series([1.0, 2.0, 3.0]), found)
    refused(pd.Series([1.0, 2.0, 3.0]), f"{found}.*X\\.to_frame\\(\\)")


def test_no_columns():
    for frame in (pd.DataFrame({"a": [1.0]})[[]], pl.DataFrame()):
        refused(frame, r"must have columns.*0 feature\(s\)")


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_columns_with_holes_are_named(library):
    frame = library.DataFrame(
        {
            "age": [1.0, NAN, NAN],
            "full": [1.0, 2.0, 3.0],
            "count": [1, 2, None],
            "smokes": [True, None, False],
        }
    )
    message = (
        r"^Input X contains NaN in 3 column\(s\), 'age' \(2 rows\), "
        r"'count' \(1 rows\), 'smokes' \(1 rows\); .*Impute.*SimpleImputer"
    )
    refused(frame, message)


def test_holes_of_pandas_own_types():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [0.5, 1.0]})
    refused(frame, r"NaN in 1 column\(s\), 'a' \(1 rows\);")


@pytest.mark.parametrize("dtype", [np.float16, np.float64, object])
def test_columns_of_arrays_are_numbered(dtype):
    X = np.zeros((3, 9))
    X[1, 2:] = X[0, 8] = NAN
    shown = r"2 \(1 rows\), .*, 6 \(1 rows\) and 2 more;"
    refused(X.astype(dtype), rf"contains NaN in 7 column\(s\), {shown}")


def test_holes_of_pictures():
    message = r"^Input X contains NaN; features must not be missing\. Impute"
    refused(np.full((2, 4, 4), NAN), message, image=True)


@pytest.mark.parametrize("library", [pd, pl])
def test_columns_with_infinity_are_named(library):
    frame = library.DataFrame(
        {"age": [1.0, 2.0, 3.0], "log": [-np.inf, -np.inf, 0.0], "n": [1, 2, 3]}
    )
    message = (
        r"^Input X contains infinity or a value too large for dtype\('float64'\) in "
        r"1 column\(s\), 'log' \(2 rows\); .*divisions by zero"
    )
    refused(frame, message)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, object])
def test_infinity_in_columns_of_arrays(dtype):
    X = np.zeros((3, 9))
    X[1, 3] = X[2, 3] = np.inf
    X[0, 7] = np.inf
    refused(
        X.astype(dtype), r"infinity .* in 2 column\(s\), 3 \(2 rows\), 7 \(1 rows\)"
    )


def test_infinity_in_pictures():
    message = r"^Input X contains infinity .*dtype\('float64'\); features must be"
    refused(np.full((2, 4, 4), np.inf), message, image=True)
