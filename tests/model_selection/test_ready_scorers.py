"""Scorers by name, against the metrics of scikit-learn column by column."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import sklearn.metrics
from numpy.testing import assert_allclose
from sklearn.metrics import get_scorer
from sklearn.model_selection import learning_curve

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
)
from skmtl.exceptions import InputError, RareClassWarning, TargetError
from skmtl.metrics import concordance_scores
from skmtl.model_selection import (
    MultiTaskStratifiedKFold,
    get_multitask_scorer,
    get_multitask_scorer_names,
)

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 5, "hidden_layer_sizes": (4,), "random_state": 0}
X = np.random.RandomState(0).normal(size=(90, 3))
HOLES = np.random.RandomState(1).uniform(size=(90, 3)) < 0.4
FOR_ORDERS = {"concordance", "kendall_tau", "ndcg"}
FOR_REALS = {"r2", "neg_mean_absolute_error", *FOR_ORDERS}


class OneTask:
    """A task of a fitted estimator, as scikit-learn's own scorers want it."""

    _estimator_type = "classifier"

    def __init__(self, whole, task):
        self.whole, self.task = whole, task
        self.classes_ = whole.classes_[task]

    def __sklearn_tags__(self):
        return self.whole.__sklearn_tags__()

    def fit(self):
        """It is."""

    def predict(self, X):
        return self.whole.predict(X)[:, self.task]

    def predict_proba(self, X):
        return self.whole.predict_proba(X)[self.task]


@pytest.fixture(scope="module")
def classifier():
    y = (X > 0.3).astype(float)
    y[HOLES] = np.nan
    return HardSharingClassifier(**QUICK).fit(X, y), y


@pytest.fixture(scope="module")
def regressor():
    y = np.where(HOLES, np.nan, X**2)
    return HardSharingRegressor(**QUICK).fit(X, y), y


@pytest.mark.parametrize("name", sorted(set(get_multitask_scorer_names()) - FOR_REALS))
def test_classes(classifier, name):
    estimator, y = classifier
    expected = [
        get_scorer(name)(OneTask(estimator, task), X[rows], y[rows, task])
        for task, rows in enumerate(~HOLES.T)
    ]
    found = get_multitask_scorer(name, average=None)(estimator, X, y)
    assert_allclose(found, expected, rtol=1e-6)
    mean = get_multitask_scorer(name)(estimator, X, y)
    assert mean == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("name", sorted(FOR_REALS))
def test_reals(regressor, name):
    estimator, y = regressor
    oracles = {
        "r2": sklearn.metrics.r2_score,
        "neg_mean_absolute_error": lambda true, pred: -np.abs(true - pred).mean(),
        "concordance": lambda *pair: concordance_scores(*pair)[0],
        "kendall_tau": lambda *pair: scipy.stats.kendalltau(*pair).statistic,
        "ndcg": lambda true, pred: sklearn.metrics.ndcg_score([true], [pred]),
    }
    predicted = estimator.predict(X)
    expected = [
        oracles[name](y[rows, task], predicted[rows, task])
        for task, rows in enumerate(~HOLES.T)
    ]
    found = get_multitask_scorer(name, average=None)(estimator, X, y)
    assert_allclose(found, expected)


def test_kinds_of_real_tasks():
    """Orders suit values and rankings, errors suit values only."""
    types = ["classification", "regression", "ranking"]
    y = np.column_stack([X[:, 0] > 0, X[:, 1], X[:, 2]])
    mixed = HardSharingMixed(task_types=types, **QUICK).fit(X, y)
    scored = {"accuracy": [0], "r2": [1], **{name: [1, 2] for name in FOR_ORDERS}}
    for name, tasks in scored.items():
        found = get_multitask_scorer(name, average=None)(mixed, X, abs(y))
        assert np.flatnonzero(~np.isnan(found)).tolist() == tasks
    ranker = HardSharingRanker(**QUICK).fit(X, y[:, 1:])
    tau = get_multitask_scorer("kendall_tau")
    assert tau(ranker, X, y[:, 1:]) == pytest.approx(ranker.score(X, y[:, 1:]))
    with pytest.raises(TargetError, match="tasks of regression; none of the tasks"):
        get_multitask_scorer("r2")(ranker, X, y[:, 1:])


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "neg_log_loss"])
def test_unseen_label_is_named_where_scores_are_judged(classifier, name):
    estimator, y = classifier
    y = y.copy()
    y[np.flatnonzero(~HOLES[:, 1])[0], 1] = 7
    scorer = get_multitask_scorer(name)
    with pytest.warns(RareClassWarning, match=r"'task_1'.*never saw.*7\.0"):
        assert np.isfinite(scorer(estimator, X, y))
    get_multitask_scorer("accuracy")(estimator, X, y)


def test_learning_curve(classifier):
    estimator, y = classifier
    _, _, scores = learning_curve(
        estimator,
        X,
        y,
        cv=MultiTaskStratifiedKFold(3),
        scoring=get_multitask_scorer("roc_auc"),
        train_sizes=[1.0],
        error_score="raise",
    )
    assert ((scores >= 0) & (scores <= 1)).all()


def test_errors_of_measures_name_the_task():
    X = np.linspace(-1, 1, 40).reshape(-1, 1)
    y = pd.DataFrame({"gain": X[:, 0] + 2, "loss": X[:, 0]})
    fitted = HardSharingRegressor(max_epochs=1, random_state=0).fit(X, y)
    message = "found -1.0 in task 'loss'.*the scorer 'kendall_tau'"
    with pytest.raises(TargetError, match=message):
        get_multitask_scorer("ndcg")(fitted, X, y)


def test_names():
    assert get_multitask_scorer_names() == sorted(get_multitask_scorer_names())
    first = get_multitask_scorer("r2").set_params(average=None)
    assert get_multitask_scorer("r2").average == "macro" != first.average
    with pytest.raises(InputError, match=r"`name` must be one of accuracy.*found 'f1'"):
        get_multitask_scorer("f1")
    with pytest.raises(InputError, match="`average`"):
        get_multitask_scorer("r2", average="micro")
