"""Groups of tasks, given in many forms."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl import SelectiveSharingClassifier
from skmtl.exceptions import InputError
from skmtl.selective._given import read_groups
from tests.selective._fits import QUICK, fit, tables

NAMES = ["red", "green", "blue"]
NAN = np.nan


@pytest.mark.parametrize(
    "given",
    [
        [5, 2, 5],
        ("b", "a", "b"),
        np.array([1.0, 0.0, 1.0]),
        ["x", 0, "x"],
        pd.Series(["b", "a", "b"]),
        pd.Series(["b", "a", "b"], index=[7, 8, 9], dtype="category"),
        pl.Series([4, 1, 4]),
        {"green": 0, "blue": 1, "red": 1},
        pd.Series({"blue": 1, "red": 1, "green": 0}),
    ],
    ids=range(9),
)
def test_labels_by_place_or_by_name(given):
    assert read_groups(given, NAMES) == (0, 1, 0)


def test_an_index_of_numbers_may_name_tasks():
    assert read_groups(pd.Series([1, 0, 1], index=[2, 1, 0]), ["0", "1", "2"]) == (
        0,
        1,
        0,
    )
    assert read_groups(pd.Series([1, 1, 0], index=[2, 1, 0]), ["0", "1", "2"]) == (
        0,
        1,
        1,
    )


@pytest.mark.parametrize("missing", [None, NAN, np.float32("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("form", [list, dict, pd.Series], ids=lambda own: own.__name__)
def test_a_missing_label_is_named(form, missing):
    labels = [0, missing, 1]
    given = dict(zip(NAMES, labels, strict=True)) if form is dict else form(labels)
    with pytest.raises(InputError, match=r"one group label per task.*for task 'green'"):
        read_groups(given, NAMES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0, 1], "shape .3,.; found 2 labels"),
        ([[0, 1], [2]], "found 2 lists"),
        ([[0], [1], [2]], "found 3 lists"),
        (np.zeros((3, 1)), "found 3 lists"),
        ({0, 1, 2}, "found a set"),
        (pd.DataFrame({"group": [0, 0, 1]}), "found a DataFrame"),
        ({"red": 0, "green": [1], "blue": 1}, r"found \[1\] for task 'green'"),
    ],
)
def test_what_is_no_label_for_each_task(given, message):
    with pytest.raises(InputError, match=f"one group label per task.*{message}"):
        read_groups(given, NAMES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"red": 0, "blue": 1}, r"leaves out \['green'\]"),
        ({"red": 0, "grey": 1}, r"unknown task.s. \['grey'\] and .*'green', 'blue'\] "),
        (pd.Series([0, 1, 2], index=["red", "red", "blue"]), r"names \['red'\] more"),
        (pd.Series([0, 1, 2], index=["red", "grey", "blue"]), r"task.s. \['grey'\]"),
        (pd.Series([0, 1, 2], index=["a", "b", "c"]), r"task.s. \['a', 'b', 'c'\]"),
    ],
    ids=range(5),
)
def test_names_that_are_not_those_of_the_tasks(given, message):
    with pytest.raises(InputError, match=f"`sharing` .*{message}.*'red', 'green'"):
        read_groups(given, NAMES)


def test_columns_name_the_tasks_of_a_dict():
    X, y = tables()
    table = pd.DataFrame(y, columns=["a", "b", "c", "d"])
    given = {"d": 0, "b": 0, "c": 1, "a": 1}
    est = fit(SelectiveSharingClassifier, X, table, **QUICK, sharing=given)
    assert est.branch_of_.tolist() == [0, 1, 0, 1]
    assert est.get_params()["sharing"] is given


def test_groups_and_a_number_of_groups_contradict_each_other():
    X, y = tables()
    est = SelectiveSharingClassifier(**QUICK, sharing=[0, 1, 0, 1], n_groups=2)
    with pytest.raises(InputError, match="`n_groups` must be None where `sharing`"):
        est.fit(X, y)
