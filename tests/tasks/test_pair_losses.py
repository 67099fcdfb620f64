"""The ranking loss, against a loop over pairs and against autograd."""

from unittest import mock

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skmtl.tasks import MultiTaskLoss, TaskSpec, task_factors
from tests.tasks.test_losses import (
    LAYOUTS,
    MEMBERS,
    each_member,
    slow_losses,
)

# 1 is a continuous task, 0 a ranking, else the number of classes.
TASKS = {
    "one": (0,),
    "rankings": (0, 0, 0),
    "mixed": (3, 0, 1, 2, 0),
}


def make_specs(tasks):
    kinds = {0: "ranking", 1: "continuous", 2: "binary"}
    return [
        TaskSpec(
            f"task_{place}",
            kinds.get(n_classes, "multiclass"),
            np.arange(n_classes) if n_classes > 1 else None,
        )
        for place, n_classes in enumerate(tasks)
    ]


def make_batch(tasks, layout, members=(), n_rows=9, seed=0):
    """Outputs, codes, weight and task of each row; codes of rankings have ties."""
    random = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        return torch.rand(*members, *shape, dtype=torch.float64, generator=random)

    columns = [
        uniform(n_rows) if k == 1 else (uniform(n_rows) * (k or 5)).floor()
        for k in tasks
    ]
    codes = torch.stack(columns, -1)
    widest = max(spec.n_outputs for spec in make_specs(tasks))
    weight = None
    if layout in ("missing", "weighted"):
        weight = (uniform(n_rows, len(tasks)) > 0.3).double()
    if "weighted" in layout:
        strength = uniform(n_rows, len(tasks)) + 0.5
        weight = strength if weight is None else weight * strength
    if not layout.startswith("one"):
        return uniform(len(tasks), n_rows, widest) * 4 - 2, codes, weight, None
    task_of_row = (uniform(n_rows) * len(tasks)).long()
    own = task_of_row.unsqueeze(-1)
    codes = codes.gather(-1, own).squeeze(-1)
    if weight is not None:
        weight = weight.gather(-1, own).squeeze(-1)
    return uniform(n_rows, widest) * 4 - 2, codes, weight, task_of_row


def slow_ranking(task, outputs, codes, weight, task_of_row):
    """Mean over the pairs of one task, one by one."""
    total, norm = outputs.sum() * 0, 0.0
    if task_of_row is None:
        scores, labels = outputs[task, :, 0], codes[:, task]
        own = torch.ones_like(labels) if weight is None else weight[:, task]
    else:
        rows = task_of_row == task
        scores, labels = outputs[rows, 0], codes[rows]
        own = torch.ones_like(labels) if weight is None else weight[rows]
    for i in range(len(labels)):
        for j in range(len(labels)):
            if labels[i] > labels[j] and own[i] * own[j] > 0:
                hinge = (1 - (scores[i] - scores[j])).clamp(min=0)
                total = total + own[i] * own[j] * hinge**2
                norm += float(own[i] * own[j])
    return total / norm if norm else total


def expected_losses(tasks, *batch):
    plain = slow_losses([k or 1 for k in tasks], *batch)
    losses = [
        slow_ranking(task, *batch) if k == 0 else plain[task]
        for task, k in enumerate(tasks)
    ]
    return torch.stack(losses)


every_case = pytest.mark.parametrize(
    ("tasks", "layout", "members"),
    [(t, layout, m) for t in TASKS for layout in LAYOUTS for m in MEMBERS],
)


@every_case
@pytest.mark.parametrize("most_pairs", [1, 100, 2**17])
def test_losses_and_gradients_equal_loops(tasks, layout, members, most_pairs):
    tasks = TASKS[tasks]
    batch = make_batch(tasks, layout, members)
    outputs = batch[0].requires_grad_()
    parts = each_member(members, *batch)
    expected = torch.stack([expected_losses(tasks, *part) for part in parts])
    expected = expected if members else expected[0]
    factor = torch.arange(1.0, expected.numel() + 1).double().view_as(expected)
    (by_outputs,) = torch.autograd.grad((expected * factor).sum(), outputs)

    criterion = MultiTaskLoss(make_specs(tasks))
    chunks = {"cpu": most_pairs}
    with mock.patch("skmtl.tasks._pair_losses._MOST_PAIRS", chunks):
        terms = criterion.terms(*batch)
        found = criterion(*batch)
    assert_close(found, expected)
    assert_close(terms.losses, expected)
    assert_close(terms.gradient * task_factors(factor, batch[3]), by_outputs)
    (gradient,) = torch.autograd.grad((found * factor).sum(), outputs)
    assert_close(gradient, by_outputs)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_equals_finite_differences(layout):
    tasks = TASKS["mixed"]
    outputs, *rest = make_batch(tasks, layout, n_rows=7)
    criterion = MultiTaskLoss(make_specs(tasks))
    assert torch.autograd.gradcheck(
        lambda values: criterion(values, *rest), outputs.requires_grad_()
    )


@pytest.mark.parametrize("tasks", TASKS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_members_may_share_rows(tasks, layout):
    tasks = TASKS[tasks]
    criterion = MultiTaskLoss(make_specs(tasks))
    outputs, *rest = make_batch(tasks, layout)
    stacked = torch.stack([outputs, outputs.flip(-2), -outputs])
    joint = criterion.terms(stacked, *rest)
    for member in range(3):
        alone = criterion.terms(stacked[member], *rest)
        assert_close(joint.losses[member], alone.losses)
        assert_close(joint.gradient[member], alone.gradient)
        assert_close(joint.totals, alone.totals)


@pytest.mark.parametrize("compact", [False, True], ids=["general", "one task per row"])
@pytest.mark.parametrize("weight", [1.0, 5.0, 0.0])
def test_task_without_a_pair_is_exactly_zero(compact, weight):
    """Of equal labels, of one label, or of one that counts."""
    criterion = MultiTaskLoss(make_specs((0, 0)))
    outputs = torch.randn(2, 6, 1, dtype=torch.float64)
    codes = torch.stack([torch.full((6,), 3.0), torch.arange(6.0)], -1).double()
    weights = torch.full((6, 2), weight, dtype=torch.float64)
    weights[1:, 1] = 0
    batch = (outputs, codes, weights, None)
    if compact:
        task_of_row = torch.tensor([0, 1] * 3)
        places = torch.arange(6), task_of_row
        weights[1, 1] = weight
        batch = (outputs[0], codes[places], weights[places], task_of_row)
    terms = criterion.terms(*batch)
    assert not terms.losses.any()
    assert not terms.gradient.any()
    assert not terms.totals.any()


def test_constant_scores_cost_one():
    """What a held-out loss has to beat."""
    codes = torch.randn(20, 2, dtype=torch.float64)
    outputs = torch.full((2, 20, 1), -7.3, dtype=torch.float64)
    terms = MultiTaskLoss(make_specs((0, 0))).terms(outputs, codes)
    assert_close(terms.losses, torch.ones(2, dtype=torch.float64))
    assert_close(terms.totals, torch.full((2,), 190.0, dtype=torch.float64))


@pytest.mark.parametrize("layout", ["missing", "one, weighted"])
def test_only_the_order_of_codes_counts(layout):
    outputs, codes, *rest = make_batch(TASKS["rankings"], layout)
    criterion = MultiTaskLoss(make_specs(TASKS["rankings"]))
    found, expected = (
        criterion.terms(outputs, own, *rest) for own in (codes.exp() - 7, codes)
    )
    assert torch.equal(found.losses, expected.losses)
    assert torch.equal(found.gradient, expected.gradient)


def test_only_differences_of_scores_count():
    outputs, *rest = make_batch(TASKS["rankings"], "weighted")
    criterion = MultiTaskLoss(make_specs(TASKS["rankings"]))
    found, expected = (criterion.terms(own, *rest) for own in (outputs + 5, outputs))
    assert_close(found.losses, expected.losses)
    assert_close(found.gradient, expected.gradient)
    assert_close(found.gradient.sum(-2), torch.zeros(3, 1, dtype=torch.float64))


def test_integer_weights_are_repetitions():
    outputs, codes, _, _ = make_batch(TASKS["rankings"], "complete")
    times = torch.tensor([2, 0, 1, 3, 1, 0, 2, 1, 1])
    criterion = MultiTaskLoss(make_specs(TASKS["rankings"]))
    weight = times.double()[:, None].expand_as(codes)
    found = criterion.terms(outputs, codes, weight)
    rows = torch.repeat_interleave(torch.arange(9), times)
    expected = criterion.terms(outputs[:, rows], codes[rows])
    assert_close(found.losses, expected.losses)
    assert_close(found.totals, expected.totals)
    by_row = torch.zeros_like(outputs).index_add_(1, rows, expected.gradient)
    assert_close(found.gradient, by_row)
