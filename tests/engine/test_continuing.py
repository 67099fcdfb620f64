"""A trained net that goes on: with its state, under the new plan's settings."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback
from torch.testing import assert_close

from skmtl.engine import train
from skmtl.exceptions import TaskGroupWarning
from tests.contracts._problems import BOTTLENECK, SHARING


class Rates(Callback):
    """Notes the learning rate and the price of every step."""

    def __init__(self):
        self.rates, self.prices = [], []

    def on_grad_computed(self, net, **kwargs):
        self.prices.append(getattr(net.module_, "_price", None))

    def on_batch_end(self, net, training, **kwargs):
        if training:
            groups = net.optimizer_.param_groups
            self.rates.append(min(group["lr"] for group in groups))


def test_two_epochs_in_two_runs_equal_one_run():
    whole = SHARING.simple_plan(max_epochs=2, lr_decay=0.0, batch_size=48)
    half = replace(whole, settings=replace(whole.settings, max_epochs=1))
    start = {k: v.clone() for k, v in whole.network.state_dict().items()}
    [expected] = train([whole])
    expected = {k: v.clone() for k, v in expected.net.module_.state_dict().items()}
    half.network.load_state_dict(start)
    [first] = train([half])
    [second] = train([half], first.net)
    assert second.net is first.net
    assert_close(second.net.module_.state_dict(), expected, rtol=0, atol=0)
    assert second.n_iter == 1
    assert len(second.history["epoch"]) == 1


@pytest.mark.parametrize("problem", [SHARING, BOTTLENECK], ids=str)
def test_partial_fit_runs_at_a_constant_rate_and_full_price(problem):
    X, y = problem.data()
    noted = Rates()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        estimator = problem.make(
            lr=0.1, lr_decay=1.0, early_stopping=True, callbacks=[noted]
        ).fit(X, y)
        assert min(noted.rates) < 0.1
        estimator.partial_fit(X, y)
        estimator.set_params(lr=0.02).partial_fit(X, y)
    assert_allclose(noted.rates[-3:], 0.02)
    assert_allclose(noted.rates[-6:-3], 0.1)
    if problem is BOTTLENECK:
        assert_allclose(noted.prices[-6:], 1)


@pytest.mark.parametrize("dtypes", [("f8", "f4"), ("f4", "f8"), ("f8", "i2")])
def test_partial_fit_keeps_the_precision_of_the_first_data(dtypes):
    X, y = SHARING.data()
    first, second = (np.round(X).astype(dtype) for dtype in dtypes)
    wanted = {"f8": torch.float64, "f4": torch.float32}[dtypes[0]]
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        for data in (second, first):
            estimator = SHARING.make().fit(first, y).partial_fit(data, y)
            assert {p.dtype for p in estimator.net_.module_.parameters()} == {wanted}
            found.append(estimator.predict_proba(first))
    for own, expected in zip(*found, strict=True):
        assert_allclose(own, expected)


def test_weights_of_tasks_and_decay_are_those_of_the_new_plan():
    plan = SHARING.simple_plan(max_epochs=1)
    [trained] = train([plan])
    other = SHARING.simple_plan(
        max_epochs=1, weight_decay=0.7, task_weight=[1.0, 0.0, 0.0, 0.0]
    )
    heads = trained.net.module_.heads.weight
    before = heads.detach().clone()
    trained.net.optimizer_.state.clear()
    trained.net.optimizer_._collected = None
    train([other], trained.net)
    # Heads without weight get no gradient: three steps of decay are all they see.
    rates = 0.01 * np.minimum(1, np.array([3, 2, 1]) / 0.75)
    shrunk = np.prod(1 - rates * 0.7)
    assert_close(heads[1:].detach(), before[1:] * shrunk, rtol=1e-12, atol=0)


class Heard(Callback):
    """Counts epochs since it was initialised."""

    def __init__(self, start=0):
        self.start = start
        self.count = None

    def initialize(self):
        self.count = self.start
        return self

    def on_epoch_end(self, net, **kwargs):
        self.count += 1


def go_on(estimator, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        return estimator.set_params(**options).partial_fit(*SHARING.data())


def test_callbacks_hear_every_call_themselves():
    first, later = Heard(), Heard()
    estimator = go_on(SHARING.make(callbacks=[first]))
    go_on(go_on(estimator))
    assert first.count == 3
    go_on(estimator, callbacks=[("later", later), first])
    assert (first.count, later.count) == (4, 1)
    go_on(estimator, callbacks=[("later", later)])
    go_on(estimator, callbacks=None)
    go_on(estimator, callbacks=(first, Heard))
    assert (first.count, later.count) == (1, 2)
    go_on(estimator)
    names = [name for name, _ in estimator.net_.callbacks_]
    assert names == ["epoch_timer", "Heard_1", "Heard_2"]
    assert first.count == estimator.net_.callbacks_[-1][1].count == 2
    expected = SHARING.make()
    for _ in range(8):
        go_on(expected)
    assert_allclose(
        *(own.transform(SHARING.data()[0]) for own in (estimator, expected))
    )
    assert np.isfinite(estimator.history_["seconds"]).all()


def test_a_callback_set_between_calls_takes_parameters_of_the_net():
    options = {"callbacks__late__start": 5, "callbacks__mute": None}
    first = Heard()
    estimator = SHARING.make(callbacks=[("late", first), ("mute", Heard())])
    go_on(estimator.set_params(net_params=options))
    later, mute = Heard(), Heard()
    go_on(estimator, callbacks=[("late", later), ("mute", mute)])
    assert (first.count, later.count, mute.count) == (6, 6, None)
