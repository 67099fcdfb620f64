"""Types of tasks: named, guessed, with classes given beforehand."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmtl.exceptions import InputError, TargetError, TaskTypeWarning
from skmtl.tasks import TargetEncoder

RANDOM = np.random.RandomState(0)
NAN = np.nan
CLASSIFICATION = {
    "zero and one": np.arange(40) % 2,
    "zero and one as floats": np.arange(40) % 2 * 1.0,
    "zero and one with holes": np.where(np.arange(40) % 5, np.arange(40) % 2, NAN),
    "boolean": np.arange(40) % 2 == 0,
    "text": np.array(["b", "a", "c", "d"] * 10),
}
REGRESSION = {
    "real": RANDOM.normal(size=40),
    "many integers": RANDOM.permutation(40),
    "many whole floats": RANDOM.permutation(40) * 1.0,
}
DOUBTFUL = {
    "grades": (np.arange(40) % 5, "multiclass"),
    "two grades": (np.arange(40) % 2 + 1, "binary"),
    "grades with holes": (np.where(np.arange(40) % 7, np.arange(40) % 5, NAN), "real"),
    "rare grades": (np.arange(40) % 10, "real"),
    "repeated counts": (np.arange(400) % 30, "real"),
}


def kind_of(y):
    return TargetEncoder().fit(y).specs[0].kind


@pytest.mark.parametrize("case", CLASSIFICATION)
def test_guessed_as_classification(case):
    assert kind_of(CLASSIFICATION[case]) in ("binary", "multiclass")


@pytest.mark.parametrize("case", REGRESSION)
def test_guessed_as_regression(case):
    assert kind_of(REGRESSION[case]) == "continuous"


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_doubtful_guess_is_said(case):
    y, kind = DOUBTFUL[case]
    kind = "continuous" if kind == "real" else kind
    with pytest.warns(TaskTypeWarning, match=r"Task 'task_0' holds \d+ distinct whole"):
        assert kind_of(y) == kind


def test_a_doubtful_guess_tells_the_type_it_went_by():
    whole = np.arange(40) % 5
    holes = np.where(np.arange(40) % 7, whole, NAN)
    with pytest.warns(TaskTypeWarning, match=r"type int64 .* as classification"):
        kind_of(whole)
    with pytest.warns(TaskTypeWarning, match=r"type float64 .* as regression"):
        kind_of(holes)


@pytest.mark.parametrize("task_types", ["classification", ["classification"]])
def test_naming_the_type_silences(task_types):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder = TargetEncoder(task_types).fit(DOUBTFUL["rare grades"][0])
    assert encoder.specs[0].kind == "multiclass"


def test_the_table_shows_the_guess():
    y = np.array(
        [["a", 1.5, 1], ["b", None, 0], [None, 2.5, None], ["c", None, 1]], dtype=object
    )
    table = TargetEncoder().fit(y).task_table
    assert table == {
        "name": ["task_0", "task_1", "task_2"],
        "kind": ["multiclass", "continuous", "binary"],
        "n_classes": [3, 1, 2],
        "n_observed": [3, 2, 3],
        "missing": [0.25, 0.5, 0.25],
        "guessed": [True, True, True],
    }
    types = ["classification", "ranking", "regression"]
    named = TargetEncoder(types, allowed=types).fit(y)
    assert named.task_table["guessed"] == [False] * 3
    assert named.task_table["kind"] == ["multiclass", "ranking", "continuous"]


def test_types_by_name():
    y = np.array([["a", 1], ["b", 2], [None, 3]], dtype=object)
    table = TargetEncoder({"task_1": "classification"}).fit(y).task_table
    assert table["kind"] == ["binary", "multiclass"]
    assert table["guessed"] == [True, False]


@pytest.mark.parametrize(
    ("task_types", "message"),
    [
        (["classification"], "1 entries for 2 tasks"),
        (["classification", "binary"], "'binary' for task 'task_1'"),
        ("classifier", "'classifier' for task 'task_0'"),
        (
            ["ranking", "regression"],
            "hold classification and regression only.*'rank",
        ),
        ({"stars": "regression"}, r"unknown task\(s\) \['stars'\].*'task_0', 'task_1'"),
        ({"task_1": "auto"}, "'auto' for task 'task_1'"),
    ],
)
def test_unknown_types_are_named(task_types, message):
    with pytest.raises(InputError, match=f"`task_types`.*{message}"):
        TargetEncoder(task_types).fit([[0, 1], [1, 0]])


def test_auto_with_one_allowed_type_takes_it():
    encoder = TargetEncoder("auto", allowed=("ranking",)).fit([0, 1, 0])
    assert encoder.specs[0].kind == "ranking"
    assert encoder.task_table["guessed"] == [False]


def test_auto_never_leaves_the_allowed_types():
    with pytest.raises(TargetError, match="'task_0' of y looks like classification"):
        TargetEncoder("auto", allowed=("regression", "ranking")).fit(["a", "b"])


def test_given_classes_widen_the_data():
    encoder = TargetEncoder("classification").fit(["b", "b"], classes=["c", "a", "b"])
    assert_array_equal(encoder.class_list(), ["a", "b", "c"])
    assert_array_equal(encoder.transform(["c", "a"])[0][:, 0], [2, 0])


def test_given_classes_per_task():
    y = np.array([[0, 1.5, None], [0, 2.5, None]], dtype=object)
    classes = [[0, 1], None, ["x", "y", "z"]]
    encoder = TargetEncoder().fit(y, classes=classes)
    assert [spec.kind for spec in encoder.specs] == [
        "binary",
        "continuous",
        "multiclass",
    ]
    assert encoder.task_table["guessed"] == [False, True, False]
    back = encoder.inverse_transform(np.array([[1, 0, 2]]))
    assert back.tolist() == [[1, 2.0, "z"]]


@pytest.mark.parametrize("y", [[1, 0], [[1], [0]]])
@pytest.mark.parametrize("classes", [[0, 1, 2], [[0, 1, 2]], np.arange(3)])
def test_given_classes_of_a_single_task(y, classes):
    encoder = TargetEncoder("classification").fit(y, classes=classes)
    assert encoder.specs[0].classes.tolist() == [0, 1, 2]


def test_a_label_outside_the_given_classes_is_an_error():
    with pytest.raises(TargetError, match=r"'task_0'.*unseen label 3"):
        TargetEncoder("classification").fit([0, 3], classes=[0, 1])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([[0, 1]], "1 for 2 tasks"),
        ([[0, 1], [5]], "at least two classes.*'task_1'"),
        ([[0, 1], [5, None]], "none of them missing.*'task_1'"),
        ([[0, 1], [[5, 6], [7, 8]]], "'task_1'"),
    ],
)
def test_bad_classes_are_named(classes, message):
    with pytest.raises(InputError, match=f"`classes`.*{message}"):
        TargetEncoder("classification").fit([[0, 5], [1, 5]], classes=classes)


def test_classes_of_a_real_task_are_an_error():
    with pytest.raises(InputError, match=r"`classes` must be None.*'task_0'"):
        TargetEncoder("regression").fit([0, 1], classes=[0, 1])


def test_given_classes_do_not_replace_all_labels():
    with pytest.raises(TargetError, match="NaN only"):
        TargetEncoder("classification").fit([None, None], classes=[0, 1])
