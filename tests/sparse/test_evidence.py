"""What masks tell of the tasks: groups where there are some, none on null data."""

import numpy as np
import pytest
from sklearn.base import clone

from skmtl import FisherSparseMTLClassifier, FisherSparseMTLRegressor
from skmtl.datasets import load_grouped_digits

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.TaskGroupWarning",
)
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(120, 8))
Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, np.digitize(X[:, 2], [-0.5, 0.5])])
QUICK = {
    "hidden_layer_sizes": (20, 16),
    "max_epochs": 10,
    "batch_size": 30,
    "random_state": 0,
    "device": "cpu",
}


@pytest.mark.parametrize("keep_ratio", [0.3, 0.5, 0.9])
def test_groups_of_digits(keep_ratio):
    digits, y = load_grouped_digits(return_X_y=True)
    est = FisherSparseMTLClassifier(
        keep_ratio=keep_ratio, max_epochs=40, random_state=0
    ).fit(digits, y)
    assert est.task_groups_.tolist() == [0, 0, 1, 1]
    evidence = "mask_overlap" if keep_ratio < 0.7 else "information_correlation"
    assert est.similarity_evidence_ == evidence
    within = est.task_similarity_[[0, 2], [1, 3]].min()
    assert within > est.task_similarity_[:2, 2:].max()


@pytest.mark.parametrize("n_tasks", [2, 8])
@pytest.mark.parametrize("keep_ratio", [0.3, 0.9])
def test_copies_of_a_task_are_one_group(n_tasks, keep_ratio):
    y = np.repeat(X[:, :1] + 0.5 * X[:, 1:2] > 0, n_tasks, axis=1)
    est = FisherSparseMTLClassifier(keep_ratio=keep_ratio, **QUICK).fit(X, y)
    assert est.task_groups_.tolist() == [0] * n_tasks


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "rates", [(0.5,) * 6, (0.1, 0.5) * 3], ids=["equal", "unequal"]
)
def test_random_labels_form_no_groups(seed, rates):
    random = np.random.RandomState(seed)
    rows = random.normal(size=(300, 8))
    y = random.uniform(size=(300, 6)) < np.array(rates)
    est = FisherSparseMTLClassifier(keep_ratio=0.3, **QUICK).fit(rows, y)
    assert est.task_groups_.tolist() == list(range(6))


@pytest.mark.parametrize("seed", range(3))
def test_unrelated_tasks_form_no_groups(seed):
    random = np.random.RandomState(seed)
    rows = random.normal(size=(1500, 8))
    y = rows[:, :6] + 0.3 * random.normal(size=(1500, 6)) > 0
    options = {**QUICK, "batch_size": 128}
    est = FisherSparseMTLClassifier(keep_ratio=0.3, **options).fit(rows, y)
    assert est.task_groups_.tolist() == list(range(6))


@pytest.mark.parametrize("fisher", ["magnitude", "random"])
def test_controls_are_no_evidence(fisher):
    est = FisherSparseMTLClassifier(fisher=fisher, **QUICK).fit(X, Y)
    assert est.similarity_evidence_ == "representation"
    assert not hasattr(est, "fisher_")


def test_representations_of_tasks():
    est = FisherSparseMTLRegressor(keep_ratio=0.3, **QUICK).fit(X, X[:, :2])
    each = [est.transform(X, task=task) for task in ("task_0", 1)]
    np.testing.assert_allclose(est.transform(X), np.mean(each, axis=0))
    assert not np.allclose(*each)
    single = clone(est).fit(X.astype("f4"), X[:, :2])
    assert single.transform(X, task=1).dtype == "f8"
    assert single.transform(X.astype("f4"), task=1).dtype == "f4"
    head = est.net_.module_.heads
    weight, bias = head.weight[1, 0].detach().numpy(), head.bias[1, 0].item()
    scale = X[:, 1].std()
    np.testing.assert_allclose(
        est.predict(X)[:, 1], (each[1] @ weight + bias) * scale + X[:, 1].mean()
    )
