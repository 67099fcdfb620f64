"""Small data, quick settings, and when two fits are the same."""

import numpy as np
import pytest

from skmtl import HardSharingClassifier, HierarchicalIBClassifier

QUICK = {"max_epochs": 5, "hidden_layer_sizes": (6,), "random_state": 0}
# One batch, constant rate: the order of the rows is of no account.
PLAIN = {**QUICK, "batch_size": 1000, "lr_decay": 0.0, "weight_decay": 0.01}

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(80, 3))
REAL = X[:, :2] + 0.3 * RANDOM.normal(size=(80, 2))
CLASSES = (REAL > 0.5).astype(int)
THREE = np.digitize(REAL, [-0.7, 0.7])

both = pytest.mark.parametrize("cls", [HardSharingClassifier, HierarchicalIBClassifier])


def same(one, other):
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def close(one, other):
    np.testing.assert_allclose(one.transform(X), other.transform(X), atol=1e-10)
    for pair in zip(one.predict_proba(X), other.predict_proba(X), strict=True):
        np.testing.assert_allclose(*pair, atol=1e-10)
