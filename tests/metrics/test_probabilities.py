"""Scores of probabilities, against scikit-learn column by column."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from skmtl.exceptions import InputError, TargetError
from skmtl.metrics import average_precision_scores, log_loss_scores, roc_auc_scores

pd = pytest.importorskip("pandas")

NAN = np.nan
N = 80
N_CLASSES = (2, 3, 4)


def auc(true, proba, weight):
    if proba.shape[1] == 2:
        return roc_auc_score(true, proba[:, 1], sample_weight=weight)
    return roc_auc_score(true, proba, sample_weight=weight, multi_class="ovr")


def precision(true, proba, weight):
    proba = proba[:, 1] if proba.shape[1] == 2 else proba
    return average_precision_score(true, proba, sample_weight=weight)


def loss(true, proba, weight):
    return log_loss(true, proba, sample_weight=weight)


ORACLES = {
    "auc": (roc_auc_scores, auc),
    "precision": (average_precision_scores, precision),
    "loss": (log_loss_scores, loss),
}


@pytest.fixture(params=range(2))
def drawn(request):
    """Classes, probabilities of them, where labels are observed, and weights."""
    random = np.random.RandomState(request.param)
    true = np.column_stack([random.randint(k, size=N) for k in N_CLASSES]).astype(float)
    proba = [random.dirichlet(np.ones(k), size=N) for k in N_CLASSES]
    observed = random.uniform(size=true.shape) < 0.7
    return true, proba, observed, random.uniform(size=true.shape)


@pytest.fixture(params=ORACLES)
def pair(request):
    return ORACLES[request.param]


def with_holes(true, observed):
    return np.where(observed, true, NAN)


@pytest.mark.parametrize("weights", ["none", "of rows", "of labels"])
def test_equal_to_the_oracle_of_each_column(drawn, pair, weights):
    measure, oracle = pair
    true, proba, observed, weight = drawn
    if weights == "of rows":
        weight = np.repeat(weight[:, :1], len(N_CLASSES), axis=1)
    expected = [
        oracle(
            true[rows, task],
            proba[task][rows],
            None if weights == "none" else weight[rows, task],
        )
        for task, rows in enumerate(observed.T)
    ]
    given = {"none": None, "of rows": weight[:, 0], "of labels": weight}[weights]
    found = measure(with_holes(true, observed), proba, sample_weight=given)
    assert_allclose(found, expected, rtol=1e-12)


def test_weight_zero_is_a_missing_label(drawn, pair):
    measure, _ = pair
    true, proba, observed, _ = drawn
    expected = measure(with_holes(true, observed), proba)
    assert_array_equal(measure(true, proba, sample_weight=observed * 1.0), expected)


def test_names_of_classes_do_not_matter(drawn, pair):
    measure, _ = pair
    true, proba, observed, _ = drawn
    y = with_holes(true, observed)
    names = np.array(["ant", "bee", "cat", "dog"], dtype=object)
    text = pd.DataFrame(names[true.astype(int)]).mask(~observed)
    assert_array_equal(measure(text, proba), measure(y, proba))
    assert_array_equal(measure(text.values.tolist(), proba), measure(y, proba))
    classes = [names[:k] for k in N_CLASSES]
    assert_array_equal(measure(text, proba, classes=classes), measure(y, proba))


def test_layouts_of_one_task_and_of_two_classes(drawn, pair):
    measure, _ = pair
    true, proba, _, _ = drawn
    expected = measure(true, proba)
    second = proba[0][:, 1]
    for scores in (proba[0], proba[0].tolist(), [proba[0]], second, second.tolist()):
        for y in (true[:, 0], true[:, :1]):
            assert_allclose(measure(y, scores), expected[:1])
    twice = measure(true[:, [0, 0]], np.column_stack([second, second]))
    assert_allclose(twice, expected[[0, 0]])


def test_columns_of_scores_go_by_their_names(drawn, pair):
    measure, _ = pair
    true, proba, _, _ = drawn
    true = np.column_stack([true[:, 0], 1 - true[:, 0]])
    scores = np.column_stack([proba[0][:, 1], proba[0][:, 1] ** 2])
    y, frame = (pd.DataFrame(own, columns=["a", "b"]) for own in (true, scores))
    expected = measure(true, scores)
    assert_allclose(measure(y, frame[["b", "a"]]), expected)
    assert_allclose(measure(y, pd.DataFrame(scores)), expected)
    with pytest.raises(InputError, match="`y_score` names unknown"):
        measure(y, frame.rename(columns={"a": "c"}))


def test_tasks_left_out(drawn, pair):
    measure, _ = pair
    true, proba, _, _ = drawn
    true[:, 0] = NAN
    found = measure(true, [proba[0], None, proba[2]])
    assert_array_equal(np.isnan(found), [True, True, False])


@pytest.mark.parametrize("measure", [roc_auc_scores, average_precision_scores])
def test_one_class_has_no_ranking(measure):
    classes = np.array([0, 1])
    assert_array_equal(measure([1, 1, NAN], [0.2, 0.8, 0.5], classes=classes), [NAN])


def test_loss_of_one_class():
    found = log_loss_scores([1, 1, NAN], [0.5, 0.5, 0.5], classes=[0, 1])
    assert_allclose(found, [np.log(2)])
    assert_allclose(log_loss_scores(["a", "a"], [[1.0], [1.0]]), [0.0], atol=1e-12)


@pytest.mark.parametrize("measure", [roc_auc_scores, average_precision_scores])
def test_mean_over_the_classes_that_occur(drawn, measure):
    true, proba, _, _ = drawn
    rows = true[:, 2] != 1
    expected = [measure(true[rows, 2] == c, proba[2][rows, c])[0] for c in (0, 2, 3)]
    found = measure(true[rows, 2], proba[2][rows], classes=range(4))
    assert_allclose(found, [np.mean(expected)])


def test_a_class_without_column_has_probability_zero(drawn, pair):
    measure, _ = pair
    true, proba, _, _ = drawn
    two = proba[0]
    found = measure(true[:, 1], two, classes=[0, 1])
    assert_allclose(found, measure(true[:, 1], np.column_stack([two, np.zeros(N)])))
    if measure is log_loss_scores:
        assert found > 5 * (true[:, 1] == 2).mean()


@pytest.mark.parametrize(
    ("true", "scores", "classes", "error", "message"),
    [
        ([0, 1], [[0.5, 0.5, 0], [0.5, 0.5, 0]], None, TargetError, "in `classes`"),
        ([0, 1], [0.5], None, TargetError, r"'task_0'.*\(2, 2\); found \(1,\)"),
        ([0, 1], [0.5, NAN], None, TargetError, "finite.*found nan"),
        ([0, 1], [0.5, 0.5], ["a", "b"], TargetError, "'task_0' must be of one type"),
        (np.eye(2), [[0.5, 0.5]], None, TargetError, "one array per task, 2; found 1"),
        (np.eye(2), np.eye(2), [[0, 1]], InputError, "`classes`.*, 2; found 1"),
    ],
)
def test_bad_scores_are_named(true, scores, classes, error, message):
    with pytest.raises(error, match=message):
        log_loss_scores(true, scores, classes=classes)


def test_scores_of_missing_labels_do_not_matter(drawn, pair):
    measure, _ = pair
    true, proba, observed, _ = drawn
    y = with_holes(true, observed)
    expected = measure(y, proba)
    for task, rows in enumerate(observed.T):
        proba[task][~rows] = NAN
    assert_array_equal(measure(y, proba), expected)
