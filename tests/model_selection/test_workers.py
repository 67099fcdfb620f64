"""Shares of the work, and how many processes it is worth."""

import joblib
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import HardSharingClassifier
from skmtl.model_selection import _workers
from skmtl.model_selection._evaluation import Cell
from skmtl.model_selection._workers import count_workers, share_out

X = np.zeros((1000, 3))
# 1,000 rows in batches of 100: ten steps an epoch
LONG = HardSharingClassifier(batch_size=100, max_epochs=100, device="cpu")
SHORT = HardSharingClassifier(batch_size=100, max_epochs=5, device="cpu")
SIZES = [(1, [12]), (3, [4, 4, 4]), (2, [6, 6]), (5, [3, 3, 2, 2, 2]), (99, [1] * 12)]


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(_workers, "cpu_count", lambda: 2)


def grid(n_heads):
    return [Cell(c, fold, {}, c % n_heads, None) for c in range(4) for fold in range(3)]


@pytest.mark.parametrize(("n_workers", "sizes"), SIZES)
@pytest.mark.parametrize("n_heads", [1, 2])
def test_whole_shares(n_workers, sizes, n_heads):
    cells = grid(n_heads)
    shares = share_out(cells, n_workers, whole=True)
    assert [len(share) for share in shares] == sizes
    assert sorted(np.concatenate(shares)) == list(range(12))
    if n_workers == 3:
        for share in shares:
            assert len({cells[place].fold for place in share}) == 1
            heads = [cells[place].head for place in share]
            assert heads == sorted(heads)


def test_shares_of_every_fold():
    cells = grid(1)
    shares = share_out(cells, 2, whole=False)
    assert sorted(np.concatenate(shares)) == list(range(12))
    for share in shares:
        folds = [cells[place].fold for place in share]
        assert np.bincount(folds).tolist() == [2, 2, 2]


def test_few_candidates_are_shared_out_by_folds():
    cells = grid(1)[:3]
    shares = share_out(cells, 2, whole=False)
    assert [len(share) for share in shares] == [2, 1]


def test_processes_where_the_work_is_worth_their_start():
    assert count_workers(None, 99, LONG, X) == 1
    assert count_workers(None, 100, LONG, X) == 2
    assert count_workers(None, 100, SHORT, X) == 1
    assert count_workers(None, 100, SHORT.set_params(max_epochs=100), X.tolist()) == 2
    members = HardSharingClassifier(**{**LONG.get_params(), "n_estimators": 50})
    assert count_workers(None, 2, members, X) == 2
    pipeline = make_pipeline(StandardScaler(), LONG)
    assert count_workers(None, 100, pipeline, X) == 2


def test_what_the_user_says_counts():
    assert count_workers(1, 100, LONG, X) == 1
    assert count_workers(3, 1, SHORT, X) == 3
    with joblib.parallel_config(n_jobs=5):
        assert count_workers(None, 1, SHORT, X) == 5


def test_one_process_for_an_accelerator_and_within_a_worker(monkeypatch):
    cuda = HardSharingClassifier(**{**LONG.get_params(), "device": "meta"})
    assert count_workers(None, 100, cuda, X) == 1
    monkeypatch.setattr(_workers, "current_process", lambda: Worker)
    assert count_workers(None, 100, LONG, X) == 1


class Worker:
    name = "LokyProcess-1"
