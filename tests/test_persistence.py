"""Saved estimators come back the same, or not at all."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pandas.testing
import polars as pl
import pytest
import torch
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

import skmtl
from skmtl import HardSharingClassifier
from skmtl.exceptions import PersistenceError
from skmtl.persistence._state import registered
from tests.persistence._cases import CASES, QUICK, SIGNS, X
from tests.persistence._same import assert_same

pytestmark = [
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning"),
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.CollapseWarning"),
]


@pytest.fixture(scope="module")
def fitted():
    """Fitted estimators by case, each fitted once and then copied."""
    made = {}

    def get(case):
        if case not in made:
            estimator, features, y = CASES[case]
            made[case] = clone(estimator).fit(features, y)
        return copy.deepcopy(made[case]), *CASES[case][1:]

    return get


@pytest.fixture
def path(tmp_path):
    return tmp_path / "estimator.skmtl"


def round_trip(estimator, path):
    estimator.save(path)
    return skmtl.load(path)


def assert_equal_predictions(one, other, features):
    assert_same(one.transform(features), other.transform(features))
    first, second = one.predict(features), other.predict(features)
    if isinstance(first, pd.DataFrame):
        pandas.testing.assert_frame_equal(first, second)
    elif isinstance(first, pl.DataFrame):
        assert first.equals(second)
        assert first.schema == second.schema
    else:
        assert_same(first, second)
    if hasattr(one, "predict_proba"):
        assert_same(one.predict_proba(features), other.predict_proba(features))


def assert_equal_estimators(one, other, features):
    assert type(one) is type(other)
    assert_same(one.get_params(), other.get_params())
    without_net = [
        {name: value for name, value in vars(own).items() if name != "net_"}
        for own in (one, other)
    ]
    assert_same(*without_net)
    assert_equal_predictions(one, other, features)


@pytest.mark.parametrize("case", CASES)
def test_round_trip(case, fitted, path):
    estimator, features, _ = fitted(case)
    assert_equal_estimators(estimator, round_trip(estimator, path), features)


# without "early stopping", for which partial_fit would need validation rows
@pytest.mark.parametrize("case", sorted(CASES.keys() - {"early stopping"}))
def test_training_goes_on_with_a_fresh_optimiser(case, fitted, path):
    estimator, features, y = fitted(case)
    loaded = round_trip(estimator, path)
    estimator.net_.initialize_optimizer()
    for own in (estimator, loaded):
        own.partial_fit(features[:30], y[:30])
    # the time that an epoch takes is its own
    assert_same(estimator.net_.module_.state_dict(), loaded.net_.module_.state_dict())
    assert estimator.n_iter_ == loaded.n_iter_
    assert len(estimator.net_.history) == len(loaded.net_.history)
    assert_same(estimator.task_similarity_, loaded.task_similarity_)
    assert_equal_predictions(estimator, loaded, features)


def test_the_net_is_made_as_by_fit(fitted, path):
    estimator, _, _ = fitted("weights")
    loaded = round_trip(estimator, path)
    one, other = (own.net_.get_params(deep=False) for own in (estimator, loaded))
    # names with an underscore belong to a run of training
    names = {name for name in one if not name.startswith("_")}
    assert names == {name for name in other if not name.startswith("_")}
    for name in names - {"module", "callbacks"}:
        assert_same(one[name], other[name], name)
    assert_same(list(estimator.net_.history), list(loaded.net_.history))


def test_what_else_fitted_estimators_do(fitted, path):
    estimator, features, y = fitted("bottleneck")
    loaded = round_trip(estimator, path)
    assert loaded.score(features, y) == estimator.score(features, y)
    assert_same(loaded.score_tasks(features, y), estimator.score_tasks(features, y))
    assert_same(clone(loaded).get_params(), estimator.get_params())
    for own in (estimator, loaded):
        own.set_params(warm_start=True).fit(features, y)
    assert_equal_predictions(estimator, loaded, features)
    loaded.set_output(transform="pandas")
    again = round_trip(loaded, path)
    assert isinstance(again.transform(features), pd.DataFrame)


def test_requests_for_metadata_are_kept(fitted, path):
    estimator, features, _ = fitted("bottleneck")
    with config_context(enable_metadata_routing=True):
        estimator.set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight="importance")
        estimator.set_partial_fit_request(classes=False)
    loaded = round_trip(estimator, path)
    for own in (loaded, clone(loaded)):
        asked = own.get_metadata_routing()
        assert asked.fit.requests["sample_weight"] is True
        assert asked.score.requests["sample_weight"] == "importance"
        assert asked.partial_fit.requests == {"classes": False, "sample_weight": None}
    assert_equal_predictions(estimator, loaded, features)
    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before
    assert not get_config()["enable_metadata_routing"]


@pytest.mark.parametrize("case", ["bottleneck", "pandas", "pictures"])
@pytest.mark.parametrize("way", ["pickle", "deepcopy", "joblib"])
def test_ways_that_run_code_work_too(case, way, fitted, path):
    estimator, features, y = fitted(case)
    if way == "pickle":
        same = pickle.loads(pickle.dumps(estimator))
    elif way == "deepcopy":
        same = copy.deepcopy(estimator)
    else:
        joblib.dump(estimator, path)
        same = joblib.load(path)
    assert_equal_estimators(estimator, same, features)
    for own in (estimator, same):
        own.partial_fit(features, y)
    assert_equal_predictions(estimator, same, features)


def small_encoder(n_features):
    return torch.nn.Linear(n_features, 4)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("encoder", torch.nn.Linear(6, 4)),
        ("encoder", small_encoder),
        ("optimizer", torch.optim.Adagrad),
        ("callbacks", [Callback()]),
        (
            "clustering",
            AgglomerativeClustering(metric="precomputed", linkage="average"),
        ),
        ("random_state", np.random.RandomState(0)),
        ("net_params", {"torch_load_kwargs": {"pickle_module": pickle}}),
    ],
)
def test_refuses_what_runs_code(parameter, value, path):
    path.write_bytes(b"before")
    estimator = HardSharingClassifier(**QUICK).set_params(**{parameter: value})
    estimator.fit(X, SIGNS)
    with pytest.raises(PersistenceError, match=rf"`{parameter}.*joblib"):
        estimator.save(path)
    assert path.read_bytes() == b"before"
    assert list(path.parent.iterdir()) == [path]


class Own(HardSharingClassifier):
    """A user's subclass."""


Own.__name__ = "HardSharingClassifier"


def test_refuses_classes_of_others(path):
    with pytest.raises(PersistenceError, match="skmtl's own"):
        Own(**QUICK).fit(X, SIGNS).save(path)


def test_refuses_unfitted(path):
    with pytest.raises(NotFittedError):
        HardSharingClassifier().save(path)


@pytest.mark.parametrize(
    "change",
    [{"activation": "tanh"}, {"hidden_layer_sizes": (9,)}, {"encoder": "conv"}],
)
def test_refuses_parameters_that_fit_did_not_see(change, fitted, path):
    estimator, _, _ = fitted("weights")
    estimator.set_params(**change)
    with pytest.raises(PersistenceError, match=r"after fit|cannot be saved"):
        estimator.save(path)


def test_every_public_estimator_is_known():
    public = {getattr(skmtl, name) for name in skmtl.__all__}
    estimators = {item for item in public if hasattr(item, "partial_fit")}
    assert set(registered().values()) == estimators
    assert estimators


def test_equal_estimators_make_equal_files(fitted, path):
    estimator, _, _ = fitted("pandas")
    loaded = round_trip(estimator, path)
    first = path.read_bytes()
    loaded.save(str(path))
    assert path.read_bytes() == first
    assert list(path.parent.iterdir()) == [path]


def test_device_of_this_machine(fitted, path):
    estimator, features, _ = fitted("bottleneck")
    estimator.device = "xla:0" if torch.cuda.is_available() else "cuda"
    estimator.save(path)
    assert skmtl.load(path, device="cpu").predict(features).shape == (60, 3)
    if not torch.cuda.is_available():
        with pytest.raises(PersistenceError, match="device='cpu'"):
            skmtl.load(path)
