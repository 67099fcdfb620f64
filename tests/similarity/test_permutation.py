"""The null of permuted labels: who passes, who is heard beside others."""

import numpy as np
import pytest

from skmtl.similarity import group_tasks, random_trunk, target_relatedness


def random_labels(seed, n_samples, rates):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_samples, 15))
    y = (random.random((n_samples, len(rates))) < rates).astype(float)
    return random_trunk(X, random_state=seed), y


@pytest.mark.parametrize(
    ("n_samples", "rate", "regression"),
    [(60, 0.5, False), (300, 0.5, False), (300, 0.1, False), (300, 0.5, True)],
)
def test_null_is_calibrated(n_samples, rate, regression):
    shares = []
    for seed in range(8):
        a, y = random_labels(seed, n_samples, np.full(50, rate))
        if regression:
            y = np.random.default_rng(100 + seed).normal(size=y.shape)
        found = target_relatedness(
            a, y, classification=not regression, random_state=seed
        )
        shares.append(found.passed.mean())
    assert 0.01 < np.mean(shares) < 0.08


@pytest.mark.parametrize("rates", [[0.5] * 5, [0.5, 0.5, 0.1, 0.1, 0.1, 0.5]])
def test_random_labels_found_no_groups(rates):
    alone = 0
    for seed in range(20):
        a, y = random_labels(seed, 300, np.array(rates))
        found = target_relatedness(a, y, random_state=seed)
        alone += group_tasks(found.similarity).labels.max() == len(rates) - 1
    assert alone >= 19


@pytest.mark.parametrize("n_labels", [2, 3, 4, 5])
def test_labels_that_chance_repeats_are_no_signal(n_labels):
    """Permutations tie with so few labels; rounding must not decide, nor neighbours."""
    for seed in range(3):
        random = np.random.default_rng(seed)
        X = random.normal(size=(200, 5))
        y = np.full((200, 21), np.nan)
        y[:, 0] = X[:, 0] > 0
        for task in range(1, 21):
            rows = random.choice(200, n_labels, replace=False)
            y[rows, task] = np.arange(n_labels) < random.integers(1, n_labels)
        a = random_trunk(X, random_state=seed)
        found = target_relatedness(a, y, random_state=seed)
        assert found.passed.tolist() == [True] + [False] * 20
        assert not (found.reliability > found.null)[1:].any()
        assert (found.null >= 0).all()


def test_silent_task_is_heard_beside_its_relatives():
    """A weak copy among strong ones passes more often than by its own signal."""
    own = heard = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        X = random.normal(size=(400, 12))
        flips = random.random((400, 5)) < [0.05, 0.05, 0.05, 0.05, 0.38]
        y = np.abs((X[:, :1] + 0.7 * X[:, 1:2] ** 2 > 0.5) - flips.astype(float))
        a = random_trunk(X, 64, seed)
        found = target_relatedness(a, y, random_state=seed)
        own += found.reliability[4] > found.null[4]
        heard += found.passed[4]
        assert found.similarity[4, :4].max() > 0 or not found.passed[4]
    assert heard > own


def test_without_permutations_no_gate():
    a, y = random_labels(0, 300, np.full(5, 0.5))
    y[:, 4] = 0
    found = target_relatedness(a, y, n_permutations=0)
    assert np.isnan(found.null).all()
    assert found.passed.tolist() == [True] * 4 + [False]
    assert np.array_equal(found.similarity, found.similarity.T)
