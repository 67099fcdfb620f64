"""Users' encoders of other code share no network."""

import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from torch import nn

from skmtl import HardSharingRegressor
from skmtl._base import _jobs
from skmtl.exceptions import InputError
from skmtl.model_selection import StackedGridSearchCV, fit_stack

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

X = np.random.RandomState(0).normal(size=(60, 4))
Y = X[:, :2] ** 2
FAST = {"max_epochs": 3, "random_state": 0, "device": "cpu"}


class Held(nn.Module):
    def __init__(self, held):
        super().__init__()
        self.linear = nn.Linear(4, 6)
        self._held = held

    def forward(self, x):
        return self._held(self.linear(x)) if callable(self._held) else self.scaled(x)

    def scaled(self, x):
        return torch.tanh(self._held * self.linear(x))


class Columns(nn.Module):
    def __init__(self, columns):
        super().__init__()
        self.columns = columns
        self.linear = nn.Linear(2, 6)

    def forward(self, x):
        return torch.tanh(self.linear(x[..., self.columns]))


class Guarded(Held):
    def __init__(self, held):
        super().__init__(held)
        self.lock = Lock()


class Lock:
    """A lock that can be copied, but not looked into."""

    def __init__(self):
        self.lock = threading.Lock()

    def __deepcopy__(self, memo):
        return Lock()


def local(function):
    class Local(Held):
        def forward(self, x):
            return function(self.linear(x))

    return Local(None)


def frozen(held):
    module = Held(torch.tanh)
    module.linear.requires_grad_(held)
    return module


def tied(function):
    linear = nn.Linear(4, 4)
    module = nn.Sequential(linear, Held(function), nn.Linear(6, 4), nn.Linear(4, 4))
    module[3].weight = linear.weight
    return module


ENCODERS = {
    "function": [Held(torch.sin), Held(torch.square)],
    "private": [Held(0.01), Held(5.0)],
    "tensor": [Held(torch.tensor(0.01)), Held(torch.tensor(5.0))],
    "list": [Columns([0, 1]), Columns([2, 3])],
    "class": [local(torch.sin), local(torch.square)],
    "frozen": [frozen(True), frozen(False)],
    "tied": [tied(torch.sin), tied(torch.square)],
    "unknown": [Guarded(torch.sin), Guarded(torch.square)],
}


def predictions(estimators):
    return [own.predict(X) for own in estimators]


@pytest.mark.parametrize("case", ENCODERS)
def test_fits_equal_separate_fits(case):
    stack = [HardSharingRegressor(encoder=own, **FAST) for own in ENCODERS[case]]
    alone = [clone(own).fit(X, Y) for own in stack]
    found = fit_stack(stack, X, Y)
    expected = predictions(alone)
    assert not np.allclose(*expected)
    assert_allclose(predictions(found), expected, rtol=1e-6, atol=1e-9)


def test_a_search_over_encoders_equals_that_of_scikit_learn():
    grid = {"encoder": ENCODERS["function"]}
    base = HardSharingRegressor(**FAST)
    stacked, plain = (
        search(base, grid, cv=KFold(3), refit=False).fit(X, Y).cv_results_
        for search in (StackedGridSearchCV, GridSearchCV)
    )
    assert_allclose(stacked["mean_test_score"], plain["mean_test_score"], rtol=1e-6)


@pytest.mark.parametrize("encoder", [Held(torch.sin), lambda d: local(torch.sin)])
def test_encoders_of_equal_code_still_train_as_one(encoder, monkeypatch):
    counts, train_fits = [], _jobs.train_fits

    def counted(fits, **options):
        counts.append(len(fits))
        return train_fits(fits, **options)

    monkeypatch.setattr(_jobs, "train_fits", counted)
    seeds = [{**FAST, "random_state": seed} for seed in range(3)]
    fit_stack([HardSharingRegressor(encoder=encoder, **own) for own in seeds], X, Y)
    assert counts == [3]


@pytest.mark.parametrize("make", [Guarded, lambda held: Held(lambda x: held(x))])
def test_members_of_an_ensemble_may_hold_what_cannot_be_compared(make):
    options = {**FAST, "n_estimators": 2}
    one = HardSharingRegressor(encoder=lambda d: make(torch.sin), **options).fit(X, Y)
    other = HardSharingRegressor(encoder=lambda d: Held(torch.sin), **options)
    assert_allclose(one.predict(X), other.fit(X, Y).predict(X), rtol=1e-12)


def test_tied_weights_make_no_ensemble():
    estimator = HardSharingRegressor(
        encoder=lambda d: tied(torch.sin), n_estimators=2, **FAST
    )
    with pytest.raises(InputError, match="weights that go by two names"):
        estimator.fit(X, Y)
