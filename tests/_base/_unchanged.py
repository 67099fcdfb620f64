"""Small data, and whether an estimator is still exactly what it was."""

import copy

import numpy as np
import torch

QUICK = {"max_epochs": 3, "hidden_layer_sizes": (4,), "random_state": 0}
NAN, INF = float("nan"), float("inf")


def make_data(n_rows=40):
    random = np.random.RandomState(0)
    X = random.normal(size=(n_rows, 3))
    return X, X[:, :2] + 0.1 * random.normal(size=(n_rows, 2))


X, REAL = make_data()
CLASSES = (REAL > 0).astype(int)


def with_value(array, value, dtype=float):
    changed = array.astype(dtype)
    changed[3, 1] = value
    return changed


def frozen(estimator):
    """Everything an estimator holds, copied, and its predictions."""
    held = {name: copy.deepcopy(value) for name, value in vars(estimator).items()}
    return held, estimator.callbacks, estimator.predict_proba(X), estimator.transform(X)


def assert_unchanged(estimator, before):
    held, callbacks, probabilities, representation = before
    now = vars(estimator)
    assert list(now) == list(held)
    for name, value in held.items():
        if name == "net_":
            states = value.module_.state_dict(), now[name].module_.state_dict()
            pairs = zip(*map(dict.values, states), strict=True)
            assert all(torch.equal(*pair) for pair in pairs)
        elif name == "history_":
            np.testing.assert_equal(now[name], value)
        elif name == "callbacks":
            assert now[name] is callbacks
        elif name == "_targets":
            assert now[name].specs == value.specs
        else:
            np.testing.assert_equal(now[name], value)
    np.testing.assert_array_equal(estimator.transform(X), representation)
    np.testing.assert_equal(estimator.predict_proba(X), probabilities)
