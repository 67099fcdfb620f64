"""Distances and similarities from a method's evidence."""

import numpy as np
import pytest

from skmtl.exceptions import InputError
from skmtl.similarity import (
    apply_gate,
    capacity_distance,
    capacity_overlap,
    label_correlation,
    log_variance_distance,
)


@pytest.fixture
def capacity():
    return np.random.default_rng(0).gamma(1.0, size=(3, 5, 7))


def test_overlap_matches_loops(capacity):
    found = capacity_overlap(capacity)
    assert found.shape == (3, 5, 5)
    for m in range(3):
        for i in range(5):
            for j in range(5):
                pairs = list(zip(capacity[m, i], capacity[m, j], strict=True))
                expected = sum(map(min, pairs)) / sum(map(max, pairs))
                assert found[m, i, j] == pytest.approx(expected)


def test_overlap_range_and_symmetry(capacity):
    found = capacity_overlap(capacity[0])
    np.testing.assert_array_equal(found, found.T)
    assert np.all(np.diag(found) == 1)
    assert found.min() >= 0
    assert found.max() <= 1


def test_overlap_of_closed_channels_is_zero():
    found = capacity_overlap([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(found, np.eye(3))


@pytest.mark.parametrize("distance", [capacity_distance, log_variance_distance])
def test_distances_match_loops(distance, capacity):
    found = distance(capacity)
    for i in range(5):
        for j in range(5):
            expected = np.abs(capacity[:, i] - capacity[:, j]).sum(-1)
            np.testing.assert_allclose(found[:, i, j], expected)


def test_gate_silences_rows_and_columns():
    table = np.full((3, 3), 0.5)
    gated = apply_gate(table, [0.5, 0.1, 0.3], [0.2, 0.1, 0.1])
    expected = np.array([[1, 0, 0.5], [0, 1, 0], [0.5, 0, 1]])
    np.testing.assert_array_equal(gated, expected)
    assert np.all(table == 0.5)


def test_gate_lets_named_tasks_pass_and_keeps_leading_axes():
    table = np.full((2, 3, 3), 0.5)
    gated = apply_gate(table, np.zeros(3), np.ones(3), passed=[True, True, False])
    assert gated.shape == (2, 3, 3)
    np.testing.assert_array_equal(gated[1], [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])


def test_label_correlation_matches_numpy_on_common_rows():
    random = np.random.default_rng(0)
    y = random.normal(size=(40, 4)) + 1e3
    y[:, 1] -= 2 * y[:, 0]
    y[random.random(y.shape) < 0.3] = np.nan
    found = label_correlation(y)
    for i in range(4):
        for j in range(4):
            both = ~np.isnan(y[:, i]) & ~np.isnan(y[:, j])
            expected = abs(np.corrcoef(y[both, i], y[both, j])[0, 1])
            assert found[i, j] == pytest.approx(expected)


def test_label_correlation_leaves_out_what_is_masked():
    random = np.random.RandomState(0)
    y, mask = random.normal(size=(20, 3)), random.rand(20, 3) < 0.3
    found = label_correlation(np.ma.array(y, mask=mask))
    np.testing.assert_array_equal(found, label_correlation(np.where(mask, np.nan, y)))


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_label_correlation_of_a_matrix():
    y = np.random.RandomState(0).normal(size=(20, 3))
    found = label_correlation(np.asmatrix(y))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, label_correlation(y))


@pytest.mark.parametrize("size", [1.0, 1e5, 1e8, 1e14, 1e300])
def test_label_correlation_looks_past_rows_that_a_pair_does_not_share(size):
    y = np.random.default_rng(0).normal(size=(60, 4))
    y[:, 1] = -y[:, 0]
    y[1:, 3] = 0.3
    expected = label_correlation(y[1:])
    y[0] = [size, np.nan, np.nan, np.nan]
    assert label_correlation(y) == pytest.approx(expected)
    assert expected[0, 1] == pytest.approx(1) and expected[0, 3] == 0


def test_label_correlation_without_common_rows_or_variation():
    nan = np.nan
    y = [[0, nan, 1], [1, nan, 1], [nan, 0, 1], [nan, 1, 1]]
    np.testing.assert_array_equal(label_correlation(y), np.eye(3))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: capacity_overlap([[-1.0, 0.0]]), "negative"),
        (lambda: capacity_overlap([[np.nan, 0.0]]), "diverged"),
        (lambda: capacity_distance([1.0]), "shape"),
        (lambda: apply_gate(np.ones((2, 3)), [1, 1], [0, 0]), r"\(2, 3\)"),
        (lambda: apply_gate(np.ones((2, 2)), [1, 1, 1], [0, 0, 0]), "2 tasks"),
        (lambda: label_correlation([[np.inf]]), "finite"),
    ],
)
def test_errors(call, match):
    with pytest.raises(InputError, match=match):
        call()
