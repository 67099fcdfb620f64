"""Stacked searches find what those of scikit-learn find."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold

from skmtl import HardSharingMixed, HardSharingRegressor
from skmtl.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
from tests._names import stable_name
from tests.model_selection._search_problems import (
    QUICK,
    assert_equals_plain,
    assert_same_results,
    bottleneck,
    classes,
    confidence,
    fitted,
    hard_sharing,
)

GRID = {"weight_decay": [0.0, 20.0], "lr": [0.003, 0.03]}
FOLDS = KFold(3, shuffle=True, random_state=0)


def worst_task(estimator, X, y):
    return estimator.score_tasks(X, y).min()


def two_scores(estimator, X, y):
    scores = estimator.score_tasks(X, y)
    return {"worst": scores.min(), "mean": scores.mean()}


def smoothest(results):
    return int(np.argmax(results["param_weight_decay"]))


def last_accuracy(y_true, y_pred):
    return np.nanmean((y_true == y_pred)[:, -1])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_train_score": True},
        {"refit": False},
        {"refit": smoothest},
        {"cv": 2},
        {"cv": None},
        {"cv": list(KFold(2).split(np.zeros(72)))},
        {"cv": ShuffleSplit(2, random_state=0)},
        {"scoring": worst_task},
        {"scoring": two_scores, "refit": "worst"},
        {"scoring": two_scores, "refit": False, "return_train_score": True},
        {
            "scoring": {"worst": worst_task, "last": make_scorer(last_accuracy)},
            "refit": "last",
            "return_train_score": True,
        },
        {"scoring": {"a": worst_task, "b": worst_task}, "refit": smoothest},
        {"max_stack": 2},
    ],
    ids=stable_name,
)
def test_settings_of_the_search(settings):
    X, y = classes()
    search = StackedGridSearchCV(hard_sharing(), GRID, **{"cv": FOLDS, **settings})
    assert_equals_plain(search, X, y)


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (bottleneck(), {"beta": [0.01, 0.3], "gamma": [0.0, 1.0]}),
        (bottleneck(), {"beta": [0.01, [0.01, 0.02, 0.5]]}),
        (bottleneck(), [{"noise": [None]}, {"beta": [0.01], "gamma": [0, 1]}]),
        (hard_sharing(), {"random_state": [0, 1, 2]}),
        (hard_sharing(random_state=np.random.RandomState(1)), {"lr": [0.01, 0.1]}),
        (hard_sharing(), {"hidden_layer_sizes": [(4,), (8, 4)], "max_epochs": [1, 2]}),
        (hard_sharing(), {"task_weight": [None, [1, 2, 3]]}),
        (hard_sharing(), {}),
    ],
    ids=[
        "channels",
        "prices",
        "list of grids",
        "seeds",
        "state",
        "shapes",
        "w",
        "none",
    ],
)
def test_parameters(estimator, grid):
    X, y = classes()
    search = StackedGridSearchCV(estimator, grid, cv=FOLDS, scoring=confidence)
    found, _ = assert_equals_plain(search, X, y)
    assert len(np.unique(found.cv_results_["mean_test_score"])) == len(
        found.cv_results_["params"]
    )


def test_random_candidates():
    X, y = classes()
    search = StackedRandomizedSearchCV(
        bottleneck(),
        {"beta": loguniform(0.001, 1), "weight_decay": [0, 0.1]},
        n_iter=4,
        cv=FOLDS,
        random_state=3,
        return_train_score=True,
    )
    assert_equals_plain(search, X, y)


def mixed(as_frame):
    X, y = classes()
    return X, as_frame(
        {"grade": X[:, 0] * 3.1, "rain": np.where(y[:, 0], "wet", "dry")}
    )


TARGETS = {
    "missing": classes(missing=0.3),
    "one task": (classes()[0], classes()[1][:, 0].astype(int)),
    "text": (classes()[0], np.array(["no", "yes"])[classes()[1][:, 0].astype(int)]),
    "column": (classes()[0], classes()[1][:, :1]),
    "frames": tuple(map(pd.DataFrame, classes(missing=0.3))),
    "lists": tuple(one.tolist() for one in classes()),
}


@pytest.mark.parametrize("name", TARGETS)
def test_kinds_of_data(name):
    X, y = TARGETS[name]
    assert_equals_plain(StackedGridSearchCV(hard_sharing(), GRID, cv=FOLDS), X, y)


@pytest.mark.parametrize("as_frame", [pd.DataFrame, pl.DataFrame])
def test_mixed_kinds(as_frame):
    X, y = mixed(as_frame)
    search = StackedGridSearchCV(HardSharingMixed(**QUICK), GRID, cv=FOLDS)
    assert_equals_plain(search.set_params(refit=False), X, y)
    best = fitted(search.set_params(refit=True), X, y)
    assert type(best.predict(X)) is type(y)


def test_regression():
    X, _ = classes()
    y = X @ np.random.RandomState(1).normal(size=(4, 2))
    search = StackedGridSearchCV(HardSharingRegressor(**QUICK), GRID, cv=3)
    assert_equals_plain(search, X, y)


def test_one_task_per_row():
    X, y = classes(n_rows=120)
    y[np.arange(120)[:, None] % 3 != np.arange(3)] = np.nan
    search = StackedGridSearchCV(hard_sharing(), GRID, cv=FOLDS)
    found, _ = assert_equals_plain(search, X, y)
    assert found.best_estimator_.task_groups_.shape == (3,)


def test_digits():
    X, y = load_digits(return_X_y=True)
    y = np.column_stack([y % 2, y > 4])[:200]
    search = StackedGridSearchCV(bottleneck(), {"beta": [0.01, 100.0]}, cv=2)
    assert_equals_plain(search, X[:200] / 16, y)


def test_groups():
    X, y = classes()
    search = StackedGridSearchCV(hard_sharing(), GRID, cv=GroupKFold(3))
    assert_equals_plain(search, X, y, groups=np.arange(72) % 5)


@pytest.mark.parametrize("shape", [(72,), (72, 3)])
def test_sample_weight(shape):
    X, y = classes(missing=0.2)
    weight = np.random.RandomState(0).uniform(0, 4, size=shape)
    search = StackedGridSearchCV(hard_sharing(), GRID, cv=FOLDS)
    found, _ = assert_equals_plain(search, X, y, sample_weight=weight)
    without = fitted(search, X, y)
    scores = "mean_test_score"
    assert (found.cv_results_[scores] != without.cv_results_[scores]).any()


def test_strata_as_in_scikit_learn_where_y_allows():
    X, y = classes()
    search = StackedGridSearchCV(hard_sharing(), GRID, cv=3)
    one = fitted(search, X, y[:, 0].astype(int))
    assert isinstance(one._checked_cv_orig, StratifiedKFold)


@pytest.mark.parametrize("cv", [None, 4])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda y: y,
        lambda y: y[:, 0],
        pd.DataFrame,
        lambda y: pd.DataFrame(y).astype("Int64"),
        lambda y: pl.DataFrame(y).fill_nan(None),
        lambda y: np.where(np.isnan(y), None, y),
    ],
    ids=["array", "column", "pandas", "nullable", "polars", "object"],
)
def test_a_number_of_folds_with_missing_labels(cv, spoil):
    X, y = classes(missing=0.2)
    y = spoil(y)
    search = StackedGridSearchCV(hard_sharing(), {"lr": [0.01, 0.1]}, cv=cv)
    found = fitted(search, X, y)
    expected = fitted(search.set_params(cv=KFold(cv or 5)), X, y)
    assert type(found._checked_cv_orig) is KFold
    assert_same_results(found, expected)
