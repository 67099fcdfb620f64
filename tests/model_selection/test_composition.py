"""Scorers inside the searches and validations of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import HardSharingClassifier, HardSharingRegressor
from skmtl.model_selection import get_multitask_scorer

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 5, "hidden_layer_sizes": (4,), "random_state": 0}
N = 90
X = np.random.RandomState(0).normal(size=(N, 3))
TEXT = pd.DataFrame(
    {
        "sign": np.where(X[:, 0] > 0, "plus", "minus"),
        "size": np.array(["l", "m", "s"])[np.digitize(X[:, 1], [-0.5, 0.5])],
    }
).mask(np.random.RandomState(1).uniform(size=(N, 2)) < 0.3, None)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.UnlabelledTaskWarning")
@pytest.mark.parametrize("several", [False, True])
def test_search_over_a_pipeline(several):
    names = ["roc_auc", "neg_log_loss"] if several else ["roc_auc"]
    scorers = {name: get_multitask_scorer(name) for name in names}
    pipeline = make_pipeline(StandardScaler(), HardSharingClassifier(**QUICK))
    search = GridSearchCV(
        pipeline,
        {"hardsharingclassifier__max_epochs": [1, 8]},
        cv=KFold(3, shuffle=True, random_state=0),
        scoring=scorers if several else scorers["roc_auc"],
        refit=names[-1] if several else True,
        error_score="raise",
    ).fit(X, TEXT)
    assert clone(search).scoring is not None
    for name in names:
        key = name if several else "score"
        for fold, (train, test) in enumerate(search.cv.split(X)):
            estimator = clone(pipeline).set_params(**search.cv_results_["params"][1])
            estimator.fit(X[train], TEXT.iloc[train])
            by_hand = scorers[name](estimator, X[test], TEXT.iloc[test])
            found = search.cv_results_[f"split{fold}_test_{key}"][1]
            assert found == pytest.approx(by_hand)


def test_weights_through_scikit_learn():
    weight = np.random.RandomState(0).uniform(0.1, 2, size=N)
    folds = KFold(3)
    est = HardSharingRegressor(**QUICK)
    y = X[:, :2]
    scorer = get_multitask_scorer("r2")
    expected = []
    for train, test in folds.split(X):
        one = clone(est).fit(X[train], y[train], sample_weight=weight[train])
        expected.append(scorer(one, X[test], y[test], sample_weight=weight[test]))
    search = GridSearchCV(est, {"max_epochs": [5]}, cv=folds, scoring=scorer)
    search.fit(X, y, sample_weight=weight)
    assert search.cv_results_["mean_test_score"] == pytest.approx(np.mean(expected))
    with sklearn.config_context(enable_metadata_routing=True):
        scoring = {
            "r2": clone(scorer).set_score_request(sample_weight=True),
            "plain": clone(scorer).set_score_request(sample_weight=False),
        }
        found = cross_validate(
            clone(est).set_fit_request(sample_weight=True),
            X,
            y,
            cv=folds,
            scoring=scoring,
            params={"sample_weight": weight},
            error_score="raise",
        )
    assert_allclose(found["test_r2"], expected)
    assert (found["test_plain"] != found["test_r2"]).all()
