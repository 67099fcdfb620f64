"""Epoch losses, snapshots and the guard, each against a plain loop."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from skmtl.engine._callbacks import (
    LossMeter,
    Snapshot,
    find_blown_up,
    find_infinite,
)
from skmtl.exceptions import ConvergenceError
from tests.contracts._problems import PROBLEMS

SETTINGS = PROBLEMS[0].simple_plan().settings


# ---- losses of an epoch


@pytest.mark.parametrize("members", [(), (3,)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task_weight", [None, [2.0, 0.5]])
def test_epoch_loss_is_the_mean_over_rows(members, weighted, task_weight):
    random = np.random.RandomState(0)
    losses = random.uniform(size=(4, *members, 2))
    n_rows = np.array([5, 5, 5, 3])
    totals = random.uniform(1, 2, size=(4, *members, 2)) if weighted else None
    meter = LossMeter()
    for batch in range(4):
        meter.add(
            torch.as_tensor(losses[batch]),
            None if totals is None else torch.as_tensor(totals[batch]),
            torch.Size([*members, n_rows[batch], 2]),
        )
    if totals is None:
        totals = np.broadcast_to(
            n_rows.reshape(-1, *[1] * (losses.ndim - 1)), losses.shape
        )
    expected = np.average(losses, axis=0, weights=totals)
    weight = None if task_weight is None else torch.tensor(task_weight)
    loss, by_task = meter.read(weight)
    assert_allclose(by_task, expected)
    assert_allclose(loss, (expected * (task_weight or 1)).sum(-1))


def test_task_without_label_is_unknown_but_adds_nothing():
    meter = LossMeter()
    totals = torch.tensor([2.0, 0.0])
    meter.add(torch.tensor([3.0, 0.0]), totals, torch.Size([4, 2]))
    loss, by_task = meter.read(None)
    assert loss == 3
    assert by_task[0] == 3 and np.isnan(by_task[1])


# ---- the guard


def epoch(train_loss, task_losses):
    return [{"train_loss": train_loss, "train_task_losses": task_losses}]


def test_guard_names_epoch_and_task():
    fine = epoch(1.0, [0.5, 0.5])[0]
    bad = epoch(float("inf"), [0.5, float("inf")])[0]
    assert find_infinite([fine], ["a", "b"]) == {}
    [(place, error)] = find_infinite([fine, fine, bad], ["a", "b"]).items()
    assert place == () and isinstance(error, ConvergenceError)
    message = r"not finite in epoch 3 for task\(s\) 'b'\. Scale X .* lower `lr`"
    assert re.search(message, str(error))


def test_guard_accepts_a_task_without_labels():
    assert find_infinite(epoch(0.5, [0.5, float("nan")]), ["a", "b"]) == {}


@pytest.mark.parametrize("members", [(3,), (2, 2)])
def test_guard_finds_the_members_that_failed(members):
    losses, tasks = np.ones(members), np.ones((*members, 2))
    losses[1], tasks[1, ..., 0] = np.nan, np.nan
    found = find_infinite(epoch(losses.tolist(), tasks.tolist()), ["a", "b"])
    assert set(found) == set(map(tuple, np.argwhere(np.isnan(losses)).tolist()))
    assert all("for task(s) 'a'." in str(error) for error in found.values())


@pytest.mark.parametrize("members", [(), (3,), (2, 2)])
def test_guard_finds_blown_up_weights(members):
    module = nn.Linear(2, 2)
    module.weight = nn.Parameter(torch.zeros(*members, 2, 2))
    module.bias = nn.Parameter(torch.zeros(*members, 2))
    assert find_blown_up(module, 4, members) == {}
    place = (1,) * len(members)
    with torch.no_grad():
        module.bias[(*place, 0)] = torch.nan
    [(found, error)] = find_blown_up(module, 4, members).items()
    assert found == place and "not finite after epoch 4" in str(error)


# ---- snapshots


def plain_early_stopping(losses, patience, tol):
    """Best epoch and last epoch, both counted from 1."""
    best, best_epoch, waited = np.inf, 0, 0
    for number, loss in enumerate(losses, 1):
        enough = loss < best - tol
        if loss < best:
            best, best_epoch = loss, number
        waited = 0 if enough else waited + 1
        if waited >= patience:
            return best_epoch, number
    return best_epoch, 0


CURVES = {
    "falls": np.linspace(1, 0, 12),
    "rises": np.linspace(0, 1, 12),
    "valley": np.abs(np.arange(12) - 4.0),
    "noisy": np.random.RandomState(0).uniform(size=12),
    "two valleys": np.array([5, 4, 3, 4, 4, 2, 1, 3, 3, 3, 3, 0.0]),
    "crawls": 1 - 0.01 * np.arange(12),
    "flat": np.ones(12),
}


def watch(settings, curves):
    """Run a snapshot along curves ``(n_epochs, *members)``."""
    members = curves.shape[1:]
    module = nn.Linear(2, 2)
    module.weight = nn.Parameter(torch.zeros(*members, 2, 2))
    module.bias = nn.Parameter(torch.zeros(*members, 2))
    snapshot = Snapshot(module, settings)
    stopped = 0
    for number, loss in enumerate(curves, 1):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.fill_(number)
        if snapshot.after_epoch([{"valid_loss": loss.tolist()}]):
            stopped = number
            break
    snapshot.restore()
    return snapshot, module, stopped


@pytest.mark.parametrize("patience", [1, 2, 4])
@pytest.mark.parametrize("tol", [0.0, 0.1])
@pytest.mark.parametrize("curve", CURVES)
def test_early_stopping_equals_a_plain_loop(curve, patience, tol):
    settings = replace(
        SETTINGS, early_stopping=True, n_iter_no_change=patience, tol=tol
    )
    best, stop = plain_early_stopping(CURVES[curve], patience, tol)
    snapshot, module, stopped = watch(settings, CURVES[curve])
    assert stopped == stop
    assert snapshot.best_epoch == best
    assert snapshot.epochs == stop or len(CURVES[curve])
    assert (module.weight == best).all() and (module.bias == best).all()


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_members_stop_on_their_own(patience):
    settings = replace(
        SETTINGS, early_stopping=True, n_iter_no_change=patience, tol=0.05
    )
    curves = np.column_stack(list(CURVES.values()))
    expected = [plain_early_stopping(curve, patience, 0.05) for curve in curves.T]
    snapshot, module, stopped = watch(settings, curves)
    stops = [stop for _, stop in expected]
    assert_array_equal(snapshot.stop_epoch, stops)
    assert_array_equal(module.weight[:, 0, 0].detach(), [best for best, _ in expected])
    assert stopped == (max(stops) if all(stops) else 0)


def test_without_early_stopping_the_last_epoch_stays():
    snapshot, module, stopped = watch(SETTINGS, CURVES["valley"])
    assert stopped == 0
    assert (module.weight == 12).all()
    assert snapshot.epochs == 12


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_goes_back_to_a_finished_epoch(early_stopping):
    settings = replace(SETTINGS, early_stopping=early_stopping, n_iter_no_change=9)
    snapshot, module, _ = watch(settings, CURVES["valley"])
    with torch.no_grad():
        module.weight.fill_(99)
    snapshot.interrupted = True
    snapshot.restore()
    assert (module.weight == (5 if early_stopping else 12)).all()
