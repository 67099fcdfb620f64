"""Stratified folds over many tasks."""

import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmtl.exceptions import InputError
from skmtl.tasks import assign_folds, validation_split


def many_tasks(n_samples=600, n_tasks=8, seed=0, share=0.7):
    random = np.random.RandomState(seed)
    rates = random.uniform(0.03, 0.5, size=n_tasks)
    codes = (random.uniform(size=(n_samples, n_tasks)) < rates).astype(float)
    observed = random.uniform(size=codes.shape) < share
    return codes * observed, observed, np.ones(n_tasks, dtype=bool)


def label_counts(folds, codes, observed, n_folds):
    """Counts of each (task, class) by fold, as (n_folds, n_labels)."""
    counts = [
        np.bincount(folds[observed[:, task] & (codes[:, task] == label)], None, n_folds)
        for task in range(codes.shape[1])
        for label in np.unique(codes[observed[:, task], task])
    ]
    return np.array(counts).T


def deviation(folds, codes, observed, proportions):
    """Largest gap between found and proportional counts, in standard deviations."""
    counts = label_counts(folds, codes, observed, len(proportions))
    wanted = np.asarray(proportions)[:, np.newaxis] * counts.sum(axis=0)
    return np.max(np.abs(counts - wanted) / np.sqrt(wanted))


@pytest.mark.parametrize("proportions", [[0.2] * 5, [0.9, 0.1], [0.5, 0.3, 0.2]])
@pytest.mark.parametrize("seed", range(3))
def test_better_than_chance_for_every_label(proportions, seed):
    codes, observed, kinds = many_tasks(seed=seed)
    folds = assign_folds(codes, observed, kinds, proportions, seed)
    random = np.random.RandomState(seed)
    chance = [
        deviation(
            random.choice(len(proportions), len(codes), p=proportions),
            codes,
            observed,
            proportions,
        )
        for _ in range(20)
    ]
    assert deviation(folds, codes, observed, proportions) < min(chance)


@pytest.mark.parametrize("n_classes", [2, 7])
def test_a_single_task_is_stratified_exactly(n_classes):
    codes = np.random.RandomState(0).randint(n_classes, size=(210, 1)).astype(float)
    observed = np.ones_like(codes, dtype=bool)
    folds = assign_folds(codes, observed, np.array([True]), [1, 1, 1], 0)
    counts = label_counts(folds, codes, observed, 3)
    assert np.all(counts.max(axis=0) - counts.min(axis=0) <= 1)
    assert np.ptp(np.bincount(folds)) <= 1


def test_two_tasks_are_stratified_jointly():
    random = np.random.RandomState(3)
    codes = random.randint(2, size=(400, 2)).astype(float)
    observed = np.ones_like(codes, dtype=bool)
    folds = assign_folds(codes, observed, np.ones(2, bool), [1] * 4, 0)
    joint = 2 * codes[:, :1] + codes[:, 1:]
    counts = label_counts(folds, joint, observed[:, :1], 4)
    assert np.all(np.abs(counts - counts.mean(axis=0)) <= 2)


def test_real_targets_are_spread_over_their_range():
    random = np.random.RandomState(0)
    codes = random.exponential(size=(300, 1))
    folds = assign_folds(codes, codes > 0, np.array([False]), [1] * 5, 0)
    means = np.array([codes[folds == fold].mean() for fold in range(5)])
    shuffled = np.array([codes[random.permutation(300)[:60]].mean() for _ in range(50)])
    assert means.std() < shuffled.std() / 2
    assert_array_equal(np.bincount(folds), 60)


def test_one_row_per_task():
    random = np.random.RandomState(0)
    task = np.repeat(np.arange(30), 20)
    observed = task[:, np.newaxis] == np.arange(30)
    codes = random.randint(2, size=observed.shape) * observed
    folds = assign_folds(codes, observed, np.ones(30, bool), [0.9, 0.1], 0)
    per_task = observed[folds == 1].sum(axis=0)
    assert per_task.min() >= 1
    assert per_task.max() <= 3
    assert abs((folds == 1).sum() - 60) <= 15


def test_rows_without_label_even_out_the_sizes():
    codes, observed, kinds = many_tasks()
    observed[200:] = False
    folds = assign_folds(codes, observed, kinds, [1] * 4, 0)
    assert_array_equal(np.bincount(folds), 150)
    other = assign_folds(codes, observed, kinds, [1] * 4, 1)
    assert np.any(folds[200:] != other[200:])


def test_no_labels_at_all_is_a_random_deal():
    nothing = np.zeros((10, 2))
    folds = assign_folds(nothing, nothing > 0, np.ones(2, bool), [1, 1], 0)
    assert_array_equal(np.bincount(folds), [5, 5])


def test_seeds_repeat_and_differ():
    codes, observed, kinds = many_tasks()
    first, again, other = (
        assign_folds(codes, observed, kinds, [1, 1, 1], seed) for seed in (5, 5, 6)
    )
    assert_array_equal(first, again)
    assert np.any(first != other)
    state = np.random.RandomState(5)
    assert_array_equal(first, assign_folds(codes, observed, kinds, [1, 1, 1], state))


def test_hidden_codes_do_not_matter():
    codes, observed, kinds = many_tasks()
    folds = assign_folds(codes, observed, kinds, [1, 1], 0)
    scrambled = np.where(observed, codes, 17)
    assert_array_equal(folds, assign_folds(scrambled, observed, kinds, [1, 1], 0))


@pytest.mark.parametrize("proportions", [[0.5, 0], [1, -1], [np.nan, 1], [[1, 1]]])
def test_bad_proportions_are_named(proportions):
    codes, observed, kinds = many_tasks(20)
    with pytest.raises(InputError, match="`proportions` must be positive"):
        assign_folds(codes, observed, kinds, proportions)


def test_ten_thousand_rows_take_a_blink():
    codes, observed, kinds = many_tasks(10_000, 50)
    started = time.process_time()
    assign_folds(codes, observed, kinds, [0.2] * 5, 0)
    assert time.process_time() - started < 1.5  # about 0.1 on a free machine


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_validation_split_parts_the_rows(fraction):
    codes, observed, kinds = many_tasks()
    train, valid = validation_split(codes, observed, kinds, fraction, 0)
    assert_array_equal(np.sort(np.concatenate([train, valid])), np.arange(600))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(valid) > 0)
    assert abs(len(valid) - fraction * 600) < 12


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 2.0])
def test_fraction_is_checked(fraction):
    codes, observed, kinds = many_tasks(20)
    with pytest.raises(InputError, match="`validation_fraction`"):
        validation_split(codes, observed, kinds, fraction)


@pytest.mark.parametrize(
    ("fraction", "message"),
    [
        (
            0.1,
            "'rare' has 2 labels for training and 0 .* Choose a larger .* early_stop",
        ),
        (0.9, "'rare' has 0 labels for training and 2 .* Choose a smaller"),
    ],
)
def test_a_task_left_without_label_is_named(fraction, message):
    observed = np.ones((40, 2), dtype=bool)
    observed[2:, 1] = False
    codes = np.tile([[0.0, 0.0], [1.0, 1.0]], (20, 1))
    with pytest.raises(InputError, match=message):
        validation_split(codes, observed, [True, True], fraction, 0, ["all", "rare"])


def test_a_task_without_any_label_is_no_obstacle():
    codes, observed, kinds = many_tasks()
    observed[:, 3] = False
    train, valid = validation_split(codes, observed, kinds, 0.2, 0)
    assert observed[valid].any(axis=0).sum() == observed[train].any(axis=0).sum() == 7


def test_rounding_of_many_small_classes_is_carried_over():
    """Ten classes of four labels at a tenth: each alone would round to none."""
    codes = np.repeat(np.arange(10.0), 4)[:, np.newaxis]
    _, valid = validation_split(codes, codes > -1, [True], 0.1, 0)
    assert len(valid) == 4
    assert len(np.unique(codes[valid])) == 4
