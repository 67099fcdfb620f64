"""Scorers made of metrics of one task."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    brier_score_loss,
    f1_score,
    log_loss,
    mean_squared_error,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline

from skmtl import HardSharingClassifier, HardSharingMixed
from skmtl.exceptions import (
    InputError,
    RareClassWarning,
    TargetError,
    UnlabelledTaskWarning,
)
from skmtl.metrics import accuracy_scores, ndcg_scores
from skmtl.model_selection import get_multitask_scorer, make_multitask_scorer

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 5, "hidden_layer_sizes": (4,), "random_state": 0}
N = 120
X = np.random.RandomState(0).normal(size=(N, 3))
HOLES = np.random.RandomState(1).uniform(size=(N, 2)) < 0.3
# Far more labels of the first task than of the second.
HOLES[:80, 1] = True
TEXT = pd.DataFrame(
    {
        "sign": np.where(X[:, 0] > 0, "plus", "minus"),
        "size": np.array(["l", "m", "s"])[np.digitize(X[:, 1], [-0.5, 0.5])],
    }
).mask(HOLES, None)


@pytest.fixture(scope="module")
def fitted():
    return HardSharingClassifier(**QUICK | {"max_epochs": 80}).fit(X, TEXT)


def f1(**parameters):
    return make_multitask_scorer(
        f1_score,
        task_type="classification",
        metric_params={"average": "macro"},
        **parameters,
    )


def f1_by_hand(estimator, weight=None):
    """Macro F1 of each task on its observed rows, and their numbers."""
    predicted, scores = estimator.predict(X), []
    for task, name in enumerate(TEXT.columns):
        rows = ~HOLES[:, task]
        scores.append(
            f1_score(
                TEXT[name][rows].astype(str),
                predicted[rows, task].astype(str),
                average="macro",
                sample_weight=None if weight is None else weight[rows, task],
            )
        )
    return np.array(scores), (~HOLES).sum(axis=0)


@pytest.mark.parametrize("sign", [1, -1])
def test_averages_over_tasks(fitted, sign):
    scores, counts = f1_by_hand(fitted)
    settings = {"greater_is_better": sign > 0}
    assert f1(**settings)(fitted, X, TEXT) == pytest.approx(sign * scores.mean())
    weighted = f1(average="weighted", **settings)(fitted, X, TEXT)
    assert weighted == pytest.approx(sign * np.average(scores, weights=counts))
    assert_allclose(f1(average=None, **settings)(fitted, X, TEXT), sign * scores)


@pytest.mark.parametrize("of_labels", [False, True])
def test_weights(fitted, of_labels):
    weight = np.random.RandomState(0).uniform(0.1, 2, size=(N, 2))
    if not of_labels:
        weight[:, 1] = weight[:, 0]
    given = weight if of_labels else weight[:, 0]
    scores, _ = f1_by_hand(fitted, weight)
    found = f1(average=None)(fitted, X, TEXT, sample_weight=given)
    assert_allclose(found, scores)
    total = np.where(HOLES, 0, weight).sum(axis=0)
    assert f1(average="weighted")(
        fitted, X, TEXT, sample_weight=given
    ) == pytest.approx(np.average(scores, weights=total))
    hidden = TEXT.mask(weight < 1, None)
    zeroed = np.where(weight < 1, 0.0, 1.0)
    assert_allclose(
        f1(average=None)(fitted, X, TEXT, sample_weight=zeroed),
        f1(average=None)(fitted, X, hidden),
    )


def test_scores_of_classes_reach_metrics_of_scikit_learn(fitted):
    proba = fitted.predict_proba(X)
    rows = ~HOLES
    sign, size = (TEXT[name][rows[:, t]] for t, name in enumerate(TEXT.columns))
    losses = make_multitask_scorer(
        log_loss, response_method="predict_proba", average=None
    )
    expected = [
        log_loss(sign.astype(str), proba[0][rows[:, 0]]),
        log_loss(size.astype(str), proba[1][rows[:, 1]]),
    ]
    assert_allclose(losses(fitted, X, TEXT), expected, rtol=1e-6)
    areas = make_multitask_scorer(
        roc_auc_score,
        response_method="predict_proba",
        average=None,
        metric_params={"multi_class": "ovr"},
    )
    expected = [
        roc_auc_score(sign == "plus", proba[0][rows[:, 0], 1]),
        roc_auc_score(size.astype(str), proba[1][rows[:, 1]], multi_class="ovr"),
    ]
    assert_allclose(areas(fitted, X, TEXT), expected)
    brier = make_multitask_scorer(
        brier_score_loss, response_method="predict_proba", greater_is_better=False
    )
    assert -1 < brier(fitted, X, TEXT) < 0


def test_metrics_for_tables_serve_as_well(fitted):
    found = make_multitask_scorer(accuracy_scores, average=None)(fitted, X, TEXT)
    assert_array_equal(found, fitted.score_tasks(X, TEXT))


def test_one_dimension():
    y = np.where(X[:, 0] > 0, 1.0, 0.0)
    y[::4] = np.nan
    one = HardSharingClassifier(**QUICK).fit(X, y)
    scorer = get_multitask_scorer("accuracy")
    assert scorer(one, X, y) == one.score(X, y)
    assert get_multitask_scorer("roc_auc")(one, X, y) == pytest.approx(
        roc_auc_score(y[y == y], one.predict_proba(X)[y == y, 1])
    )


def test_tasks_of_other_types_are_left_out():
    y = TEXT.assign(mass=X[:, 2])
    mixed = HardSharingMixed(**QUICK).fit(X, y)
    expected = mixed.score_tasks(X, y)
    for name, tasks in (("accuracy", [0, 1]), ("r2", [2])):
        found = get_multitask_scorer(name, average=None)(mixed, X, y)
        assert_array_equal(np.flatnonzero(~np.isnan(found)), tasks)
        assert_allclose(found[tasks], expected[tasks])
        mean = get_multitask_scorer(name)(mixed, X, y)
        assert mean == pytest.approx(expected[tasks].mean())
    found = get_multitask_scorer("roc_auc", average=None)(mixed, X, y)
    assert_array_equal(np.isnan(found), [False, False, True])


def test_tasks_that_cannot_be_scored_are_left_out(fitted):
    y = TEXT.assign(sign=None)
    with pytest.warns(UnlabelledTaskWarning, match="1 of 2 tasks.*: sign"):
        found = f1()(fitted, X, y)
    assert found == f1_by_hand(fitted)[0][1]
    one_class = TEXT.assign(sign=TEXT["sign"].where(TEXT["sign"] == "plus", None))
    with pytest.warns(UnlabelledTaskWarning, match="sign"):
        get_multitask_scorer("roc_auc")(fitted, X, one_class)
    with pytest.raises(TargetError, match="none among 2 tasks"):
        f1()(fitted, X, TEXT.mask(TEXT.notna(), None))


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "neg_log_loss"])
def test_unseen_classes_count_as_errors(fitted, name):
    strange = TEXT.replace({"plus": "zero", "s": "xl"})
    scorer = get_multitask_scorer(name, average=None)
    with warnings.catch_warnings():
        # Metrics of scores name the label, see the tests of ready scorers.
        warnings.simplefilter("ignore", RareClassWarning)
        assert (scorer(fitted, X, strange) < scorer(fitted, X, TEXT)).all()


def test_estimators_of_scikit_learn():
    y = (X[:, :2] > 0).astype(int)
    chain = ClassifierChain(LogisticRegression()).fit(X, y)
    expected = [
        roc_auc_score(y[:, t], chain.decision_function(X)[:, t]) for t in (0, 1)
    ]
    found = get_multitask_scorer("roc_auc", average=None)(chain, X, y)
    assert_allclose(found, expected)
    linear = LinearRegression().fit(X, X[:, :2] ** 2)
    error = make_multitask_scorer(mean_squared_error, greater_is_better=False)
    found = error(linear, X, X[:, :2] ** 2)
    assert found == pytest.approx(-mean_squared_error(X[:, :2] ** 2, linear.predict(X)))


def test_copies_and_representation(fitted):
    scorer = f1(average="weighted")
    for copied in (clone(scorer), pickle.loads(pickle.dumps(scorer))):
        assert copied(fitted, X, TEXT) == scorer(fitted, X, TEXT)
        assert repr(copied) == (
            "make_multitask_scorer(f1_score, task_type='classification', "
            "average='weighted', metric_params={'average': 'macro'})"
        )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "accuracy"}, "`metric` must be a function.*get_multitask_scorer"),
        ({"average": "micro"}, "`average` must be one of.*found 'micro'"),
        ({"task_type": "binary"}, "`task_type` must be one of.*found 'binary'"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(InputError, match=message):
        make_multitask_scorer(**({"metric": f1_score} | parameters))


def test_bad_use_is_named(fitted):
    weight = np.ones(N)
    gain = make_multitask_scorer(ndcg_scores)
    with pytest.raises(InputError, match=r"`sample_weight` must be None for.*ndcg"):
        gain(fitted, X, TEXT, sample_weight=weight)
    with pytest.raises(TargetError, match=r"r2_scores.*regression.*\(sign, size\)"):
        get_multitask_scorer("r2")(fitted, X, TEXT)
    with pytest.raises(TargetError, match=r"one column per task.*2; found 1"):
        f1()(fitted, X, TEXT["sign"])
    with pytest.raises(InputError, match=r"decision_function.*has none"):
        make_multitask_scorer(f1_score, response_method="decision_function")(
            fitted, X, TEXT
        )
    with pytest.raises(InputError, match=r"`response_method`.*found 'transform'"):
        make_multitask_scorer(f1_score, response_method="transform")(fitted, X, TEXT)
    many = make_multitask_scorer(
        f1_score, task_type="classification", metric_params={"average": None}
    )
    with pytest.raises(InputError, match=r"one number for a task.*\(2,\)"):
        many(fitted, X, TEXT)
    linear = LinearRegression().fit(X, X)
    with pytest.raises(TargetError, match="3 tasks; found 120 rows of 2 tasks"):
        get_multitask_scorer("r2")(linear, X, X[:, :2])


class Frames(LinearRegression):
    """Predicts a data frame, whose columns it turns round."""

    def predict(self, X):
        found = pd.DataFrame(super().predict(X), columns=["a", "b"])
        return found[["b", "a"]]


def test_predictions_go_by_their_names():
    y = pd.DataFrame(X[:, :2] * [1, 5] + [3, 0], columns=["a", "b"])
    scorer = get_multitask_scorer("r2")
    assert_allclose(scorer(Frames().fit(X, y), X, y), 1)
    other = y.rename(columns={"a": "c"})
    with pytest.raises(InputError, match=r"`predict` names unknown task\(s\) \['a'\]"):
        scorer(Frames().fit(X, y), X, other)


WHOLES = {
    "alone": lambda estimator: estimator,
    "pipelines": lambda estimator: make_pipeline(make_pipeline(estimator)),
    "search": lambda estimator: GridSearchCV(
        estimator,
        {},
        cv=KFold(2, shuffle=True, random_state=0),
        scoring=get_multitask_scorer("accuracy"),
    ).fit(X, TEXT),
}


@pytest.mark.parametrize("metric", ["accuracy", "neg_log_loss"])
@pytest.mark.parametrize("whole", WHOLES.values(), ids=WHOLES)
def test_targets_in_another_order_are_refused(fitted, metric, whole):
    scorer = get_multitask_scorer(metric)
    estimator = whole(fitted)
    expected = scorer(estimator, X, TEXT)
    counted = TEXT.set_axis([0, 1], axis=1)
    assert scorer(estimator, X, counted) == expected
    with pytest.raises(TargetError, match=r"must be those of fit.*\['size', 'sign'\]"):
        scorer(estimator, X, TEXT[["size", "sign"]])
