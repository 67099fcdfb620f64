"""Later calls, batches, callbacks and memory of ensembles."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.callback import ScoringMonitor
from skorch.callbacks import Callback

from skmtl import (
    HardSharingClassifier,
    HardSharingRanker,
    HardSharingRegressor,
    HierarchicalIBClassifier,
)
from skmtl.engine import _stack
from skmtl.exceptions import ConvergenceError, InputError
from tests._base._fits import CLASSES, PLAIN, QUICK, REAL, THREE, X, both, close

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

TWO = {**QUICK, "n_estimators": 2}
FIVE = {**QUICK, "n_estimators": 5, "batch_size": 16}


def test_partial_fits_are_the_epochs_of_a_fit():
    parts = HardSharingClassifier(**{**PLAIN, "n_estimators": 2}, task_weight=[1, 2])
    for _ in range(5):
        parts.partial_fit(X, CLASSES)
    assert parts.n_iter_ == 5 and parts.net_.module_.members == (2,)
    whole = clone_and_fit(parts)
    close(parts, whole)
    with pytest.raises(InputError, match=r"`n_estimators` must stay .* 2; found 3"):
        parts.set_params(n_estimators=3).partial_fit(X, CLASSES)


def clone_and_fit(estimator):
    return type(estimator)(**estimator.get_params()).fit(X, CLASSES)


@both
def test_warm_start_goes_on_from_the_weights_of_every_member(cls):
    estimator = cls(**TWO).fit(X, CLASSES)
    before = estimator.transform(X)
    estimator.set_params(lr=1e-9, warm_start=True, weight_decay=0).fit(X, CLASSES)
    assert_allclose(estimator.transform(X), before, atol=1e-6)
    for size in (1, 3):
        estimator.set_params(n_estimators=size)
        with pytest.raises(InputError, match="`n_estimators` of the previous fit"):
            estimator.fit(X, CLASSES)
    assert_allclose(estimator.transform(X), before, atol=1e-6)


def test_fit_to_batches():
    batches = [(X[:40], CLASSES[:40]), (X[40:], CLASSES[40:])]
    estimator = HardSharingClassifier(**TWO).fit_batches(batches)
    single = HardSharingClassifier(**QUICK).fit_batches(batches)
    n_latent = single.transform(X).shape[1]
    assert estimator.net_.module_.members == (2,)
    assert_allclose(
        estimator.transform(X)[:, :n_latent], single.transform(X), atol=1e-8
    )


class Epochs(Callback):
    def __init__(self):
        self.losses = []

    def on_epoch_end(self, net, **kwargs):
        self.losses.append(net.history[-1]["train_loss"])


def test_callbacks_hear_of_all_members():
    heard = Epochs()
    estimator = HardSharingClassifier(callbacks=[heard], **TWO).fit(X, CLASSES)
    assert_array_equal(heard.losses, estimator.history_["train_loss"])
    monitor = ScoringMonitor(scoring="accuracy")
    one_task = HardSharingClassifier(**TWO).set_callbacks(monitor)
    one_task.fit(X, CLASSES[:, 0])
    assert_allclose(
        one_task.history_["train_loss"],
        HardSharingClassifier(**TWO).fit(X, CLASSES[:, 0]).history_["train_loss"],
    )


@pytest.fixture
def small_memory(monkeypatch):
    """No stack of more than two networks; lists the stacks that were trained."""
    sizes, run = [], _stack._run

    def counted(net, layout, batches):
        sizes.append(len(layout.plans))
        return run(net, layout, batches)

    monkeypatch.setattr(_stack, "_run", counted)
    monkeypatch.setattr(_stack, "stack_capacity", lambda plan: 2)
    return sizes


CASES = {
    "hard sharing": (HardSharingClassifier, THREE, {}),
    "weights": (HardSharingRegressor, REAL, {"task_weight": [1, 3]}),
    "bottleneck": (HierarchicalIBClassifier, THREE, {"dropout": 0.2}),
    "rankings": (HardSharingRanker, REAL, {"early_stopping": True}),
    "momentum": (HardSharingClassifier, THREE, {"optimizer": "sgd"}),
    "early": (
        HierarchicalIBClassifier,
        THREE,
        {"early_stopping": True, "n_iter_no_change": 2, "max_epochs": 40, "lr": 0.1},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_ensemble_that_does_not_fit_is_split(case, small_memory, monkeypatch):
    cls, y, options = CASES[case]
    split = cls(**{**FIVE, **options}).fit(X, y)
    assert small_memory == [1, 2, 2]
    monkeypatch.setattr(_stack, "stack_capacity", lambda plan: 5)
    whole = cls(**{**FIVE, **options}).fit(X, y)
    assert small_memory[3:] == [5]
    assert split.n_iter_ == whole.n_iter_
    assert split.history_.keys() == whole.history_.keys()
    for name in split.history_:
        if name != "seconds":
            assert_allclose(split.history_[name], whole.history_[name], atol=1e-8)
    assert len(split.net_.history) == len(whole.net_.history)
    assert_allclose(split.transform(X), whole.transform(X), atol=1e-8)
    assert_allclose(split.task_similarity_, whole.task_similarity_, atol=1e-8)
    if "early_stopping" not in options:
        assert_equal_states(split.net_, whole.net_)
        go_on = [own.partial_fit(X, y).transform(X) for own in (split, whole)]
        assert_allclose(*go_on, atol=1e-7)


def assert_equal_states(one, other):
    pairs = zip(one.module_.parameters(), other.module_.parameters(), strict=True)
    for own, its in pairs:
        states = one.optimizer_.state[own], other.optimizer_.state[its]
        assert states[0].keys() == states[1].keys()
        for name, value in states[0].items():
            assert_allclose(value, states[1][name], atol=1e-8)


def test_split_ensembles_of_batches_save_and_hear(small_memory, tmp_path):
    heard = Epochs()
    options = {**QUICK, "n_estimators": 3, "callbacks": [heard]}
    batches = [(X[:40], THREE[:40]), (X[40:], THREE[40:])]
    split = HardSharingClassifier(**options).fit_batches(batches)
    assert small_memory == [1, 2] and len(heard.losses) == 10
    assert dict(split.net_.callbacks_)["Epochs"] is heard
    split.set_params(callbacks=None).save(tmp_path / "split")


def test_callbacks_of_scikit_learn_hear_the_first_part(small_memory):
    options = {**QUICK, "n_estimators": 3}
    expected = HardSharingClassifier(**options).fit(X, CLASSES[:, 0])
    monitor = ScoringMonitor(scoring="accuracy")
    estimator = HardSharingClassifier(**options).set_callbacks(monitor)
    estimator.fit(X, CLASSES[:, 0])
    assert small_memory == [1, 2] * 2
    assert_allclose(estimator.transform(X), expected.transform(X))


def test_a_member_that_fails_fails_the_split_ensemble(small_memory):
    estimator = HardSharingRegressor(**{**FIVE, "lr": 1e200, "optimizer": "sgd"})
    with pytest.raises(ConvergenceError):
        estimator.fit(X, REAL)
    assert not hasattr(estimator, "net_")


def test_an_interrupted_part_leaves_the_estimator_as_it_was(small_memory):
    class Interrupt(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

    estimator = HardSharingClassifier(callbacks=[Interrupt()], **FIVE)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, THREE)
    assert not hasattr(estimator, "net_")


def test_few_rows_pass_many_members_at_once():
    from skmtl._base._representation import chunk_rows

    single = HardSharingClassifier(**QUICK).fit(X, THREE)
    many = HardSharingClassifier(**{**QUICK, "n_estimators": 40}).fit(X, THREE)
    assert chunk_rows(single.net_) == 8192 and chunk_rows(many.net_) == 256
    rows = np.tile(X, (8, 1))
    assert_allclose(many.transform(rows)[:80], many.transform(X), atol=1e-12)
    assert_allclose(many.predict_proba(rows)[0][-80:], many.predict_proba(X)[0])
