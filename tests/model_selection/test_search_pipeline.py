"""Stacked searches in pipelines."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skmtl.model_selection import StackedGridSearchCV, _evaluation
from skmtl.model_selection._pipeline import head_key
from tests.model_selection._search_problems import (
    assert_equals_plain,
    bottleneck,
    classes,
    confidence,
    fitted,
    hard_sharing,
    pipeline,
)

FOLDS = KFold(3, shuffle=True, random_state=0)
DECAYS = {"clf__weight_decay": [0.0, 20.0]}


class Counting(TransformerMixin, BaseEstimator):
    """Multiplies X and writes down each of its fits."""

    fits = []

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None, sample_weight=None):
        self.fits.append((self.factor, len(X), sample_weight is not None))
        self.fitted_ = True
        return self

    def transform(self, X):
        return X * self.factor


@pytest.fixture
def fits(monkeypatch):
    monkeypatch.setattr(Counting, "fits", [])
    return Counting.fits


@pytest.fixture
def calls(monkeypatch):
    """The lists of jobs that were handed over."""
    seen = []

    def recording(jobs, **options):
        seen.append(jobs)
        return fit_jobs(jobs, **options)

    fit_jobs = _evaluation.fit_jobs
    monkeypatch.setattr(_evaluation, "fit_jobs", recording)
    return seen


@pytest.mark.parametrize(
    ("steps", "grid"),
    [
        ((), {"scale__with_mean": [True, False]}),
        ((), {"scale": [StandardScaler(), MinMaxScaler(), "passthrough", None]}),
        ((StandardScaler(), PCA(random_state=0)), {"step1__n_components": [1, 0.9]}),
        ((FunctionTransformer(lambda X: X * 2),), {}),
        ((FunctionTransformer(),), {"scale__func": [None, lambda X: -X, np.tanh]}),
        (("passthrough",), {}),
        ((None, StandardScaler()), {"step1__with_mean": [True, False]}),
        ((), {"clf": [hard_sharing(), bottleneck()]}),
        ((), {"scale": ["passthrough"], "clf__random_state": [0, 1]}),
    ],
    ids=[
        "setting",
        "step",
        "two",
        "lambda",
        "lambdas",
        "pass",
        "None",
        "last",
        "seeds",
    ],
)
def test_steps(steps, grid):
    X, y = classes(missing=0.2)
    search = StackedGridSearchCV(
        pipeline(*steps),
        {**DECAYS, **grid},
        cv=FOLDS,
        scoring=confidence,
        return_train_score=True,
    )
    found, _ = assert_equals_plain(search, X * [1, 2, 3, 1], y)
    assert len(np.unique(found.cv_results_["mean_test_score"])) >= 2


def test_one_step_and_names_made_by_scikit_learn():
    X, y = classes()
    search = StackedGridSearchCV(Pipeline([("clf", bottleneck())]), DECAYS, cv=FOLDS)
    assert_equals_plain(search, X, y)
    grid = {"hierarchicalibclassifier__beta": [0.01, 1.0]}
    search = StackedGridSearchCV(make_pipeline(PCA(2), bottleneck()), grid, cv=FOLDS)
    assert_equals_plain(search, X, y)


def test_steps_are_fitted_once_and_their_result_is_shared(fits, calls):
    X, y = classes()
    grid = {**DECAYS, "clf__lr": [0.1, 0.01], "scale__factor": [1, 2]}
    search = StackedGridSearchCV(pipeline(Counting()), grid, cv=FOLDS, refit=False)
    fitted(search, X, y)
    assert sorted(fits) == [(factor, 48, False) for factor in (1,) * 3 + (2,) * 3]
    [jobs] = calls
    assert len(jobs) == 3 * 8
    assert len({id(job.X) for job in jobs}) == 3 * 2
    assert len({id(job.y) for job in jobs}) == 3
    assert len({id(job.estimator) for job in jobs}) == 3 * 8


def test_jobs_of_a_fold_share_its_rows(calls):
    X, y = classes()
    search = StackedGridSearchCV(
        hard_sharing(), {"random_state": [0, 1]}, cv=FOLDS, refit=False
    )
    fitted(search, X, y, sample_weight=np.ones(72))
    [jobs] = calls
    for name in ("X", "y", "sample_weight"):
        assert len({id(getattr(job, name)) for job in jobs}) == 3


def test_memory(fits, tmp_path):
    X, y = classes()
    grid = {**DECAYS, "scale__factor": [1, 2]}
    search = StackedGridSearchCV(
        pipeline(Counting(), memory=str(tmp_path)), grid, cv=FOLDS
    )
    found = fitted(search, X, y)
    again = fitted(search, X, y)
    assert len(fits) == 3 * 2 + 1
    assert (
        again.cv_results_["mean_test_score"] == found.cv_results_["mean_test_score"]
    ).all()
    assert found.best_estimator_.memory == str(tmp_path)


def test_output_of_the_steps():
    X, y = classes()
    X = pd.DataFrame(X, columns=list("abcd"))
    search = StackedGridSearchCV(
        pipeline().set_output(transform="pandas"), DECAYS, cv=FOLDS
    )
    found, expected = assert_equals_plain(search, X, y)
    assert list(found.feature_names_in_) == list("abcd")
    last = found.best_estimator_[-1]
    assert list(last.feature_names_in_) == list(
        expected.best_estimator_[-1].feature_names_in_
    )


def test_scorers_see_a_fitted_pipeline():
    X, y = classes()

    def score(estimator, X, y):
        assert type(estimator) is Pipeline
        assert estimator["scale"].scale_.shape == (4,)
        assert estimator["scale"].n_samples_seen_ == 48
        return estimator.score(X, y)

    search = StackedGridSearchCV(pipeline(), DECAYS, cv=FOLDS, scoring=score)
    assert_equals_plain(search.set_params(error_score="raise"), X, y)


def test_weights_by_name_of_the_step(fits):
    X, y = classes()
    weight = np.random.RandomState(0).uniform(0, 4, size=72)
    search = StackedGridSearchCV(pipeline(Counting()), DECAYS, cv=FOLDS)
    assert_equals_plain(search, X, y, clf__sample_weight=weight)
    assert not any(weighted for *_, weighted in fits)
    fits.clear()
    assert_equals_plain(search, X, y, scale__sample_weight=weight)
    assert all(weighted for *_, weighted in fits)


@pytest.mark.parametrize("wanted", [(True, True), (False, True), (True, False)])
def test_routed_weights(wanted, fits):
    X, y = classes(missing=0.2)
    weight = np.random.RandomState(0).uniform(0, 4, size=72)
    with config_context(enable_metadata_routing=True):
        by_step, by_last = wanted
        step = Counting().set_fit_request(sample_weight=by_step)
        last = hard_sharing().set_fit_request(sample_weight=by_last)
        last = last.set_score_request(sample_weight=True)
        estimator = Pipeline([("scale", step), ("clf", last)])
        search = StackedGridSearchCV(estimator, DECAYS, cv=FOLDS)
        assert_equals_plain(search, X, y, sample_weight=weight)
        assert {weighted for *_, weighted in fits} == {by_step}


def test_routed_weights_that_nobody_answered_for():
    X, y = classes()
    with config_context(enable_metadata_routing=True):
        last = hard_sharing().set_fit_request(sample_weight=True)
        estimator = Pipeline([("scale", StandardScaler()), ("clf", last)])
        search = StackedGridSearchCV(estimator, DECAYS, cv=FOLDS)
        with pytest.raises(ValueError, match="set_fit_request"):
            search.fit(X, y, sample_weight=np.ones(72))


def test_routed_weights_without_a_pipeline():
    X, y = classes()
    weight = np.random.RandomState(0).uniform(0, 4, size=72)
    with config_context(enable_metadata_routing=True):
        est = hard_sharing().set_fit_request(sample_weight=True)
        est = est.set_score_request(sample_weight=False)
        search = StackedGridSearchCV(est, {"lr": [0.1, 0.01]}, cv=FOLDS)
        assert_equals_plain(search, X, y, sample_weight=weight)


def test_keys_of_steps():
    estimator = pipeline()

    def key(**parameters):
        return head_key(estimator, parameters)

    assert key(scale__a=1) == key(scale__a=1, clf__b=2, clf=hard_sharing())
    assert key(scale__a=1) != key(scale__a=2)
    assert key(scale__a=1) != key(scale__a=1.0)
    assert key(scale__a=[1]) == key(scale__a=[1])
    assert key(scale=StandardScaler()) == key(scale=StandardScaler())
    assert key(scale=StandardScaler()) != key(scale=StandardScaler(with_mean=False))
    local, other = lambda X: X, lambda X: X
    assert key(scale__a=local) == key(scale__a=local)
    assert key(scale__a=local) != key(scale__a=other)
    assert head_key(hard_sharing(), {"lr": 0.1}) is None
