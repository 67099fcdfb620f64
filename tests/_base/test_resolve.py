import numpy as np
import pytest

from skmtl import HardSharingRegressor

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

N_ROWS = 400


def fitted_decay(fit, X, y):
    est = HardSharingRegressor(max_epochs=1, hidden_layer_sizes=(), random_state=0)
    fit(est, X, y)
    return est.net_.settings.weight_decay


def whole(est, X, y):
    est.fit(X, y)


def in_batches(est, X, y):
    est.fit_batches([(X[:150], y[:150]), (X[150:], y[150:])])


@pytest.fixture
def tables():
    random = np.random.default_rng(0)
    return random.normal(size=(N_ROWS, 3)), random.normal(size=(N_ROWS, 4))


@pytest.mark.parametrize("fit", [whole, in_batches])
def test_decay_falls_with_the_rows_where_no_label_is_missing(fit, tables):
    assert fitted_decay(fit, *tables) == pytest.approx(200 / N_ROWS)


@pytest.mark.parametrize("fit", [whole, in_batches])
def test_decay_counts_rows_and_labels_alike(fit, tables):
    X, y = tables
    y[np.arange(4) != np.arange(N_ROWS)[:, None] % 4] = np.nan
    expected = 200 / np.sqrt(N_ROWS * N_ROWS / 4)
    assert fitted_decay(fit, X, y) == pytest.approx(expected)


def test_rows_without_labels_change_no_decay(tables):
    X, y = tables
    more = np.vstack([y, np.full_like(y, np.nan)])
    found = fitted_decay(whole, np.vstack([X, X]), more)
    assert found == fitted_decay(whole, X, y)


@pytest.mark.parametrize(("n_rows", "expected"), [(20, 1.0), (30_000, 0.01)])
def test_decay_stays_within_bounds(n_rows, expected):
    X = np.random.default_rng(0).normal(size=(n_rows, 1))
    assert fitted_decay(whole, X, X) == expected
