"""Agreement of groups with groups and with distances."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from skmtl.exceptions import InputError
from skmtl.similarity import (
    adjusted_rand,
    co_association,
    matched_random_groups,
    pairwise_separation,
)


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_rand_is_scikit_learns(seed):
    a, b = np.random.default_rng(seed).integers(0, 4, (2, 20))
    assert adjusted_rand(a, b) == adjusted_rand_score(a, b)


def test_separation_matches_loops():
    random = np.random.default_rng(0)
    table = random.random((6, 6))
    table = table + table.T
    groups = [0, 0, 1, 1, 1, 2]
    within = [table[i, j] for i in range(6) for j in range(i) if groups[i] == groups[j]]
    apart = [table[i, j] for i in range(6) for j in range(i) if groups[i] != groups[j]]
    assert pairwise_separation(table, groups) == min(apart) - max(within)


def test_separation_of_one_group_and_of_lone_tasks():
    table = np.array([[0.0, 2.0], [2.0, 0.0]])
    assert np.isnan(pairwise_separation(table, [0, 0]))
    assert pairwise_separation(table, [0, 1]) == 2


def test_random_groups_keep_sizes_and_are_numbered_by_appearance():
    groups = np.array([0, 0, 0, 1, 1, 2])
    drawn = [matched_random_groups(groups, seed) for seed in range(20)]
    for labels in drawn:
        assert sorted(np.bincount(labels)) == [1, 2, 3]
        first = [int(np.flatnonzero(labels == g)[0]) for g in range(3)]
        assert first == sorted(first)
    assert len({tuple(labels) for labels in drawn}) > 5
    np.testing.assert_array_equal(drawn[3], matched_random_groups(groups, 3))


def test_co_association_counts_partitions():
    labels = np.random.default_rng(0).integers(0, 3, size=(7, 5))
    shares = co_association(labels)
    for i in range(5):
        for j in range(5):
            together = [own[i] == own[j] for own in labels]
            assert shares[i, j] == sum(together) / 7
    np.testing.assert_array_equal(shares, shares.T)
    assert (np.diag(shares) == 1).all() and (shares >= 0).all()


def test_co_association_knows_no_names_of_groups():
    labels = np.random.default_rng(1).integers(0, 3, size=(6, 5))
    shares = co_association(labels)
    renamed = [np.array(["x", "y", "z"])[(own + n) % 3] for n, own in enumerate(labels)]
    np.testing.assert_array_equal(co_association(renamed), shares)
    np.testing.assert_array_equal(co_association(labels[::-1]), shares)
    order = [3, 0, 4, 1, 2]
    np.testing.assert_array_equal(
        co_association(labels[:, order]), shares[np.ix_(order, order)]
    )


def test_co_association_of_one_partition_is_the_partition():
    found = co_association([[0, 1, 0]])
    np.testing.assert_array_equal(found, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: adjusted_rand([0, 1], [0]), "labels 2 tasks"),
        (lambda: adjusted_rand([[0]], [0]), r"shape \(1, 1\)"),
        (lambda: pairwise_separation(np.eye(3), [0, 1]), r"\(3, 3\)"),
        (lambda: co_association([0, 1]), r"n_tasks\) .* found \(2,\)"),
        (lambda: co_association(np.empty((0, 3))), r"found \(0, 3\)"),
    ],
)
def test_errors(call, match):
    with pytest.raises(InputError, match=match):
        call()
