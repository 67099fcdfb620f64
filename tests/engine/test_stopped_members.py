"""What a member does after it has stopped early is its own affair."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.testing import assert_close

from skmtl import HardSharingRegressor
from skmtl.engine import train, train_fits
from skmtl.engine._callbacks import Snapshot
from skmtl.model_selection import fit_stack
from skmtl.nn import member_tensors
from tests.contracts._asserts import TOLERANCE, assert_equal_histories
from tests.contracts._problems import PROBLEMS

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

EARLY = {"early_stopping": True, "n_iter_no_change": 9, "max_epochs": 6}
# Rates at which a member that has stopped diverges while others still run.
WILD = {
    "optimizer": "sgd",
    "lr": 0.8,
    "early_stopping": True,
    "n_iter_no_change": 1,
    "tol": 0,
    "max_epochs": 60,
    "weight_decay": 0.0,
    "random_state": 0,
    "batch_size": 32,
    "device": "cpu",
}
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 4))
TARGETS = [X[:, 0], RANDOM.normal(size=200)]


def stop_and_spoil(monkeypatch, member):
    """Let a member of a stack stop as soon as it is judged, and blow up after it."""
    after_epoch = Snapshot.after_epoch

    def spoilt(self, history):
        done = after_epoch(self, history)
        judged = self._module.members and self.best_epoch.ndim
        if judged and (self.stop_epoch == 0).all():
            self.stop_epoch[member] = self.epochs
            with torch.no_grad():
                for _, tensor in member_tensors(self._module):
                    if tensor.is_floating_point():
                        tensor[member] = torch.nan
        return done

    monkeypatch.setattr(Snapshot, "after_epoch", spoilt)


def assert_equal_states(found, expected):
    states = found.net.module_.state_dict(), expected.net.module_.state_dict()
    assert_close(*states, **TOLERANCE)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_a_member_that_has_stopped_disturbs_no_other(problem, monkeypatch):
    def plans():
        return [problem.simple_plan(seed=seed, **EARLY) for seed in range(3)]

    alone = [train([plan])[0] for plan in plans()]
    stop_and_spoil(monkeypatch, 1)
    first, stopped, last = train_fits([[plan] for plan in plans()])
    for found, expected in ((first, alone[0]), (last, alone[2])):
        assert_equal_histories(found.history, expected.history)
        assert_equal_states(found, expected)
    assert stopped.n_iter < len(first.history["epoch"])
    for state in stopped.net.optimizer_.state.values():
        assert all(value.isfinite().all() for value in state.values())
    assert all(own.isfinite().all() for own in stopped.net.module_.parameters())


def test_members_that_diverge_after_they_stopped_have_not_failed():
    alone = [HardSharingRegressor(**WILD).fit(X, own) for own in TARGETS]
    assert [own.n_iter_ for own in alone] == [2, 3]
    found = fit_stack([HardSharingRegressor(**WILD) for _ in alone], X, TARGETS)
    for own, expected in zip(found, alone, strict=True):
        assert own.n_iter_ == expected.n_iter_
        assert_allclose(own.predict(X), expected.predict(X), rtol=1e-6)


def test_an_ensemble_goes_on_after_members_diverged():
    options = {**WILD, "n_estimators": 4, "lr": 0.5, "random_state": 6}
    estimator = HardSharingRegressor(**options).fit(X, TARGETS[0])
    losses = [row["train_loss"] for row in estimator.net_.history]
    assert not np.isfinite(losses).all()
    estimator.set_params(lr=1e-3).partial_fit(X, TARGETS[0])
    assert np.isfinite(estimator.predict(X)).all()
