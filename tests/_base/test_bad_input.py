"""Bad data: a clear error, and a fitted estimator stays exactly as it was."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRegressor,
    HierarchicalIBClassifier,
)
from skmtl.exceptions import (
    InputError,
    RareClassWarning,
    TargetError,
    UnlabelledTaskWarning,
)
from tests._base._unchanged import (
    CLASSES,
    INF,
    NAN,
    QUICK,
    REAL,
    X,
    assert_unchanged,
    frozen,
    with_value,
)

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


BAD_X = {
    "nan": (with_value(X, NAN), "contains NaN"),
    "inf": (with_value(X, INF), "contains infinity"),
    "sparse": (scipy.sparse.csr_array(X), "[Ss]parse"),
    "text": (X.astype(str), "numbers; found text"),
    "objects": (X.astype(object) + 1j, "[Cc]omplex|convert"),
    "words": (np.full(X.shape, "a", dtype=object), "could not convert|text"),
    "no rows": (X[:0], "0 sample"),
    "no columns": (X[:, :0], "0 feature"),
    "1-D": (X[:, 0], "one axis. Reshape your data"),
    "4-D": (X[:, :, None, None], r"`encoder` is .mlp.; found \(40, 3, 1, 1\)"),
    "none": (None, "found None"),
}
BAD_Y = {
    "none": (None, "requires y to be passed, but the target y is None"),
    "3-D": (CLASSES[:, :, None], r"found 3 dim.*\(40, 2, 1\)"),
    "no columns": (CLASSES[:, :0], "at least one column"),
    "no frame columns": (pd.DataFrame(index=range(40)), "at least one column"),
    "no rows": (CLASSES[:0], "at least one row"),
    "sparse": (scipy.sparse.csr_array(CLASSES), "must be dense"),
    "text nan": (np.where(CLASSES, "a", "nan"), "'task_0'.*text 'nan'"),
    "ragged": ([[1, 0]] * 39 + [[1]], "same number of labels"),
    "dict": ({"a": [0, 1]}, "dim"),
    "no labels": (np.full((40, 2), NAN), "NaN only.*task_0, task_1"),
    "unlabelled": (CLASSES * [1, NAN], "'task_1'.*0 of 40"),
    "one class": (CLASSES * [1, 0], "at least two classes.*'task_1'"),
    "fractions": (REAL, "continuous.*'task_0'"),
    "short": (CLASSES[:-1], "40 in X and 39 in y"),
    "mixed types": (with_value(CLASSES, "a", object), "'task_1'.*int, str"),
}
BAD_REAL = {
    "inf": (with_value(REAL, INF), "infinity.*'task_1'"),
    "text": (with_value(REAL, "a", object), "'task_1'.*float, str"),
    "only text": (CLASSES.astype(str), "'task_0'.*text"),
    "no labels": (REAL * [1, NAN], "'task_1'.*0 of 40"),
    "none": (None, "requires y to be passed"),
    "long": (np.vstack([REAL, REAL]), "40 in X and 80 in y"),
}
BAD_WEIGHT = {
    "negative": (with_value(np.ones((40, 2)), -1), "negative; found -1"),
    "nan": (np.full(40, NAN), "finite; found nan"),
    "inf": (np.full(40, INF), "finite; found inf"),
    "zero": (np.zeros(40), "all weights are zero"),
    "short": (np.ones(39), r"\(40,\).*found \(39,\)"),
    "wide": (np.ones((40, 3)), r"\(40, 2\).*found \(40, 3\)"),
    "scalar": (1.0, r"\(40,\).*found \(\)"),
    "text": (["a"] * 40, "numbers"),
    "task": (np.array([[1, 0]] * 40), "positive weight.*'task_1'"),
}


def table(cases):
    return pytest.mark.parametrize("bad, message", cases.values(), ids=cases.keys())


@pytest.fixture(scope="module")
def fitted():
    return HierarchicalIBClassifier(**QUICK).fit(X, CLASSES)


def check_both(fitted, message, *data, error=(ValueError, TypeError)):
    """The same error on a new and on a fitted estimator; neither changes."""
    new = HierarchicalIBClassifier(**QUICK)
    before = dict(vars(new))
    with pytest.raises(error, match=f"(?s){message}"):
        new.fit(*data)
    assert vars(new) == before
    before = frozen(fitted)
    with pytest.raises(error, match=f"(?s){message}"):
        fitted.fit(*data)
    assert_unchanged(fitted, before)


@table(BAD_X)
def test_bad_features(bad, message, fitted):
    check_both(fitted, message, bad, CLASSES)
    if bad is not None:
        with pytest.raises((ValueError, TypeError), match=message):
            fitted.predict(bad)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_wrong_width(method, fitted):
    with pytest.raises(ValueError, match=r"X has 2 features, .* is expecting 3"):
        getattr(fitted, method)(X[:, :2])


def test_other_feature_names():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    estimator = HardSharingClassifier(**QUICK).fit(frame, CLASSES)
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[["b", "a", "c"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        estimator.predict(X)


@table(BAD_Y)
def test_bad_targets(bad, message, fitted):
    check_both(fitted, message, X, bad)


@table(BAD_REAL)
@pytest.mark.parametrize("cls", [HardSharingRegressor, HardSharingMixed])
def test_bad_real_targets(cls, bad, message):
    options = {"task_types": ["regression"] * 2} if cls is HardSharingMixed else {}
    estimator = cls(**QUICK, **options)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=f"(?s){message}"):
        estimator.fit(X, bad)
    assert vars(estimator) == before


@table(BAD_WEIGHT)
def test_bad_weights(bad, message, fitted):
    check_both(fitted, message, X, CLASSES, bad)


@table({name: BAD_WEIGHT[name] for name in ("negative", "nan", "short", "wide")})
def test_bad_weights_of_score(bad, message, fitted):
    message = re.sub("found.*", "found", message)
    with pytest.raises(InputError, match=message.partition(";")[0]):
        fitted.score(X, CLASSES, sample_weight=bad)


def test_one_class_of_positive_weight(fitted):
    weight = np.where(CLASSES[:, 1] == 1, 1.0, 0.0)
    check_both(fitted, "two classes.*'task_1'", X, CLASSES, weight, error=TargetError)


def test_kinds_and_numbers_of_tasks_at_score(fitted):
    with pytest.raises(TargetError, match="one column per task, 2; found 1"):
        fitted.score(X, CLASSES[:, 0])
    with pytest.raises(TargetError, match=r"'task_0'.*another type"):
        fitted.score(X, np.where(CLASSES, "yes", "no"))
    with pytest.raises(ValueError, match=r"39.*40|40.*39"):
        fitted.score(X, CLASSES[:-1])


class Flat(torch.nn.Module):
    """Forgets the axis of the rows."""

    def forward(self, x):
        return x.sum(-1)


ENCODERS = {
    "wrong shape": (Flat(), r"\(2, 3\).*\(2, features\).*found \(2,\)"),
    "wrong width": (torch.nn.Linear(5, 4), r"\(2, 3\).*failed on such a batch"),
    "no module": (lambda n: [n], "torch.nn.Module; found list"),
    "no tensor": (lambda n: torch.nn.LSTM(n, 4), r"\(2, features\).*found .*tuple"),
}


@table(ENCODERS)
def test_bad_encoder(bad, message):
    estimator = HardSharingClassifier(encoder=bad, **QUICK)
    before = dict(vars(estimator))
    with pytest.raises(InputError, match=f"(?s)`encoder`.*{message}"):
        estimator.fit(X, CLASSES)
    assert vars(estimator) == before


def test_validation_part_without_labels():
    y = CLASSES.astype(float)
    y[3:, 1] = NAN
    y[:3, 1] = [0, 1, 1]
    estimator = HardSharingClassifier(
        early_stopping=True, validation_fraction=0.02, **QUICK
    )
    with pytest.raises(InputError, match=r"`validation_fraction`.*'task_"):
        estimator.fit(X, y)


def test_names_of_the_tasks_reach_the_message():
    y = pd.DataFrame(CLASSES, columns=["rain", "wind"]).astype(float)
    y.loc[1:, "wind"] = NAN
    with pytest.raises(TargetError, match="'wind'"):
        HardSharingClassifier(**QUICK).fit(X, y)
    y = pd.DataFrame(CLASSES, columns=["rain", "wind"]).astype(float)
    y.loc[2:, "wind"] = NAN
    y.loc[:1, "wind"] = [0, 1]
    estimator = HardSharingClassifier(
        early_stopping=True, validation_fraction=0.01, **QUICK
    )
    with pytest.raises(InputError, match=r"validation_fraction.*'(rain|wind)'"):
        estimator.fit(X, y)


def test_class_first_seen_at_score_counts_as_an_error(fitted):
    y = CLASSES.copy()
    right = fitted.predict(X)
    y[:] = right
    assert fitted.score(X, y) == 1
    y[:10, 0] = 7
    for score, expected in ((fitted.score_tasks, [0.75, 1]), (fitted.score, 0.875)):
        with pytest.warns(
            RareClassWarning, match="'task_0' has 10 label.*never saw: 7"
        ):
            np.testing.assert_allclose(score(X, y), expected)


def test_score_without_labels(fitted):
    y = CLASSES.astype(float)
    y[:, 1] = NAN
    with pytest.warns(UnlabelledTaskWarning, match="1 of 2 tasks.*task_1"):
        score = fitted.score(X, y)
    scores = fitted.score_tasks(X, y)
    assert score == scores[0]
    assert np.isnan(scores[1])
    with pytest.raises(TargetError, match="none among 2 tasks"):
        fitted.score(X, y * NAN)
