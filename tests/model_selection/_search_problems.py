"""Data and estimators that train in no time, and what equal searches are."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import HardSharingClassifier, HierarchicalIBClassifier
from skmtl.exceptions import SkmtlWarning
from skmtl.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV

QUICK = {
    "max_epochs": 3,
    "hidden_layer_sizes": (8,),
    "batch_size": 16,
    "lr": 0.03,
    "random_state": 0,
}
PLAIN = {
    StackedGridSearchCV: GridSearchCV,
    StackedRandomizedSearchCV: RandomizedSearchCV,
}
BEST = ("best_index_", "best_params_", "best_score_", "multimetric_", "n_splits_")


def classes(n_rows=72, n_tasks=3, missing=0.0, seed=0):
    """Features and tasks of two or three classes."""
    random = np.random.RandomState(seed)
    X = random.normal(size=(n_rows, 4))
    signal = X @ random.normal(size=(4, n_tasks))
    y = np.digitize(signal, [0, 1]).astype(float)
    y[:, 0] = signal[:, 0] > 0
    y[random.uniform(size=y.shape) < missing] = np.nan
    return X, y


def confidence(estimator, X, y):
    """A score that any difference between networks shows in."""
    return np.mean([chances.max(1).mean() for chances in estimator.predict_proba(X)])


def hard_sharing(**parameters):
    return HardSharingClassifier(**{**QUICK, **parameters})


def bottleneck(**parameters):
    return HierarchicalIBClassifier(**{**QUICK, "latent_dim": 4, **parameters})


def pipeline(*steps, **parameters):
    """A pipeline that ends with a step ``clf``; its first one is ``scale``."""
    first = steps or (StandardScaler(),)
    names = ["scale", *(f"step{place}" for place in range(1, len(first)))]
    named = list(zip(names, first, strict=True))
    return Pipeline([*named, ("clf", hard_sharing())], **parameters)


def fitted(search, X, y, **params):
    """Fit a clone, without warnings about such small data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkmtlWarning)
        return clone(search).fit(X, y, **params)


def plain_search(search):
    """The search of scikit-learn with the same parameters."""
    parameters = search.get_params(deep=False)
    del parameters["max_stack"]
    return PLAIN[type(search)](**parameters)


def assert_equals_plain(search, X, y, **params):
    """A stacked search finds what scikit-learn's finds; returns both."""
    expected = fitted(plain_search(search), X, y, **params)
    found = fitted(search, X, y, **params)
    assert_same_results(found, expected)
    if search.refit:
        np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    return found, expected


def assert_same_results(found, expected):
    assert list(found.cv_results_) == list(expected.cv_results_)
    for name, values in expected.cv_results_.items():
        own = found.cv_results_[name]
        assert type(own) is type(values), name
        if name == "params":
            assert [str(one) for one in own] == [str(one) for one in values]
            continue
        assert own.dtype == values.dtype, name
        if "_time" in name:
            assert np.isfinite(own).all() and (own >= 0).all()
        elif "_test_" in name or "_train_" in name:
            np.testing.assert_allclose(own, values, rtol=0, atol=1e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(own.mask, values.mask, err_msg=name)
            assert str(own) == str(values), name
    for name in BEST:
        assert hasattr(found, name) == hasattr(expected, name), name
        if hasattr(expected, name):
            own, other = getattr(found, name), getattr(expected, name)
            assert str(own) == str(other) or np.isclose(own, other), name
