"""A fit that diverges or is interrupted leaves no half-trained estimator."""

import numpy as np
import pytest
from skorch.callbacks import Callback

from skmtl import HardSharingClassifier, HardSharingRegressor, HierarchicalIBClassifier
from skmtl._base import FitJob, fit_jobs
from skmtl.engine import MultiTaskNet
from skmtl.exceptions import ConvergenceError, InterruptedFitWarning
from tests._base._unchanged import (
    CLASSES,
    NAN,
    QUICK,
    REAL,
    X,
    assert_unchanged,
    frozen,
    with_value,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning"),
    # what makes a fit fail here
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.FeatureScaleWarning"),
]


@pytest.fixture(scope="module")
def fitted():
    return HierarchicalIBClassifier(**QUICK).fit(X, CLASSES)


DIVERGING = {"lr": 1e3, "optimizer": "sgd", "max_epochs": 20}


def test_loss_that_is_not_finite(fitted):
    huge = X * 1e200
    estimator = HardSharingRegressor(**{**QUICK, **DIVERGING})
    before = dict(vars(estimator))
    message = r"epoch \d+ for task\(s\) 'task_[01]'.*StandardScaler.*`lr`"
    with pytest.raises(ConvergenceError, match=message):
        estimator.fit(huge, REAL)
    assert vars(estimator) == before
    before = frozen(fitted)
    fitted.set_params(**DIVERGING)
    parameters = fitted.get_params()
    with pytest.raises(ConvergenceError, match="not finite in epoch"):
        fitted.fit(huge, CLASSES)
    assert fitted.get_params() == parameters
    fitted.set_params(**{name: before[0][name] for name in DIVERGING})
    assert_unchanged(fitted, before)


@pytest.mark.parametrize("method", ["partial_fit", "warm_start"])
def test_failed_continuation_changes_nothing(method):
    estimator = HierarchicalIBClassifier(warm_start=method == "warm_start", **QUICK)
    estimator.fit(X, CLASSES)
    go_on = estimator.partial_fit if method == "partial_fit" else estimator.fit
    before = frozen(estimator)
    with pytest.raises(ConvergenceError):
        go_on(X * 1e200, CLASSES)
    assert_unchanged(estimator, before)
    with pytest.raises(ValueError, match="39"):
        go_on(X, CLASSES[:-1])
    with pytest.raises(ValueError, match="NaN"):
        go_on(with_value(X, NAN), CLASSES)
    with pytest.raises(ValueError, match=r"is expecting 3|features, tasks, classes"):
        go_on(X[:, :2], CLASSES)
    with pytest.raises(ValueError, match=r"unseen label 2|features, tasks, classes"):
        go_on(X, CLASSES * 2)
    assert_unchanged(estimator, before)


class Interrupt(Callback):
    """Ctrl-C in an epoch."""

    def __init__(self, epoch, event):
        self.epoch = epoch
        setattr(self, event, self.strike)

    def strike(self, net, *args, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


EVENTS = ["on_epoch_begin", "on_epoch_end"]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("cls", [HierarchicalIBClassifier, HardSharingClassifier])
def test_interruption_keeps_the_last_finished_epoch(cls, event):
    options = {**QUICK, "max_epochs": 9, "lr_decay": 0.0, "batch_size": 10}
    if cls is HierarchicalIBClassifier:
        options["beta_warmup"] = 0
    stopped = cls(**options, callbacks=[Interrupt(3, event)])
    with pytest.warns(InterruptedFitWarning, match="in epoch 3; .* weights of epoch 2"):
        stopped.fit(X, CLASSES)
    two = cls(**{**options, "max_epochs": 2}).fit(X, CLASSES)
    assert stopped.n_iter_ == 2
    np.testing.assert_array_equal(stopped.history_["epoch"], [1, 2])
    np.testing.assert_array_equal(
        stopped.history_["train_loss"], two.history_["train_loss"]
    )
    np.testing.assert_array_equal(stopped.transform(X), two.transform(X))
    np.testing.assert_array_equal(stopped.predict(X), two.predict(X))


@pytest.mark.parametrize("event", EVENTS)
def test_interruption_in_the_first_epoch_changes_nothing(event):
    estimator = HierarchicalIBClassifier(**QUICK).fit(X, CLASSES)
    estimator.set_params(callbacks=[Interrupt(1, event)])
    before = frozen(estimator)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, CLASSES)
    assert_unchanged(estimator, before)


def test_interruption_of_many_fits_ends_them_all(monkeypatch):
    estimators = [
        HardSharingClassifier(**{**QUICK, "batch_size": 20, "max_epochs": 9})
        for _ in range(3)
    ]
    take_step, steps = MultiTaskNet.train_step, iter(range(1000))

    def interrupted_step(net, batch):
        if next(steps) == 7:  # in the second epoch of four steps each
            raise KeyboardInterrupt
        return take_step(net, batch)

    monkeypatch.setattr(MultiTaskNet, "train_step", interrupted_step)
    with pytest.raises(KeyboardInterrupt):
        fit_jobs([FitJob(own, X, CLASSES) for own in estimators])
    assert not any(hasattr(own, "net_") for own in estimators)
