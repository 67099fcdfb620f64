"""What selective sharing promises beside the common contract."""

import numpy as np
import pytest
import torch
from sklearn.cluster import AgglomerativeClustering

from skmtl import (
    SelectiveSharingClassifier,
    SelectiveSharingMixed,
    SelectiveSharingRanker,
    SelectiveSharingRegressor,
)
from skmtl.datasets import make_multitask_classification, make_multitask_regression
from skmtl.exceptions import ConvergenceError, InputError, TaskGroupWarning
from skmtl.model_selection import fit_stack
from tests.selective._fits import BRIEF, QUICK, fit, tables


@pytest.fixture(scope="module")
def planted():
    return make_multitask_classification(
        1500, n_tasks=6, n_groups=3, label_flip=0.1, random_state=0
    )


# ---- data with groups


def test_planted_groups_share(planted):
    est = fit(SelectiveSharingClassifier, planted.data, planted.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]
    assert est.n_branches_ == 3
    assert est.task_groups_.tolist() == est.branch_of_.tolist()
    assert est.task_linkage_.shape == (5, 4)
    assert (est.task_reliability_ > est.task_null_).all()


@pytest.mark.parametrize(
    "estimator", [SelectiveSharingRegressor, SelectiveSharingRanker]
)
def test_groups_of_numbers_and_of_orders(estimator):
    data = make_multitask_regression(600, n_tasks=4, n_groups=2, random_state=0)
    est = fit(estimator, data.data, data.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1]


def test_tasks_of_different_kinds_share():
    random = np.random.RandomState(0)
    X = random.normal(size=(600, 5))
    y = np.column_stack([X[:, 0] > 0, X[:, 0] + X[:, 1] ** 2 / 9, X[:, 2] > 0, X[:, 2]])
    est = fit(SelectiveSharingMixed, X, y)
    assert est.branch_of_.tolist() == [0, 0, 1, 1]


def test_labels_may_be_missing_or_one_a_row():
    data = make_multitask_classification(
        3000, n_tasks=4, n_groups=2, one_task_per_row=True, random_state=0
    )
    est = fit(SelectiveSharingClassifier, data.data, data.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1]
    holes = make_multitask_classification(
        1500, n_tasks=4, n_groups=2, missing=0.5, random_state=0
    )
    est = fit(SelectiveSharingClassifier, holes.data, holes.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1]


def test_each_member_has_its_own_groups(planted):
    X, y = planted.data, planted.target
    common = {**BRIEF, "window": 3}
    estimators = [
        SelectiveSharingClassifier(sharing="random", random_state=seed, **common)
        for seed in range(5)
    ]
    found = fit_stack(estimators, X, y)
    assert len({tuple(est.branch_of_) for est in found}) > 1
    for est, alone in zip(found, estimators, strict=True):
        alone.fit(X, y)
        assert est.branch_of_.tolist() == alone.branch_of_.tolist()
        np.testing.assert_allclose(
            est.predict_proba(X)[0], alone.predict_proba(X)[0], atol=1e-10
        )


def test_members_of_an_ensemble_are_told_apart(planted):
    X, y = planted.data, planted.target
    est = fit(SelectiveSharingClassifier, X, y, n_estimators=2, sharing="random")
    assert est.branch_of_.shape == (2, 6)
    assert est.n_branches_.tolist() == [3, 3]
    assert [len(own) for own in est.merge_history_] == [1, 1]
    assert est.lock_epoch_ == [1, 1]
    # the groups of the mean similarity, not those that were drawn
    assert est.task_groups_.tolist() == [0, 0, 1, 1, 2, 2]


# ---- what is remembered


def test_history_of_the_merge(planted):
    est = fit(SelectiveSharingClassifier, planted.data, planted.target)
    [event] = est.merge_history_
    assert (event["epoch"], event["step"]) == (1, 10)
    assert event["groups"] == est.branch_of_.tolist()
    assert event["loss_before"] == pytest.approx(event["loss_after"], rel=0.1)
    assert event["parameters_after"] == est.n_parameters_
    branch = 64 * 64 + 64
    assert event["parameters_before"] - event["parameters_after"] == 3 * branch
    assert est.lock_epoch_ == 1
    settled = est.net_.module_.parameters()
    assert sum(own.numel() for own in settled) == est.n_parameters_


def test_given_groups_are_used():
    X, y = tables()
    est = fit(SelectiveSharingClassifier, X, y, **{**QUICK, "sharing": list("abab")})
    assert est.branch_of_.tolist() == [0, 1, 0, 1]
    assert est.task_groups_.tolist() == [0, 1, 0, 1]
    assert est.merge_history_[0]["step"] == 4


def test_a_window_longer_than_the_training_merges_nothing(planted):
    est = SelectiveSharingClassifier(
        representation="mean", max_epochs=1, batch_size=500, random_state=0
    )
    with pytest.warns(TaskGroupWarning, match="first 80 steps.*Lower `window`"):
        est.fit(planted.data, planted.target)
    assert est.n_branches_ == 6
    assert est.merge_history_ == []
    assert est.lock_epoch_ is None


def test_groups_known_before_training_are_merged_at_once(planted):
    est = SelectiveSharingClassifier(max_epochs=2, batch_size=500, random_state=0)
    est.fit(planted.data, planted.target)
    assert [event["step"] for event in est.merge_history_] == [1]


def test_the_window_goes_on_over_calls(planted):
    est = SelectiveSharingClassifier(window=5, batch_size=500, random_state=0)
    with pytest.warns(TaskGroupWarning, match="No branches were merged"):
        est.partial_fit(planted.data, planted.target)
    assert est.n_branches_ == 6
    est.partial_fit(planted.data, planted.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]
    est.partial_fit(planted.data, planted.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_warm_start_keeps_the_branches(planted):
    est = fit(SelectiveSharingClassifier, planted.data, planted.target, warm_start=True)
    est.fit(planted.data, planted.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]
    assert est.net_.module_.branches.n_stored == 3
    assert len(est.merge_history_) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"sharing": [0, 0, 0, 1, 1, 1]},
        {"sharing": "random"},
        {"clustering": AgglomerativeClustering(metric="precomputed", linkage="single")},
        {"min_similarity": 0.9},
        {"merge": "mean"},
    ],
    ids=lambda changed: "_".join([*changed, type(*changed.values()).__name__]),
)
def test_a_warm_start_cannot_part_branches(planted, changed):
    est = fit(SelectiveSharingClassifier, planted.data, planted.target, warm_start=True)
    [name] = changed
    est.set_params(**changed)
    with pytest.raises(InputError, match=f"found another `{name}`, .* instead of"):
        est.fit(planted.data, planted.target)
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_warm_start_may_choose_anew_before_branches_merge(planted):
    est = SelectiveSharingClassifier(
        window=1000, max_epochs=1, batch_size=500, random_state=0, warm_start=True
    )
    with pytest.warns(TaskGroupWarning, match="No branches were merged"):
        est.fit(planted.data, planted.target)
    est.set_params(sharing=[0, 0, 0, 1, 1, 1], window=1)
    est.fit(planted.data, planted.target)
    assert est.branch_of_.tolist() == [0, 0, 0, 1, 1, 1]


def test_one_task_has_one_branch():
    X, y = tables(n_classes=(2,))
    est = fit(SelectiveSharingClassifier, X, y[:, 0], window=1)
    assert est.n_branches_ == 1
    assert est.merge_history_ == []


@pytest.mark.parametrize(
    ("clustering", "fault"),
    [
        ("hdbscan", "clustering='hdbscan' needs at least 4 tasks"),
        (
            AgglomerativeClustering(4, metric="precomputed", linkage="single"),
            "clustering=AgglomerativeClustering.* alone",
        ),
    ],
    ids=["hdbscan", "agglomerative"],
)
def test_a_clusterer_that_leaves_similar_tasks_alone_is_named(clustering, fault):
    data = make_multitask_classification(600, n_tasks=4, n_groups=2, random_state=0)
    n_tasks = 4
    if clustering == "hdbscan":
        pytest.importorskip("hdbscan")
        n_tasks = 3  # fewer than four tasks are noise to it
    est = SelectiveSharingClassifier(clustering=clustering, random_state=0, **BRIEF)
    with pytest.warns(TaskGroupWarning, match=f"That would do, but {fault}"):
        est.fit(data.data, data.target[:, :n_tasks])
    assert est.n_branches_ == n_tasks
    assert est.task_similarity_[0, 1] > est.min_similarity


def test_unrelated_tasks_are_told_apart_from_those_left_alone():
    X = np.random.RandomState(0).normal(size=(600, 4))
    est = SelectiveSharingClassifier(min_similarity=0.9, random_state=0, **BRIEF)
    with pytest.warns(TaskGroupWarning, match="no two are related enough"):
        est.fit(X, X > 0)
    assert est.n_branches_ == 4


@pytest.mark.parametrize("representation", ["mean", "gram", "tensor_train"])
@pytest.mark.parametrize(
    "sharing", ["similarity", "dissimilarity", "variance", "random"]
)
def test_criteria_and_representations_go_together(planted, sharing, representation):
    est = fit(
        SelectiveSharingClassifier,
        planted.data,
        planted.target,
        sharing=sharing,
        representation=representation,
        hidden_layer_sizes=(16,),
        branch_layer_sizes=(8,),
    )
    assert est.branch_of_.max() + 1 == est.n_branches_
    assert np.isfinite(est.predict_proba(planted.data)[0]).all()


def test_grouping_anew_ends_when_no_task_is_alone(planted):
    est = fit(SelectiveSharingClassifier, planted.data, planted.target, recluster=True)
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]
    assert est.lock_epoch_ == 1


@pytest.mark.parametrize("merge", ["best", "mean", "max", "min"])
def test_refitted_outputs_do_not_raise_the_loss_much(planted, merge):
    common = {"merge": merge, "window": 60, "batch_size": 64, "sharing": [0] * 6}
    losses = {}
    for refit in (False, True):
        est = fit(
            SelectiveSharingClassifier,
            planted.data,
            planted.target,
            refit_output=refit,
            **common,
        )
        losses[refit] = est.merge_history_[0]["loss_after"]
        before = est.merge_history_[0]["loss_before"]
    assert losses[True] < losses[False]
    # entries that are each the smallest of six make a branch that tells little
    assert losses[True] < before * (2 if merge in ("max", "min") else 1.1)


@pytest.mark.parametrize("representation", ["mean", "tensor_train"])
def test_diverging_gradients_are_named_by_the_training(planted, representation):
    est = SelectiveSharingClassifier(
        representation=representation, optimizer="sgd", lr=1e6, **BRIEF
    )
    with pytest.raises(ConvergenceError):
        est.fit(planted.data.astype(np.float32), planted.target)


def test_half_precision_passes(planted):
    est = fit(
        SelectiveSharingClassifier, planted.data, planted.target, precision="bf16"
    )
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.gpu
def test_merges_on_an_accelerator(planted):
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    est = fit(SelectiveSharingClassifier, planted.data, planted.target, device="cuda")
    assert est.branch_of_.tolist() == [0, 0, 1, 1, 2, 2]
