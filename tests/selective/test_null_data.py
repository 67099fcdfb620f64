"""Data without groups, and copies of one task."""

import warnings

import numpy as np
import pytest

from skmtl import SelectiveSharingClassifier
from skmtl.datasets import make_multitask_classification
from skmtl.exceptions import TaskGroupWarning
from tests.selective._fits import BRIEF, fit


def random_labels(seed):
    random = np.random.RandomState(seed)
    X = random.normal(size=(300, 10))
    return X, (random.uniform(size=(300, 8)) < 0.5).astype(int)


def random_labels_of_two_rates(seed):
    random = np.random.RandomState(seed)
    X = random.normal(size=(300, 10))
    rates = np.repeat([0.1, 0.5], 4)
    return X, (random.uniform(size=(300, 8)) < rates).astype(int)


def unrelated(seed):
    data = make_multitask_classification(
        300, n_tasks=8, n_groups=8, n_features=20, random_state=seed
    )
    return data.data, data.target


@pytest.mark.parametrize("make", [random_labels, random_labels_of_two_rates, unrelated])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_merge_without_relations(make, seed):
    est = fit(SelectiveSharingClassifier, *make(seed), random_state=seed)
    assert est.n_branches_ == 8
    assert est.merge_history_ == []
    assert est.lock_epoch_ == 2


def test_a_message_says_why_tasks_stand_alone():
    X, y = random_labels(0)
    est = SelectiveSharingClassifier(random_state=0, **BRIEF)
    with pytest.warns(TaskGroupWarning, match="stand alone.*permuted labels"):
        est.fit(X, y)


def test_a_message_says_that_no_tasks_are_related_enough():
    data = make_multitask_classification(1500, n_tasks=4, n_groups=4, random_state=0)
    est = SelectiveSharingClassifier(random_state=0, **BRIEF)
    with pytest.warns(
        TaskGroupWarning, match="largest similarity.*min_similarity=0.25"
    ):
        est.fit(data.data, data.target)
    assert est.n_branches_ == 4


def said_of_merges(y, **parameters):
    """What a fit says of branches that were not merged, of independent features."""
    X = np.random.RandomState(0).normal(size=(400, 6))
    est = SelectiveSharingClassifier(random_state=0, **BRIEF, **parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TaskGroupWarning)
        est.fit(X, np.column_stack([X[:, :3] > 0, y]).astype(int))
    texts = [str(one.message) for one in caught]
    return [text for text in texts if "No branches" in text]


NOISE = np.random.RandomState(1).randint(2, size=(400, 2))


def test_tasks_with_a_signal_are_counted():
    [text] = said_of_merges(NOISE)
    assert "3 of the 5 tasks have a signal, but no two are related enough." in text


def test_unrelated_tasks_without_a_gate():
    [text] = said_of_merges(NOISE, min_reliability=None)
    assert "min_reliability=None lets every task share, but no two are related" in text


@pytest.mark.parametrize("representation", ["tensor_train", "mean", "gram"])
def test_what_tasks_were_compared_by(representation):
    chosen = {"representation": representation, "min_similarity": 0.95}
    [text] = said_of_merges(NOISE, **chosen)
    assert f"no two are related enough by representation={representation!r}." in text


def test_branches_that_were_asked_for_are_no_surprise():
    assert said_of_merges(NOISE, n_groups=5) == []


@pytest.mark.parametrize("n_copies", [2, 12])
def test_copies_of_a_task_share_one_branch(n_copies):
    data = make_multitask_classification(600, n_tasks=1, n_groups=1, random_state=0)
    y = np.repeat(data.target.reshape(-1, 1), n_copies, axis=1)
    est = fit(SelectiveSharingClassifier, data.data, y)
    assert est.n_branches_ == 1
    assert est.task_groups_.tolist() == [0] * n_copies


def test_a_task_and_its_negation_share_one_branch():
    data = make_multitask_classification(600, n_tasks=1, n_groups=1, random_state=0)
    y = data.target.reshape(-1, 1)
    est = fit(SelectiveSharingClassifier, data.data, np.hstack([y, 1 - y]))
    assert est.branch_of_.tolist() == [0, 0]


def test_grouping_anew_ends_after_quiet_epochs():
    X, y = random_labels(0)
    est = fit(SelectiveSharingClassifier, X, y, max_epochs=8, window=3, recluster=True)
    assert est.n_branches_ == 8
    assert est.lock_epoch_ == 3
