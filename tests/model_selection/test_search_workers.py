"""Stacked searches in several processes, and what they tell while they run."""

import importlib.util
import pickle
import warnings

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold, cross_val_score
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_parameters_default_constructible

from skmtl._base import stackable_parameters
from skmtl.exceptions import SkmtlWarning
from skmtl.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
from tests._source import REPOSITORY
from tests.contracts._problems import PROBLEMS
from tests.model_selection._search_problems import (
    assert_same_results,
    classes,
    fitted,
    hard_sharing,
    pipeline,
    plain_search,
)

FOLDS = KFold(3, shuffle=True, random_state=0)
GRID = {"clf__weight_decay": [0.0, 1.0], "scale__with_mean": [True, False]}


def search(**settings):
    return StackedGridSearchCV(pipeline(), GRID, cv=FOLDS, **settings)


def threads_of_torch(estimator, X, y):
    return torch.get_num_threads()


class Recorder:
    """Writes down what it hears."""

    def __init__(self):
        self.events = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        rows = None if X is None else len(X)
        self.events.append(("begin", context.task_name, context.task_id, rows))

    def on_fit_task_end(self, estimator, context):
        self.events.append(("end", context.task_name, context.task_id))


def test_two_processes():
    X, y = classes(missing=0.2)
    ours = search(return_train_score=True)
    found = fitted(ours.set_params(n_jobs=2), X, y)
    assert_same_results(found, fitted(plain_search(ours.set_params(n_jobs=1)), X, y))
    threads = fitted(ours.set_params(n_jobs=2, scoring=threads_of_torch), X, y)
    most = max(joblib.cpu_count() // 2, 1)
    assert (threads.cv_results_["mean_test_score"] <= most).all()


@pytest.mark.slow
def test_dask():
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("dask is not installed: pip install distributed")
    from distributed import Client, LocalCluster

    X, y = classes(missing=0.2)
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster):
        with joblib.parallel_config(backend="dask"):
            found = fitted(search(n_jobs=2), X, y)
        assert_same_results(found, fitted(plain_search(search()), X, y))


@pytest.mark.parametrize("verbose", [0, 1, 2, 3, 10])
def test_verbose(verbose, capsys):
    X, y = classes()
    fitted(search(verbose=verbose, refit=False, return_train_score=True), X, y)
    ours = capsys.readouterr().out
    plain = plain_search(search(verbose=verbose, refit=False, return_train_score=True))
    fitted(plain, X, y)
    expected = capsys.readouterr().out

    def lines(text):
        kept = [line.split(" total time")[0] for line in text.splitlines()]
        return sorted(line.replace(".", "") for line in kept if "together" not in line)

    assert lines(ours) == lines(expected)
    assert ours.count("12 fits together") == (verbose > 1)


@pytest.mark.parametrize("refit", [True, False])
def test_callbacks_hear_of_each_candidate_and_fold(refit):
    X, y = classes()
    heard = []
    for one in (search(refit=refit), plain_search(search(refit=refit))):
        recorder = Recorder()
        fitted(one.set_callbacks(recorder), X, y)
        heard.append(recorder.events)
    ours, plain = heard
    assert ours[0] == "setup" and ours[-1] == "teardown"
    assert sorted(map(str, ours)) == sorted(map(str, plain))


def test_progress_bar():
    pytest.importorskip("rich", reason="progress bars of scikit-learn need rich")
    X, y = classes()
    fitted(search().set_callbacks(ProgressBar()), X, y)


def test_callbacks_of_the_estimator_know_their_place():
    X, y = classes(n_tasks=1)

    def agreement(y_true, y_pred):
        return float(np.mean(np.ravel(y_true) == np.ravel(y_pred)))

    logs = []
    for plain in (False, True):
        monitor = ScoringMonitor(scoring=make_scorer(agreement))
        est = hard_sharing().set_callbacks(monitor)
        one = StackedGridSearchCV(est, {"lr": [0.1, 0.01]}, cv=FOLDS, refit=False)
        fitted(plain_search(one) if plain else one, X, y)
        logs.append([log.data for log in monitor.get_logs(select="all")])
    [ours], [plain] = logs
    assert len(ours) == len(plain)
    for own, other in zip(ours, plain, strict=True):
        assert str(own).replace("Stacked", "") == str(other)


def test_it_is_an_estimator():
    X, y = classes()
    ours = search(max_stack=3)
    assert clone(ours).get_params()["max_stack"] == 3
    assert "StackedGridSearchCV" in ours._repr_html_()
    found = fitted(ours, X, y)
    assert "best_estimator_" in found._repr_html_()
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(X), found.predict(X))
    np.testing.assert_array_equal(found.transform(X), again.transform(X))
    assert [one.shape for one in found.predict_proba(X)] == [(72, 2), *[(72, 3)] * 2]
    assert found.score(X, y) == found.best_estimator_.score(X, y)
    assert found.n_features_in_ == 4
    assert len(found.classes_) == 3
    assert get_tags(ours) == get_tags(plain_search(ours))
    assert not hasattr(found, "task_groups_")


@pytest.mark.parametrize("cls", [StackedGridSearchCV, StackedRandomizedSearchCV])
def test_constructor_only_assigns(cls):
    check_parameters_default_constructible(cls.__name__, cls(hard_sharing(), {}))


def test_search_in_a_cross_validation():
    X, y = classes()
    inner = StackedGridSearchCV(hard_sharing(), {"lr": [0.1, 0.01]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkmtlWarning)
        found = cross_val_score(inner, X, y, cv=FOLDS)
        expected = cross_val_score(plain_search(inner), X, y, cv=FOLDS)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_stackable_parameters(problem):
    found = stackable_parameters(problem.make())
    assert found == {"weight_decay", "task_weight", "random_state", *problem.stackable}
    guide = REPOSITORY / "doc" / "user_guide" / "model_selection.rst"
    text = guide.read_text(encoding="utf-8")
    assert all(f"``{name}``" in text for name in found)
