"""Epochs as tasks of ``sklearn.callback``."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold

from skmtl import HardSharingClassifier, HierarchicalIBClassifier
from skmtl.exceptions import ConvergenceError

pytestmark = [
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning"),
    # what makes a fit fail here
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.FeatureScaleWarning"),
]

QUICK = {"max_epochs": 4, "hidden_layer_sizes": (6,), "random_state": 0}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(60, 3))
Y = (X[:, :2] > 0).astype(int)


class Recorder:
    """Writes down what it hears; asks for the end after some epochs."""

    def __init__(self, stop_after=None, score=False):
        self.stop_after = stop_after
        self.events, self.fitted, self.targets = [], [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.events.append(("begin", context.task_name, context.task_id))
        self.targets.append(y)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.events.append(("end", context.task_name, context.task_id))
        if context.task_name == "epoch":
            self.fitted.append(fitted_estimator.transform(X))
            self.predicted = fitted_estimator.predict(X)
            return self.stop_after == context.task_id + 1
        return None


def tasks_of(epochs):
    inner = [(event, "epoch", n) for n in range(epochs) for event in ("begin", "end")]
    return ["setup", ("begin", "fit", 0), *inner, ("end", "fit", 0), "teardown"]


def test_epochs_are_tasks():
    recorder = Recorder()
    estimator = HierarchicalIBClassifier(**QUICK).set_callbacks(recorder).fit(X, Y)
    assert recorder.events == tasks_of(4)
    assert all(y is Y for y in recorder.targets)
    np.testing.assert_array_equal(recorder.fitted[-1], estimator.transform(X))
    np.testing.assert_array_equal(recorder.predicted, estimator.predict(X))
    assert not np.array_equal(recorder.fitted[0], recorder.fitted[1])
    # watching changes nothing
    alone = HierarchicalIBClassifier(**QUICK).fit(X, Y)
    np.testing.assert_array_equal(alone.transform(X), estimator.transform(X))


def test_stop_signal_ends_training():
    recorder = Recorder(stop_after=2)
    estimator = HardSharingClassifier(**QUICK).set_callbacks(recorder).fit(X, Y)
    assert estimator.n_iter_ == 2
    assert recorder.events == tasks_of(2)
    assert len(estimator.history_["train_loss"]) == 2


def test_early_stopping_leaves_no_task_open():
    recorder = Recorder()
    estimator = HardSharingClassifier(
        **{**QUICK, "max_epochs": 50},
        early_stopping=True,
        n_iter_no_change=1,
        tol=10.0,
        validation_fraction=0.2,
    )
    estimator.set_callbacks(recorder).fit(X, Y)
    assert estimator.n_iter_ < 50
    assert recorder.events == tasks_of(estimator.n_iter_)


def test_partial_fit_is_one_epoch():
    recorder = Recorder()
    estimator = HardSharingClassifier(**QUICK).set_callbacks(recorder)
    estimator.partial_fit(X, Y)
    assert recorder.events == tasks_of(1)
    assert not {name for name in vars(estimator) if "callback_fit" in name}


def test_teardown_after_a_failure():
    recorder = Recorder()
    estimator = HardSharingClassifier(**QUICK).set_callbacks(recorder)
    before = dict(vars(estimator))
    with pytest.raises(ConvergenceError):
        estimator.fit(X * 1e300, Y)
    assert recorder.events[0] == "setup"
    assert recorder.events[-1] == "teardown"
    assert vars(estimator) == before


def test_clone_and_pickle_keep_callbacks():
    recorder = Recorder()
    estimator = HardSharingClassifier(**QUICK).set_callbacks(recorder)
    for copy in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        [kept] = copy._skl_callbacks
        assert isinstance(kept, Recorder)


def accuracy(y, predicted, sample_weight=None):
    pairs = zip(y.T, predicted.T, strict=True)
    return np.mean([accuracy_score(*p, sample_weight=sample_weight) for p in pairs])


def test_scoring_monitor_scores_every_epoch():
    monitor = ScoringMonitor(scoring={"accuracy": make_scorer(accuracy)})
    estimator = HardSharingClassifier(**QUICK).set_callbacks(monitor).fit(X, Y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in rows] == [0, 1, 2, 3]
    assert rows[-1]["accuracy"] == estimator.score(X, Y)


def test_scoring_monitor_hears_of_the_weights():
    monitor = ScoringMonitor(scoring={"accuracy": make_scorer(accuracy)})
    weight = np.where(X[:, 0] > 0, 5.0, 0.5)
    estimator = HardSharingClassifier(**QUICK).set_callbacks(monitor)
    estimator.fit(X, Y, sample_weight=weight)
    last = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"][-1]
    assert last["accuracy"] == pytest.approx(estimator.score(X, Y, weight))
    assert last["accuracy"] != pytest.approx(estimator.score(X, Y))


def test_progress_bar(capsys):
    pytest.importorskip("rich")
    HardSharingClassifier(**QUICK).set_callbacks(ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "HardSharingClassifier" in shown
    assert "100%" in shown


def test_through_grid_search():
    recorder = Recorder()
    search = GridSearchCV(
        HardSharingClassifier(**QUICK).set_callbacks(recorder),
        {"lr": [0.001, 0.01]},
        cv=KFold(2),
        refit=False,
    )
    search.fit(X, Y)
    names = [event[1] for event in recorder.events if event[0] == "end"]
    assert names.count("epoch") == 4 * 4
    assert recorder.events.count("setup") == recorder.events.count("teardown") == 4


def test_progress_bar_of_a_search_reaches_the_epochs(capsys):
    pytest.importorskip("rich")
    search = GridSearchCV(
        HardSharingClassifier(**QUICK), {"lr": [0.001, 0.01]}, cv=KFold(2)
    )
    search.set_callbacks(ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown
    assert "HardSharingClassifier" in shown
