"""Keep ratios are searched in one stack, with the results of separate fits."""

import pytest

from skmtl import (
    FisherSparseMTLClassifier,
    MaximumRoamingClassifier,
    RandomSparseMTLClassifier,
    TaskRoutingClassifier,
)
from skmtl._base import stackable_parameters
from skmtl.model_selection import MultiTaskStratifiedKFold, StackedGridSearchCV
from tests.model_selection._search_problems import QUICK, assert_equals_plain, classes


@pytest.mark.parametrize(
    "estimator",
    [
        FisherSparseMTLClassifier(**QUICK),
        FisherSparseMTLClassifier(masking="gradient", fisher="sampled", **QUICK),
        RandomSparseMTLClassifier(**QUICK),
        TaskRoutingClassifier(**QUICK),
        MaximumRoamingClassifier(**QUICK),
    ],
    ids=["fisher", "gradient", "random", "routing", "roaming"],
)
def test_keep_ratios_train_as_one(estimator):
    assert "keep_ratio" in stackable_parameters(estimator)
    grid = {"keep_ratio": [0.2, 0.5, 1], "random_state": [0, 1]}
    search = StackedGridSearchCV(estimator, grid, cv=MultiTaskStratifiedKFold(3))
    X, y = classes(missing=0.1)
    assert_equals_plain(search, X, y)
