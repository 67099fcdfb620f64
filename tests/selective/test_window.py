"""Windows and groupings that go on over several trainings."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch

import skmtl
from skmtl import SelectiveSharingClassifier
from skmtl._base._prepare import prepare
from skmtl.engine import train_fits
from skmtl.exceptions import InputError, TaskGroupWarning
from skmtl.model_selection import fit_stack
from skmtl.selective import _network
from tests.selective._fits import QUICK, make_plan, tables

# Three steps to an epoch.
LONG = {**QUICK, "representation": "mean", "window": 8, "max_epochs": 1}


@pytest.fixture
def groupings(monkeypatch):
    """How many steps were watched before each time that tasks were grouped."""
    found, inner = [], _network.find_groups

    def heard(network, window, state):
        found.append(window.n_watched)
        return inner(network, window, state)

    monkeypatch.setattr(_network, "find_groups", heard)
    return found


def go_on(est, X, y, how="partial_fit"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        return getattr(est, how)(X, y)


def seen_by(est):
    """All that the open window keeps, by name."""
    state = est.net_.module_.window.state_dict()
    return {name: value.clone() for name, value in state.items()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("how", ["partial_fit", "fit"])
@pytest.mark.parametrize("sharing", ["similarity", "variance"])
def test_a_window_counts_the_steps_of_all_calls(groupings, how, sharing):
    est = SelectiveSharingClassifier(**LONG, sharing=sharing, warm_start=True)
    for _ in range(4):
        go_on(est, *tables(), how)
    assert groupings == [8]
    assert est.net_.module_.window is None


@pytest.mark.parametrize("how", ["partial_fit", "fit"])
def test_tasks_are_compared_by_the_trunk_of_the_first_call(how):
    est = SelectiveSharingClassifier(**LONG, warm_start=True)
    first = seen_by(go_on(est, *tables(), how))
    module = est.net_.module_
    second = seen_by(go_on(est, *tables(), how))
    places = [name for name in first if name.startswith("start")]
    assert_same({n: second[n] for n in places}, {n: first[n] for n in places})
    assert not torch.equal(first["start_0"], next(module.encoder.parameters()))
    assert not torch.equal(first["capture.seen"], second["capture.seen"])
    assert (second["totals"] == 2 * first["totals"]).all()


def saved(est, tmp_path):
    est.save(tmp_path / "open.skmtl")
    return skmtl.load(tmp_path / "open.skmtl")


def pickled(est, tmp_path):
    return pickle.loads(pickle.dumps(est))


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("copied", [saved, pickled])
def test_copies_keep_the_open_window(groupings, copied, n_estimators, tmp_path):
    est = SelectiveSharingClassifier(**LONG, n_estimators=n_estimators)
    go_on(est, *tables())
    other = copied(est, tmp_path)
    assert_same(seen_by(other), seen_by(est))
    for _ in range(2):
        go_on(other, *tables())
    assert groupings == [8]


def test_members_of_a_stack_go_on_as_if_trained_alone():
    X, y = tables()
    together = [
        SelectiveSharingClassifier(**{**LONG, "random_state": k}) for k in (0, 1)
    ]
    alone = copy.deepcopy(together)
    with pytest.warns(TaskGroupWarning):
        fit_stack(together, X, y)
    for own, other in zip(together, alone, strict=True):
        go_on(other, X, y, "fit")
        assert_same(seen_by(own), seen_by(other))
        for est in (own, other):
            go_on(go_on(est, X, y), X, y)
        np.testing.assert_allclose(own.task_similarity_, other.task_similarity_)
        assert own.branch_of_.tolist() == other.branch_of_.tolist()


def test_parts_of_an_ensemble_join_their_windows():
    X, y = tables()
    est = SelectiveSharingClassifier(**{**QUICK, **LONG}, n_estimators=3)
    found = []
    for most in (3, 2):
        plans = prepare(est, X, y, None, random_state=np.random.RandomState(0)).plans
        [trained] = train_fits([plans], max_stack=most)
        found.append(trained.net.module_.window.state_dict())
    assert_same(*found)


def test_parts_that_stopped_apart_forget_their_windows():
    networks = [make_plan(*tables()).network for _ in range(3)]
    for network in networks[:2]:
        network.set_progress(0.0)
    for network in networks[:2]:
        network.agree_with(networks[:2])
    assert all(network.window is not None for network in networks[:2])
    for network in networks:
        network.agree_with(networks)
    assert all(network.window is None for network in networks)


def test_another_representation_starts_a_window_of_its_own(groupings):
    est = SelectiveSharingClassifier(**LONG, warm_start=True)
    go_on(est, *tables(), "fit")
    est.set_params(representation="gram", window=2)
    go_on(est, *tables(), "fit")
    assert groupings == [2]


@pytest.mark.parametrize("how", ["partial_fit", "fit"])
def test_grouping_anew_goes_on_over_calls(groupings, how):
    """After each epoch, until three of them have brought no change."""
    est = SelectiveSharingClassifier(
        **{**LONG, "window": 2, "min_similarity": 1.0, "warm_start": True},
        recluster=True,
    )
    for _ in range(5):
        go_on(est, *tables(), how)
    assert groupings == [2, 2, 2]
    assert est.lock_epoch_ == 1


def test_one_step_an_epoch_is_no_variance(groupings):
    """Tasks are grouped anew when two steps were watched, in one call or in two."""
    common = {**LONG, "window": 2, "batch_size": 48, "min_similarity": 1.0}
    est = SelectiveSharingClassifier(**common, sharing="variance", recluster=True)
    for _ in range(5):
        go_on(est, *tables())
    assert groupings == [2, 2]
    groupings.clear()
    go_on(est.set_params(max_epochs=5), *tables(), "fit")
    assert groupings == [2, 2]


def test_one_step_is_no_window_for_variance():
    est = SelectiveSharingClassifier(sharing="variance", window=1)
    with pytest.raises(InputError, match="at least 2 where sharing"):
        est.fit(*tables())


@pytest.mark.parametrize(
    "optimizer", [torch.optim.Adafactor, torch.optim.RMSprop, torch.optim.NAdam]
)
@pytest.mark.parametrize("stacked", [False, True])
def test_any_optimiser_goes_on_after_a_merge(optimizer, stacked):
    X, y = tables()
    common = {**QUICK, "optimizer": optimizer, "sharing": list("abab")}
    est = SelectiveSharingClassifier(**common)
    fit_stack([est, *[SelectiveSharingClassifier(**common)] * stacked], X, y)
    for _ in range(2):
        est.partial_fit(X, y)
    assert est.branch_of_.tolist() == [0, 1, 0, 1]
    assert np.isfinite(est.history_["train_loss"]).all()


def test_a_warm_start_with_the_same_groups_in_other_words():
    X, y = tables()
    common = {**QUICK, "warm_start": True}
    est = go_on(SelectiveSharingClassifier(**common, sharing=list("abab")), X, y, "fit")
    est.set_params(sharing=[7, 2, 7, 2]).fit(X, y)
    assert est.branch_of_.tolist() == [0, 1, 0, 1]
