"""Criteria of sharing, and how partitions join."""

import numpy as np
import pytest

from skmtl.selective._evidence import read_evidence
from skmtl.selective._grouping import Sharing, join_groups, number_groups

PAIRS = np.array(
    [
        [1.0, 0.9, 0.1, 0.2, 0.0],
        [0.9, 1.0, 0.2, 0.1, 0.0],
        [0.1, 0.2, 1.0, 0.8, 0.0],
        [0.2, 0.1, 0.8, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)
PASSED = np.array([True, True, True, True, False])


def make(sharing, **parameters):
    options = {
        "representation": "whitened",
        "clustering": "gap",
        "min_similarity": 0.25,
        "n_groups": None,
        "min_reliability": "null",
        "window": 80,
        "merge": "best",
        "recluster": False,
        "refit_output": "auto",
        "rank": 3,
        "reshape": None,
    }
    return Sharing(sharing=sharing, **{**options, **parameters})


def test_similar_tasks_share():
    found = make("similarity").group(PAIRS, PASSED, None, 0)
    assert found.tolist() == [0, 0, 1, 1, 2]


def test_dissimilar_tasks_share_in_as_many_groups():
    found = make("dissimilarity").group(PAIRS, PASSED, None, 0)
    assert len(set(found[:4].tolist())) == 2
    assert found[0] != found[1] and found[2] != found[3]
    assert found[4] not in found[:4]


@pytest.mark.parametrize("seed", range(10))
def test_random_groups_have_the_sizes_and_leave_silent_tasks_alone(seed):
    found = make("random").group(PAIRS, PASSED, None, seed)
    assert sorted(np.bincount(found)) == [1, 2, 2]
    assert found[4] not in found[:4]
    assert (make("random").group(PAIRS, PASSED, None, seed) == found).all()


def test_random_groups_differ():
    drawn = {
        tuple(make("random").group(PAIRS, PASSED, None, seed)) for seed in range(20)
    }
    assert len(drawn) == 3  # all ways to form two pairs of four tasks


def test_variance_joins_tasks_whose_gradients_meet():
    random = np.random.RandomState(0)
    centres = np.eye(8)[[0, 0, 1, 1, 2]]
    points = centres + 0.1 * random.normal(size=(30, 5, 8))
    passed = np.ones(5, dtype=bool)
    found = make("variance").group(PAIRS, passed, points, 0)
    assert found.tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("nothing", [0.0, np.inf, np.nan], ids=str)
def test_steps_that_tell_nothing_of_a_task_join_it_to_none(nothing):
    """As of tasks without a label in most batches."""
    random = np.random.RandomState(0)
    points = np.eye(8)[[0, 0, 1, 2, 3]] + 0.1 * random.normal(size=(30, 5, 8))
    points[5:, 2:] = nothing
    passed = np.ones(5, dtype=bool)
    found = make("variance").group(PAIRS, passed, points, 0)
    assert found.tolist() == [0, 0, 1, 2, 3]
    silent = np.full_like(points, nothing)
    found = make("variance").group(PAIRS, passed, silent, 0)
    assert found.tolist() == [0, 1, 2, 3, 4]


def test_hdbscan_needs_four_tasks():
    groups = np.repeat([0, 1], 3)
    table = np.where(groups[:, None] == groups, 0.9, 0.1)
    np.fill_diagonal(table, 1.0)
    dense = make("similarity", clustering="hdbscan")
    passed = np.ones(6, dtype=bool)
    assert dense.group(table, passed, None, 0).tolist() == groups.tolist()
    assert dense.group(table[:3, :3], passed[:3], None, 0).tolist() == [0, 1, 2]


def test_joined_groups_hold_both():
    found = join_groups(np.array([0, 0, 1, 2, 3]), np.array([0, 1, 2, 1, 3]))
    assert found.tolist() == [0, 0, 1, 0, 2]
    assert join_groups(found, np.arange(5)).tolist() == found.tolist()


def test_numbers_follow_the_first_appearance():
    assert number_groups([7, 2, 7, 0]).tolist() == [0, 1, 0, 2]


@pytest.fixture(scope="module")
def evidence():
    random = np.random.RandomState(0)
    X = random.normal(size=(500, 6))
    y = np.column_stack([X[:, 0] > 0, X[:, 0] < 0.2, random.uniform(size=500) < 0.5])
    kinds = np.ones(3, dtype=bool)

    def read(min_reliability):
        return read_evidence(X, y.astype(float), kinds, min_reliability, 0)

    return read


def test_tasks_below_their_null_do_not_pass(evidence):
    found = evidence("null")
    assert found.passed.tolist() == [True, True, False]
    assert found.similarity[0, 1] > 0.8
    assert not found.similarity[2, :2].any()


def test_a_number_takes_the_place_of_the_null(evidence):
    assert evidence(0.0).reliability[0] == evidence("null").reliability[0]
    assert evidence(1.0).passed.tolist() == [False] * 3
    assert evidence(0.5).passed.tolist() == [True, True, False]
    assert (evidence(0.5).null == 0.5).all()


def test_without_a_gate_every_task_passes(evidence):
    assert evidence(None).passed.all()
