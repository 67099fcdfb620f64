"""Rankings through fit, predict, scores and relations of tasks."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kendalltau
from sklearn.base import is_classifier, is_regressor

from skmtl import (
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
    HierarchicalIBMixed,
    MTVIBMixed,
)
from skmtl.datasets import make_multitask_regression
from skmtl.exceptions import InputError, TargetError, UnlabelledTaskWarning
from skmtl.model_selection import StackedGridSearchCV, fit_stack
from skmtl.similarity import adjusted_rand

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 20, "hidden_layer_sizes": (8,), "lr": 0.02, "random_state": 0}
N_ROWS = 120
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(N_ROWS, 4))
Y = X[:, :3] + 0.3 * RANDOM.normal(size=(N_ROWS, 3))
HOLES = RANDOM.uniform(size=Y.shape) < 0.3
HOLED = np.where(HOLES, np.nan, Y)
ONE_EACH = np.where(np.arange(N_ROWS)[:, None] % 3 == np.arange(3), Y, np.nan)


def stretched(y):
    """Other values in the same order."""
    return np.sign(y) * np.expm1(12 * np.abs(y)) - 7


@pytest.mark.parametrize("y", [Y, HOLED, ONE_EACH], ids=["complete", "holes", "one"])
def test_order_is_learnt(y):
    ranker = HardSharingRanker(**QUICK).fit(X, y)
    assert ranker.task_types_ == ["ranking"] * 3
    scores = ranker.predict(X)
    assert scores.dtype == np.float64
    expected = [
        kendalltau(own[~np.isnan(own)], score[~np.isnan(own)]).statistic
        for own, score in zip(y.T, scores.T, strict=True)
    ]
    assert min(expected) > 0.6
    assert_allclose(ranker.score_tasks(X, y), expected)
    assert ranker.score(X, y) == pytest.approx(np.mean(expected))
    assert not is_regressor(ranker)
    assert not is_classifier(ranker)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", [HOLED, ONE_EACH], ids=["holes", "one task per row"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_only_the_order_of_targets_counts(dtype, y, early_stopping):
    """Values of another scale would collapse in single precision."""
    options = {**QUICK, "early_stopping": early_stopping, "validation_fraction": 0.3}
    found, expected = (
        HardSharingRanker(**options).fit(X.astype(dtype), own)
        for own in (stretched(y), y)
    )
    assert_array_equal(found.predict(X), expected.predict(X))
    assert_array_equal(found.task_similarity_, expected.task_similarity_)
    assert_array_equal(found.task_reliability_, expected.task_reliability_)
    assert_allclose(found.score(X, stretched(y)), expected.score(X, y))


def test_containers():
    names = ["sweet", "sour", "bitter"]
    expected = HardSharingRanker(**QUICK).fit(X, HOLED)
    for library in (pd, pl):
        frame = library.DataFrame(
            {
                name: [None if np.isnan(one) else one for one in own.tolist()]
                for name, own in zip(names, HOLED.T, strict=True)
            }
        )
        ranker = HardSharingRanker(**QUICK).fit(X, frame)
        assert ranker.task_names_ == names
        assert_array_equal(ranker.predict(X), expected.predict(X))
        assert ranker.score(X, frame) == expected.score(X, HOLED)
    one = HardSharingRanker(**QUICK).fit(X, np.digitize(Y[:, 0], [-1, 0, 1]))
    assert one.predict(X).shape == (N_ROWS,)
    assert one.predict(X).dtype == np.float64
    assert one.predict(X.astype(np.float32)).shape == (N_ROWS,)


def test_text_is_refused():
    with pytest.raises(TargetError, match="'task_0' of y holds text"):
        HardSharingRanker(**QUICK).fit(X, np.where(Y[:, 0] > 0, "good", "bad"))


def test_ordered_categories_are_to_be_passed_as_codes():
    names = ["bad", "fair", "good"]
    places = np.digitize(Y[:, 0], [-1, 1])
    places[::5] = -1
    taste = pd.Series(pd.Categorical.from_codes(places, names, ordered=True))
    with pytest.raises(
        TargetError, match=r"pass their codes, .*`.cat.codes`, with NaN"
    ):
        HardSharingRanker(**QUICK).fit(X, taste)
    unordered = taste.cat.as_unordered()
    with pytest.raises(TargetError, match="or use a classifier"):
        HardSharingRanker(**QUICK).fit(X, unordered)
    words = [None if place < 0 else names[place] for place in places]
    table = pl.DataFrame({"taste": pl.Series(words, dtype=pl.Enum(names))})
    with pytest.raises(TargetError, match=r"pass their numbers, `.to_physical\(\)`"):
        HardSharingRanker(**QUICK).fit(X, table)
    codes = taste.cat.codes.replace(-1, np.nan)
    ranker = HardSharingRanker(**QUICK).fit(X, codes)
    assert ranker.score(X, codes) > 0.5
    ranker.fit(X, table.select(pl.col("taste").to_physical()))
    assert ranker.score(X, codes) > 0.5


def test_integer_weights_repeat_rows_in_scores():
    ranker = HardSharingRanker(**QUICK).fit(X, HOLED)
    times = RANDOM.randint(0, 3, size=N_ROWS)
    rows = np.repeat(np.arange(N_ROWS), times)
    found = ranker.score_tasks(X, HOLED, sample_weight=times)
    assert_allclose(found, ranker.score_tasks(X[rows], HOLED[rows]))


@pytest.mark.parametrize("kind", [HardSharingMixed, HierarchicalIBMixed, MTVIBMixed])
def test_beside_other_kinds(kind):
    y = pd.DataFrame(
        {"good": Y[:, 0] > 0, "size": 50 + Y[:, 1], "taste": stretched(Y[:, 2])}
    )
    y.loc[::5, "taste"] = np.nan
    options = {**QUICK, "max_epochs": 60}
    mixed = kind(task_types={"taste": "ranking"}, **options).fit(X, y)
    assert mixed.task_types_ == ["binary", "continuous", "ranking"]
    predicted = mixed.predict(X)
    assert predicted.dtypes.astype(str).tolist() == ["bool", "float64", "float64"]
    probabilities = mixed.predict_proba(X)
    assert [own is None for own in probabilities] == [False, True, True]
    scores = mixed.score_tasks(X, y)
    seen = y["taste"].notna()
    expected = kendalltau(predicted["taste"][seen], y["taste"][seen]).statistic
    assert scores[2] == pytest.approx(expected)
    assert scores.min() > 0.5
    y = y.assign(taste=Y[:, 2]).where(y.notna())
    again = kind(task_types={"taste": "ranking"}, **options).fit(X, y)
    pd.testing.assert_frame_equal(again.predict(X), predicted)


def test_mixed_of_rankings_only_is_the_ranker():
    mixed = HardSharingMixed(task_types=["ranking"] * 3, **QUICK).fit(X, HOLED)
    ranker = HardSharingRanker(**QUICK).fit(X, HOLED)
    assert_array_equal(mixed.predict(X), ranker.predict(X))
    assert not hasattr(mixed, "predict_proba")


@pytest.mark.parametrize("residual", ["diagonal", "full"])
def test_residuals_are_those_of_regressions(residual):
    mixed = HierarchicalIBMixed(
        residual=residual, task_types=["regression", "ranking", "regression"], **QUICK
    )
    covariance = mixed.fit(X, HOLED).residual_covariance_
    chosen = [True, False, True]
    assert_array_equal(~np.isnan(covariance), np.outer(chosen, chosen))
    only = HierarchicalIBMixed(
        residual=residual, task_types=["ranking"] * 3, **QUICK
    ).fit(X, Y)
    assert not hasattr(only, "residual_covariance_")


def test_members_of_an_ensemble_are_averaged():
    ensemble = HardSharingRanker(n_estimators=3, **QUICK).fit(X, Y)
    outputs = ensemble.net_.outputs(ensemble.net_.module_.heads.weight.new_tensor(X))
    assert outputs.shape == (3, 3, N_ROWS, 1)
    assert_allclose(ensemble.predict(X), outputs[..., 0].mean(0).T)
    with pytest.raises(TypeError, match="return_std"):
        ensemble.predict(X, return_std=True)


def test_validation_does_not_depend_on_the_stack():
    """Pairs are those of a batch, so that its size must be the same for all."""
    rows = np.tile(np.arange(N_ROWS), 25)
    options = {**QUICK, "early_stopping": True, "validation_fraction": 0.3}
    estimators = [
        HardSharingRanker(
            **{**options, "max_epochs": 2, "batch_size": 1000, "random_state": seed}
        )
        for seed in range(9)
    ]
    stacked = fit_stack(estimators, X[rows], Y[rows])
    for found in stacked[:2]:
        alone = HardSharingRanker(**found.get_params()).fit(X[rows], Y[rows])
        assert_allclose(found.history_["valid_loss"], alone.history_["valid_loss"])


def test_search():
    grid = {"weight_decay": [0.01, 0.3]}
    search = StackedGridSearchCV(HardSharingRanker(**QUICK), grid, cv=3).fit(X, HOLED)
    assert search.best_score_ > 0.5
    assert search.score(X, HOLED) == search.best_estimator_.score(X, HOLED)


def test_pieces():
    whole = HardSharingRanker(batch_size=40, **QUICK)
    pieces = [(X[at : at + 40], stretched(HOLED[at : at + 40])) for at in (0, 40, 80)]
    assert whole.fit_batches(pieces).score(X, HOLED) > 0.6
    steps = HardSharingRanker(batch_size=20, **QUICK)
    for _ in range(10):
        for features, targets in pieces:
            steps.partial_fit(features, targets)
    assert steps.score(X, HOLED) > 0.6
    again = HardSharingRanker(**QUICK, warm_start=True).fit(X, Y)
    first = again.history_["train_loss"][0]
    assert again.fit(X, stretched(Y)).history_["train_loss"][0] < first


def test_batches_of_one_row_are_refused():
    with pytest.raises(InputError, match=r"`batch_size` must be at least 2.*'task_0'"):
        HardSharingRanker(**QUICK, batch_size=1).fit(X, Y)
    types = ["regression", "regression", "ranking"]
    with pytest.raises(InputError, match=r"`batch_size` must be at least 2.*'task_2'"):
        HardSharingMixed(task_types=types, **QUICK, batch_size=1).fit(X, Y)
    HardSharingRegressor(**QUICK, batch_size=1).fit(X[:5], Y[:5])


def test_early_stopping_needs_pairs_on_both_sides():
    y = Y.copy()
    y[:, 1] = np.arange(N_ROWS) == 7
    estimator = HardSharingRanker(**QUICK, early_stopping=True)
    with pytest.raises(InputError, match=r"'task_1' has 2 for training and 1 for val"):
        estimator.fit(X, y)
    y[:, 1] = 3.0  # nothing to learn anywhere
    fitted = estimator.fit(X, y)
    assert np.isnan(fitted.history_["valid_loss_task_1"]).all()
    assert np.isnan(fitted.score_tasks(X, y)[1])
    with pytest.warns(UnlabelledTaskWarning, match=r"1 of 3 tasks.*: task_1\."):
        score = fitted.score(X, y)
    assert score == pytest.approx(fitted.score_tasks(X, y)[[0, 2]].mean())


def test_groups_are_found_from_orders():
    data = make_multitask_regression(3000, n_tasks=6, n_groups=2, random_state=0)
    ranker = HardSharingRanker(max_epochs=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ranker.fit(data.data, stretched(data.target / data.target.std()))
    assert adjusted_rand(ranker.task_groups_, data.groups) == 1
    assert ranker.task_reliability_.min() > 0.3


def test_unrelated_orders_form_no_groups():
    y = RANDOM.normal(size=(300, 5)) ** 3
    ranker = HardSharingRanker(**QUICK).fit(RANDOM.normal(size=(300, 4)), y)
    assert len(set(ranker.task_groups_)) == 5
