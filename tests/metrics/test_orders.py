"""What scores of orders promise beside their formulas."""

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import ndcg_score, roc_auc_score

from skmtl.exceptions import UnlabelledTaskWarning
from skmtl.metrics import (
    concordance_scores,
    kendall_tau_scores,
    mean_score,
    ndcg_scores,
)

NAN = np.nan


def drawn(n_rows=80, digits=1, seed=0):
    random = np.random.RandomState(seed)
    true = random.normal(size=n_rows).round(digits)
    return true, (true + random.normal(size=n_rows)).round(digits)


@pytest.mark.parametrize("digits", [0, 1, 9])
@pytest.mark.parametrize("n_rows", [2, 3, 33, 500])
def test_tau_equals_that_of_scipy(n_rows, digits):
    for seed in range(5):
        true, pred = drawn(n_rows, digits, seed)
        expected = scipy.stats.kendalltau(true, pred).statistic
        found = kendall_tau_scores(true, pred)
        if np.ptp(true) > 0:  # only where targets are in some order
            expected = np.nan_to_num(expected)
        assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("measure", [kendall_tau_scores, concordance_scores])
def test_weights_are_repetitions(measure):
    true, pred = drawn()
    times = np.random.RandomState(1).randint(0, 4, size=len(true))
    found = measure(true, pred, sample_weight=times)
    assert_allclose(found, measure(np.repeat(true, times), np.repeat(pred, times)))


@pytest.mark.parametrize("measure", [kendall_tau_scores, concordance_scores])
@pytest.mark.parametrize("power", [-1000, -600, 600, 1000])
def test_scale_of_weights_is_of_no_account(measure, power):
    true, pred = drawn()
    weight = np.random.RandomState(1).uniform(0.1, 1, size=len(true))
    found = measure(true, pred, sample_weight=weight * 2.0**power)
    assert_array_equal(found, measure(true, pred, sample_weight=weight))


@pytest.mark.parametrize("measure", [kendall_tau_scores, concordance_scores])
def test_weights_of_one_task_may_be_far_apart(measure):
    light = 2.0**-700
    found = measure([1, 2, 3], [1, 2, 3], sample_weight=[1, light, light])
    assert_allclose(found, 1)
    found = measure([1, 2, 3], [3, 1, 2], sample_weight=[1, light, light])
    assert_allclose(found, -1 if measure is kendall_tau_scores else 0)


def test_tau_of_equal_predictions_is_zero():
    assert_array_equal(kendall_tau_scores([1, 2, 3], [5, 5, 5]), [0.0])


@pytest.mark.parametrize(
    "measure", [kendall_tau_scores, concordance_scores, ndcg_scores]
)
@pytest.mark.parametrize("label", [0.0, 2.0])
def test_tasks_without_an_order_are_left_out(measure, label):
    true = np.array([[1.0, label], [2.0, label], [3.0, NAN]])
    scores = measure(true, true[:, [0, 0]])
    assert_array_equal(scores, [1.0, NAN])
    with pytest.warns(UnlabelledTaskWarning, match="none that differ.*: taste"):
        assert mean_score(scores, ["size", "taste"]) == 1


@pytest.mark.parametrize(
    ("true", "pred", "score"),
    [
        ([1, 2, 3], [5, 5, 5], 0.5),
        ([1, 2, 3], [3, 2, 1], 0.0),
        ([2, 2, 2], [1, 2, 3], NAN),
        ([1, NAN], [1, 2], NAN),
    ],
)
def test_concordance_of_few_pairs(true, pred, score):
    assert_array_equal(concordance_scores(true, pred), [score])


def test_concordance_of_two_targets_is_the_area_under_the_curve():
    true, pred = drawn()
    weight = np.random.RandomState(1).uniform(size=len(true))
    expected = roc_auc_score(true > 0, pred, sample_weight=weight)
    found = concordance_scores(true > 0, pred, sample_weight=weight)
    assert_allclose(found, expected)


def test_only_orders_count():
    true, pred = drawn()
    for measure in (kendall_tau_scores, concordance_scores):
        assert_array_equal(measure(np.exp(true), 7 + 3 * pred**3), measure(true, pred))


def test_gain_of_the_first_rows():
    true, pred = drawn()
    true = np.abs(true)
    for k in (1, 10):
        expected = ndcg_score([true], [pred], k=k)
        assert_allclose(ndcg_scores(true, pred, k=k), expected)
    assert_array_equal(ndcg_scores([3.0, NAN], [1.0, 2.0]), [NAN])
    assert_array_equal(ndcg_scores([0.0, 0.0], [1.0, 2.0]), [NAN])
