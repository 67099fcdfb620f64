"""What a fit says of tasks that form no group."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClusterMixin

from skmtl import (
    HardSharingClassifier,
    HardSharingRegressor,
    HierarchicalIBRegressor,
    SelectiveSharingClassifier,
)
from skmtl._base._relations import warn_of_unrelated_tasks
from skmtl.exceptions import TaskGroupWarning

QUICK = {"hidden_layer_sizes": (16,), "max_epochs": 5, "random_state": 0}
X = np.random.RandomState(0).normal(size=(400, 6))
UNRELATED = (X[:, :3] > 0).astype(int)


def messages(estimator, y):
    """Texts of the warnings on groups that a fit gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, y)
    return [str(one.message) for one in caught if one.category is TaskGroupWarning]


@pytest.mark.parametrize("n_tasks", [2, 3])
def test_learnable_tasks_that_are_unrelated(n_tasks):
    estimator = HardSharingClassifier(**QUICK)
    [text] = messages(estimator, UNRELATED[:, :n_tasks])
    assert f"{n_tasks} of the {n_tasks} tasks have a signal" in text
    assert "no two of them are related enough" in text
    assert (estimator.task_similarity_ == np.eye(n_tasks)).all()
    assert "All similarities are 0 (`min_similarity=0.25`)" in text
    assert len(set(estimator.task_groups_)) == n_tasks


def test_names_of_the_closest_pair():
    y = np.column_stack([X[:, 2], X[:, 0], X[:, 1], X[:, 0] + 2 * X[:, 4]])
    estimator = HierarchicalIBRegressor(**QUICK, min_similarity=0.99)
    [text] = messages(estimator, y)
    assert "of 'task_1' and 'task_3' (`min_similarity=0.99`)" in text


@pytest.mark.parametrize("n_tasks", [2, 3])
def test_density_clustering_of_few_tasks(n_tasks):
    y = np.column_stack([UNRELATED[:, 0], UNRELATED[:, 0], UNRELATED[:, 1]])
    estimator = HardSharingClassifier(**QUICK, clustering="hdbscan")
    [text] = messages(estimator, y[:, :n_tasks])
    assert "clustering='hdbscan' needs at least 4 tasks" in text
    assert f"there are {n_tasks}. Use clustering='gap'." in text
    assert messages(HardSharingClassifier(**QUICK), y[:, :n_tasks]) == []


class Lonely(ClusterMixin, BaseEstimator):
    """Puts each task into a group of its own."""

    metric = "precomputed"

    def fit(self, X, y=None):
        self.labels_ = np.arange(len(X))
        return self


def test_clustering_that_leaves_related_tasks_alone():
    y = np.column_stack([UNRELATED[:, 0], UNRELATED[:, 0], UNRELATED[:, 1]])
    [text] = messages(HardSharingClassifier(**QUICK, clustering=Lonely()), y)
    assert "clustering=Lonely() left every task alone" in text


@pytest.mark.parametrize(
    ("largest", "said"),
    [
        (0.0, r"All similarities are 0 \(`min"),
        (0.001, r"The largest similarity is 0.001, of 'a' and 'c' \(`min"),
    ],
)
def test_a_pair_is_named_only_where_it_is_the_closest(largest, said):
    similarity = np.eye(3)
    similarity[0, 2] = similarity[2, 0] = largest
    attributes = {
        "task_similarity_": similarity,
        "task_groups_": np.arange(3),
        "task_reliability_": np.ones(3),
        "task_null_": np.zeros(3),
    }
    with pytest.warns(TaskGroupWarning, match=said):
        warn_of_unrelated_tasks(attributes, ["a", "b", "c"], HardSharingClassifier())


@pytest.mark.parametrize(
    "y",
    [
        UNRELATED[:, 0],
        np.column_stack([UNRELATED[:, 0], UNRELATED[:, 0]]),
        np.column_stack([UNRELATED[:, :2], UNRELATED[:, 0] ^ (X[:, 0] > 2)]),
    ],
    ids=["one task", "related", "two of three related"],
)
def test_nothing_is_said_of_groups(y):
    assert messages(HardSharingClassifier(**QUICK), y) == []


def test_nothing_is_said_where_the_number_is_given():
    assert messages(HardSharingClassifier(**QUICK, n_groups=3), UNRELATED) == []


def test_tasks_without_a_signal_are_told_once():
    noise = np.random.RandomState(1).randint(2, size=(400, 2))
    y = np.column_stack([UNRELATED[:, 0], noise])
    [text] = messages(HardSharingClassifier(**QUICK), y)
    assert "permuted labels" in text


def silent_tasks():
    """Three tasks with a signal, and two whose labels are drawn by lot."""
    noise = np.random.RandomState(1).randint(2, size=(400, 2))
    return np.column_stack([UNRELATED, noise])


@pytest.mark.parametrize(
    ("estimator", "cause"),
    [
        (HardSharingClassifier(**QUICK, n_groups=1), "n_groups=1 gives the number"),
        (SelectiveSharingClassifier(**QUICK, n_groups=1), "n_groups=1 gives the num"),
        (
            SelectiveSharingClassifier(**QUICK, sharing=[0] * 5),
            "`sharing` gives the groups",
        ),
    ],
    ids=["hard", "number", "given"],
)
def test_tasks_without_a_signal_in_groups_that_were_asked_for(estimator, cause):
    [text] = messages(estimator, silent_tasks())
    assert estimator.task_groups_.tolist() == [0] * 5
    assert text.startswith("Task(s) 'task_3', 'task_4' have no signal to relate them")
    assert f"in groups with others in `task_groups_` only because {cause}" in text
    assert "permuted labels" in text
    assert "alone" not in text


@pytest.mark.parametrize(
    "estimator",
    [
        HardSharingClassifier(**QUICK, n_groups=2),
        SelectiveSharingClassifier(**QUICK, sharing=[0, 1, 2, 1, 3]),
    ],
    ids=["number", "given"],
)
def test_only_tasks_that_share_a_group_are_said_to(estimator):
    together, alone = sorted(messages(estimator, silent_tasks()), key=len)[::-1]
    sizes = np.bincount(estimator.task_groups_)[estimator.task_groups_]
    for task in (3, 4):
        told, not_told = (alone, together) if sizes[task] == 1 else (together, alone)
        assert f"'task_{task}'" in told.partition(":")[0]
        assert f"'task_{task}'" not in not_told
    assert "stand alone" in alone
    assert "only because" in together


def test_a_target_that_does_not_vary_in_a_group_that_was_asked_for():
    y = np.column_stack([X[:, 0], np.zeros(400)])
    [text] = messages(HardSharingRegressor(**QUICK, n_groups=1), y)
    assert "only because n_groups=1 gives the number of groups: their target" in text


def test_noise_learnt_by_heart_is_hinted_at():
    noise = np.random.RandomState(1).normal(size=(400, 2))
    estimator = HardSharingRegressor(max_epochs=150, weight_decay=0, random_state=0)
    [text] = messages(estimator, noise)
    assert estimator.score(X, noise) > 0.5
    assert estimator.score(X[::-1], noise) < 0
    assert "learn such labels by heart: trust scores of rows that it did not" in text
