"""Weights of tasks, classes, labels and rows."""

import numpy as np
import pytest
import torch

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
    HierarchicalIBRegressor,
)
from skmtl.exceptions import InputError
from tests._base._fits import CLASSES, PLAIN, RANDOM, REAL, THREE, X, both, close, same

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


def test_zero_task_weight_leaves_a_task_untrained():
    one = HardSharingClassifier(**PLAIN, task_weight=[1, 0]).fit(X, CLASSES)
    other = HardSharingClassifier(**PLAIN, task_weight=[1, 0])
    other.fit(X, np.column_stack([CLASSES[:, 0], 1 - CLASSES[:, 1]]))
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    np.testing.assert_array_equal(one.predict_proba(X)[0], other.predict_proba(X)[0])
    losses = one.history_["train_loss_task_1"]
    assert one.history_["train_loss_task_0"][-1] < one.history_["train_loss_task_0"][0]
    start = HardSharingClassifier(**{**PLAIN, "max_epochs": 1}, task_weight=[1, 0])
    bias = start.fit(X, CLASSES).net_.module_.heads.bias[1]
    assert torch.equal(bias, one.net_.module_.heads.bias[1])
    assert np.isfinite(losses).all()


def test_task_weight_by_name():
    by_name = HardSharingClassifier(**PLAIN, task_weight={"task_1": 3.0})
    by_place = HardSharingClassifier(**PLAIN, task_weight=(1.0, 3.0))
    same(by_name.fit(X, CLASSES), by_place.fit(X, CLASSES))
    plain = HardSharingClassifier(**PLAIN).fit(X, CLASSES)
    assert not np.array_equal(plain.transform(X), by_name.transform(X))
    np.testing.assert_allclose(
        by_name.history_["train_loss"],
        by_name.history_["train_loss_task_0"]
        + 3 * by_name.history_["train_loss_task_1"],
    )


def balanced(y):
    weights = np.empty(y.shape)
    for task, column in enumerate(y.T):
        counts = np.bincount(column)
        weights[:, task] = len(column) / (len(counts) * counts[column])
    return weights


@both
def test_balanced_classes_are_weights_of_labels(cls):
    by_class = cls(**PLAIN, class_weight="balanced").fit(X, THREE)
    by_label = cls(**PLAIN).fit(X, THREE, sample_weight=balanced(THREE))
    if cls is HardSharingClassifier:
        close(by_class, by_label)
    # row weights also weigh the variance of the representation, class weights do not
    plain = cls(**PLAIN).fit(X, THREE)
    assert not np.allclose(plain.transform(X), by_class.transform(X))


def test_class_weights_by_task_and_class():
    weights = [{0: 3.0}, {1: 2.0, 2: 0.5}]
    by_class = HardSharingClassifier(**PLAIN, class_weight=weights).fit(X, THREE)
    factors = np.array([[3.0, 1, 1], [1, 2.0, 0.5]])
    by_hand = np.column_stack([factors[task][THREE[:, task]] for task in (0, 1)])
    close(by_class, HardSharingClassifier(**PLAIN).fit(X, THREE, by_hand))


def test_class_weights_by_the_names_of_tasks():
    for by_name, by_place in (
        ({"task_1": {1: 2.0}, "task_0": {0: 3.0}}, [{0: 3.0}, {1: 2.0}]),
        ({"task_1": "balanced"}, [None, "balanced"]),
    ):
        found = HardSharingClassifier(**PLAIN, class_weight=by_name).fit(X, THREE)
        same(found, HardSharingClassifier(**PLAIN, class_weight=by_place).fit(X, THREE))
    unknown = {"heart": {0: 2.0}}
    with pytest.raises(InputError, match=r"`class_weight` .*\['heart'\].*'task_1'"):
        HardSharingClassifier(**PLAIN, class_weight=unknown).fit(X, THREE)
    # Of one class that no task has, the forms are told.
    with pytest.raises(InputError, match=r"names \[7\]; .*has such a dict, 'balanced'"):
        HardSharingClassifier(**PLAIN, class_weight={7: 2.0}).fit(X, THREE)


def test_class_weight_of_mixed_tasks_spares_the_real_ones():
    y = np.column_stack([CLASSES[:, 0], REAL[:, 1]])
    types = ["classification", "regression"]
    mixed = HardSharingMixed(task_types=types, class_weight="balanced", **PLAIN)
    weight = np.column_stack([balanced(CLASSES[:, :1])[:, 0], np.ones(80)])
    by_hand = HardSharingMixed(task_types=types, **PLAIN).fit(X, y, weight)
    np.testing.assert_allclose(mixed.fit(X, y).transform(X), by_hand.transform(X))


def test_zero_weights_of_labels_are_missing_labels():
    missing = RANDOM.uniform(size=CLASSES.shape) < 0.3
    holes = HardSharingClassifier(**PLAIN).fit(X, np.where(missing, np.nan, CLASSES))
    zeros = HardSharingClassifier(**PLAIN).fit(X, CLASSES, sample_weight=1.0 * ~missing)
    close(holes, zeros)


def test_weights_of_rows_repeat_them():
    counts = RANDOM.randint(1, 4, size=80)
    weighted = HardSharingRegressor(**PLAIN).fit(X, REAL, sample_weight=counts)
    repeated = HardSharingRegressor(**PLAIN).fit(
        np.repeat(X, counts, axis=0), np.repeat(REAL, counts, axis=0)
    )
    np.testing.assert_allclose(
        weighted.predict(X), repeated.predict(X), rtol=1e-8, atol=1e-9
    )


def test_rows_without_any_label_are_ignored():
    y = CLASSES.astype(float)
    y[60:] = np.nan
    with_empty = HardSharingClassifier(**PLAIN).fit(X, y)
    close(with_empty, HardSharingClassifier(**PLAIN).fit(X[:60], y[:60]))


# Powers of two: weights of another scale are then the same to the last bit.
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [-1000, -560, -150, -76, 66, 123, 660])
@pytest.mark.parametrize(
    "cls", [HardSharingClassifier, HardSharingRanker, HierarchicalIBRegressor]
)
def test_scale_of_weights_is_of_no_account(cls, power, dtype):
    X_own, y = X.astype(dtype), CLASSES if cls is HardSharingClassifier else REAL
    weight = RANDOM.uniform(0.1, 1, size=80)
    plain = cls(**PLAIN).fit(X_own, y, sample_weight=weight)
    scaled = cls(**PLAIN).fit(X_own, y, sample_weight=weight * 2.0**power)
    np.testing.assert_array_equal(scaled.transform(X_own), plain.transform(X_own))


def test_tasks_may_weigh_on_scales_of_their_own():
    weight = RANDOM.uniform(0.1, 1, size=REAL.shape)
    X_own = X.astype(np.float32)
    plain = HardSharingRanker(**PLAIN).fit(X_own, REAL, sample_weight=weight)
    apart = HardSharingRanker(**PLAIN)
    apart.fit(X_own, REAL, sample_weight=weight * [2.0**-100, 2.0**100])
    np.testing.assert_array_equal(apart.predict(X_own), plain.predict(X_own))


def test_scale_of_class_weights_is_of_no_account():
    X_own, tiny = X.astype(np.float32), 2.0**-150
    plain = HardSharingClassifier(**PLAIN, class_weight={0: 1.0, 1: 3.0})
    scaled = HardSharingClassifier(**PLAIN, class_weight={0: tiny, 1: 3.0 * tiny})
    for estimator in (plain, scaled):
        estimator.fit(X_own, CLASSES)
    np.testing.assert_array_equal(
        scaled.predict_proba(X_own), plain.predict_proba(X_own)
    )
