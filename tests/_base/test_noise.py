"""The share of noise that weight decay follows, and who follows it."""

import numpy as np
import pytest

from skmtl import (
    HardSharingClassifier,
    SelectiveSharingClassifier,
    SelectiveSharingRegressor,
    load,
)
from skmtl._base import _noise
from skmtl._base._noise import noise_to_signal
from skmtl.datasets import make_multitask_classification, make_multitask_regression
from skmtl.model_selection import fit_stack
from skmtl.similarity import random_trunk
from skmtl.tasks import TaskSpec

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

REAL = [TaskSpec("a", "continuous"), TaskSpec("b", "continuous")]
# Exponents of the penalties, in halves.
RANGE = range(-6, 4)


def noise_of(X, y, specs=REAL, seed=0):
    return noise_to_signal(X, y, ~np.isnan(y), specs, seed)


@pytest.fixture
def table():
    random = np.random.RandomState(0)
    X = random.normal(size=(600, 4))
    return X, X[:, :2] + random.normal(size=(600, 2))


def left_out_one_by_one(z, target, ridge):
    """Mean squared error, from as many fits as rows, of the rows left out."""
    errors = []
    for row in range(len(z)):
        kept = np.arange(len(z)) != row
        mean, level = z[kept].mean(0), target[kept].mean()
        centred = z[kept] - mean
        matrix = centred.T @ centred + ridge * len(z) * np.eye(z.shape[1])
        weight = np.linalg.solve(matrix, centred.T @ (target[kept] - level))
        errors.append(target[row] - level - (z[row] - mean) @ weight)
    return np.mean(np.square(errors))


def test_share_is_that_of_rows_left_out_one_by_one(monkeypatch, table):
    X, y = table[0][:80], table[1][:80]
    monkeypatch.setattr("skmtl._base._noise._UNITS", 12)
    z = random_trunk(X, 12, np.random.RandomState(0))
    unit = z.var(0).mean()
    ridges = [unit * 10.0 ** (place / 2) for place in RANGE]
    errors = [
        min(left_out_one_by_one(z, own, ridge) for ridge in ridges) for own in y.T
    ]
    share = np.mean(1 - errors / y.var(0))
    assert noise_of(X, y) == pytest.approx((1 - share) / share, rel=0.05)


def test_noise_as_large_as_the_signal_is_about_one(table):
    assert 0.8 < noise_of(*table) < 1.4


@pytest.mark.parametrize("n_rows", [60, 600])
def test_random_labels_are_mostly_noise(n_rows):
    random = np.random.RandomState(0)
    X, y = random.normal(size=(n_rows, 4)), random.normal(size=(n_rows, 2))
    assert noise_of(X, y) > 5


def test_narrow_and_wide_products_agree(monkeypatch, table):
    X, y = table[0][:100], table[1][:100]
    z = random_trunk(X, 30, 0)
    z, y = z - z.mean(0), y - y.mean(0)
    narrow = _noise._explained(z, y)
    # Features that do not vary change the unit of the penalties, a mean over features.
    wide = np.hstack([z, np.zeros((100, 90))])
    monkeypatch.setattr(_noise, "_RIDGES", _noise._RIDGES * 4)
    np.testing.assert_allclose(_noise._explained(wide, y), narrow, rtol=1e-8)


def test_only_the_order_of_a_ranking_counts(table):
    X, y = table
    specs = [TaskSpec("a", "ranking"), TaskSpec("b", "ranking")]
    assert noise_of(X, np.exp(3 * y), specs) == noise_of(X, y, specs)


def test_names_of_classes_do_not_count(table):
    X, y = table
    specs = [TaskSpec(own, "multiclass", np.arange(3)) for own in "ab"]
    codes = np.digitize(y, [-0.5, 0.5]).astype(float)
    renamed = np.array([2, 0, 1])[codes.astype(int)].astype(float)
    assert noise_of(X, renamed, specs) == pytest.approx(noise_of(X, codes, specs))


def test_tasks_with_labels_in_different_rows_are_read_each_by_itself(table):
    X, y = table
    halves = y.copy()
    halves[300:, 0] = halves[:300, 1] = np.nan
    alone = [
        noise_of(X[:300], y[:300, :1], REAL[:1]),
        noise_of(X[300:], y[300:, 1:], REAL[1:]),
    ]
    share = np.mean([1 / (1 + own) for own in alone])
    assert noise_of(X, halves) == pytest.approx((1 - share) / share)


def test_a_task_without_variation_is_no_signal(table):
    X, y = table
    y[:, 1] = 3.0
    alone = noise_of(X, y[:, :1], REAL[:1])
    share = 1 / (1 + alone) / 2
    assert noise_of(X, y) == pytest.approx((1 - share) / share)


def decay_of(est, X, y):
    return est.set_params(max_epochs=1, random_state=0).fit(X, y).net_.settings


def planted(label_flip):
    data = make_multitask_classification(
        2500, n_tasks=4, n_groups=2, label_flip=label_flip, random_state=0
    )
    return data.data, data.target


def test_decay_of_branches_grows_with_the_noise_of_the_labels():
    found = [
        decay_of(SelectiveSharingClassifier(), *planted(flip)).weight_decay
        for flip in (0.0, 0.1, 0.3)
    ]
    assert 200 / 2500 < found[0] < found[1] < found[2] <= 1


def test_decay_of_other_methods_does_not():
    found = {
        decay_of(HardSharingClassifier(), *planted(flip)).weight_decay
        for flip in (0.0, 0.3)
    }
    assert found == {200 / 2500}


def test_decay_that_is_given_stays():
    est = SelectiveSharingClassifier(weight_decay=0.02)
    assert decay_of(est, *planted(0.3)).weight_decay == 0.02


def test_decay_of_clean_targets_is_that_of_other_methods():
    data = make_multitask_regression(
        1500, n_tasks=4, n_groups=2, noise=0.05, random_state=0
    )
    est = SelectiveSharingRegressor()
    found = decay_of(est, data.data, data.target).weight_decay
    assert found == pytest.approx(200 / 1500)


def test_decay_of_pictures_does_not_depend_on_the_noise():
    random = np.random.RandomState(0)
    X, y = random.normal(size=(400, 6, 6)), random.randint(2, size=(400, 2))
    est = SelectiveSharingClassifier(
        encoder="conv", hidden_layer_sizes=(4,), branch_layer_sizes=(4,)
    )
    assert decay_of(est, X, y).weight_decay == 200 / 400


def test_batches_that_are_read_one_by_one_have_the_same_decay():
    X, y = planted(0.3)
    whole = decay_of(SelectiveSharingClassifier(), X, y).weight_decay
    est = SelectiveSharingClassifier(max_epochs=1, random_state=0)
    est.fit_batches([(X[:700], y[:700]), (X[700:], y[700:])])
    assert est.weight_decay_ == pytest.approx(whole, rel=0.1)


def test_a_fit_tells_the_decay_that_it_used(tmp_path):
    X, y = planted(0.3)
    est = SelectiveSharingClassifier(max_epochs=1, random_state=0).fit(X, y)
    expected = decay_of(SelectiveSharingClassifier(random_state=0), X, y).weight_decay
    assert est.weight_decay_ == expected
    est.save(tmp_path / "a")
    assert load(tmp_path / "a").weight_decay_ == expected
    assert est.set_params(weight_decay=0.5).partial_fit(X, y).weight_decay_ == 0.5
    pair = [SelectiveSharingClassifier(max_epochs=1, weight_decay=w) for w in (0.1, 2)]
    assert [own.weight_decay_ for own in fit_stack(pair, X, y)] == [0.1, 2]


def test_labels_of_weight_zero_do_not_count():
    random = np.random.RandomState(0)
    X = random.normal(size=(2000, 8))
    y = X[:, :2].copy()
    y[1000:] = random.normal(size=(1000, 2))
    weight = np.repeat([1.0, 0.0], 1000)
    quick = {"max_epochs": 1, "random_state": 0}
    alone = SelectiveSharingRegressor(**quick).fit(X[:1000], y[:1000])
    with_others = SelectiveSharingRegressor(**quick).fit(X, y, sample_weight=weight)
    by_label = SelectiveSharingRegressor(**quick)
    by_label.fit(X, y, sample_weight=np.column_stack([weight, weight]))
    for own in (with_others, by_label):
        np.testing.assert_allclose(own.predict(X), alone.predict(X), atol=1e-5)
