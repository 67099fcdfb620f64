"""Every container and kind of targets, through fit, predict, probabilities, scores."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from skmtl import HardSharingClassifier, HardSharingMixed, HardSharingRegressor

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 3, "hidden_layer_sizes": (4,), "random_state": 0}
N_ROWS = 60
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(N_ROWS, 3))
BINARY = (X[:, 0] > 0).astype(int)
THREE = np.digitize(X[:, 1], [-0.5, 0.5])
REAL = X[:, 2] + 0.1 * RANDOM.normal(size=N_ROWS)
HOLES = np.zeros((N_ROWS, 2), dtype=bool)
HOLES[::5, 0] = HOLES[1::4, 1] = True
NAMES = ["small", "large"]
WORDS = np.array(["calm", "gale", "storm"])


def masked(columns, missing=np.nan, dtype=object):
    """Columns side by side, with holes."""
    table = np.empty((N_ROWS, 2), dtype=dtype)
    for task, column in enumerate(columns):
        table[:, task] = column
    table[HOLES] = missing
    return table


def frame_of(library, columns, holes=True):
    """A DataFrame that holds None where there are holes."""
    data = {}
    for task, (name, column) in enumerate(zip(NAMES, columns, strict=True)):
        values = list(column.tolist())
        gone = HOLES[:, task] if holes else np.zeros(N_ROWS, dtype=bool)
        data[name] = [
            None if hole else value for hole, value in zip(gone, values, strict=True)
        ]
    return library.DataFrame(data)


def integer_containers():
    columns = BINARY, THREE
    floats = masked(columns, dtype=float)
    return {
        "floats": floats,
        "float32": floats.astype(np.float32),
        "objects with None": masked(columns, None),
        "objects with NaN": masked(columns, np.nan),
        "objects with NA": masked(columns, pd.NA),
        "list of lists": masked(columns, None).tolist(),
        "list of tuples": [tuple(row) for row in masked(columns, None).tolist()],
        "masked array": np.ma.MaskedArray(np.column_stack(columns), HOLES),
        "pandas": frame_of(pd, columns),
        "pandas Int64": frame_of(pd, columns).astype("Int64"),
        "pandas Int8": frame_of(pd, columns).astype("Int8"),
        "pandas object": frame_of(pd, columns).astype(object),
        "pandas category": frame_of(pd, columns).astype("Int64").astype("category"),
        "polars": frame_of(pl, columns),
        "polars Int8": frame_of(pl, columns).cast(pl.Int8),
        "tensor": torch.tensor(floats),
    }


def text_containers():
    columns = np.array(["no", "yes"])[BINARY], WORDS[THREE]
    whole = frame_of(pd, columns)
    return {
        "objects with None": masked(columns, None),
        "objects with NaN": masked(columns, np.nan),
        "list of lists": masked(columns, None).tolist(),
        "pandas": whole,
        "pandas object": whole.astype(object),
        "pandas string": whole.astype("string"),
        "pandas category": whole.astype("category"),
        "polars": frame_of(pl, columns),
        "polars categorical": frame_of(pl, columns).cast(pl.Categorical),
        "polars enum": frame_of(pl, columns).with_columns(
            pl.col("small").cast(pl.Enum(["no", "yes"])),
            pl.col("large").cast(pl.Enum(list(WORDS))),
        ),
    }


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


def real_containers():
    columns = REAL, 100 + 10 * X[:, 0]
    floats = masked(columns, dtype=float)
    return {
        "floats": floats,
        "objects": masked(columns, None),
        "list": masked(columns, None).tolist(),
        "pandas": frame_of(pd, columns),
        "pandas Float64": frame_of(pd, columns).astype("Float64"),
        "polars": frame_of(pl, columns),
        "masked array": np.ma.MaskedArray(np.column_stack(columns), HOLES),
    }


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


# ---- mixed kinds


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


def test_order_of_columns_at_score():
    y = frame_of(pd, (BINARY, THREE))
    estimator = HardSharingClassifier(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match="same order"):
        estimator.score(X, y[NAMES[::-1]])
    assert estimator.score(X, y.to_numpy()) == estimator.score(X, y)
