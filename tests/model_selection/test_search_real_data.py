"""Stacked and plain searches agree on real data, in double precision."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRegressor,
    HierarchicalIBClassifier,
)
from skmtl.datasets import load_grouped_digits
from skmtl.model_selection import StackedGridSearchCV

pytestmark = [
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.SkmtlWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]

SMALL = {"hidden_layer_sizes": (16,), "batch_size": 64, "random_state": 0}
DECAYS = [0.05, 0.5]
CLASSIFIERS = {
    "sharing": (HardSharingClassifier, {"weight_decay": DECAYS}),
    "bottleneck": (
        HierarchicalIBClassifier,
        {"beta": [0.01, 0.1], "weight_decay": DECAYS},
    ),
}
classifiers = pytest.mark.parametrize("name", CLASSIFIERS)


def assert_agree(estimator, grid, X, y):
    """Compare scores, ranks, the choice, and the predictions of the refit."""
    model = make_pipeline(StandardScaler(), estimator)
    step = type(estimator).__name__.lower()
    grid = {f"{step}__{name}": values for name, values in grid.items()}
    cv = KFold(3, shuffle=True, random_state=0)
    stacked = StackedGridSearchCV(model, grid, cv=cv).fit(X, y)
    plain = GridSearchCV(model, grid, cv=cv).fit(X, y)
    for key in ("mean_test_score", "std_test_score"):
        assert_allclose(stacked.cv_results_[key], plain.cv_results_[key], atol=1e-6)
        assert np.isfinite(plain.cv_results_[key]).all()
    ranks = [own.cv_results_["rank_test_score"] for own in (stacked, plain)]
    assert_array_equal(*ranks)
    assert stacked.best_params_ == plain.best_params_
    own, other = (search.best_estimator_ for search in (stacked, plain))
    assert_allclose(own.transform(X), other.transform(X), atol=1e-6)
    predicted = [search.predict(X) for search in (stacked, plain)]
    assert (predicted[0] == predicted[1]).all()


@classifiers
def test_digits(name):
    cls, grid = CLASSIFIERS[name]
    X, y = load_grouped_digits(return_X_y=True)
    assert_agree(cls(max_epochs=4, **SMALL), grid, X[:700].astype(float), y[:700])


@classifiers
def test_tox21(load_real, name):
    """Twelve assays, a sixth of the labels missing."""
    data = load_real("tox21")
    cls, grid = CLASSIFIERS[name]
    X, y = data["X_ngram"][:1200].astype(float), data["Y"][:1200]
    assert np.isnan(y).any()
    assert_agree(cls(max_epochs=4, **SMALL), grid, X, y)


@pytest.mark.parametrize("cls", [HardSharingRegressor, HardSharingMixed])
def test_school(load_real, cls):
    """Scores of pupils of forty schools: every row has a label of one task."""
    data = load_real("school")
    rows = np.flatnonzero(data["task"] < 40)[::2]
    X, task = data["X"][rows].astype(float), data["task"][rows]
    y = np.full((len(rows), 40), np.nan)
    y[np.arange(len(rows)), task] = data["y"][rows]
    kinds = {"task_types": ["regression"] * 40} if cls is HardSharingMixed else {}
    grid = {"weight_decay": [0.1, 1.0]}
    assert_agree(cls(max_epochs=4, **SMALL, **kinds), grid, X, y)
