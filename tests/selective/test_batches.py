"""Groups of tasks whose rows come in batches."""

import numpy as np
import pytest

from skmtl import FisherSparseMTLClassifier, SelectiveSharingClassifier

N_BATCHES = 30


class Reader:
    """Batches from a file with one cursor; notes which are read."""

    def __init__(self, batches):
        self.batches, self.at, self.read = batches, 0, []

    def __iter__(self):
        self.at = 0
        while self.at < len(self.batches):
            self.read.append(self.at)
            self.at += 1
            yield self.batches[self.at - 1]


@pytest.fixture(scope="module")
def batches():
    """The later ones alone hold labels of two tasks, and values of a feature."""
    random = np.random.RandomState(0)
    X = random.normal(size=(400 * N_BATCHES, 5))
    X[: len(X) // 2, 4] = 0
    scores = X[:, :4] @ [[1, 1, 0, 0], [0, 0.3, 0, 0], [0, 0, 1, 1], [0, 0, 0, -0.3]]
    y = (scores > 0).astype(float)
    y[: len(y) // 2, 2:] = np.nan
    return list(zip(np.split(X, N_BATCHES), np.split(y, N_BATCHES), strict=True))


@pytest.mark.parametrize(
    "estimator", [SelectiveSharingClassifier, FisherSparseMTLClassifier]
)
def test_every_epoch_reads_each_batch_once(batches, estimator):
    reader = Reader([(X[:20], y[:20]) for X, y in batches[-8:]])
    est = estimator(max_epochs=2, random_state=0).fit_batches(reader)
    assert reader.read == 3 * list(range(8))  # the first pass included
    assert [row["train_batch_count"] for row in est.net_.history] == [8, 8]


def test_groups_do_not_hang_on_where_in_the_stream_the_labels_are(batches):
    est = SelectiveSharingClassifier(max_epochs=1, random_state=0).fit_batches(batches)
    assert est.branch_of_.tolist() == [0, 0, 1, 1]
    assert (est.task_reliability_ > 0.9).all()


def test_fisher_information_is_read_from_rows_of_the_whole_stream(batches):
    est = FisherSparseMTLClassifier(max_epochs=1, n_fisher_samples=256, random_state=0)
    first, *_ = est.fit_batches(batches).net_.module_.information()
    assert first[..., 4].any()
