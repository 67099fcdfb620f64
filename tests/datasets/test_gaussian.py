"""The closed form against optimisation over channels, and the data against both."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize

from skmtl.datasets import make_gaussian_tasks
from skmtl.exceptions import InputError

CORRELATIONS = [[0.95, 0.8, 0.4], [0.7], [0.0, 0.6]]
BETAS = [0.01, 0.05, 0.2, 0.5, 0.7, 0.95]


def mutual_information(channel, covariance, residual):
    """I(X; W) and I(W; Y) of W = channel @ X + N(0, 1), from determinants."""
    noisy, unexplained = (
        np.linalg.slogdet(np.eye(len(channel)) + channel @ c @ channel.T)[1] / 2
        for c in (covariance, residual)
    )
    return noisy, noisy - unexplained


def best_channel(covariance, residual, beta):
    """Information of the best of all linear channels, found numerically."""
    size = len(covariance)

    def objective(flat):
        taken, relevant = mutual_information(
            flat.reshape(size, size), covariance, residual
        )
        return beta * taken - relevant

    random = np.random.default_rng(0)
    found = [
        minimize(objective, scale * random.normal(size=size * size), method="BFGS")
        for scale in (0.3, 1.0, 3.0)
    ]
    best = min(found, key=lambda one: one.fun)
    taken, relevant = mutual_information(
        best.x.reshape(size, size), covariance, residual
    )
    return best.fun, taken, relevant


def residual_covariance(covariance, cross, own):
    """Covariance of X given Y."""
    return covariance - cross @ np.linalg.solve(own, cross.T)


@pytest.mark.parametrize("beta", BETAS)
def test_no_linear_channel_does_better_and_the_best_one_reaches_the_curve(beta):
    tasks = make_gaussian_tasks(
        2, 4, correlations=[[0.95, 0.6, 0.3]], rotate=True, random_state=0
    )
    coef, covariance = tasks.coef, np.eye(4)
    own = coef @ coef.T + np.diag(1 - (coef**2).sum(axis=1))
    objective, taken, relevant = best_channel(
        covariance, residual_covariance(covariance, coef.T, own), beta
    )
    curve = tasks.curve(beta)
    assert curve.objective[0] == pytest.approx(objective, abs=1e-6)
    assert curve.information[0] == pytest.approx(taken, abs=5e-3)
    assert curve.relevance[0] == pytest.approx(relevant, abs=5e-3)


def test_eigenvalues_are_those_of_the_data_under_any_linear_map():
    tasks = make_gaussian_tasks(
        200_000, 7, correlations=CORRELATIONS, rotate=True, random_state=0
    )
    mixing = np.random.default_rng(0).normal(size=(7, 7))
    X = tasks.data @ mixing
    for task, expected in enumerate(tasks.eigenvalues):
        Y = tasks.target[:, tasks.task_of_target == task]
        joint = np.cov(np.hstack([X, Y]), rowvar=False)
        covariance = joint[:7, :7]
        given = residual_covariance(covariance, joint[:7, 7:], joint[7:, 7:])
        found = np.linalg.eigvals(given @ np.linalg.inv(covariance))
        np.testing.assert_allclose(np.sort(found.real), expected, atol=0.01)


def test_curve_is_the_legendre_transform_of_information():
    """The slope of the objective in beta is I(X; W); the frontier is concave."""
    tasks = make_gaussian_tasks(2, 6, correlations=CORRELATIONS, random_state=0)
    betas = np.linspace(0.02, 0.98, 500)
    curve = tasks.curve(betas)
    assert curve.information.shape == (500, 3)
    slope = np.gradient(curve.objective, betas, axis=0)
    np.testing.assert_allclose(
        slope[5:-5], curve.information[5:-5], rtol=1e-3, atol=2e-3
    )
    assert (np.diff(curve.information, axis=0) <= 0).all()
    assert (np.diff(curve.relevance, axis=0) <= 0).all()
    assert (curve.relevance <= curve.information).all()


def test_a_direction_opens_where_the_price_falls_below_its_squared_correlation():
    curve = make_gaussian_tasks(2, 1, correlations=[[0.8]], random_state=0).curve
    for beta in (0.6401, 0.9, 1.0, 5.0):
        closed = curve(beta)
        assert closed.information == closed.relevance == closed.objective == 0
    assert curve(0.6399).information > 0


def test_cheap_information_reaches_the_mutual_information_of_the_data():
    tasks = make_gaussian_tasks(2, 6, correlations=CORRELATIONS, random_state=0)
    expected = [-0.5 * np.log1p(-np.square(own)).sum() for own in CORRELATIONS]
    np.testing.assert_allclose(tasks.curve(1e-9).relevance, expected, atol=1e-6)


def test_targets_have_the_moments_that_were_asked_for():
    tasks = make_gaussian_tasks(100_000, 6, correlations=CORRELATIONS, random_state=1)
    np.testing.assert_allclose(np.cov(tasks.target.T), np.eye(6), atol=0.02)
    np.testing.assert_allclose(np.cov(tasks.data.T), np.eye(6), atol=0.02)
    residual = tasks.target - tasks.data @ tasks.coef.T
    assert np.abs(residual.T @ tasks.data / 100_000).max() < 0.02
    flat = np.concatenate(CORRELATIONS)
    found = [
        np.corrcoef(y, x)[0, 1]
        for y, x in zip(tasks.target.T, tasks.data.T, strict=True)
    ]
    np.testing.assert_allclose(found, flat, atol=0.01)
    assert tasks.task_of_target.tolist() == [0, 0, 0, 1, 2, 2]


def test_predictors_of_tasks_are_disjoint():
    for rotate in (False, True):
        coef = make_gaussian_tasks(
            2, 5, correlations=[[0.9, 0.5], [0.8]], rotate=rotate, random_state=0
        ).coef
        np.testing.assert_allclose(
            coef @ coef.T, np.diag([0.81, 0.25, 0.64]), atol=1e-12
        )
        assert (np.count_nonzero(coef, axis=1) > 1).all() == rotate


def test_features_and_noise_depend_on_the_seed_only():
    plain = make_gaussian_tasks(20, 3, correlations=[[0.5]], random_state=0)
    other = make_gaussian_tasks(
        20, 3, correlations=[[0.9], [0.1]], rotate=True, random_state=0
    )
    np.testing.assert_array_equal(plain.data, other.data)
    again = make_gaussian_tasks(20, 3, correlations=[[0.5]], random_state=0)
    np.testing.assert_array_equal(plain.target, again.target)


def test_entropy_is_that_of_standard_normal_targets():
    tasks = make_gaussian_tasks(2, 6, correlations=CORRELATIONS, random_state=0)
    np.testing.assert_allclose(tasks.entropy, np.array([3, 1, 2]) * 1.4189385332)


def test_tasks_can_be_pickled():
    tasks = pickle.loads(pickle.dumps(make_gaussian_tasks(5, random_state=0)))
    assert tasks.curve(0.1).information > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"correlations": [0.5, 0.3]}, r"`correlations`.*one per task.*\[0.5, 0.3\]"),
        ({"correlations": []}, "`correlations`.*sequence of sequences"),
        ({"correlations": [[0.5], []]}, "`correlations`.*sequence of sequences"),
        ({"correlations": 0.5}, "`correlations`.*Found 0.5"),
        ({"correlations": [[0.5], [1.0]]}, r"`correlations\[1\]`.*\[0.0, 1.0\).*1.0"),
        ({"correlations": [[-0.5]]}, r"`correlations\[0\]`.*Found -0.5"),
        ({"n_features": 2}, "`n_features`.*at least 3.*Found 2"),
        ({"n_samples": 0}, "`n_samples`.*integer >= 1"),
        ({"rotate": "yes"}, "`rotate`.*True or False"),
    ],
)
def test_parameter_errors(options, message):
    with pytest.raises(InputError, match=message):
        make_gaussian_tasks(random_state=0, **options)


@pytest.mark.parametrize("beta", [0, -1.0, [0.1, np.nan], np.inf])
def test_a_price_is_positive(beta):
    with pytest.raises(InputError, match="`beta` must be positive"):
        make_gaussian_tasks(5, random_state=0).curve(beta)
