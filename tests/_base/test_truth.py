"""Targets to be scored."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skmtl import HardSharingClassifier, HardSharingMixed
from skmtl.exceptions import RareClassWarning
from tests._base._unchanged import CLASSES, QUICK, REAL, X

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

WORDS = pd.DataFrame(np.array(["no", "yes"])[CLASSES], columns=["heart", "stroke"])


@pytest.fixture(scope="module")
def fitted():
    return HardSharingClassifier(**QUICK).fit(X, WORDS)


def with_others():
    y = WORDS.astype(object)
    y.iloc[:7, 1] = [*"gfedcba"]
    y.iloc[7, 0] = "maybe"
    return y


def test_labels_of_unseen_classes_are_told_and_count_as_errors(fitted):
    y = with_others()
    with pytest.warns(RareClassWarning) as caught:
        scores = fitted.score_tasks(X, y)
    texts = [str(one.message) for one in caught]
    assert len(texts) == 2
    assert "'heart' has 1 label(s)" in texts[0] and "never saw: 'maybe'." in texts[0]
    assert "'stroke' has 7 label(s)" in texts[1]
    assert "never saw: 'a', 'b', 'c', 'd', 'e' and others." in texts[1]
    np.testing.assert_allclose(scores, (fitted.predict(X) == y).mean())
    with pytest.warns(RareClassWarning, match="'heart'|'stroke'"):
        assert fitted.score(X, y) == scores.mean()


def test_silence_where_no_such_label_counts(fitted):
    y, weight = with_others(), np.ones((len(X), 2))
    weight[:7, 1] = weight[7, 0] = 0
    holes = y.mask(weight == 0, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RareClassWarning)
        scores = fitted.score_tasks(X, y, sample_weight=weight)
        np.testing.assert_array_equal(fitted.score_tasks(X, holes), scores)
        fitted.score(X, y, sample_weight=weight.min(1))


def test_values_of_real_tasks_are_no_classes():
    y = pd.DataFrame({"size": REAL[:, 0], "heart": WORDS["heart"]})
    mixed = HardSharingMixed(**QUICK).fit(X, y)
    y.loc[0, "heart"] = "maybe"
    y.loc[0, "size"] = -9.5
    with pytest.warns(RareClassWarning, match="'heart'") as caught:
        mixed.score(X, y)
    assert len(caught) == 1
