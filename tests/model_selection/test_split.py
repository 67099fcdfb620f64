"""Folds over many tasks."""

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline

from skmtl import HardSharingClassifier, HardSharingRanker
from skmtl.exceptions import InputError, RareClassWarning, TargetError
from skmtl.model_selection import (
    MultiTaskStratifiedKFold,
    check_multitask_cv,
    cross_val_predict,
)

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

NAN = np.nan


def folds_of(y, n_splits=5, **parameters):
    """Fold of each row; every row is tested once and trains all other times."""
    splitter = MultiTaskStratifiedKFold(n_splits, **parameters)
    folds = np.full(len(y), -1)
    for fold, (train, test) in enumerate(splitter.split(np.zeros((len(y), 1)), y)):
        assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(y)))
        assert (folds[test] == -1).all()
        folds[test] = fold
    assert fold == n_splits - 1
    return folds


def largest_gap(values, folds, n_splits):
    """Largest difference between folds in the count of a value of a column."""
    gaps = []
    for value in set(values.tolist()):
        counts = np.bincount(folds[values == value], minlength=n_splits)
        gaps.append(counts.max() - counts.min())
    return max(gaps)


def targets(n=300, seed=0, missing=0.4):
    """Two tasks of text, one of numbered classes, one real."""
    random = np.random.RandomState(seed)
    y = pd.DataFrame(
        {
            "rain": random.choice(["dry", "wet"], n, p=[0.9, 0.1]),
            "wind": random.choice(["calm", "gale", "breeze"], n),
            "grade": random.choice([1.0, 2.0, 5.0], n, p=[0.7, 0.2, 0.1]),
            "mass": random.normal(size=n),
        }
    )
    return y.mask(random.uniform(size=y.shape) < missing)


def objects(y):
    return y.astype(object).where(y.notna(), None).to_numpy()


LAYOUTS = {
    "pandas": lambda y: y,
    "polars": lambda y: pl.DataFrame(
        dict(zip(y.columns, objects(y).T.tolist(), strict=True))
    ),
    "objects": objects,
    "lists": lambda y: objects(y).tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", range(3))
def test_classes_and_quantiles_are_balanced(layout, seed):
    y = targets(seed=seed)
    folds = folds_of(LAYOUTS[layout](y), 4)
    for name in ("rain", "wind", "grade"):
        seen = y[name].notna().to_numpy()
        assert largest_gap(y[name].to_numpy()[seen], folds[seen], 4) <= 3
    halves = y["mass"] > y["mass"].median()
    seen = y["mass"].notna().to_numpy()
    assert largest_gap(halves.to_numpy()[seen], folds[seen], 4) <= 4


def test_layouts_agree():
    y = targets()
    expected = folds_of(y)
    for make in LAYOUTS.values():
        assert_array_equal(folds_of(make(y)), expected)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("n_splits", [2, 5])
def test_one_complete_task_is_as_in_scikit_learn(n_classes, n_splits):
    y = np.random.RandomState(0).randint(n_classes, size=143)
    folds = folds_of(y, n_splits)
    X = np.zeros((len(y), 1))
    theirs = np.empty_like(folds)
    for fold, (_, test) in enumerate(StratifiedKFold(n_splits).split(X, y)):
        theirs[test] = fold
    assert largest_gap(y, folds, n_splits) <= largest_gap(y, theirs, n_splits)


def test_one_task_per_row():
    random = np.random.RandomState(0)
    task, label = random.randint(6, size=600), random.randint(2, size=600)
    y = np.full((600, 6), NAN)
    y[np.arange(600), task] = label
    folds = folds_of(y)
    assert largest_gap(task * 2 + label, folds, 5) <= 2
    assert largest_gap(np.zeros(600), folds, 5) <= 5


def test_rows_without_labels_even_out_the_sizes():
    y = np.full((50, 2), NAN)
    y[:20, 0] = np.arange(20) % 2
    assert largest_gap(np.zeros(50), folds_of(y), 5) == 0


def test_the_same_each_time_unless_shuffled():
    y = targets()
    assert_array_equal(folds_of(y), folds_of(y))
    drawn = [folds_of(y, shuffle=True, random_state=seed) for seed in (0, 1, 1)]
    assert (drawn[0] != drawn[1]).any()
    assert_array_equal(drawn[1], drawn[2])
    splitter = MultiTaskStratifiedKFold(3, shuffle=True, random_state=4)
    assert repr(clone(splitter, safe=False)) == repr(splitter)
    assert splitter.get_n_splits() == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_splits": 1}, "`n_splits` must be.*at least 2; found 1"),
        ({"n_splits": 2.0}, "`n_splits`.*found 2.0"),
        ({"n_splits": True}, "`n_splits`.*found True"),
        ({"shuffle": 1}, "`shuffle` must be True or False; found 1"),
        ({"random_state": 0}, "`random_state` must be None.*shuffle=True"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(InputError, match=message):
        MultiTaskStratifiedKFold(**parameters)


def test_bad_data_are_named():
    splitter = MultiTaskStratifiedKFold(3)
    X = np.zeros((2, 1))
    with pytest.raises(InputError, match="number of rows, 2; found 3"):
        next(splitter.split(X, [0, 1]))
    with pytest.raises(TargetError, match="needs y; found None"):
        next(splitter.split(X))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        next(splitter.split(X, [0, 1, 1]))
    with pytest.raises(TargetError, match="infinity"):
        next(splitter.split(np.zeros((3, 1)), [0.5, np.inf, 1.0]))


def test_rare_classes_are_named():
    y = pd.DataFrame(
        {"rain": ["dry"] * 18 + ["wet", None], "mass": [0.5, 1] + [NAN] * 18}
    )
    with pytest.warns(RareClassWarning, match=r"'wet' of task 'rain' \(1\)") as record:
        folds_of(y, 3)
    assert len(record) == 1
    assert "task 'mass' (2)" in str(record[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folds_of(["a", "b"] * 3, 3)


def test_groups_are_ignored_with_a_warning():
    y = np.arange(12) % 2
    with pytest.warns(UserWarning, match="`groups` is ignored"):
        next(MultiTaskStratifiedKFold(2).split(y, y, groups=y))


def test_numbers_become_splitters():
    assert check_multitask_cv(None).n_splits == 5
    assert check_multitask_cv(4).n_splits == 4
    assert isinstance(check_multitask_cv(), MultiTaskStratifiedKFold)
    folds = KFold(3)
    assert check_multitask_cv(folds) is folds
    pairs = [(np.arange(5), np.arange(5, 9))]
    assert check_multitask_cv(pairs).get_n_splits() == 1
    with pytest.raises(InputError, match="found 0"):
        check_multitask_cv(0)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.SkmtlWarning")
@pytest.mark.parametrize("routing", [False, True])
def test_inside_the_tools_of_scikit_learn(routing):
    y = targets(n=60)[["rain", "wind"]]
    X = np.random.RandomState(0).normal(size=(60, 3))
    estimator = HardSharingClassifier(max_epochs=1, hidden_layer_sizes=(4,))
    folds = MultiTaskStratifiedKFold(3)
    settings = {"cv": folds, "error_score": "raise"}
    with sklearn.config_context(enable_metadata_routing=routing):
        assert np.isfinite(cross_val_score(estimator, X, y, **settings)).all()
        assert len(cross_validate(estimator, X, y, **settings)["test_score"]) == 3
        sizes, _, _ = learning_curve(estimator, X, y, train_sizes=[1.0], **settings)
        assert sizes.tolist() == [min(len(t) for t, _ in folds.split(X, y))]
        search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, **settings)
        assert search.fit(X, [[0, 1], [1, 0]] * 30).n_splits_ == 3


@pytest.mark.parametrize("kind", ["ranking", "regression"])
def test_rare_grades_are_no_classes_where_the_kind_is_named(kind):
    grades = [0.0, 1.0] * 20 + [2.0, 3.0, NAN]
    y = pd.DataFrame({"grade": grades, "colour": ["a", "b", "c"] * 14 + ["a"]})
    with pytest.warns(RareClassWarning, match=r"class 2\.0 of task 'grade'"):
        folds_of(y, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for types in ({"grade": kind}, [kind, "classification"]):
            folds = folds_of(y, 4, task_types=types)
            high = np.bincount(folds[(y["grade"] >= 1).to_numpy()], minlength=4)
            assert max(high) - min(high) <= 1
    with pytest.raises(InputError, match=r"`task_types` must.*found 'order'.*'colour'"):
        folds_of(y, 4, task_types={"colour": "order"})


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
def test_predictions_of_a_ranker_split_by_order():
    X = np.random.RandomState(0).normal(size=(62, 3))
    y = np.r_[np.arange(60) % 2, 2, 3]
    ranker = HardSharingRanker(max_epochs=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RareClassWarning)
        cross_val_predict(make_pipeline(ranker), X, y, cv=4)
    with pytest.warns(RareClassWarning, match="class 2"):
        cross_val_predict(DummyClassifier(), X, y, cv=4)
