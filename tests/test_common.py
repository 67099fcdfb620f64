"""scikit-learn's own checks of estimators, for every public estimator."""

import os
import subprocess
import sys
from inspect import isclass

import pytest
from sklearn.utils import RegressorTags
from sklearn.utils.estimator_checks import parametrize_with_checks

import skmtl
from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    FisherSparseMTLRegressor,
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
    MaximumRoamingClassifier,
    MaximumRoamingMixed,
    MaximumRoamingRegressor,
    MTVIBClassifier,
    MTVIBMixed,
    MTVIBRegressor,
    RandomSparseMTLClassifier,
    RandomSparseMTLMixed,
    RandomSparseMTLRegressor,
    SelectiveSharingClassifier,
    SelectiveSharingMixed,
    SelectiveSharingRanker,
    SelectiveSharingRegressor,
    TaskRoutingClassifier,
    TaskRoutingMixed,
    TaskRoutingRegressor,
)

pytestmark = [
    # the checks fit random labels, which are related to nothing
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning"),
    # Some checks use features a hundred deviations from zero.
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.FeatureScaleWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]

# One batch of all rows and a decay that knows no row count: then weights of zero and
# two mean what leaving out and repeating rows mean.
QUICK = {"max_epochs": 20, "batch_size": 1000, "weight_decay": 0.01}
# In so few steps, units that come and go one after the other learn little.
ROAMING = {"keep_ratio": 0.8, "roaming": 0.3, **QUICK}


class RankerAsRegressor(HardSharingRanker):
    """A ranker that scikit-learn takes for a regressor, for the sake of its checks."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        return tags


# What differs in kind or in how it trains; the rest are relatives of these.
ESTIMATORS = [
    HardSharingClassifier(**QUICK),
    HardSharingClassifier(n_estimators=2, **QUICK),
    HardSharingRegressor(**QUICK),
    HardSharingMixed(task_types=["classification"], **QUICK),
    HardSharingMixed(task_types=["ranking"], **QUICK),
    HardSharingRanker(**QUICK),
    RankerAsRegressor(**QUICK),
    HierarchicalIBClassifier(**QUICK),
    HierarchicalIBRegressor(**QUICK),
    HierarchicalIBMixed(task_types=["regression"], marginal="learned", **QUICK),
    MTVIBClassifier(**QUICK),
    SelectiveSharingClassifier(window=5, sharing="random", **QUICK),
    SelectiveSharingRegressor(**QUICK),
    FisherSparseMTLClassifier(keep_ratio=0.2, masking="gradient", **QUICK),
    FisherSparseMTLRegressor(fisher="batch", importance="fisher", **QUICK),
    MaximumRoamingClassifier(**ROAMING),
]
RELATIVES = [
    HardSharingRegressor(n_estimators=2, **QUICK),
    HardSharingMixed(task_types=["regression"], **QUICK),
    HierarchicalIBClassifier(noise=None, **QUICK),
    HierarchicalIBClassifier(noise="shared", n_samples=30, **QUICK),
    HierarchicalIBRegressor(noise=None, residual="full", **QUICK),
    HierarchicalIBMixed(task_types=["classification"], noise="fixed", **QUICK),
    MTVIBRegressor(**QUICK),
    MTVIBMixed(task_types=["classification"], **QUICK),
    MTVIBMixed(task_types=["regression"], **QUICK),
    SelectiveSharingClassifier(**QUICK),
    SelectiveSharingRanker(**QUICK),
    SelectiveSharingMixed(task_types=["classification"], **QUICK),
    SelectiveSharingMixed(task_types=["regression"], **QUICK),
    FisherSparseMTLClassifier(**QUICK),
    FisherSparseMTLMixed(task_types=["classification"], fisher="predicted", **QUICK),
    FisherSparseMTLMixed(task_types=["regression"], importance="relative", **QUICK),
    RandomSparseMTLClassifier(**QUICK),
    RandomSparseMTLRegressor(**QUICK),
    RandomSparseMTLMixed(task_types=["classification"], **QUICK),
    RandomSparseMTLMixed(task_types=["regression"], **QUICK),
    TaskRoutingClassifier(**QUICK),
    TaskRoutingRegressor(**QUICK),
    TaskRoutingMixed(task_types=["classification"], **QUICK),
    TaskRoutingMixed(task_types=["regression"], **QUICK),
    MaximumRoamingRegressor(**ROAMING),
    MaximumRoamingMixed(task_types=["classification"], **ROAMING),
    MaximumRoamingMixed(task_types=["regression"], **ROAMING),
]
NOISY = {
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
    MTVIBClassifier,
    MTVIBMixed,
    MTVIBRegressor,
}

DRAWN_PER_ROW = {
    "check_sample_weight_equivalence_on_dense_data": (
        "noise is drawn for each row: a row that is repeated gets two draws, a row of "
        "weight two gets one"
    )
}


def expected_failures(estimator):
    drawn = type(estimator) in NOISY and getattr(estimator, "noise", "drawn")
    return DRAWN_PER_ROW if drawn else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(RELATIVES, expected_failed_checks=expected_failures)
def test_scikit_learn_checks_of_relatives(estimator, check):
    check(estimator)


def test_every_public_estimator_is_checked():
    public = {
        item
        for item in (getattr(skmtl, name) for name in skmtl.__all__)
        if isclass(item) and hasattr(item, "fit")
    }
    checked = {type(estimator) for estimator in [*ESTIMATORS, *RELATIVES]}
    assert public == checked - {RankerAsRegressor}


def test_only_the_drawn_noise_is_excused():
    checked = [*ESTIMATORS, *RELATIVES]
    excused = [estimator for estimator in checked if expected_failures(estimator)]
    assert {type(estimator) for estimator in excused} == NOISY
    assert all(getattr(own, "noise", "drawn") is not None for own in excused)
    assert len(DRAWN_PER_ROW) == 1


@pytest.mark.slow
def test_checks_with_array_api():
    """SciPy reads the variable when it is imported, hence the new process."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, __file__, "-m", "", "-k", "test_scikit_learn_checks"],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout[-3000:]
