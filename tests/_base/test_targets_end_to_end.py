"""Every container and kind of targets, through fit, predict, probabilities, scores."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skmtl import HardSharingClassifier, HardSharingRegressor
from tests._base._containers import (
    BINARY,
    HOLES,
    N_ROWS,
    NAMES,
    QUICK,
    REAL,
    THREE,
    WORDS,
    X,
    frame_of,
    integer_containers,
    real_containers,
    text_containers,
)

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


def check_classifier(y, reference, classes):
    """The fit of a container equals that of the plain array."""
    estimator = HardSharingClassifier(**QUICK).fit(X, y)
    assert [own.tolist() for own in estimator.classes_] == classes
    assert estimator.task_types_ == ["binary", "multiclass"]
    assert estimator.task_table_["n_observed"] == (~HOLES).sum(0).tolist()
    predicted = estimator.predict(X)
    assert isinstance(predicted, np.ndarray)
    assert predicted.shape == (N_ROWS, 2)
    np.testing.assert_array_equal(predicted, reference.predict(X))
    probabilities = estimator.predict_proba(X)
    assert [own.shape for own in probabilities] == [(N_ROWS, 2), (N_ROWS, 3)]
    for own, wanted in zip(probabilities, reference.predict_proba(X), strict=True):
        np.testing.assert_array_equal(own, wanted)
        np.testing.assert_allclose(own.sum(1), 1)
    for own, logs in zip(probabilities, estimator.predict_log_proba(X), strict=True):
        np.testing.assert_allclose(np.exp(logs), own)
    for task, (own, names) in enumerate(zip(probabilities, classes, strict=True)):
        np.testing.assert_array_equal(
            np.array(names)[own.argmax(1)], predicted[:, task]
        )
    scores = estimator.score_tasks(X, y)
    right = np.array(
        [
            np.mean((predicted == TRUTH[classes[0][0]])[~HOLES[:, task], task])
            for task in range(2)
        ]
    )
    np.testing.assert_allclose(scores, right)
    assert estimator.score(X, y) == pytest.approx(right.mean())
    return estimator


TRUTH = {
    0: np.column_stack([BINARY, THREE]),
    "no": np.column_stack([np.array(["no", "yes"])[BINARY], WORDS[THREE]]),
}


@pytest.fixture(scope="module")
def integer_reference():
    y = integer_containers()["floats"]
    return HardSharingClassifier(**QUICK).fit(X, y)


@pytest.fixture(scope="module")
def text_reference():
    y = text_containers()["objects with None"]
    return HardSharingClassifier(**QUICK).fit(X, y)


@pytest.mark.parametrize("name", integer_containers())
def test_integers_with_holes(name, integer_reference):
    y = integer_containers()[name]
    estimator = check_classifier(y, integer_reference, [[0, 1], [0, 1, 2]])
    assert estimator.predict(X).dtype.kind in "iuf"
    frames = name.startswith(("pandas", "polars"))
    assert estimator.task_names_ == (NAMES if frames else ["task_0", "task_1"])


@pytest.mark.parametrize("name", text_containers())
def test_text_with_holes(name, text_reference, integer_reference):
    y = text_containers()[name]
    check_classifier(y, text_reference, [["no", "yes"], ["calm", "gale", "storm"]])
    # the same network as that of the integers behind the words
    np.testing.assert_array_equal(
        text_reference.transform(X), integer_reference.transform(X)
    )


FLAT = {
    "array": lambda values: np.array(values),
    "list": list,
    "tuple": tuple,
    "column": lambda values: np.array(values)[:, None],
    "objects": lambda values: np.array(values, dtype=object),
    "pandas series": pd.Series,
    "named series": lambda values: pd.Series(values, name="wind"),
    "odd index": lambda values: pd.Series(values, index=range(len(values), 0, -1)),
    "categorical series": lambda values: pd.Series(values, dtype="category"),
    "pandas categorical": pd.Categorical,
    "pandas index": pd.Index,
    "polars series": pl.Series,
}


@pytest.mark.parametrize("container", FLAT)
@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["no", "yes"], [-1, 1]])
def test_one_task_in_any_container(container, labels):
    values = [labels[code] for code in BINARY]
    y = FLAT[container](values)
    estimator = HardSharingClassifier(**QUICK).fit(X, y)
    flat = container != "column"
    classes = estimator.classes_ if flat else estimator.classes_[0]
    assert classes.tolist() == labels
    assert type(classes.tolist()[0]) is type(labels[0])
    predicted = estimator.predict(X)
    assert predicted.shape == ((N_ROWS,) if flat else (N_ROWS, 1))
    assert predicted.dtype.kind == np.array(labels).dtype.kind or container != "array"
    reference = HardSharingClassifier(**QUICK).fit(X, BINARY)
    np.testing.assert_array_equal(
        predicted.ravel(), np.array(labels)[reference.predict(X)]
    )
    probabilities = estimator.predict_proba(X)
    probabilities = probabilities if flat else probabilities[0]
    np.testing.assert_array_equal(probabilities, reference.predict_proba(X))
    assert estimator.score(X, y) == pytest.approx(reference.score(X, BINARY))
    assert estimator.score_tasks(X, y).shape == (1,)
    name = "wind" if container == "named series" else "task_0"
    assert estimator.task_names_ == [name]


def test_three_classes_in_one_task():
    estimator = HardSharingClassifier(**QUICK).fit(X, WORDS[THREE])
    assert estimator.predict_proba(X).shape == (N_ROWS, 3)
    assert estimator.predict_log_proba(X).shape == (N_ROWS, 3)
    assert estimator.predict(X).dtype.kind == "U"
    assert set(estimator.predict(X)) <= set(WORDS)


@pytest.mark.parametrize("name", real_containers())
def test_real_targets_with_holes(name):
    containers = real_containers()
    reference = HardSharingRegressor(**QUICK).fit(X, containers["floats"])
    estimator = HardSharingRegressor(**QUICK).fit(X, containers[name])
    predicted = estimator.predict(X)
    assert predicted.dtype == np.float64
    np.testing.assert_array_equal(predicted, reference.predict(X))
    # predictions are in the units of each target
    np.testing.assert_allclose(predicted.mean(0), [0, 100], atol=5)
    scores = estimator.score_tasks(X, containers[name])
    truth = np.column_stack([REAL, 100 + 10 * X[:, 0]])
    for task in range(2):
        seen = ~HOLES[:, task]
        residual = np.sum((truth - predicted)[seen, task] ** 2)
        spread = np.sum((truth[seen, task] - truth[seen, task].mean()) ** 2)
        assert scores[task] == pytest.approx(1 - residual / spread)
    assert estimator.score(X, containers[name]) == pytest.approx(scores.mean())
    assert not hasattr(estimator, "classes_")
    assert not hasattr(estimator, "predict_proba")


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int8])
def test_types_of_one_real_target(dtype):
    y = np.round(10 * REAL).astype(dtype)
    predicted = HardSharingRegressor(**QUICK).fit(X, y).predict(X)
    assert predicted.shape == (N_ROWS,)
    assert predicted.dtype == (np.float32 if dtype == np.float32 else np.float64)


def test_order_of_columns_at_score():
    y = frame_of(pd, (BINARY, THREE))
    estimator = HardSharingClassifier(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match="same order"):
        estimator.score(X, y[NAMES[::-1]])
    assert estimator.score(X, y.to_numpy()) == estimator.score(X, y)
