import numpy as np
import pytest

from skmtl.datasets import make_multitask_classification, make_multitask_regression
from skmtl.exceptions import InputError

MAKERS = [make_multitask_classification, make_multitask_regression]
both_makers = pytest.mark.parametrize("make", MAKERS)


def cosines(coef):
    flat = coef.reshape(len(coef), -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return flat @ flat.T


def same_group(groups):
    return groups[:, None] == groups


@both_makers
@pytest.mark.parametrize(("n_tasks", "n_groups"), [(12, 4), (7, 3), (5, 1), (6, 6)])
def test_groups_are_even_runs(make, n_tasks, n_groups):
    groups = make(n_tasks=n_tasks, n_groups=n_groups, random_state=0).groups
    sizes = np.bincount(groups)
    assert len(groups) == n_tasks
    assert len(sizes) == n_groups
    assert np.ptp(sizes) <= 1
    assert (np.diff(groups) >= 0).all()


@both_makers
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("negate", [False, True])
def test_directions_agree_with_groups(make, seed, negate):
    tasks = make(negate=negate, spread=0.3, random_state=seed)
    cosine = np.abs(cosines(tasks.coef))
    related = same_group(tasks.groups)
    # Two directions at an angle arctan(.3) from the centre each.
    assert cosine[related].min() >= np.cos(2 * np.arctan(0.3)) - 1e-12
    assert cosine[~related].max() < 1e-12
    assert cosine[related & ~np.eye(12, dtype=bool)].max() < 1 - 1e-6


@both_makers
def test_no_spread_gives_copies(make):
    tasks = make(spread=0, random_state=0)
    related = same_group(tasks.groups)
    np.testing.assert_allclose(cosines(tasks.coef)[related], 1)
    for group in range(4):
        members = tasks.clean_target[:, tasks.groups == group]
        np.testing.assert_allclose(members - members[:, :1], 0, atol=1e-12)


@both_makers
@pytest.mark.parametrize("nonlinear", [False, True])
def test_targets_correlate_within_groups_only(make, nonlinear):
    tasks = make(4000, nonlinear=nonlinear, random_state=0)
    correlation = np.corrcoef(tasks.target.T)
    related = same_group(tasks.groups)
    assert correlation[related].min() > 0.6
    assert np.abs(correlation[~related]).max() < 6 / np.sqrt(4000)


@both_makers
@pytest.mark.parametrize("nonlinear", [False, True])
def test_negated_tasks_oppose_their_group(make, nonlinear):
    plain = make(2000, nonlinear=nonlinear, random_state=0)
    tasks = make(2000, nonlinear=nonlinear, negate=True, random_state=0)
    np.testing.assert_array_equal(tasks.groups, plain.groups)
    sign = np.array([1, -1, 1] * 4)
    np.testing.assert_allclose(tasks.coef, sign[:, None] * plain.coef)
    correlation = np.corrcoef(tasks.target.T)
    for first in range(0, 12, 3):
        assert correlation[first, first + 1] < -0.6
        assert correlation[first + 1, first + 2] < -0.6
        assert correlation[first, first + 2] > 0.6


@both_makers
def test_a_seed_fixes_everything(make):
    first, again = (make(200, missing=0.3, random_state=5) for _ in range(2))
    other = make(200, missing=0.3, random_state=6)
    assert set(first) == set(again)
    for key in ("data", "target", "clean_target", "coef"):
        np.testing.assert_array_equal(first[key], again[key])
        assert (first[key] != other[key]).any()
    assert (np.isnan(first.target) != np.isnan(other.target)).any()


@pytest.mark.parametrize("noise", [0.0, 0.1, 2.0])
def test_noise_is_in_units_of_the_clean_target(noise):
    tasks = make_multitask_regression(4000, noise=noise, random_state=0)
    residual = tasks.target - tasks.clean_target
    np.testing.assert_allclose(residual.std(axis=0), noise, rtol=0.06)
    np.testing.assert_allclose(tasks.clean_target.std(axis=0), 1, rtol=0.06)


def test_linear_share_of_a_nonlinear_target():
    tasks = make_multitask_regression(
        50000, nonlinear=True, negate=True, random_state=0
    )
    np.testing.assert_allclose(tasks.clean_target.var(axis=0), 1, rtol=0.05)
    projection = tasks.data @ tasks.coef.T
    slope = (projection * tasks.clean_target).mean(axis=0)
    np.testing.assert_allclose(slope, np.sqrt(0.2), atol=0.03)


def test_random_state_instance_advances():
    random_state = np.random.RandomState(0)
    first = make_multitask_regression(50, random_state=random_state)
    second = make_multitask_regression(50, random_state=random_state)
    assert (first.data != second.data).all()


@both_makers
def test_global_seed_is_left_alone(make):
    before = np.random.get_state()[1].copy()
    make(50, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@both_makers
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 1}, "`n_samples`.*integer >= 2.*Found 1"),
        ({"n_samples": 10.5}, "`n_samples`.*Found 10.5"),
        ({"n_tasks": 0}, "`n_tasks`.*integer >= 1.*Found 0"),
        ({"n_tasks": True}, "`n_tasks`.*Found True"),
        ({"n_groups": 13}, "`n_groups`.*at most `n_tasks` = 12.*Found 13"),
        ({"n_features": 7}, "`n_features`.*at least 8.*Found 7"),
        ({"n_features": 3, "spread": 0}, "`n_features`.*at least 4.*Found 3"),
        ({"spread": -0.1}, r"`spread`.*\[0.0, inf\).*Found -0.1"),
        ({"missing": 1.0}, r"`missing`.*\[0.0, 1.0\).*Found 1.0"),
        ({"missing": np.nan}, "`missing`.*Found nan"),
        ({"missing": 0.1, "one_task_per_row": True}, "`missing` must be 0.*Found 0.1"),
        ({"n_samples": 20, "one_task_per_row": True}, "`n_samples`.*at least 24"),
        ({"negate": 1}, "`negate`.*True or False.*Found 1"),
        ({"nonlinear": "sine"}, "`nonlinear`.*Found 'sine'"),
    ],
)
def test_parameter_errors(make, options, message):
    with pytest.raises(InputError, match=message):
        make(random_state=0, **options)


def test_regression_parameter_errors():
    with pytest.raises(InputError, match=r"`noise`.*Found -1"):
        make_multitask_regression(noise=-1)
