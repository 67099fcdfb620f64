"""Targets as columns: what counts as missing."""

import numpy as np
import pytest

from skmtl.similarity import random_trunk, target_relatedness


@pytest.mark.parametrize("dtype", [float, int, object])
def test_masked_labels_are_missing(dtype):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    trunk, y = random_trunk(X, 64, 0), (X > 0).astype(dtype)
    hidden = random.random(y.shape) < 0.3
    masked = np.ma.array(np.where(hidden, 9, y), mask=hidden)
    found = target_relatedness(trunk, masked, random_state=0)
    plain = target_relatedness(trunk, np.where(hidden, np.nan, X > 0), random_state=0)
    np.testing.assert_allclose(found.similarity, plain.similarity)
    np.testing.assert_allclose(found.reliability, plain.reliability)
