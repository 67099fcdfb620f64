"""Inside pipelines, searches and the other tools of scikit-learn."""

import pickle
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import (
    HardSharingClassifier,
    HierarchicalIBClassifier,
)
from skmtl._base._signatures import estimator_classes
from skmtl.exceptions import SkmtlWarning

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 8, "hidden_layer_sizes": (8,), "random_state": 0}
FOLDS = KFold(3)


@pytest.fixture(scope="module")
def data():
    """Rows of very different scales, three tasks, every seventh label missing."""
    random = np.random.RandomState(0)
    X = random.normal(size=(150, 4)) * [1, 10, 100, 1000]
    signal = X / [1, 10, 100, 1000]
    y = pd.DataFrame(
        {
            "rain": np.where(signal[:, 0] > 0, "wet", "dry"),
            "wind": np.where(signal[:, 0] - 0.2 * signal[:, 1] > 0, "strong", "weak"),
            "snow": np.where(signal[:, 2] > 0, "yes", "no"),
        },
        dtype=object,
    )
    for task in range(3):
        y.iloc[task::7, task] = None
    return X, y


def pipeline(**parameters):
    return make_pipeline(
        StandardScaler(), HierarchicalIBClassifier(**{**QUICK, **parameters})
    )


def test_grid_search_in_a_pipeline(data):
    X, y = data
    search = GridSearchCV(
        pipeline(max_epochs=60),
        {"hierarchicalibclassifier__beta": [0.01, 1e4]},
        cv=FOLDS,
        n_jobs=2,
        error_score="raise",
    )
    with _quiet():
        search.fit(X, y)
    assert search.best_params_ == {"hierarchicalibclassifier__beta": 0.01}
    good, closed = search.cv_results_["mean_test_score"]
    assert good > 0.85 > closed
    assert search.score(X, y) > 0.85
    assert search.predict(X).shape == y.shape
    serial = clone(search).set_params(n_jobs=None)
    with _quiet():
        serial.fit(X, y)
    for name in ("split0_test_score", "split1_test_score", "split2_test_score"):
        np.testing.assert_array_equal(
            serial.cv_results_[name], search.cv_results_[name]
        )


@contextmanager
def _quiet():
    """Random or closed tasks warn, in worker processes too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkmtlWarning)
        yield


def test_cross_validate(data):
    X, y = data
    found = cross_validate(
        pipeline(), X, y, cv=FOLDS, return_train_score=True, return_estimator=True
    )
    for (_, test), estimator, score in zip(
        FOLDS.split(X), found["estimator"], found["test_score"], strict=True
    ):
        assert estimator.score(X[test], y.iloc[test]) == score
        assert estimator[-1].task_names_ == ["rain", "wind", "snow"]


def test_cross_val_predict(data):
    X, y = data
    predicted = cross_val_predict(pipeline(), X, y, cv=FOLDS)
    assert predicted.shape == y.shape
    present = y.notna().to_numpy()
    assert (predicted == y.to_numpy())[present].mean() > 0.7


def test_permutation_importance_finds_the_features(data):
    X, y = data
    estimator = pipeline(max_epochs=40).fit(X, y)
    found = permutation_importance(estimator, X, y, n_repeats=3, random_state=0)
    assert set(np.argsort(found.importances_mean)[-2:]) == {0, 2}


def test_learning_curve(data):
    X, y = data
    sizes, _, scores = learning_curve(
        pipeline(), X, y, cv=FOLDS, train_sizes=[0.3, 1.0], error_score="raise"
    )
    assert sizes.tolist() == [30, 100]
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("cls", estimator_classes())
def test_clone_and_parameters(cls):
    changed = {"lr": 0.5, "callbacks": [], "net_params": {}, "verbose": 3}
    estimator = cls(**changed)
    copied = clone(estimator)
    assert copied.get_params() == estimator.get_params()
    assert {name: estimator.get_params()[name] for name in changed} == changed
    assert estimator.set_params(lr=1.0).lr == 1.0
    with pytest.raises(ValueError, match="Invalid parameter 'rate'"):
        estimator.set_params(rate=1.0)


@pytest.mark.parametrize("cls", estimator_classes())
def test_pickle(cls, data):
    X, y = data
    y = (X[:, :2] > 0).astype(int)
    with _quiet():
        estimator = cls(**QUICK).fit(X / 100, y)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.predict(X), estimator.predict(X))
    np.testing.assert_array_equal(again.transform(X), estimator.transform(X))
    np.testing.assert_equal(again.history_, estimator.history_)
    # training goes on where it was
    for one in (estimator, again):
        with _quiet():
            one.partial_fit(X / 100, y)
    np.testing.assert_array_equal(again.transform(X), estimator.transform(X))


def test_pickle_is_small():
    X = np.random.RandomState(0).normal(size=(5000, 20))
    y = (X[:, :2] > 0).astype(int)
    estimator = HardSharingClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert len(pickle.dumps(estimator)) < X.nbytes / 4


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_metadata_routing_of_weights(data, routing):
    X, y = data
    weight = np.random.RandomState(0).randint(1, 5, size=len(X)).astype(float)
    classifier = HardSharingClassifier(**QUICK)
    classifier.set_fit_request(sample_weight=True)
    classifier.set_score_request(sample_weight=True)
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    found = cross_validate(
        make_pipeline(scaler, classifier),
        X,
        y,
        cv=FOLDS,
        params={"sample_weight": weight},
        error_score="raise",
    )
    for (train, test), score in zip(FOLDS.split(X), found["test_score"], strict=True):
        own = StandardScaler().fit(X[train], sample_weight=weight[train])
        fitted = HardSharingClassifier(**QUICK).fit(
            own.transform(X[train]), y.iloc[train], sample_weight=weight[train]
        )
        by_hand = fitted.score(
            own.transform(X[test]), y.iloc[test], sample_weight=weight[test]
        )
        assert score == pytest.approx(by_hand)


def test_weights_that_nobody_asked_for(data, routing):
    X, y = data
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
        cross_validate(
            HardSharingClassifier(**QUICK),
            X,
            y,
            cv=FOLDS,
            params={"sample_weight": np.ones(len(X))},
        )


@pytest.mark.parametrize("cls", estimator_classes())
def test_html_of_new_and_fitted(cls, data):
    shown = cls(lr=0.25)._repr_html_()
    assert cls.__name__ in shown
    assert "0.25" in shown
    assert "Not fitted" in shown
    X, _ = data
    with _quiet():
        fitted = cls(**QUICK).fit(X / 100, (X[:, :2] > 0).astype(int))
    assert "Not fitted" not in fitted._repr_html_()
    assert repr(cls(lr=0.25)) == f"{cls.__name__}(lr=0.25)"


@pytest.mark.parametrize("cls", estimator_classes())
def test_tags(cls):
    tags = cls().__sklearn_tags__()
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    kinds = {"Classifier": "classifier", "Regressor": "regressor", "Mixed": None}
    kinds["Ranker"] = None
    [kind] = [kinds[name] for name in kinds if cls.__name__.endswith(name)]
    assert tags.estimator_type == kind
    assert not tags.input_tags.three_d_array
    assert cls(encoder="conv").__sklearn_tags__().input_tags.three_d_array


def test_transform_output_and_feature_names(data):
    X, y = data
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    estimator = HardSharingClassifier(**{**QUICK, "latent_dim": 3}).fit(frame, y)
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    names = [f"hardsharingclassifier{unit}" for unit in range(3)]
    assert estimator.get_feature_names_out().tolist() == names
    shared = estimator.transform(frame)
    assert shared.shape == (150, 3)
    for library in ("pandas", "polars"):
        table = estimator.set_output(transform=library).transform(frame)
        assert type(table).__module__.startswith(library)
        assert list(table.columns) == names
        np.testing.assert_array_equal(table.to_numpy(), shared)
    assert (
        estimator.set_output(transform="pandas")
        .transform(frame)
        .index.equals(frame.index)
    )


def test_fit_transform_and_representation_for_another_model(data):
    from sklearn.linear_model import LogisticRegression

    X, y = data
    known = y["rain"].notna().to_numpy()
    features = StandardScaler().fit_transform(X)
    estimator = HardSharingClassifier(**{**QUICK, "max_epochs": 60})
    shared = estimator.fit_transform(features, y)
    np.testing.assert_array_equal(shared, estimator.transform(features))
    simple = LogisticRegression().fit(shared[known], y["rain"][known].astype(str))
    assert simple.score(shared[known], y["rain"][known].astype(str)) > 0.85
