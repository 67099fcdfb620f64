"""What happens along the epochs: rates, events, records, interruption, failure."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback, GradientNormClipping
from torch.testing import assert_close

from skmtl import HardSharingRegressor
from skmtl.engine import MultiTaskNet, train
from skmtl.exceptions import ConvergenceError, InterruptedFitWarning, TaskGroupWarning
from tests.contracts._problems import BOTTLENECK, PROBLEMS, SHARING

EARLY = {"early_stopping": True, "validation_fraction": 0.25, "n_iter_no_change": 9}


class Recorder(Callback):
    """Notes every event, and per batch the learning rates and the price."""

    def __init__(self):
        self.events, self.rates, self.prices = [], [], []

    def on_train_begin(self, net, **kwargs):
        self.events.append("train begins")

    def on_train_end(self, net, **kwargs):
        self.events.append("train ends")

    def on_epoch_begin(self, net, **kwargs):
        self.events.append("epoch begins")

    def on_epoch_end(self, net, **kwargs):
        self.events.append("epoch ends")

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.events.append(f"batch begins {training}")

    def on_grad_computed(self, net, named_parameters, **kwargs):
        assert all(own.grad is not None for _, own in named_parameters)
        self.events.append("gradient")
        self.prices.append(getattr(net.module_, "_price", None))

    def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
        self.events.append(f"batch ends {training}")
        assert y_pred.shape[-2] == len(batch.x)
        assert loss.dim() == 0
        if training:
            self.rates.append([group["lr"] for group in net.optimizer_.param_groups])


class Interruption(Callback):
    """Interrupts in the middle of an epoch."""

    def __init__(self, epoch, batch):
        self.epoch, self.batch = epoch, batch

    def on_batch_begin(self, net, training, **kwargs):
        if len(net.history) == self.epoch and training:
            self.batch -= 1
            if self.batch == 0:
                raise KeyboardInterrupt


def recorded(problem, **overrides):
    recorder = Recorder()
    plan = problem.simple_plan(callbacks=[recorder], **overrides)
    [trained] = train([plan])
    return recorder, trained


# ---- schedules


@pytest.mark.parametrize("lr_decay", [0.0, 0.25, 0.3, 1.0])
def test_rate_falls_linearly_over_the_last_steps(lr_decay):
    recorder, _ = recorded(SHARING, lr=0.5, lr_decay=lr_decay, max_epochs=4)
    found = np.array(recorder.rates)[:, 0]
    ramp = lr_decay * 12
    left = np.arange(12, 0, -1)
    expected = 0.5 * np.minimum(1, left / ramp if ramp else 1)
    assert_allclose(found, np.broadcast_to(expected, 12))


def test_multiples_of_the_rate_fall_alike():
    recorder, _ = recorded(BOTTLENECK, lr=0.1, noise_lr_multiplier=7.0)
    rates = np.array(recorder.rates)
    assert_allclose(rates.max(1), 7 * rates.min(1))
    assert rates[-1].min() < 0.1


@pytest.mark.parametrize("warmup", [0.0, 0.25, 1.0])
def test_price_rises_linearly_over_the_first_steps(warmup):
    recorder, _ = recorded(BOTTLENECK, beta_warmup=warmup, max_epochs=4)
    progress = np.arange(12) / 12
    expected = np.minimum(1, progress / warmup) if warmup else np.ones(12)
    assert_allclose(recorder.prices, expected)


# ---- events and records


def test_callbacks_hear_every_batch():
    recorder, _ = recorded(SHARING, max_epochs=2, **EARLY)
    training = ["batch begins True", "gradient", "batch ends True"] * 3
    validation = ["batch begins False", "batch ends False"]
    epoch = ["epoch begins", *training, *validation, "epoch ends"]
    assert recorder.events == ["train begins", *epoch, *epoch, "train ends"]


def test_listening_changes_nothing():
    _, heard = recorded(BOTTLENECK)
    [alone] = train([BOTTLENECK.simple_plan()])
    assert_close(
        heard.net.module_.state_dict(), alone.net.module_.state_dict(), rtol=0, atol=0
    )
    losses = [row["batches"] for row in heard.net.history]
    means = [np.mean([own["train_loss"] for own in batches]) for batches in losses]
    assert_allclose(means, alone.history["train_loss"])


def test_gradients_may_be_clipped():
    clipping = GradientNormClipping(1e-12)
    plan = SHARING.simple_plan(callbacks=[clipping], optimizer="sgd", weight_decay=0.0)
    start = copy.deepcopy(plan.network.state_dict())
    [trained] = train([plan])
    assert_close(trained.net.module_.state_dict(), start, rtol=0, atol=1e-10)


@pytest.mark.parametrize("early", [{}, EARLY])
@pytest.mark.parametrize("problem", [SHARING, BOTTLENECK], ids=str)
def test_history_has_a_column_per_task(problem, early):
    [trained] = train([problem.simple_plan(max_epochs=3, **early)])
    parts = ["train", "valid"] if early else ["train"]
    names = [f"task_{task}" for task in range(len(problem.tasks))]
    losses = [
        column
        for part in parts
        for column in (f"{part}_loss", *(f"{part}_loss_{name}" for name in names))
    ]
    assert list(trained.history) == ["epoch", "seconds", *losses]
    assert all(len(column) == 3 for column in trained.history.values())
    assert_array_equal(trained.history["epoch"], [1, 2, 3])
    for part in parts:
        by_task = [trained.history[f"{part}_loss_{name}"] for name in names]
        assert_allclose(trained.history[f"{part}_loss"], np.sum(by_task, axis=0))


# ---- interruption


@pytest.mark.parametrize("batch", [1, 3])
def test_interruption_keeps_the_last_finished_epoch(batch):
    constant = {"lr_decay": 0.0}
    plan = SHARING.simple_plan(
        callbacks=[Interruption(3, batch)], max_epochs=5, **constant
    )
    [trained] = train([plan])
    [expected] = train([SHARING.simple_plan(max_epochs=2, **constant)])
    assert trained.interrupted and not expected.interrupted
    assert trained.n_iter == 2
    assert all(len(column) == 2 for column in trained.history.values())
    assert_close(
        trained.net.module_.state_dict(),
        expected.net.module_.state_dict(),
        rtol=0,
        atol=0,
    )


def test_interruption_in_the_first_epoch_is_passed_on():
    X, y = SHARING.data()
    estimator = SHARING.make(callbacks=[Interruption(1, 2)])
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y)
    assert not hasattr(estimator, "net_")


def test_interruption_of_a_fit_is_said():
    X, y = SHARING.data()
    estimator = SHARING.make(callbacks=[Interruption(3, 2)])
    message = "interrupted in epoch 3; .* weights of epoch 2, the last finished one"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        with pytest.warns(InterruptedFitWarning, match=message):
            estimator.fit(X, y)
    assert estimator.n_iter_ == 2
    assert estimator.predict(X).shape == y.shape


def test_interruption_of_a_stack(monkeypatch):
    plans = [SHARING.simple_plan(seed=seed, max_epochs=5) for seed in range(2)]
    take_step, steps = MultiTaskNet.train_step, iter(range(100))

    def interrupted_step(net, batch):
        if next(steps) == 10:  # in the fourth epoch of three steps each
            raise KeyboardInterrupt
        return take_step(net, batch)

    monkeypatch.setattr(MultiTaskNet, "train_step", interrupted_step)
    stacked = train(plans)
    assert [own.n_iter for own in stacked] == [3, 3]
    assert all(own.interrupted for own in stacked)


# ---- failure


def test_loss_that_is_not_finite_names_epoch_and_task():
    plan = PROBLEMS[1].simple_plan()
    plan.train.codes[5, 1] = 1e200
    with pytest.raises(ConvergenceError, match=r"in epoch 1 for task\(s\) 'task_1'\."):
        train([plan])


def test_stack_names_the_task_too():
    plans = [PROBLEMS[1].simple_plan(seed=seed) for seed in range(3)]
    plans[2].train.codes[5, 2] = 1e200
    with pytest.raises(ConvergenceError, match=r"'task_2'"):
        train(plans)


@pytest.mark.parametrize("fitted", [False, True])
def test_failed_fit_leaves_the_estimator_alone(fitted):
    X, y = PROBLEMS[1].data()
    estimator = PROBLEMS[1].make()
    if fitted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TaskGroupWarning)
            estimator.fit(X, y)
    before = dict(vars(estimator))
    estimator.lr = 1e200
    with pytest.raises(ConvergenceError, match=r"not finite .* lower `lr`"):
        estimator.fit(X, y)
    assert vars(estimator) == {**before, "lr": 1e200}


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.FeatureScaleWarning")
def test_weights_blown_up_by_the_very_last_step_are_found():
    X, y = PROBLEMS[1].data()
    estimator = HardSharingRegressor(
        optimizer="sgd", max_epochs=1, batch_size=48, lr=1e300, device="cpu"
    )
    with pytest.raises(ConvergenceError, match="weights are not finite after epoch 1"):
        estimator.fit(X * 1e5, y)


@pytest.mark.parametrize("problem", [SHARING, BOTTLENECK], ids=str)
def test_pickled_net_holds_weights_and_moments_once(problem):
    [trained] = train([problem.simple_plan(hidden_layer_sizes=(300, 300))])
    net = trained.net
    weights = sum(own.nbytes for own in net.module_.parameters())
    assert 3 * weights < len(pickle.dumps(net)) < 3.2 * weights
    assert net.random is None and net.on_epoch is None
