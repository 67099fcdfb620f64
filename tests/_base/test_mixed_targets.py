"""Tasks of several kinds at once, through fit, predict and scores."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from skmtl import HardSharingClassifier, HardSharingMixed, HardSharingRegressor
from skmtl.model_selection import fit_stack
from tests._base._containers import (
    BINARY,
    N_ROWS,
    QUICK,
    REAL,
    THREE,
    WORDS,
    X,
    integer_containers,
    real_containers,
)

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


def mixed_frame(library):
    return library.DataFrame(
        {
            "flag": [bool(one) for one in BINARY[:-1]] + [None],
            "word": [None, *WORDS[THREE[1:]].tolist()],
            "size": [None, *REAL[1:].tolist()],
            "count": (7 + 100 * THREE + np.arange(N_ROWS)).tolist(),
        }
    )


KINDS = ["binary", "multiclass", "continuous", "continuous"]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_mixed_frame(library):
    y = mixed_frame(library)
    estimator = HardSharingMixed(**QUICK).fit(X, y)
    assert estimator.task_types_ == KINDS
    assert estimator.task_names_ == list(y.columns)
    assert estimator.task_table_["guessed"] == [True] * 4
    predicted = estimator.predict(X)
    assert isinstance(predicted, library.DataFrame)
    assert list(predicted.columns) == list(y.columns)
    assert predicted.shape == (N_ROWS, 4)
    probabilities = estimator.predict_proba(X)
    assert [own is None for own in probabilities] == [False, False, True, True]
    assert probabilities[1].shape == (N_ROWS, 3)
    assert [own is None for own in estimator.classes_] == [False, False, True, True]
    scores = estimator.score_tasks(X, y)
    assert scores.shape == (4,)
    assert estimator.score(X, y) == pytest.approx(scores.mean())
    # what is predicted can be scored as targets
    assert estimator.score(X, predicted) == pytest.approx(1.0)


def test_types_by_name_of_the_task():
    y = mixed_frame(pd)
    named = HardSharingMixed(task_types={"flag": "regression"}, **QUICK)
    assert hasattr(named, "predict_proba")
    named.fit(X, y)
    assert named.task_types_ == ["continuous", *KINDS[1:]]
    assert named.task_table_["guessed"] == [False, True, True, True]
    other = HardSharingMixed(task_types={"flag": "classification"}, **QUICK)
    # values of the dict, not only its keys, tell fits apart
    found = fit_stack([clone(named), other], X, y)
    assert [own.task_types_[0] for own in found] == ["continuous", "binary"]


def test_types_of_predicted_columns():
    predicted = HardSharingMixed(**QUICK).fit(X, mixed_frame(pl)).predict(X)
    assert predicted.dtypes == [pl.Boolean, pl.String, pl.Float64, pl.Float64]
    y = mixed_frame(pd).astype(
        {"flag": "boolean", "word": "category", "size": "Float32", "count": "Int16"}
    )
    predicted = HardSharingMixed(**QUICK).fit(X, y).predict(X)
    assert [str(one) for one in predicted.dtypes] == [
        "boolean",
        "category",
        "Float32",
        "float64",
    ]
    assert predicted["word"].cat.categories.tolist() == sorted(WORDS)


def test_mixed_objects_equal_the_frames():
    frame = mixed_frame(pd)
    y = frame.astype(object).to_numpy()
    estimator = HardSharingMixed(**QUICK).fit(X, y)
    assert estimator.task_types_ == KINDS
    predicted = estimator.predict(X)
    assert predicted.dtype == object
    for library in (pd, pl):
        other = HardSharingMixed(**QUICK).fit(X, mixed_frame(library))
        np.testing.assert_array_equal(other.transform(X), estimator.transform(X))
        assert other.predict(X).to_numpy().tolist() == predicted.tolist()
        np.testing.assert_allclose(
            other.score_tasks(X, mixed_frame(library)), estimator.score_tasks(X, y)
        )


def test_mixed_with_named_kinds_is_silent():
    grades = np.column_stack([THREE, THREE])
    types = ["classification", "regression"]
    estimator = HardSharingMixed(task_types=types, **QUICK).fit(X, grades)
    assert estimator.task_types_ == ["multiclass", "continuous"]
    assert estimator.task_table_["guessed"] == [False, False]
    predicted = estimator.predict(X)
    assert predicted.dtype == object
    assert set(predicted[:, 0]) <= {0, 1, 2}


def test_one_mixed_task():
    estimator = HardSharingMixed(**QUICK).fit(X, WORDS[THREE])
    assert estimator.predict(X).shape == (N_ROWS,)
    assert estimator.predict_proba(X).shape == (N_ROWS, 3)
    assert estimator.classes_.tolist() == sorted(WORDS)
    real = HardSharingMixed(**QUICK).fit(X, REAL)
    assert real.predict(X).dtype == np.float64
    assert not hasattr(real, "predict_proba")


def test_mixed_equals_the_pure_estimators():
    types = ["regression", "regression"]
    y = real_containers()["floats"]
    mixed = HardSharingMixed(task_types=types, **QUICK).fit(X, y)
    pure = HardSharingRegressor(**QUICK).fit(X, y)
    np.testing.assert_array_equal(mixed.predict(X), pure.predict(X))
    y = integer_containers()["floats"]
    mixed = HardSharingMixed(task_types=["classification"] * 2, **QUICK).fit(X, y)
    pure = HardSharingClassifier(**QUICK).fit(X, y)
    np.testing.assert_array_equal(mixed.predict(X), pure.predict(X))
