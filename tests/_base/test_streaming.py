"""Batches of which some rows, or all, have no label."""

import numpy as np
import pytest

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRegressor,
    HierarchicalIBClassifier,
    MTVIBClassifier,
)
from tests._base._fits import CLASSES, PLAIN, QUICK, RANDOM, REAL, X, close, same

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

FAR = 30 * RANDOM.normal(size=X.shape)
NOTHING = np.full(CLASSES.shape, np.nan)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.FeatureScaleWarning")
@pytest.mark.parametrize("cls", [HierarchicalIBClassifier, MTVIBClassifier])
def test_rows_without_a_label_have_no_say(cls):
    options = {**PLAIN, "max_epochs": 20, "beta": 0.3}
    mixed = np.vstack([X, FAR]), np.vstack([CLASSES, NOTHING])
    alone = cls(**options).fit_batches([(X, CLASSES)])
    close(cls(**options).fit_batches([mixed]), alone)
    close(cls(**options).fit(*mixed), cls(**options).fit(X, CLASSES))


def test_labels_of_weight_zero_have_no_say():
    options = {**PLAIN, "class_weight": {0: 1.0, 1: 1.0, 2: 0.0}, "beta": 0.3}
    others = np.vstack([CLASSES, np.full_like(CLASSES, 2)])
    zero = HierarchicalIBClassifier(**options)
    zero.fit_batches([(np.vstack([X, 2 * X[::-1]]), others)])
    alone = HierarchicalIBClassifier(**options)
    alone.fit_batches([(X, CLASSES)], classes=[[0, 1, 2]] * 2)
    close(zero, alone)
    np.testing.assert_array_equal(zero.task_similarity_, alone.task_similarity_)


def test_decay_counts_rows_with_a_label():
    options = {**QUICK, "hidden_layer_sizes": ()}
    rows = [(X, REAL)] * 5 + [(X, NOTHING)] * 5
    found = HardSharingRegressor(**options).fit_batches(rows).weight_decay_
    assert found == pytest.approx(200 / (5 * len(X)))


def batches(*labels):
    return [(X[at::4], own[at::4]) for at, own in enumerate(labels)]


def test_schedules_end_with_the_batches_that_have_a_label():
    options = {**QUICK, "beta_warmup": 0.8, "weight_decay": 0.01}
    given = batches(CLASSES, NOTHING, CLASSES, NOTHING)
    some = HierarchicalIBClassifier(**options).fit_batches(given)
    all_of_them = HierarchicalIBClassifier(**options).fit_batches(given[::2])
    same(some, all_of_them)
    rates = [est.net_.optimizer_.param_groups[-1]["lr"] for est in (some, all_of_them)]
    assert rates[0] == rates[1] < some.lr / 2
    assert some.net_.module_._price == all_of_them.net_.module_._price == 1


def test_automatic_epochs_count_batches_with_a_label(monkeypatch):
    monkeypatch.setattr("skmtl._base._resolve._AUTO_STEPS", 40)
    given = batches(CLASSES, NOTHING, CLASSES, NOTHING)
    options = {**QUICK, "max_epochs": "auto"}
    assert HardSharingClassifier(**options).fit_batches(given).n_iter_ == 20


def test_a_batch_without_a_label_goes_by():
    estimator = HardSharingClassifier(**QUICK).partial_fit(X, CLASSES)
    other = HardSharingClassifier(**QUICK).partial_fit(X, CLASSES)
    before = vars(estimator).copy()
    assert estimator.partial_fit(X[:10], NOTHING[:10]) is estimator
    assert vars(estimator) == before
    same(estimator.partial_fit(X, CLASSES), other.partial_fit(X, CLASSES))
    with pytest.raises(ValueError, match="features"):
        estimator.partial_fit(X[:10, :2], NOTHING[:10])


def test_masked_labels_are_missing():
    hidden = RANDOM.uniform(size=REAL.shape) < 0.4
    masked = np.ma.array(np.where(hidden, 1e3, REAL), mask=hidden)
    holes = np.where(hidden, np.nan, REAL)
    found = HardSharingRegressor(**QUICK).fit_batches(batches(masked, holes, masked))
    plain = HardSharingRegressor(**QUICK).fit_batches(batches(holes, holes, holes))
    same(found, plain)
    np.testing.assert_array_equal(found.task_similarity_, plain.task_similarity_)


def test_lists_keep_the_types_of_their_columns():
    rows = [["a" if one > 0 else "b", two] for one, two in REAL.tolist()]
    whole = HardSharingMixed(**PLAIN).fit(X, rows)
    pieces = HardSharingMixed(**PLAIN).fit_batches([(X[:50], rows[:50])] * 3)
    assert pieces.task_types_ == whole.task_types_ == ["binary", "continuous"]
    both = HardSharingMixed(**PLAIN)
    both.fit_batches([(X[:40], rows[:40]), (X[40:], np.array(rows[40:], object))])
    assert both.task_types_ == whole.task_types_
    assert both.classes_[0].tolist() == ["a", "b"]


def test_lists_of_text_may_have_holes():
    words = ["a" if one > 0.2 else "b" if one < -0.2 else np.nan for one in REAL[:, 0]]
    whole = HardSharingClassifier(**QUICK).fit(X, words)
    pieces = [(X[:40], words[:40]), (X[40:], words[40:])]
    found = HardSharingClassifier(**QUICK).fit_batches(pieces)
    assert found.classes_.tolist() == whole.classes_.tolist() == ["a", "b"]
    assert found.classes_.dtype == whole.classes_.dtype


def test_text_may_follow_a_batch_of_holes():
    words = np.where(REAL[:, 0] > 0, "a", "b")
    pieces = [(X, np.full(len(X), np.nan)), (X, words)]
    found = HardSharingClassifier(**QUICK).fit_batches(pieces)
    same(found, HardSharingClassifier(**QUICK).fit_batches(pieces[1:]))
