"""Searches in which something fails."""

import re
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

from skmtl.exceptions import ConvergenceError, InputError, SkmtlWarning
from skmtl.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
from tests._names import stable_name
from tests.model_selection._search_problems import (
    assert_same_results,
    classes,
    fitted,
    hard_sharing,
    pipeline,
    plain_search,
)

FOLDS = KFold(3)
DIVERGE = {"lr": [0.01, 1e30], "optimizer": ["sgd"]}
REFUSED = {"hidden_layer_sizes": [(0,), (4,)]}


class Choosy(TransformerMixin, BaseEstimator):
    """Cannot be fitted with ``fail=True``."""

    def __init__(self, fail=False):
        self.fail = fail

    def fit(self, X, y=None):
        if self.fail:
            raise RuntimeError("I was told to fail")
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


def worst_task(estimator, X, y):
    return estimator.score_tasks(X, y).min()


def two_scores(estimator, X, y):
    scores = estimator.score_tasks(X, y)
    return {"worst": scores.min(), "mean": scores.mean()}


def both(search, X, y):
    """Fit ours and scikit-learn's, and collect what they warn of."""
    for one in (search, plain_search(search)):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", SkmtlWarning)
            yield one.fit(X, y), seen


def assert_same_failures(search, X, y):
    (found, own), (expected, others) = both(search, X, y)
    assert_same_results(found, expected)
    assert [one.category for one in own] == [one.category for one in others]
    assert FitFailedWarning in [one.category for one in own]
    told = [str(one.message).split("If these")[0] for one in own]
    assert told == [str(one.message).split("If these")[0] for one in others]


@pytest.mark.parametrize("error_score", [np.nan, -1])
@pytest.mark.parametrize("grid", [REFUSED, DIVERGE], ids=["refused", "diverges"])
@pytest.mark.parametrize(
    "scoring",
    [
        {},
        {"scoring": two_scores, "refit": "mean"},
        {"scoring": {"a": worst_task, "b": worst_task}, "refit": "b"},
    ],
    ids=["one", "dict", "several"],
)
def test_some_fail(grid, error_score, scoring):
    X, y = classes()
    search = StackedGridSearchCV(
        hard_sharing(),
        grid,
        cv=FOLDS,
        error_score=error_score,
        return_train_score=True,
        **scoring,
    )
    assert_same_failures(search, X, y)


def test_a_step_fails():
    X, y = classes()
    grid = {"scale__fail": [True, False], "clf__lr": [0.1, 0.01]}
    search = StackedGridSearchCV(pipeline(Choosy()), grid, cv=FOLDS)
    assert_same_failures(search, X, y)


def test_error_is_raised():
    X, y = classes()
    search = StackedGridSearchCV(hard_sharing(), DIVERGE, cv=FOLDS, error_score="raise")
    with pytest.raises(ConvergenceError, match="lr"):
        fitted(search, X, y)
    search = StackedGridSearchCV(
        pipeline(Choosy(fail=True)), {}, cv=FOLDS, error_score="raise"
    )
    with pytest.raises(RuntimeError, match="told to fail"):
        fitted(search, X, y)


@pytest.mark.parametrize(
    ("y", "params", "expected"),
    [
        (None, {}, "requires y to be passed"),
        (np.ones((72, 2)), {}, "task_0"),
        (classes()[1], {"speed": 3}, "unexpected keyword argument 'speed'"),
    ],
    ids=["no y", "one class", "parameter of fit"],
)
def test_all_fail(y, params, expected):
    X, _ = classes()
    search = StackedGridSearchCV(hard_sharing(), {"lr": [0.1, 0.2]}, cv=FOLDS)
    with pytest.raises(ValueError, match="All the 6 fits failed") as caught:
        fitted(search, X, y, **params)
    assert expected in str(caught.value)


def test_weights_without_a_step():
    X, y = classes()
    search = StackedGridSearchCV(pipeline(), {}, cv=FOLDS)
    with pytest.raises(ValueError, match="stepname__parameter"):
        fitted(search, X, y, sample_weight=np.ones(72))


def test_a_scorer_fails():
    X, y = classes()

    def fussy(estimator, X, y):
        if estimator.lr == 0.1:
            raise RuntimeError("too fast for me")
        return 1.0

    search = StackedGridSearchCV(
        hard_sharing(), {"lr": [0.1, 0.01]}, cv=FOLDS, scoring=fussy
    )
    (found, own), (expected, others) = both(search, X, y)
    assert_same_results(found, expected)
    assert [one.category for one in own] == [one.category for one in others]
    with pytest.raises(RuntimeError, match="too fast"):
        fitted(search.set_params(error_score="raise"), X, y)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        Pipeline([("clf", LogisticRegression())]),
        Pipeline([("ours", hard_sharing()), ("clf", LogisticRegression())]),
        Pipeline([("inner", pipeline())]),
        Pipeline([("clf", "passthrough")]),
    ],
    ids=["plain", "step", "not last", "nested", "none"],
)
def test_estimators_of_others(estimator):
    X, y = classes()
    for search in (
        StackedGridSearchCV(estimator, {}, scoring=two_scores, refit=False),
        StackedRandomizedSearchCV(estimator, {}, scoring=two_scores, refit=False),
    ):
        with pytest.raises(InputError, match="Use GridSearchCV"):
            search.fit(X, y)


def test_a_subclass_of_pipeline_may_do_anything():
    class Own(Pipeline):
        pass

    X, y = classes()
    with pytest.raises(InputError, match="found Own"):
        StackedGridSearchCV(Own([("clf", hard_sharing())]), {}).fit(X, y)


def test_candidates_of_others():
    X, y = classes()
    grid = {"clf": [hard_sharing(), LogisticRegression()]}
    search = StackedGridSearchCV(pipeline(), grid, cv=FOLDS)
    with pytest.raises(InputError, match=re.escape("LogisticRegression()")):
        search.fit(X, y)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_stack": 0}, "'max_stack'"),
        ({"max_stack": "all"}, "'max_stack'"),
        ({"param_grid": {"speed": [1]}}, "Invalid parameter 'speed'"),
        ({"param_grid": 3}, "'param_grid'"),
        ({"error_score": "nan"}, "'error_score'"),
        ({"cv": iter([])}, "No fits were performed"),
        ({"scoring": ["accuracy"]}, "refit"),
    ],
    ids=stable_name,
)
def test_bad_settings(settings, expected):
    X, y = classes()
    search = StackedGridSearchCV(hard_sharing(), {"lr": [0.1]}, cv=FOLDS)
    with pytest.raises(ValueError, match=expected):
        search.set_params(**settings).fit(X, y)


@pytest.mark.parametrize(
    "scoring", ["ndcg", ["r2", "ndcg"], ("ndcg",), {"own": "ndcg"}]
)
def test_names_of_our_own_metrics_are_for_another_function(scoring):
    X, y = classes()
    search = StackedGridSearchCV(hard_sharing(), {"lr": [0.01]}, scoring=scoring)
    rule = (
        r"`scoring` must.*found 'ndcg'.*model_selection\.get_multitask_scorer\('ndcg'\)"
    )
    with pytest.raises(InputError, match=rule):
        search.fit(X, y)
    search.set_params(scoring="ndgc")
    with pytest.raises(
        InputError, match=r"found 'ndgc'.*scorer are.*kendall_tau, ndcg"
    ):
        search.fit(X, y)
