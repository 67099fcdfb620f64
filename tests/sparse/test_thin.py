"""Masks that keep hardly anything are told of."""

import re
import warnings

import numpy as np
import pytest

from skmtl import (
    FisherSparseMTLRegressor,
    MaximumRoamingRegressor,
    RandomSparseMTLRegressor,
    TaskRoutingRegressor,
)
from skmtl.exceptions import CollapseWarning

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(80, 20))
Y = X[:, :3]
QUICK = {"hidden_layer_sizes": (30, 40), "max_epochs": 3, "random_state": 0}
EVERY = [
    FisherSparseMTLRegressor,
    MaximumRoamingRegressor,
    RandomSparseMTLRegressor,
    TaskRoutingRegressor,
]


def told(estimator, X=X):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, Y)
    return [str(one.message) for one in caught if one.category is CollapseWarning]


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("cls", EVERY)
def test_fewer_weights_than_units(cls, n_estimators):
    estimator = cls(keep_ratio=0.02, n_estimators=n_estimators, **QUICK)
    [text] = told(estimator)
    pattern = (
        r"(\d) of the 3 tasks .*layer '(.*?)' .*units, (\d+) \(task '(.*?)': (\d+)\)"
    )
    count, layer, units, task, fewest = re.search(pattern, text).groups()
    assert "Raise `keep_ratio` (now 0.02)" in text
    members = [estimator.layer_masks(member) for member in range(n_estimators)]
    assert len(members[0][layer][0]) == int(units)
    kept = np.array([own[layer].sum(axis=(1, 2)) for own in members])
    assert kept[:, estimator.task_names_.index(task)].min() == kept.min() == int(fewest)
    assert (kept < int(units)).any(0).sum() == int(count)


@pytest.mark.parametrize("cls", EVERY)
def test_enough_weights(cls):
    assert told(cls(keep_ratio=0.5, **QUICK)) == []
    # One feature gives each unit one weight, whatever is kept.
    assert told(cls(keep_ratio=0.5, **QUICK), X[:, :1]) == []


def test_weights_that_only_learn_less_are_no_loss():
    sparse = {"keep_ratio": 0.02, "masking": "gradient"}
    assert told(RandomSparseMTLRegressor(**sparse, **QUICK)) == []
