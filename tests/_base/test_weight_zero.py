"""A label of weight zero is a missing label, whatever it says."""

import numpy as np
import pytest

from skmtl import (
    HardSharingClassifier,
    HardSharingRanker,
    HardSharingRegressor,
    SelectiveSharingClassifier,
)
from skmtl.exceptions import InputError
from tests._base._fits import PLAIN, QUICK, close, same

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

RANDOM = np.random.RandomState(1)
X = RANDOM.normal(size=(300, 3))
REAL = X[:, :3] + 0.3 * RANDOM.normal(size=(300, 3))
CLASSES = (REAL > 0).astype(float)
MISSING = RANDOM.uniform(size=REAL.shape) < 0.5
MISSING[:, 0] = False
WEIGHT = np.where(MISSING, 0.0, 1.0)
RELATIONS = ("task_similarity_", "task_reliability_", "task_null_", "task_groups_")


def both_ways(estimator, y, garbage):
    """Fit to labels of weight zero, and to none in their place."""
    weighted = type(estimator)(**estimator.get_params())
    weighted.fit(X, np.where(MISSING, garbage, y), sample_weight=WEIGHT)
    return weighted, estimator.fit(X, np.where(MISSING, np.nan, y))


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("cls", [HardSharingClassifier, SelectiveSharingClassifier])
def test_classes_of_weight_zero_are_no_evidence(cls, early_stopping):
    # In the place of what is missing of the others the labels of the first task.
    estimator = cls(**QUICK, early_stopping=early_stopping, validation_fraction=0.3)
    zero, holes = both_ways(estimator, CLASSES, CLASSES[:, :1])
    assert zero.weight_decay_ == holes.weight_decay_
    for name in RELATIONS:
        np.testing.assert_array_equal(getattr(zero, name), getattr(holes, name))
    assert set(zero.history_) == set(holes.history_)
    np.testing.assert_array_equal(
        zero.history_["train_loss_task_1"], holes.history_["train_loss_task_1"]
    )


@pytest.mark.parametrize("cls", [HardSharingRegressor, HardSharingRanker])
def test_numbers_of_weight_zero_are_no_evidence(cls):
    # So large that their squares are infinite, and zero times those no number.
    zero, holes = both_ways(cls(**PLAIN), REAL, 1e200)
    same(zero, holes)
    for name in RELATIONS:
        np.testing.assert_array_equal(getattr(zero, name), getattr(holes, name))


def test_classes_are_balanced_among_the_labels_that_count():
    estimator = HardSharingClassifier(**PLAIN, class_weight="balanced")
    zero, holes = both_ways(estimator, CLASSES, 1.0)
    close(zero, holes)


def test_decay_follows_the_labels_that_count():
    few = np.zeros(len(X))
    few[::3] = 1
    zero = HardSharingClassifier(**QUICK).fit(X, CLASSES, sample_weight=few)
    alone = HardSharingClassifier(**QUICK).fit(X[::3], CLASSES[::3])
    assert zero.weight_decay_ == alone.weight_decay_
    zero, holes = both_ways(HardSharingClassifier(**QUICK), CLASSES, CLASSES)
    assert zero.weight_decay_ == holes.weight_decay_ > alone.weight_decay_ / 3


@pytest.mark.parametrize("seed", range(4))
def test_validation_needs_labels_that_count(seed):
    weight = np.ones((len(X), 2))
    weight[:, 1] = 0
    for label in (0, 1):
        weight[np.flatnonzero(CLASSES[:, 1] == label)[:2], 1] = 1
    settings = {**QUICK, "random_state": seed, "validation_fraction": 0.02}
    estimator = HardSharingClassifier(**settings, early_stopping=True)
    with pytest.raises(InputError, match="leave every task a label in both parts"):
        estimator.fit(X, CLASSES[:, :2], sample_weight=weight)


def test_validation_of_rankings_needs_two_labels_that_count():
    weight = np.ones((len(X), 2))
    weight[4:, 1] = 0
    estimator = HardSharingRanker(**QUICK, early_stopping=True, validation_fraction=0.3)
    with pytest.raises(InputError, match="two different labels in both parts"):
        estimator.fit(X, REAL[:, :2], sample_weight=weight)
