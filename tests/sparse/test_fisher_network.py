"""When masks by Fisher information change in calls that follow on each other."""

import numpy as np
import pytest

import skmtl
from skmtl import FisherSparseMTLClassifier

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.TaskGroupWarning",
    "ignore::skmtl.exceptions.CollapseWarning",
)
X = np.random.RandomState(0).normal(size=(60, 5))
Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0])
QUICK = {"hidden_layer_sizes": (8,), "random_state": 0, "device": "cpu"}


def n_chosen(estimator):
    return np.unique(estimator.net_.module_.n_updates).tolist()


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_calls_count_as_epochs(n_estimators, tmp_path):
    options = {**QUICK, "n_estimators": n_estimators, "update_every": 3}
    est = FisherSparseMTLClassifier(**options)
    found = []
    for call in range(8):
        found += n_chosen(est.partial_fit(X, Y))
        if call == 3:
            est.save(tmp_path / "half")
            est = skmtl.load(tmp_path / "half")
    assert found == [1, 1, 1, 2, 2, 2, 3, 3]
    whole = FisherSparseMTLClassifier(max_epochs=8, warmup=0, freeze=0, **options)
    assert n_chosen(whole.fit(X, Y)) == [3]


def test_calls_go_on_after_a_fit():
    options = {"max_epochs": 10, "update_every": 4, "freeze": 0.6, "warmup": 0}
    est = FisherSparseMTLClassifier(**options, **QUICK).fit(X, Y)
    assert n_chosen(est) == [1]  # at the first epoch, nine before the end
    assert [n_chosen(est.partial_fit(X, Y))[0] for _ in range(5)] == [2, 2, 2, 2, 3]
