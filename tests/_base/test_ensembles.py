"""Ensembles against their members, taken apart and averaged by hand."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.base import clone
from torch import nn

import skmtl
from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRegressor,
    HierarchicalIBClassifier,
)
from skmtl.exceptions import EnsembleWarning, InputError
from skmtl.nn import unstack_module
from skmtl.similarity import co_association, group_tasks
from tests._base._fits import CLASSES, QUICK, REAL, THREE, X, both

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

THREE_MEMBERS = {**QUICK, "n_estimators": 3}
MIXED = np.column_stack([REAL[:, 0], CLASSES[:, 0], THREE[:, 1]])
KINDS = ["regression", "classification", "classification"]
HOLES = np.where(
    np.random.RandomState(1).uniform(size=THREE.shape) < 0.3, np.nan, THREE
)
OWN = np.where(np.arange(80)[:, None] % 2 == np.arange(2), THREE, np.nan)


def outputs_of_members(estimator, features=X):
    """Outputs of every member's own network, (n_members, n_tasks, rows, outputs)."""
    stacked = estimator.net_.module_
    x = torch.as_tensor(features)
    with torch.no_grad():
        return np.stack(
            [
                unstack_module(stacked, member)(x).numpy()
                for member in range(*stacked.members)
            ]
        )


def probabilities(logits, n_classes):
    if n_classes == 2:
        return np.stack([expit(-logits[..., 0]), expit(logits[..., 0])], axis=-1)
    return softmax(logits[..., :n_classes], axis=-1)


@both
@pytest.mark.parametrize("y", [THREE, HOLES, OWN], ids=["all", "missing", "one a row"])
def test_probabilities_are_means_over_the_members(cls, y):
    estimator = cls(**THREE_MEMBERS).fit(X, y)
    by_member = outputs_of_members(estimator)
    assert np.ptp(by_member, axis=0).max() > 0.01
    found = estimator.predict_proba(X)
    for task in range(2):
        expected = probabilities(by_member[:, task], 3).mean(0)
        assert_allclose(found[task], expected, atol=1e-12)
        assert_array_equal(estimator.predict(X)[:, task], expected.argmax(1))


def test_values_and_deviations_in_the_units_of_the_targets():
    y = 1000 + 50 * REAL
    estimator = HardSharingRegressor(**THREE_MEMBERS).fit(X, y)
    scaled = outputs_of_members(estimator)[..., 0]
    values = y.mean(0) + y.std(0) * np.swapaxes(scaled, 1, 2)
    mean, std = estimator.predict(X, return_std=True)
    assert_allclose(mean, values.mean(0), rtol=1e-10)
    assert_allclose(std, values.std(0), rtol=1e-8)
    assert_array_equal(estimator.predict(X), mean)


def test_one_task():
    estimator = HardSharingRegressor(**THREE_MEMBERS).fit(X, REAL[:, 0])
    mean, std = estimator.predict(X, return_std=True)
    assert mean.shape == std.shape == (80,)
    assert (estimator.task_stability_ == [[1]]).all()
    classifier = HardSharingClassifier(**THREE_MEMBERS).fit(X, CLASSES[:, 0])
    expected = probabilities(outputs_of_members(classifier)[:, 0], 2).mean(0)
    assert_allclose(classifier.predict_proba(X), expected, atol=1e-12)


def test_deviations_need_members():
    with pytest.raises(InputError, match=r"found n_estimators=1\. Fit with"):
        HardSharingRegressor(**QUICK).fit(X, REAL).predict(X, return_std=True)


def test_kinds_side_by_side():
    estimator = HardSharingMixed(task_types=KINDS, **THREE_MEMBERS).fit(X, MIXED)
    by_member = outputs_of_members(estimator)
    predicted = estimator.predict(X)
    mean = MIXED[:, 0].mean() + MIXED[:, 0].std() * by_member[:, 0, :, 0].mean(0)
    assert_allclose(predicted[:, 0].astype(float), mean, rtol=1e-10)
    for task, n_classes in ((1, 2), (2, 3)):
        expected = probabilities(by_member[:, task], n_classes).mean(0)
        assert_allclose(estimator.predict_proba(X)[task], expected, atol=1e-12)
        assert_array_equal(predicted[:, task].astype(int), expected.argmax(1))


@both
@pytest.mark.parametrize("extra", [{}, {"dropout": 0.2}, {"early_stopping": True}])
def test_the_first_member_is_the_single_fit(cls, extra):
    single = cls(**QUICK, **extra).fit(X, THREE)
    estimator = cls(**THREE_MEMBERS, **extra).fit(X, THREE)
    with torch.no_grad():
        expected = single.net_.module_(torch.as_tensor(X)).numpy()
    assert_allclose(outputs_of_members(estimator)[0], expected, rtol=0, atol=1e-8)
    n_iter = single.n_iter_
    for name, column in single.history_.items():
        if "loss" in name:
            assert_allclose(estimator.history_[name][:n_iter, 0], column, atol=1e-8)


def test_fewer_members_are_the_first_of_more():
    two, three = (
        HierarchicalIBClassifier(**{**QUICK, "n_estimators": size}).fit(X, THREE)
        for size in (2, 3)
    )
    assert_allclose(outputs_of_members(three)[:2], outputs_of_members(two), atol=1e-8)


def test_history_has_a_column_per_member_and_is_blank_after_its_last_epoch():
    estimator = HierarchicalIBClassifier(
        **{**THREE_MEMBERS, "max_epochs": 60, "lr": 0.1, "n_estimators": 6},
        early_stopping=True,
        n_iter_no_change=2,
    ).fit(X, THREE)
    shape = (estimator.n_iter_, 6)
    last = set()
    for name, column in estimator.history_.items():
        assert column.shape == (shape if "loss" in name else shape[:1])
        if "loss" in name:
            blank = np.isnan(column)
            assert (np.diff(blank.astype(int), axis=0) >= 0).all()
            assert not blank[-1].all()
            last.add(tuple((~blank).sum(0).tolist()))
    assert len(last) == 1 and len(set(last.pop())) > 1


@both
def test_representations_lie_side_by_side(cls):
    estimator = cls(**THREE_MEMBERS).fit(X, THREE)
    stacked = estimator.net_.module_
    parts = [
        unstack_module(stacked, member).encode(torch.as_tensor(X))
        for member in range(3)
    ]
    expected = torch.cat(parts, dim=1).detach().numpy()
    assert_allclose(estimator.transform(X), expected, atol=1e-12)
    assert len(estimator.get_feature_names_out()) == expected.shape[1]


@both
def test_similarity_is_the_mean_and_stability_the_co_association(cls, monkeypatch):
    y = np.column_stack([CLASSES, CLASSES[:, :1] ^ (X[:, 2:] > 1), X[:, 2] > 0])
    seen = []
    read = cls._similarity

    def similarity(self, evidence):
        seen.append(read(self, evidence))
        return seen[-1]

    monkeypatch.setattr(cls, "_similarity", similarity)
    estimator = cls(**THREE_MEMBERS).fit(X, y)
    silent = estimator.task_reliability_ <= estimator.task_null_
    gated = np.array([own for own, _ in seen])
    gated[:, silent], gated[:, :, silent] = 0, 0
    gated[:, range(4), range(4)] = 1
    assert len(seen) == 3
    assert_allclose(estimator.task_similarity_, gated.mean(0), atol=1e-12)
    assert_allclose(estimator.task_similarity_std_, gated.std(0), atol=1e-12)
    distances = np.mean([own for _, own in seen], axis=0)
    assert_allclose(estimator.task_distances_, distances)
    labels = [group_tasks(own).labels for own in gated]
    assert_array_equal(estimator.task_stability_, co_association(labels))
    groups = group_tasks(estimator.task_similarity_).labels
    assert_array_equal(estimator.task_groups_, groups)


def test_a_single_network_has_no_spread():
    estimator = HardSharingClassifier(**THREE_MEMBERS).fit(X, THREE)
    assert hasattr(estimator, "task_stability_")
    estimator.set_params(n_estimators=1).fit(X, THREE)
    assert not hasattr(estimator, "task_stability_")
    assert not hasattr(estimator, "task_similarity_std_")


def test_channels_of_every_member():
    single = HierarchicalIBClassifier(**QUICK).fit(X, THREE)
    estimator = HierarchicalIBClassifier(**THREE_MEMBERS).fit(X, THREE)
    assert estimator.capacity_.shape == (3, *single.capacity_.shape)
    assert estimator.noise_log_variance_.shape == estimator.capacity_.shape
    assert_allclose(estimator.capacity_[0], single.capacity_, atol=1e-8)
    information = estimator.capacity_.sum(-1).mean(0)
    assert_allclose(estimator.information_, information)


class Doubled(nn.Sequential):
    """Weights of its own, set when it is made."""

    def __init__(self):
        super().__init__(nn.Linear(3, 6), nn.Tanh())


def test_a_module_starts_every_member_alike():
    with pytest.warns(EnsembleWarning, match="Pass a callable") as caught:
        estimator = HardSharingClassifier(
            **{**THREE_MEMBERS, "lr": 1e-12, "weight_decay": 0.0}, encoder=Doubled()
        ).fit(X, THREE)
    assert caught[0].filename == __file__
    z = estimator.transform(X).reshape(80, 3, 6)
    assert_allclose(z, np.broadcast_to(z[:, :1], z.shape), atol=1e-6)
    callable_encoder = HardSharingClassifier(
        **{**THREE_MEMBERS, "lr": 1e-12}, encoder=lambda n_features: Doubled()
    ).fit(X, THREE)
    z = callable_encoder.transform(X).reshape(80, 3, 6)
    assert np.ptp(z, axis=1).max() > 0.1


def test_encoders_that_cannot_be_vectorised_are_refused():
    def make(n_features):
        return nn.Sequential(nn.Linear(n_features, 6), nn.Dropout(0.2))

    estimator = HardSharingClassifier(**THREE_MEMBERS, encoder=make)
    with pytest.raises(InputError, match=r"needs an encoder .* Use `dropout`"):
        estimator.fit(X, THREE)
    assert not hasattr(estimator, "net_")


@both
def test_copies_predict_alike(cls, tmp_path):
    weights = {"task_weight": [1.0, 2.0]}
    estimator = cls(**THREE_MEMBERS, **weights).fit(X, THREE)
    estimator.save(tmp_path / "ensemble")
    again = clone(estimator).fit(X, THREE)
    copies = (
        pickle.loads(pickle.dumps(estimator)),
        skmtl.load(tmp_path / "ensemble"),
        again,
    )
    for other in copies:
        assert_array_equal(other.transform(X), estimator.transform(X))
        assert_array_equal(other.predict_proba(X), estimator.predict_proba(X))
        assert_array_equal(other.task_stability_, estimator.task_stability_)


def test_a_file_is_not_believed_to_hold_more_members(tmp_path):
    estimator = HardSharingClassifier(**THREE_MEMBERS).fit(X, THREE)
    estimator.n_estimators = 10**12
    with pytest.raises(skmtl.exceptions.PersistenceError, match="changed after fit"):
        estimator.save(tmp_path / "ensemble")
