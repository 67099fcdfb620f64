"""Features of another size than networks start for."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skmtl import HardSharingClassifier
from skmtl._base._scale import warn_of_scale
from skmtl.exceptions import FeatureScaleWarning, TaskGroupWarning

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(300, 4))


@pytest.mark.parametrize(
    "fine",
    [
        X,
        900 * X,
        X + 4,
        0.1 * X + 9,
        [0.001, 0.001, 0.03, 0] * X,
        RANDOM.randint(256, size=(50, 8, 8)),
        np.zeros((5, 2)),
        np.hstack([X, np.full((300, 1), 900.1)]),
    ],
    ids=[
        "standard",
        "hundreds",
        "aside",
        "small and far from zero",
        "one that is not tiny",
        "pictures",
        "constant",
        "one constant",
    ],
)
def test_common_sizes_pass(fine):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_scale(fine)


@pytest.mark.parametrize("factor", [1e4, 1e9, 1e200, 1e307])
def test_large_features_are_named_the_largest_first(factor):
    large = X * [1, factor, 1, 2e3]
    with pytest.warns(
        FeatureScaleWarning, match=r"column 1 \(.*, column 3 \(2e\+03\);.*Scaler"
    ):
        warn_of_scale(large)


def test_features_far_from_zero_are_named():
    far = 20 * X + [0, -130, 0, 3000]
    with pytest.warns(
        FeatureScaleWarning,
        match=r"column 3 \(3e\+03\), column 1 \(1.3e\+02 from 0, deviation 2e\+01\);",
    ):
        warn_of_scale(far)


@pytest.mark.parametrize("factor", [1e-2, 1e-9, 1e-200])
def test_tiny_features_are_told(factor):
    match = rf"All features.*mean square is {factor:.1g}\. Put a StandardScaler"
    with pytest.warns(FeatureScaleWarning, match=match):
        warn_of_scale(factor * np.hstack([X / np.sqrt((X**2).mean(0)), X * 0]))


def test_many_large_features_are_counted():
    large = np.full((3, 12), 1e4)
    large[:, 3] = 9e4
    with pytest.warns(FeatureScaleWarning, match=r"badly: column 3 \(.* and 9 more;"):
        warn_of_scale(large)


def test_one_row_in_thousands_is_not_what_counts():
    rows = np.tile(X, (20, 1))
    rows[1] = 1e5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_scale(rows)


def test_estimators_name_the_column():
    frame = pd.DataFrame(X, columns=["age", "salary", "height", "weight"])
    frame["salary"] *= 1e5
    y = (X[:, :2] > 0).astype(int)
    estimator = HardSharingClassifier(max_epochs=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        with pytest.warns(FeatureScaleWarning, match=r"'salary' \(1e\+05\)") as caught:
            estimator.fit(frame, y)
    assert caught[0].filename == __file__


def test_batches_are_looked_at_too():
    large, y = X * [1, 1, 1e5, 1], (X[:, :2] > 0).astype(int)
    estimator = HardSharingClassifier(max_epochs=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        with pytest.warns(FeatureScaleWarning, match="column 2"):
            estimator.fit_batches([(large[:150], y[:150]), (large[150:], y[150:])])
