"""Random features."""

import numpy as np
import pytest

from skmtl.exceptions import InputError
from skmtl.similarity import random_trunk


def test_units_of_columns_are_irrelevant():
    X = np.random.default_rng(0).normal(size=(50, 4))
    scaled = X * [1, 1e-6, 1e6, 3] + [0, 5, -2e6, 1]
    np.testing.assert_allclose(
        random_trunk(X, 16, 0), random_trunk(scaled, 16, 0), atol=1e-6
    )


def test_constant_columns_are_ignored():
    X = np.random.default_rng(0).normal(size=(50, 4))
    padded = np.hstack([X, np.full((50, 1), 0.1), np.zeros((50, 1))])
    np.testing.assert_allclose(
        random_trunk(X, 16, 0), random_trunk(padded, 16, 0), atol=1e-12
    )


def test_nothing_varies():
    features = random_trunk(np.full((5, 2), 0.3), 8, 0)
    assert features.shape == (5, 8)
    assert np.all(features == features[0])


def test_is_not_linear():
    """Random features see an even function that no linear map of X sees."""
    X = np.random.default_rng(0).normal(size=(2000, 2))
    target = X[:, 0] ** 2
    features = random_trunk(X, random_state=0)
    centred = features - features.mean(0)
    fit = centred @ np.linalg.lstsq(centred, target - target.mean(), rcond=None)[0]
    assert np.corrcoef(fit, target)[0, 1] > 0.95
    assert features.min() >= 0


@pytest.mark.parametrize(
    ("X", "n_units", "match"),
    [
        ([["a"]], 3, "numbers only"),
        ([[np.nan]], 3, "impute"),
        (np.zeros((2, 2, 2)), 3, "Flatten"),
        ([[1.0]], 0, "at least 1"),
    ],
)
def test_errors(X, n_units, match):
    with pytest.raises(InputError, match=match):
        random_trunk(X, n_units)
