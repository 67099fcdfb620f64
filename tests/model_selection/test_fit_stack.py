"""The public door to many fits at once."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skmtl import HardSharingClassifier, HierarchicalIBClassifier
from skmtl.exceptions import InputError
from skmtl.model_selection import fit_stack
from tests._base._attributes import assert_same_attributes
from tests._base._fits import CLASSES, QUICK, THREE, X

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

FAST = {**QUICK, "max_epochs": 3}
MASK = np.arange(80) % 4 > 0
PLACES = np.random.RandomState(0).permutation(80)[:60]
WEIGHT = np.random.RandomState(1).uniform(0.5, 2, size=80)


def three(**options):
    return [
        HardSharingClassifier(**{**FAST, "random_state": seed}, **options)
        for seed in range(3)
    ]


def assert_fits(estimators, data):
    for own, (features, y, weight) in zip(estimators, data, strict=True):
        assert_same_attributes(own, clone(own).fit(features, y, sample_weight=weight))


def test_same_objects_in_the_same_order():
    estimators = [*three(), HierarchicalIBClassifier(**FAST), *three(n_estimators=2)]
    found = fit_stack(iter(estimators), X, THREE)
    assert all(own is given for own, given in zip(found, estimators, strict=True))
    assert_fits(found, [(X, THREE, None)] * 7)
    assert fit_stack([], X, THREE) == []


def test_targets_and_weights_of_each():
    targets = [THREE, CLASSES, THREE[:, 0]]
    weights = [None, WEIGHT, WEIGHT[::-1].copy()]
    found = fit_stack(three(), X, targets, weights)
    assert_fits(found, list(zip([X] * 3, targets, weights, strict=True)))


def test_no_weights_of_any():
    found = fit_stack(three(), X, THREE, [None] * 3)
    assert_fits(found, [(X, THREE, None)] * 3)
    found = fit_stack(three(), X, THREE, (None, WEIGHT.tolist(), None))
    assert_fits(found, [(X, THREE, own) for own in (None, WEIGHT, None)])
    with pytest.raises(InputError, match=r"`sample_weight` as .* found 2 for 3"):
        fit_stack(three(), X, THREE, [None] * 2)


@pytest.mark.parametrize("rows", [MASK, PLACES, PLACES.tolist(), MASK.tolist()])
def test_rows_of_all(rows):
    found = fit_stack(three(), X, THREE, WEIGHT, rows, max_stack=2)
    taken = np.asarray(rows)
    assert_fits(found, [(X[taken], THREE[taken], WEIGHT[taken])] * 3)


@pytest.mark.parametrize("kind", [np.asarray, list], ids=["arrays", "lists"])
def test_rows_of_each(kind):
    rows = [kind(MASK), kind(PLACES), None]
    taken = [MASK, PLACES, np.arange(80)]
    found = fit_stack(three(), X, [THREE, CLASSES, THREE], rows=rows)
    targets = [THREE, CLASSES, THREE]
    data = [(X[own], y[own], None) for own, y in zip(taken, targets, strict=True)]
    assert_fits(found, data)
    assert_fits(fit_stack(three(), X, THREE, rows=[None] * 3), [(X, THREE, None)] * 3)


def test_data_frames():
    features = pd.DataFrame(X, columns=list("abc"), index=np.arange(80) + 7)
    y = pd.DataFrame(THREE, columns=["one", "two"], index=features.index)
    found = fit_stack(three(), features, y, rows=[MASK, PLACES, PLACES])
    taken = [features.loc[MASK], features.iloc[PLACES], features.iloc[PLACES]]
    targets = [y.loc[MASK], y.iloc[PLACES], y.iloc[PLACES]]
    assert found[0].task_names_ == ["one", "two"]
    assert_fits(found, list(zip(taken, targets, [None] * 3, strict=True)))


def test_equal_rows_are_cut_once(monkeypatch):
    from skmtl._base import _jobs

    read, calls = _jobs.read_data, []

    def counted(*args):
        calls.append(args)
        return read(*args)

    monkeypatch.setattr(_jobs, "read_data", counted)
    fit_stack(three(), X, THREE, rows=MASK)
    assert len(calls) == 1
    fit_stack(three(), X, THREE, rows=[PLACES, MASK, PLACES])
    assert len(calls) == 3


def test_the_first_failure_is_raised_and_the_others_are_fitted():
    estimators = three()
    estimators[1].lr = -1
    estimators[2].lr = "fast"
    with pytest.raises(ValueError, match=r"'lr' parameter .* -1") as caught:
        fit_stack(estimators, X, THREE)
    assert caught.value.__notes__ == ["This is the fit of estimators[1]."]
    assert hasattr(estimators[0], "net_") and not hasattr(estimators[1], "net_")


TWICE = HardSharingClassifier(**FAST)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"estimators": [TWICE, TWICE]}, r"found one of them twice\. Use sklearn"),
        ({"estimators": [TWICE, LogisticRegression()]}, "LogisticRegression at place"),
        ({"y": [THREE, THREE]}, "`y` as a list of arrays .* found 2 for 3"),
        ({"sample_weight": [None, WEIGHT]}, "`sample_weight` as a list"),
        ({"rows": [MASK]}, "`rows` as a list of arrays .* found 1 for 3"),
        ({"rows": X[:, 0]}, r"`rows` must hold places .* float64 of shape \(80,\)"),
        ({"rows": np.eye(3, dtype=int)}, r"int64 of shape \(3, 3\)"),
        ({"max_stack": 0}, "`max_stack` must be"),
    ],
)
def test_errors(arguments, match):
    arguments = {"estimators": three(), "X": X, "y": THREE, **arguments}
    with pytest.raises(InputError, match=match):
        fit_stack(**arguments)
    assert not any(hasattr(own, "net_") for own in arguments["estimators"])
