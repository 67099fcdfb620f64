"""Memory of a stack: estimated, measured, and bounded."""

import json

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.profiler import ProfilerActivity, profile

from skmtl import (
    FisherSparseMTLClassifier,
    HardSharingClassifier,
    HardSharingRanker,
    HierarchicalIBClassifier,
)
from skmtl._base import FitJob, fit_jobs
from skmtl._base._prepare import prepare
from skmtl.engine import _capacity, _stack, member_bytes, stack_capacity, train_fits
from skmtl.nn import MemberRandom

N_ROWS, N_MEMBERS = 200, 6
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(N_ROWS, 8))
PICTURES = RANDOM.normal(size=(N_ROWS, 10, 10))
FAST = {"batch_size": 80, "max_epochs": 2, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


def targets(n_tasks, one_per_row=False):
    y = (X @ np.random.RandomState(1).normal(size=(8, n_tasks)) > 0).astype(float)
    if one_per_row:
        own = np.arange(N_ROWS) % n_tasks
        y[own[:, None] != np.arange(n_tasks)] = np.nan
    return y


def small_encoder(n_features):
    return nn.Sequential(nn.Linear(n_features, 32), nn.ReLU(), nn.Linear(32, 8))


class Paired(nn.Module):
    """Layers that return more than a tensor, and work outside of layers."""

    def __init__(self):
        super().__init__()
        self.inner = nn.GRU(8, 16, batch_first=True)

    def forward(self, x):
        out, _ = self.inner(x.unsqueeze(1))
        return torch.sin(out.squeeze(1))


CASES = {
    "plain": (HardSharingClassifier(), X, targets(4)),
    "many tasks": (HardSharingClassifier(), X, targets(60)),
    "dropout": (HardSharingClassifier(dropout=0.2), X, targets(4)),
    "early": (HardSharingClassifier(early_stopping=True), X, targets(4)),
    "noise": (HierarchicalIBClassifier(), X, targets(4)),
    "noise of many tasks": (HierarchicalIBClassifier(), X, targets(60)),
    "one task per row": (HierarchicalIBClassifier(), X, targets(10, True)),
    "masks": (FisherSparseMTLClassifier(), X, targets(4)),
    "masks of many tasks": (FisherSparseMTLClassifier(), X, targets(60)),
    "rankings": (HardSharingRanker(), X, X[:, :4]),
    "rankings, one task per row": (HardSharingRanker(), X, targets(10, True)),
    "pictures": (HardSharingClassifier(encoder="conv"), PICTURES, targets(4)),
    "user": (HierarchicalIBClassifier(encoder=small_encoder), X, targets(30)),
}


def plans_of(case, n_members, **options):
    estimator, features, y = CASES[case]
    estimator = clone(estimator)
    estimator.set_params(**{**FAST, "n_estimators": n_members, **options})
    random_state = np.random.RandomState(0)
    return prepare(estimator, features, y, None, random_state=random_state).plans


def peak_bytes(work, path):
    """Most memory that torch held at once beyond what it held before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        kept = work()
    seen.export_chrome_trace(str(path))
    del kept
    events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    changes = [own for own in events if own.get("name") == "[memory]"]
    changes.sort(key=lambda own: own["ts"])
    return np.cumsum([own["args"]["Bytes"] for own in changes]).max()


@pytest.mark.parametrize("case", CASES)
def test_estimate_is_above_what_a_stack_takes_and_not_far(case, tmp_path):
    plans = plans_of(case, N_MEMBERS)
    estimate = member_bytes(plans[0]) * N_MEMBERS
    measured = peak_bytes(
        lambda: train_fits([plans], max_stack=N_MEMBERS), tmp_path / "trace.json"
    )
    assert measured < estimate < 10 * measured


def test_estimate_covers_what_a_graph_saves():
    plan = plans_of("user", 1)[0]
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: saved.append(tensor.nbytes), lambda nothing: nothing
    ):
        plan.network(torch.as_tensor(X[:80]), None, MemberRandom(0))
    assert sum(saved) < member_bytes(plan) < 20 * sum(saved)


@pytest.mark.parametrize("case", CASES)
def test_estimate_covers_the_copies_of_the_parameters(case):
    plan = plans_of(case, 1)[0]
    parameters = sum(own.nbytes for own in plan.network.parameters())
    assert member_bytes(plan) > _capacity._COPIES * parameters


def test_estimate_grows_with_the_batch_and_leaves_the_network_alone():
    small, large = (plans_of("noise", 1, batch_size=n)[0] for n in (10, 100))
    before = {name: own.clone() for name, own in large.network.state_dict().items()}
    state = torch.get_rng_state()
    assert 3 * member_bytes(small) < member_bytes(large) < 10 * member_bytes(small)
    torch.testing.assert_close(large.network.state_dict(), before, rtol=0, atol=0)
    assert large.network.training and torch.equal(torch.get_rng_state(), state)


def test_layers_that_return_more_than_a_tensor():
    estimator = HardSharingClassifier(encoder=lambda n: Paired(), **FAST)
    plan = prepare(
        estimator, X, targets(2), None, random_state=np.random.RandomState(0)
    ).plans[0]
    assert member_bytes(plan) > 80 * 16 * 8


def test_capacity_is_what_half_of_the_free_memory_holds(monkeypatch):
    plan = plans_of("plain", 1)[0]
    own = member_bytes(plan)
    for free, wanted in ((0, 1), (own, 1), (5 * own, 2), (201 * own, 100)):
        monkeypatch.setattr(_capacity, "_free_bytes", lambda device, n=free: n)
        assert stack_capacity(plan) == wanted


def test_free_memory_of_this_machine():
    device = torch.device("cpu")
    assert 2**20 < _capacity._free_bytes(device) < 2**50


def test_free_memory_where_the_system_does_not_tell(monkeypatch):
    def unknown(name):
        raise ValueError(name)

    monkeypatch.setattr(_capacity.os, "sysconf", unknown)
    assert _capacity._free_bytes(torch.device("cpu")) == _capacity._FALLBACK


@pytest.fixture
def sizes(monkeypatch):
    """Networks of every stack that is trained."""
    found, run = [], _stack._run

    def counted(net, layout, batches):
        found.append(len(layout.plans))
        return run(net, layout, batches)

    monkeypatch.setattr(_stack, "_run", counted)
    return found


@pytest.mark.parametrize("max_stack", [1, 2, 3, 100])
@pytest.mark.parametrize("n_members", [1, 2, 5])
def test_no_stack_is_larger_than_asked(sizes, max_stack, n_members):
    options = {**FAST, "n_estimators": n_members, "max_epochs": 1}
    data = [(X, targets(2)), (X[:150], targets(2)[:150])]
    jobs = [
        FitJob(HardSharingClassifier(**{**options, "random_state": seed}), *own)
        for own in data
        for seed in range(4)
    ]
    found = fit_jobs(jobs, max_stack=max_stack)
    assert all(hasattr(own, "net_") for own in found)
    assert sum(sizes) == 8 * n_members and max(sizes) <= max_stack


def test_stacks_of_jobs_keep_to_the_free_memory(sizes, monkeypatch):
    own = member_bytes(plans_of("plain", 1)[0])
    monkeypatch.setattr(_capacity, "_free_bytes", lambda device: 7 * own)
    options = {**FAST, "max_epochs": 1}
    seeds = range(7)
    estimators = [
        HardSharingClassifier(**{**options, "random_state": seed}) for seed in seeds
    ]
    y = targets(4)
    fit_jobs([FitJob(estimator, X, y) for estimator in estimators])
    assert sum(sizes) == 7 and max(sizes) == 3
    sizes.clear()
    HardSharingClassifier(**options, n_estimators=7).fit(X, y)
    assert sum(sizes) == 7 and max(sizes) == 3
