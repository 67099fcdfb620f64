"""Scores of predictions, against scikit-learn and scipy column by column."""

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    mean_absolute_error,
    ndcg_score,
    r2_score,
)

from skmtl.exceptions import InputError, TargetError
from skmtl.metrics import (
    accuracy_scores,
    balanced_accuracy_scores,
    concordance_scores,
    kendall_tau_scores,
    mean_absolute_error_scores,
    ndcg_scores,
    r2_scores,
)

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

NAN = np.nan
N, T = 60, 4


def drawn(kind, seed=0):
    random = np.random.RandomState(seed)
    if kind == "classes":
        true = random.randint(3, size=(N, T)).astype(float)
        pred = np.where(random.uniform(size=(N, T)) < 0.6, true, 1.0)
    else:
        true = random.normal(size=(N, T)).round(1)
        true = np.abs(true) if kind == "gains" else true
        pred = true + random.normal(size=(N, T)).round(1)
    observed = random.uniform(size=(N, T)) < 0.7
    return true, pred, observed, random.uniform(size=(N, T))


def r2_weighted(true, pred, weight):
    return r2_score(true, pred, sample_weight=weight)


def accuracy_weighted(true, pred, weight):
    return accuracy_score(true, pred, sample_weight=weight)


def balanced_weighted(true, pred, weight):
    return balanced_accuracy_score(true, pred, sample_weight=weight)


def error_weighted(true, pred, weight):
    return mean_absolute_error(true, pred, sample_weight=weight)


def signs(values):
    return np.sign(values[:, None] - values)


def tau(true, pred, weight):
    if weight is None:
        return scipy.stats.kendalltau(true, pred).statistic
    pairs = np.outer(weight, weight)
    both, own, other = (
        (pairs * signs(one) * signs(two)).sum()
        for one, two in ((true, pred), (true, true), (pred, pred))
    )
    return both / np.sqrt(own * other)


def concordance(true, pred, weight):
    pairs = np.ones((len(true),) * 2) if weight is None else np.outer(weight, weight)
    upper = signs(true) > 0
    right = (signs(pred) > 0) + 0.5 * (signs(pred) == 0)
    return (pairs * right)[upper].sum() / pairs[upper].sum()


def ndcg(true, pred, weight):
    return ndcg_score([true], [pred])


ORACLES = {
    "accuracy": (accuracy_scores, accuracy_weighted, "classes"),
    "balanced": (balanced_accuracy_scores, balanced_weighted, "classes"),
    "error": (mean_absolute_error_scores, error_weighted, "reals"),
    "r2": (r2_scores, r2_weighted, "reals"),
    "kendall": (kendall_tau_scores, tau, "reals"),
    "concordance": (concordance_scores, concordance, "reals"),
    "ndcg": (ndcg_scores, ndcg, "gains"),
}
WEIGHTED = sorted(set(ORACLES) - {"ndcg"})


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("seed", range(3))
def test_equal_to_the_oracle_of_each_column(name, seed):
    measure, oracle, kind = ORACLES[name]
    true, pred, observed, _ = drawn(kind, seed)
    expected = [
        oracle(true[observed[:, t], t], pred[observed[:, t], t], None) for t in range(T)
    ]
    scores = measure(np.where(observed, true, NAN), pred)
    assert scores.shape == (T,)
    assert_allclose(scores, expected, rtol=1e-12)


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("per_label", [False, True])
def test_weights_are_those_of_the_oracle(name, per_label):
    measure, oracle, kind = ORACLES[name]
    true, pred, observed, weight = drawn(kind)
    weight = weight if per_label else weight[:, 0]
    expected = [
        oracle(
            true[observed[:, t], t],
            pred[observed[:, t], t],
            (weight[:, t] if per_label else weight)[observed[:, t]],
        )
        for t in range(T)
    ]
    scores = measure(np.where(observed, true, NAN), pred, sample_weight=weight)
    assert_allclose(scores, expected, rtol=1e-12)


@pytest.mark.parametrize("name", WEIGHTED)
def test_weight_zero_is_a_missing_label(name):
    measure, _, kind = ORACLES[name]
    true, pred, observed, _ = drawn(kind)
    hidden = measure(np.where(observed, true, NAN), pred)
    assert_allclose(measure(true, pred, sample_weight=observed * 1.0), hidden)


FORMS = {
    "object array": lambda values, hole: np.where(hole, None, values.astype(object)),
    "lists": lambda values, hole: np.where(hole, None, values.astype(object)).tolist(),
    "masked": lambda values, hole: np.ma.masked_array(values, hole),
    "pandas": lambda values, hole: pd.DataFrame(values).mask(hole),
    "nullable": lambda values, hole: pd.DataFrame(values).mask(hole).convert_dtypes(),
    "polars": lambda values, hole: pl.DataFrame(
        np.where(hole, None, values.astype(object)).tolist(),
        orient="row",
        schema=[(f"c{column}", pl.Float64) for column in range(values.shape[1])],
    ),
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("form", FORMS)
def test_containers_agree(name, form):
    measure, _, kind = ORACLES[name]
    true, pred, observed, _ = drawn(kind)
    expected = measure(np.where(observed, true, NAN), pred)
    scores = measure(
        FORMS[form](true, ~observed), FORMS[form](pred, np.zeros_like(observed))
    )
    assert_allclose(scores, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ORACLES)
def test_one_dimension_gives_one_score(name):
    measure, _, kind = ORACLES[name]
    true, pred, _, _ = drawn(kind)
    expected = measure(true[:, :1], pred[:, :1])
    for y_true in (true[:, 0], pd.Series(true[:, 0]), pl.Series(true[:, 0])):
        assert_array_equal(measure(y_true, pred[:, 0]), expected)
        assert_array_equal(measure(y_true, pred[:, :1]), expected)


@pytest.mark.parametrize("name", ORACLES)
def test_a_task_without_label_has_no_score(name):
    measure, _, kind = ORACLES[name]
    true, pred, _, _ = drawn(kind)
    true[:, 2] = NAN
    assert_array_equal(np.isnan(measure(true, pred)), [False, False, True, False])


def test_text_classes_beside_numbers():
    true = [["a", 1, True], ["b", None, False], [None, 3, pd.NA]]
    pred = [["a", 1, False], ["a", 1, False], ["a", 1, False]]
    assert_array_equal(accuracy_scores(true, pred), [0.5, 0.5, 0.5])
    assert_array_equal(
        accuracy_scores(np.array(["a", "b"]), np.array(["a", "c"], dtype=object)), [0.5]
    )


def test_large_integers_are_not_rounded():
    true = np.array([2**60, 2**60 + 1])
    assert_array_equal(accuracy_scores(true, true[::-1]), [0.0])


@pytest.mark.parametrize(
    ("true", "pred", "score"),
    [
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.1], 1.0),
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.2], 0.0),
        ([1.0, NAN], [1.0, 2.0], NAN),
        ([1.0, 2.0], [1.5, 1.5], 0.0),
    ],
)
def test_r2_of_constant_and_single_targets(true, pred, score):
    assert_array_equal(r2_scores(true, pred), [score])


@pytest.mark.parametrize(
    ("measure", "true", "pred", "message"),
    [
        (accuracy_scores, [0, 1], [0, 1, 1], "same shape"),
        (accuracy_scores, np.eye(2), np.eye(3)[:2], "same shape"),
        (accuracy_scores, [0, 1], ["0", "1"], "'task_0' must be of one type"),
        (accuracy_scores, [0, "a"], [0, 0], "'task_0'.*all text or all numbers"),
        (accuracy_scores, [0.0, 1], [0.0, NAN], "`y_pred`.*NaN in task 'task_0'"),
        (r2_scores, ["a", "b"], [0, 1], "'task_0' of `y_true` must hold finite"),
        (r2_scores, [0.0, 1], [0.0, np.inf], "'task_0' of `y_pred` must hold finite"),
        (ndcg_scores, [[1, -2.0]], [[0, 1]], "found -2.0 in task 'task_1'"),
        (r2_scores, [], [], "none of them 0"),
        (r2_scores, np.zeros((2, 2, 2)), [0, 1], "`y_true` must have shape"),
        (
            kendall_tau_scores,
            pd.DataFrame({"taste": ["a", "b"]}),
            [[0], [1]],
            "Task 'taste'",
        ),
    ],
)
def test_bad_targets_are_named(measure, true, pred, message):
    with pytest.raises(TargetError, match=message):
        measure(true, pred)


@pytest.mark.parametrize("weight", [[1.0], [-1.0, 1], [NAN, 1], np.ones((2, 3))])
def test_bad_weights_are_named(weight):
    with pytest.raises(InputError, match="`sample_weight`"):
        accuracy_scores([0, 1], [0, 1], sample_weight=weight)


def test_balanced_accuracy_counts_the_classes_that_occur():
    true = [["a", 0.5], ["a", 0.5], ["b", 1.5]]
    pred = [["a", 0.5], ["c", 1.5], ["b", 0.7]]
    assert_array_equal(balanced_accuracy_scores(true, pred), [0.75, 0.25])


TRUE = {"size": [1.0, 2.0, 4.0, 7.0], "taste": [0.0, 1.0, 0.0, 1.0]}
PREDICTED = {"size": [1.5, 2.0, 3.0, 7.0], "taste": [0.0, 0.5, 0.5, 1.0]}
SCORES = [r2_scores, mean_absolute_error_scores, concordance_scores]


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("scores", SCORES)
def test_columns_of_predictions_go_by_their_names(scores, library):
    true, pred = map(library.DataFrame, (TRUE, PREDICTED))
    expected = scores(true.to_numpy(), pred.to_numpy())
    assert_allclose(scores(true, pred[["taste", "size"]]), expected)
    assert_allclose(scores(true[["taste", "size"]], pred), expected[::-1])
    with pytest.raises(InputError, match=r"`y_pred` names unknown.*'smell'"):
        scores(true, library.DataFrame({"taste": [0.0] * 4, "smell": [0.0] * 4}))


def test_columns_without_names_go_by_place():
    true, pred = pd.DataFrame(TRUE), pd.DataFrame(PREDICTED)
    array = pred.to_numpy()
    plain = [array, pd.DataFrame(array), pl.from_numpy(array)]
    expected = r2_scores(true.to_numpy(), array)
    for own in plain:
        assert_allclose(r2_scores(true, own), expected)
    for own in (true.to_numpy(), pd.DataFrame(true.to_numpy())):
        assert_allclose(r2_scores(own, pred), expected)
    turned = pd.DataFrame(true.to_numpy(), columns=[1, 0])  # a count is no name
    assert_allclose(r2_scores(turned, pd.DataFrame(array)), expected)
    years = true.set_axis([2019, 2020], axis=1), pred.set_axis([2019, 2020], axis=1)
    assert_allclose(r2_scores(years[0], years[1][[2020, 2019]]), expected)
    assert_allclose(r2_scores(years[0], pred.set_axis([1, 2], axis=1)), expected)
    renamed = pred[["size"]].add_suffix("?")  # a single task may be called otherwise
    assert_allclose(r2_scores(true[["size"]], renamed), expected[:1])
    for labels in (["a", "a"], ["a", "a_2"]):  # the second as `task_names_` has them
        twice = true.set_axis(["a", "a"], axis=1), pred.set_axis(labels, axis=1)
        assert_allclose(r2_scores(*twice), expected)
