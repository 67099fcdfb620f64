"""What is given for each task, by name or by place."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import GridSearchCV

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HierarchicalIBClassifier,
    MTVIBClassifier,
    SelectiveSharingClassifier,
)
from skmtl._naming import columns_by_name, values_by_name
from skmtl.exceptions import InputError
from skmtl.metrics import accuracy_scores
from skmtl.model_selection import (
    MultiTaskStratifiedKFold,
    StackedGridSearchCV,
    get_multitask_scorer,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.TaskGroupWarning",
    "ignore::skmtl.exceptions.CollapseWarning",
)

NAMES = ["heart", "stroke", "diab"]
SHUFFLED = ["diab", "heart", "stroke"]
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(90, 4))
NOISE = RANDOM.normal(size=(90, 3))
Y = pd.DataFrame((X[:, :3] + NOISE > 0).astype(int), columns=NAMES)
WEIGHT = pd.DataFrame(RANDOM.uniform(size=(90, 3)) * [1, 3, 5], columns=NAMES)
QUICK = {"hidden_layer_sizes": (6,), "max_epochs": 2, "random_state": 0}

FORMS = [
    lambda values: dict(zip(NAMES, values, strict=True)),
    lambda values: pd.Series(values, index=NAMES)[SHUFFLED],
    lambda values: pd.Series(values),
    lambda values: pd.Series(values, index=[4, 5, 9]),
    lambda values: pl.Series(values),
]
NAMES_OF_FORMS = ["dict", "named", "counted", "increasing", "polars"]
EACH_PARAMETER = pytest.mark.parametrize(
    ("cls", "parameter", "values"),
    [
        (HardSharingClassifier, "task_weight", [1.0, 5.0, 0.0]),
        (HierarchicalIBClassifier, "beta", [0.1, 0.0, 2.0]),
        (SelectiveSharingClassifier, "sharing", [0, 1, 0]),
        (
            HardSharingMixed,
            "task_types",
            ["classification", "ranking", "regression"],
        ),
    ],
    ids=["task_weight", "beta", "sharing", "task_types"],
)


def fit(cls, parameter, values):
    return cls(**QUICK, **{parameter: values}).fit(X, Y)


@EACH_PARAMETER
@pytest.mark.parametrize("form", FORMS, ids=NAMES_OF_FORMS)
def test_names_go_before_places(cls, parameter, values, form):
    by_place = fit(cls, parameter, values)
    found = fit(cls, parameter, form(values))
    np.testing.assert_array_equal(found.transform(X), by_place.transform(X))
    assert found.task_types_ == by_place.task_types_
    np.testing.assert_array_equal(found.score_tasks(X, Y), by_place.score_tasks(X, Y))


@EACH_PARAMETER
@pytest.mark.parametrize(
    ("index", "fault"),
    [
        (list("xyz"), r"unknown task\(s\) \['x', 'y', 'z'\]"),
        (["heart", "stroke", "herz"], r"unknown task\(s\) \['herz'\]"),
        (["heart", "stroke", "heart"], r"names \['heart'\] more than once"),
        ([2, 0, 1], r"unknown task\(s\) \[2, 0, 1\]"),
    ],
    ids=["strangers", "typo", "twice", "sorted-otherwise"],
)
def test_other_names_are_refused(cls, parameter, values, index, fault):
    with pytest.raises(InputError, match=f"`{parameter}` .*{fault}.*the tasks are.*"):
        fit(cls, parameter, pd.Series(values, index=index))


def test_a_price_for_some_tasks_only():
    with pytest.raises(InputError, match=r"`beta` leaves out \['stroke', 'diab'\]"):
        fit(HierarchicalIBClassifier, "beta", {"heart": 0.1})
    with pytest.raises(InputError, match=r"`beta` must hold numbers; found .*'much'"):
        fit(HierarchicalIBClassifier, "beta", dict.fromkeys(NAMES, "much"))
    with pytest.raises(ValueError, match="'beta' parameter of MTVIB"):
        fit(MTVIBClassifier, "beta", dict.fromkeys(NAMES, 0.1))


def test_weights_of_some_tasks_only():
    some = fit(HardSharingClassifier, "task_weight", pd.Series({"diab": 4.0}))
    every = fit(HardSharingClassifier, "task_weight", [1, 1, 4])
    np.testing.assert_array_equal(some.transform(X), every.transform(X))


def test_numbers_that_are_names():
    assert values_by_name(pd.Series([5, 6], index=[1, 0]), ["0", "1"], "beta") == {
        "1": 5,
        "0": 6,
    }
    assert values_by_name({0: 5}, ["0", "1"], "beta") == {"0": 5}
    # Counted by pandas from 0 on, which are no names of these tasks.
    assert values_by_name(pd.Series([5, 6, 7]), ["1", "2", "3"], "beta") is None
    assert values_by_name(pd.Series([], dtype=float), ["a"], "beta") is None


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_columns_of_weights_go_by_name(library):
    weight = library.DataFrame({name: WEIGHT[name].to_numpy() for name in SHUFFLED})
    by_name = HardSharingClassifier(**QUICK).fit(X, Y, weight)
    by_place = HardSharingClassifier(**QUICK).fit(X, Y, WEIGHT.to_numpy())
    np.testing.assert_array_equal(by_name.transform(X), by_place.transform(X))
    expected = by_place.score_tasks(X, Y, WEIGHT.to_numpy())
    assert len(set(expected)) == 3
    for y in (Y, Y.to_numpy()):
        found = by_place.score_tasks(X, y, weight)
        np.testing.assert_array_equal(found, expected)
    scorer = get_multitask_scorer("accuracy", average=None)
    scores = scorer(by_place, X, Y, sample_weight=weight)
    np.testing.assert_allclose(scores, expected)
    scores = accuracy_scores(Y, by_place.predict(X), sample_weight=weight)
    np.testing.assert_allclose(scores, expected)
    more = by_place.partial_fit(X, Y.to_numpy(), sample_weight=weight)
    np.testing.assert_array_equal(
        more.transform(X),
        by_name.partial_fit(X, Y, sample_weight=WEIGHT).transform(X),
    )


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_columns_without_names_go_by_place(library):
    weight = library.DataFrame(WEIGHT.to_numpy())
    assert columns_by_name(weight, NAMES, "sample_weight") is weight
    fitted = HardSharingClassifier(**QUICK).fit(X, Y, weight)
    by_place = HardSharingClassifier(**QUICK).fit(X, Y, WEIGHT.to_numpy())
    np.testing.assert_array_equal(fitted.transform(X), by_place.transform(X))


def test_columns_with_other_names_are_refused():
    fitted = HardSharingClassifier(**QUICK).fit(X, Y)
    others = WEIGHT.set_axis(["heart", "stroke", "z"], axis=1)
    message = (
        r"`sample_weight` names unknown task\(s\) \['z'\] and leaves out \['diab'\]"
    )
    for call in (fitted.fit, fitted.partial_fit, fitted.score, fitted.score_tasks):
        with pytest.raises(InputError, match=message):
            call(X, Y, sample_weight=others)
    with pytest.raises(InputError, match=message):
        get_multitask_scorer("accuracy")(fitted, X, Y, sample_weight=others)


def test_a_single_task_needs_no_name_for_its_weights():
    single = HardSharingClassifier(**QUICK).fit(X, Y[["heart"]], WEIGHT[["diab"]])
    by_place = HardSharingClassifier(**QUICK).fit(X, Y["heart"], WEIGHT["diab"])
    np.testing.assert_array_equal(single.transform(X), by_place.transform(X))


def test_candidates_of_a_search_are_told_apart_by_name():
    types = ["classification", "classification", "regression"]
    here = pd.Series(types, index=NAMES)
    there = pd.Series(types, index=SHUFFLED)
    grid = {"task_types": [here, there]}
    folds = MultiTaskStratifiedKFold(2, task_types=here)
    found, expected = (
        search(HardSharingMixed(**QUICK), grid, cv=folds, refit=False)
        .fit(X, Y, sample_weight=weight)
        .cv_results_["mean_test_score"]
        for search, weight in (
            (StackedGridSearchCV, WEIGHT[SHUFFLED]),
            (GridSearchCV, WEIGHT),
        )
    )
    assert found[0] != found[1]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_learning_on_needs_the_same_prices_by_name():
    prices = pd.Series([0.1, 0.2, 0.3], index=NAMES)
    fitted = fit(HierarchicalIBClassifier, "beta", prices)
    fitted.set_params(beta=prices.copy()).partial_fit(X, Y)
    fitted.set_params(beta=prices.set_axis(SHUFFLED))
    with pytest.raises(InputError, match="`beta` must stay that of the first call"):
        fitted.partial_fit(X, Y)
