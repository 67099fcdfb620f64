"""Groups from similarities: the gap, its edge cases, other clusterers."""

import sys

import numpy as np
import pytest
from scipy.cluster.hierarchy import is_valid_linkage, linkage
from scipy.spatial.distance import squareform
from sklearn.cluster import DBSCAN, AgglomerativeClustering

from skmtl.exceptions import InputError
from skmtl.similarity import group_tasks


def blocks(groups, within=0.8, between=0.1, jitter=0.05, seed=0):
    groups = np.asarray(groups)
    noise = np.random.default_rng(seed).uniform(-jitter, jitter, (len(groups),) * 2)
    table = np.where(groups[:, None] == groups, within, between) + (noise + noise.T) / 2
    np.fill_diagonal(table, 1.0)
    return np.clip(table, 0, 1)


def constant(n_tasks, value):
    return np.where(np.eye(n_tasks, dtype=bool), 1.0, value)


@pytest.mark.parametrize("groups", [[0, 0, 1, 1], [0, 1, 0, 2, 1, 2, 2], [0, 1, 1, 2]])
def test_gap_finds_blocks(groups):
    assert group_tasks(blocks(groups)).labels.tolist() == groups


@pytest.mark.parametrize("n_tasks", [2, 3, 12])
def test_copies_form_one_group(n_tasks):
    assert np.all(group_tasks(constant(n_tasks, 1.0)).labels == 0)
    assert np.all(group_tasks(constant(n_tasks, 0.9)).labels == 0)


@pytest.mark.parametrize("value", [0.0, 0.1, 0.2499])
@pytest.mark.parametrize("n_tasks", [2, 3, 12])
def test_unrelated_tasks_stay_alone(n_tasks, value):
    labels = group_tasks(constant(n_tasks, value)).labels
    assert labels.tolist() == list(range(n_tasks))


def test_min_similarity_is_inclusive():
    assert group_tasks(constant(2, 0.25)).labels.tolist() == [0, 0]
    assert group_tasks(constant(2, 0.25), min_similarity=0.3).labels.tolist() == [0, 1]


def test_no_merge_below_min_similarity():
    # The largest gap follows the merge at .2, which is not allowed.
    table = blocks([0, 0, 1, 1], within=0.3, between=0.2, jitter=0)
    assert group_tasks(table).labels.tolist() == [0, 0, 1, 1]


def test_zero_min_similarity_does_not_join_unrelated_tasks():
    assert group_tasks(np.eye(3), min_similarity=0).labels.tolist() == [0, 1, 2]


def test_equal_gaps_give_more_groups():
    table = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    assert group_tasks(table).labels.tolist() == [0, 0, 1]


def test_single_task():
    labels, tree = group_tasks([[1.0]])
    assert labels.tolist() == [0]
    assert tree.shape == (0, 4)
    assert group_tasks([[1.0]], method="hdbscan").labels.tolist() == [0]


def test_task_order_is_irrelevant():
    table = blocks([0, 1, 0, 2, 1, 2, 2, 3])
    labels = group_tasks(table).labels
    order = np.random.default_rng(1).permutation(8)
    mixed = group_tasks(table[np.ix_(order, order)]).labels
    same = labels[order][:, None] == labels[order]
    np.testing.assert_array_equal(mixed[:, None] == mixed, same)


def test_tree_is_scipys():
    table = blocks([0, 1, 0, 2, 1])
    tree = group_tasks(table).linkage
    assert is_valid_linkage(tree)
    expected = linkage(squareform(1 - table, checks=False), "average")
    np.testing.assert_allclose(tree, expected)


@pytest.mark.parametrize("n_groups", range(1, 7))
def test_number_of_groups_is_exact_even_under_ties(n_groups):
    for table in (blocks([0, 0, 1, 1, 2, 2]), constant(6, 0.5), np.eye(6)):
        labels = group_tasks(table, n_groups=n_groups).labels
        assert labels.max() + 1 == n_groups


def test_hdbscan_groups_and_leaves_noise_alone():
    pytest.importorskip("hdbscan")
    table = blocks([0, 0, 0, 1, 1, 1, 2], within=0.9, between=0.05)
    assert group_tasks(table, method="hdbscan").labels.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert group_tasks(constant(3, 1.0), method="hdbscan").labels.tolist() == [0, 1, 2]


def test_hdbscan_missing_says_how_to_go_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "hdbscan", None)
    with pytest.raises(ImportError, match="pip install hdbscan"):
        group_tasks(blocks([0, 0, 1, 1]), method="hdbscan")


def test_clusterers_are_cloned_and_noise_stands_alone():
    clusterer = DBSCAN(eps=0.3, min_samples=2, metric="precomputed")
    table = blocks([0, 1, 0, 2, 1])
    assert group_tasks(table, method=clusterer).labels.tolist() == [0, 1, 0, 2, 1]
    assert not hasattr(clusterer, "labels_")


def test_clusters_of_unrelated_tasks_are_dissolved():
    clusterer = AgglomerativeClustering(2, metric="precomputed", linkage="average")
    assert group_tasks(np.eye(4), method=clusterer).labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("table", "options", "match"),
    [
        (np.ones((2, 3)), {}, r"\(2, 3\)"),
        ([[1, 0.2], [0.4, 1]], {}, "symmetric"),
        ([[1, np.nan], [np.nan, 1]], {}, "finite"),
        ([[0, 3.0], [3.0, 0]], {}, "not distances"),
        (np.eye(2), {"min_similarity": 2}, "min_similarity"),
        (np.eye(2), {"n_groups": 3}, "between 1 and the 2 tasks"),
        (np.eye(4), {"n_groups": 2, "method": "hdbscan"}, 'method="gap" only'),
        (np.eye(2), {"method": "other"}, "'other'"),
        (np.eye(2), {"method": DBSCAN()}, "metric='euclidean'"),
    ],
)
def test_errors(table, options, match):
    with pytest.raises(InputError, match=match):
        group_tasks(table, **options)
