"""Data that can be learnt but may not be what the user means."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
)
from skmtl.exceptions import (
    RareClassWarning,
    SkmtlWarning,
    TaskGroupWarning,
    TaskTypeWarning,
)
from tests._base._unchanged import CLASSES, QUICK, REAL, X

quiet = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
MANY = np.column_stack([CLASSES[:, 0], np.arange(40) % 25])


@quiet
def test_quantity_given_to_a_classifier():
    with pytest.warns(TaskTypeWarning, match=r"'task_1' is greater than 50%.*25 in 40"):
        HardSharingClassifier(**QUICK).fit(X, MANY)
    named = HardSharingMixed(task_types={"task_1": "classification"}, **QUICK)
    with pytest.warns(TaskTypeWarning, match="'task_1'"):
        named.fit(X, MANY)
    pieces = [(X[:20], MANY[:20]), (X[20:], MANY[20:])]
    with pytest.warns(TaskTypeWarning, match="'task_1'"):
        HardSharingClassifier(**QUICK).fit_batches(pieces)


@quiet
@pytest.mark.parametrize(
    "column",
    [np.arange(40) % 20, (np.arange(40) % 25).astype(str)],
    ids=["few", "text"],
)
def test_classes_that_nobody_doubts(column):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TaskTypeWarning)
        HardSharingClassifier(**QUICK).fit(X, column)
        HardSharingClassifier(**QUICK).partial_fit(
            X, MANY, classes=[[0, 1], np.arange(25)]
        )


@quiet
def test_colours_on_the_last_axis():
    pictures = np.random.RandomState(0).normal(size=(40, 9, 9, 4))
    conv = HardSharingClassifier(encoder="conv", **QUICK)
    with pytest.warns(SkmtlWarning, match=r"read as 9 channels of 9 x 4.*np\.moveaxis"):
        conv.fit(pictures, CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SkmtlWarning)
        warnings.simplefilter("ignore", TaskGroupWarning)
        conv.fit(np.moveaxis(pictures, -1, 1), CLASSES)
        own = HardSharingClassifier(encoder=lambda shape: torch.nn.Flatten(), **QUICK)
        own.fit(pictures, CLASSES)


@quiet
def test_names_that_columns_share():
    y = pd.DataFrame(CLASSES[:, [0, 1, 0]], columns=["heart", "stroke", "heart"])
    message = r"\['heart'\]; the tasks are called \['heart', 'stroke', 'heart_2'\]"
    with pytest.warns(SkmtlWarning, match=message):
        HardSharingClassifier(**QUICK).fit(X, y)
    with pytest.warns(SkmtlWarning, match=message):
        HardSharingClassifier(**QUICK).fit_batches([(X[:20], y[:20]), (X[20:], y[20:])])
    with pytest.warns(
        SkmtlWarning, match=r"\['0'\]; the tasks are called \['0', '0_2'\]"
    ):
        HardSharingClassifier(**QUICK).fit(X, y.iloc[:, :2].set_axis([0, "0"], axis=1))


@quiet
def test_a_single_label_is_counted():
    y = np.column_stack([REAL[:, 0], np.full(40, np.nan)])
    y[7, 1] = 3.0
    message = "^Task 'task_1' has 1 label in 40 rows"
    for cls in (HardSharingRegressor, HardSharingRanker):
        with pytest.warns(RareClassWarning, match=message):
            cls(**QUICK).fit(X, y)
        weight = np.where(np.isnan(y), 0.0, 1.0)
        with pytest.warns(RareClassWarning, match=message):
            cls(**QUICK).fit(X, REAL, sample_weight=weight)
    with pytest.warns(RareClassWarning, match="^Task 'task_0' has 1 label in 40"):
        HardSharingRegressor(**QUICK).fit(X, y[:, 1])
    with pytest.warns(RareClassWarning, match=message):
        HardSharingRegressor(**QUICK).fit_batches([(X[:20], y[:20]), (X[20:], y[20:])])
    with warnings.catch_warnings():
        warnings.simplefilter("error", RareClassWarning)
        HardSharingRegressor(**QUICK).partial_fit(X[:1], REAL[:1])
        y[8, 1] = 2.0
        HardSharingRegressor(**QUICK).fit(X, y)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.RareClassWarning")
@pytest.mark.parametrize("column", [np.full(40, 3.0), [2.0, *[np.nan] * 39]])
def test_target_that_does_not_vary(column):
    y = np.column_stack([REAL[:, 0], REAL[:, 0], column])
    with pytest.warns(TaskGroupWarning) as caught:
        HardSharingRegressor(**QUICK).fit(X, y)
    texts = [str(one.message) for one in caught if one.category is TaskGroupWarning]
    [own] = [text for text in texts if "'task_2'" in text]
    assert "does not vary" in own
    assert "More labelled rows" not in own
