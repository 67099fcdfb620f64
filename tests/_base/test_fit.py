"""What a fit does, and what it leaves behind."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from skmtl import HardSharingClassifier, HardSharingRegressor, HierarchicalIBClassifier
from skmtl._base._signatures import estimator_classes
from skmtl.exceptions import CollapseWarning
from tests._base._fits import CLASSES, QUICK, REAL, THREE, X, both, same

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


@pytest.mark.parametrize("cls", estimator_classes())
def test_equal_seeds_give_equal_fits(cls):
    y = REAL if cls is HardSharingRegressor else CLASSES
    one, other = cls(**QUICK).fit(X, y), cls(**QUICK).fit(X, y)
    same(one, other)
    np.testing.assert_array_equal(one.task_similarity_, other.task_similarity_)
    third = cls(**{**QUICK, "random_state": 1}).fit(X, y)
    assert not np.array_equal(one.transform(X), third.transform(X))


def test_global_generators_are_left_alone():
    np.random.seed(3)
    torch.manual_seed(3)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    HierarchicalIBClassifier(**QUICK).fit(X, CLASSES).predict(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_random_state_instance_moves_on():
    shared = np.random.RandomState(0)
    estimator = HardSharingClassifier(**{**QUICK, "random_state": shared})
    first = estimator.fit(X, CLASSES).transform(X)
    assert not np.array_equal(first, estimator.fit(X, CLASSES).transform(X))


@both
def test_refit_forgets_the_first_fit(cls):
    estimator = cls(**QUICK).fit(X[:, :2], THREE[:, :1])
    same(estimator.fit(X, CLASSES), cls(**QUICK).fit(X, CLASSES))
    assert estimator.n_tasks_ == 2


def test_refit_drops_attributes_of_the_other_network():
    estimator = HierarchicalIBClassifier(**QUICK).fit(X, CLASSES)
    assert estimator.capacity_.shape == (2, 16)
    estimator.set_params(noise=None).fit(X, CLASSES)
    gone = {"capacity_", "information_", "noise_log_variance_"}
    assert not gone & set(vars(estimator))


def test_collapse_is_told_and_named():
    estimator = HierarchicalIBClassifier(**QUICK, beta=1e4, lr=0.1, beta_warmup=0)
    with pytest.warns(CollapseWarning, match=r"'task_0', 'task_1'.*Lower `beta`"):
        estimator.fit(X, CLASSES)


def test_channel_that_hardly_opens_for_a_task_with_a_signal():
    X = np.random.RandomState(0).normal(size=(400, 6))
    y = (X[:, :2] > 0).astype(int)
    fit = {"max_epochs": 60, "hidden_layer_sizes": (16,), "random_state": 0}
    estimator = HierarchicalIBClassifier(**fit, beta=[0.02, 1.0])
    with pytest.warns(CollapseWarning, match=r"1 task\(s\) \('task_1'\) nearly closed"):
        estimator.fit(X, y)
    open_, nearly = estimator.information_
    assert 1e-3 < nearly < 0.05 < 1 < open_


def test_one_task_is_as_good_as_a_column():
    flat = HardSharingClassifier(**QUICK).fit(X, CLASSES[:, 0])
    column = HardSharingClassifier(**QUICK).fit(X, CLASSES[:, :1])
    np.testing.assert_array_equal(flat.transform(X), column.transform(X))
    np.testing.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])
    np.testing.assert_array_equal(flat.predict_proba(X), column.predict_proba(X)[0])
    assert flat.task_groups_.tolist() == [0]
    assert flat.task_similarity_.tolist() == [[1.0]]


# ---- what is left behind


@pytest.mark.parametrize("cls", estimator_classes())
def test_fitted_attributes(cls):
    y = REAL if cls is HardSharingRegressor else CLASSES
    estimator = cls(**QUICK).fit(X, y)
    assert estimator.n_tasks_ == 2
    assert estimator.task_names_ == ["task_0", "task_1"]
    assert estimator.n_features_in_ == 3
    assert estimator.n_iter_ == 5
    for table in (estimator.task_similarity_, estimator.task_distances_):
        np.testing.assert_allclose(table, table.T)
    assert ((estimator.task_similarity_ >= 0) & (estimator.task_similarity_ <= 1)).all()
    np.testing.assert_array_equal(np.diag(estimator.task_similarity_), 1)
    assert estimator.task_groups_.shape == (2,)
    assert estimator.task_linkage_.shape == (1, 4)
    assert estimator.task_reliability_.shape == estimator.task_null_.shape == (2,)
    assert {len(column) for column in estimator.history_.values()} == {5}
    assert {len(column) for column in estimator.task_table_.values()} == {2}
    names = {"epoch", "seconds", "train_loss", "train_loss_task_0", "train_loss_task_1"}
    assert set(estimator.history_) - {"mask_churn"} == names


def test_early_stopping_keeps_the_best_epoch():
    estimator = HardSharingClassifier(
        **{**QUICK, "max_epochs": 400, "lr": 0.05},
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=5,
    ).fit(X, CLASSES)
    losses = estimator.history_["valid_loss"]
    assert estimator.n_iter_ == len(losses) < 400
    best = int(np.argmin(losses)) + 1
    again = HardSharingClassifier(
        **{**QUICK, "max_epochs": 400, "lr": 0.05},
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=5,
    )
    seen = []

    class Watcher:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            seen.append(fitted_estimator.transform(X))

    again.set_callbacks(Watcher()).fit(X, CLASSES)
    np.testing.assert_array_equal(seen[best - 1], estimator.transform(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint8, bool])
def test_types_of_features(dtype):
    features = np.round(3 * X).astype(dtype)
    estimator = HardSharingClassifier(**QUICK).fit(features, CLASSES)
    shared = estimator.transform(features)
    assert shared.dtype == (np.float64 if dtype == np.float64 else np.float32)
    reference = HardSharingClassifier(**QUICK).fit(features.astype(np.float32), CLASSES)
    if dtype != np.float64:
        np.testing.assert_array_equal(shared, reference.transform(features))


def test_tensors_and_lists_as_features():
    reference = HardSharingClassifier(**QUICK).fit(X, CLASSES)
    same(HardSharingClassifier(**QUICK).fit(torch.tensor(X), CLASSES), reference)
    same(HardSharingClassifier(**QUICK).fit(X.tolist(), CLASSES.tolist()), reference)
    np.testing.assert_array_equal(
        reference.predict(torch.tensor(X)), reference.predict(X)
    )


def test_prediction_in_chunks_equals_prediction_in_one(monkeypatch):
    estimator = HardSharingClassifier(**QUICK).fit(X, THREE)
    whole = estimator.predict_proba(X), estimator.predict(X), estimator.transform(X)
    monkeypatch.setattr("skmtl._base._representation._CHUNK", 7)
    monkeypatch.setattr("skmtl._base._representation._LEAST_CHUNK", 7)
    for one, other in zip(estimator.predict_proba(X), whole[0], strict=True):
        np.testing.assert_allclose(one, other)
    np.testing.assert_array_equal(estimator.predict(X), whole[1])
    np.testing.assert_allclose(estimator.transform(X), whole[2])


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.5), nn.BatchNorm1d(6)], ids=["drop", "norm"]
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_predictions_know_no_training_mode(layer, early_stopping):
    """A user's layers do not drop, nor see the other rows, once training is over."""

    def encoder(n_features):
        return nn.Sequential(nn.Linear(n_features, 6), copy.deepcopy(layer))

    options = {**QUICK, "early_stopping": early_stopping}
    estimator = HardSharingClassifier(encoder=encoder, **options).fit(X, CLASSES)
    estimator.partial_fit(X, CLASSES)
    whole = estimator.transform(X)
    np.testing.assert_array_equal(estimator.transform(X), whole)
    np.testing.assert_allclose(estimator.transform(X[:7]), whole[:7], atol=1e-6)
