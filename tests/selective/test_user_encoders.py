"""Groups of tasks behind a trunk that computes otherwise while it is trained."""

import numpy as np
import pytest
from torch import nn

from skmtl import SelectiveSharingClassifier
from tests.selective._fits import fit

MANY_ROWS = 385  # leave one in the last piece that passes the trunk


@pytest.fixture(scope="module")
def table():
    random = np.random.RandomState(0)
    X = random.normal(size=(MANY_ROWS, 10))
    mixed = [X[:, 0], X[:, 0] + 0.4 * X[:, 1], X[:, 2], X[:, 2] - 0.4 * X[:, 3]]
    return X, (np.column_stack(mixed) > 0).astype(int)


def normed(n_features):
    return nn.Sequential(nn.Linear(n_features, 16), nn.BatchNorm1d(16), nn.ReLU())


def dropping(rate):
    def encoder(n_features):
        return nn.Sequential(nn.Linear(n_features, 32), nn.ReLU(), nn.Dropout(rate))

    return encoder


@pytest.mark.parametrize(
    "parameters",
    [{}, {"representation": "mean", "recluster": True, "min_similarity": 0.99}],
    ids=["whitened", "mean"],
)
def test_norms_note_the_batches_of_training_only(table, parameters):
    common = {"encoder": normed, "batch_size": 77, "window": 2}
    est = fit(SelectiveSharingClassifier, *table, **common, **parameters)
    steps = sum(row["train_batch_count"] for row in est.net_.history)
    assert est.net_.module_.encoder.module[1].num_batches_tracked == steps
    assert est.merge_history_ or parameters


def test_dropped_units_do_not_blur_the_comparison(table):
    found = [
        fit(SelectiveSharingClassifier, *table, encoder=dropping(rate), window=1)
        for rate in (0.0, 0.9)
    ]
    plain, dropped = (est.task_reliability_ for est in found)
    np.testing.assert_array_equal(dropped, plain)


def test_tasks_are_compared_by_the_running_statistics_of_the_start(table):
    """However many batches have passed until the window closes."""
    common = {"encoder": normed, "batch_size": 77}
    found = [
        fit(SelectiveSharingClassifier, *table, **common, window=window)
        for window in (1, 9)
    ]
    early, late = (est.task_reliability_ for est in found)
    np.testing.assert_array_equal(late, early)
