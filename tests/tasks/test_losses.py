"""Losses of all tasks at once, against autograd on a loop over rows and tasks."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skmtl.tasks import MultiTaskLoss, TaskSpec, task_factors

TASKS = {
    "binary": (2, 2, 2),
    "one task": (2,),
    "equal classes": (3, 3),
    "ragged classes": (3, 5, 4),
    "binary and equal classes": (2, 3, 2, 3),
    "continuous": (1, 1),
    "mixed": (4, 1, 2, 3, 1),
}
LAYOUTS = ["complete", "missing", "weighted", "one task per row", "one, weighted"]
MEMBERS = [(), (2,)]


def make_specs(tasks):
    kinds = {1: "continuous", 2: "binary"}
    return [
        TaskSpec(
            f"task_{place}",
            kinds.get(n_classes, "multiclass"),
            None if n_classes == 1 else np.arange(n_classes),
        )
        for place, n_classes in enumerate(tasks)
    ]


def make_batch(tasks, layout, members=(), n_rows=8, seed=0):
    """Outputs, codes, weight and task of each row."""
    random = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        return torch.rand(*members, *shape, dtype=torch.float64, generator=random)

    columns = [
        uniform(n_rows) * 4 - 2 if k == 1 else (uniform(n_rows) * k).floor()
        for k in tasks
    ]
    codes = torch.stack(columns, -1)
    widest = max(spec.n_outputs for spec in make_specs(tasks))
    outputs = uniform(len(tasks), n_rows, widest) * 6 - 3
    weight = None
    if layout in ("missing", "weighted"):
        weight = (uniform(n_rows, len(tasks)) > 0.3).double()
    if layout in ("weighted", "one, weighted"):
        strength = uniform(n_rows, len(tasks)) + 0.5
        weight = strength if weight is None else weight * strength
    if not layout.startswith("one"):
        return outputs, codes, weight, None
    task_of_row = (uniform(n_rows) * len(tasks)).long()
    own = task_of_row.unsqueeze(-1)
    outputs = uniform(n_rows, widest) * 6 - 3
    codes = codes.gather(-1, own).squeeze(-1)
    if weight is not None:
        weight = weight.gather(-1, own).squeeze(-1)
    return outputs, codes, weight, task_of_row


def row_loss(n_classes, logits, code):
    if n_classes == 1:
        return (logits[0] - code) ** 2 / 2
    if n_classes == 2:
        shares = torch.stack([1 - logits[0].sigmoid(), logits[0].sigmoid()])
    else:
        own = logits[:n_classes].exp()
        shares = own / own.sum()
    return -shares[int(code)].log()


def slow_losses(tasks, outputs, codes, weight, task_of_row):
    """Losses of one member, ``(n_tasks,)``."""
    n_rows = codes.shape[0]
    losses = []
    for task, n_classes in enumerate(tasks):
        total, norm = outputs.sum() * 0, 0.0
        for row in range(n_rows):
            if task_of_row is None:
                logits, code = outputs[task, row], codes[row, task]
                own = 1.0 if weight is None else float(weight[row, task])
            elif task_of_row[row] == task:
                logits, code = outputs[row], codes[row]
                own = 1.0 if weight is None else float(weight[row])
            else:
                continue
            if own > 0:
                total = total + own * row_loss(n_classes, logits, code)
                norm += own
        losses.append(total / norm if norm else total)
    return torch.stack(losses)


def each_member(members, *tensors):
    """Split batched tensors into the members'."""
    if not members:
        return [tensors]
    return [
        tuple(None if part is None else part[member] for part in tensors)
        for member in range(members[0])
    ]


every_case = pytest.mark.parametrize(
    ("tasks", "layout", "members"),
    [(t, layout, m) for t in TASKS for layout in LAYOUTS for m in MEMBERS],
)


@every_case
def test_losses_and_gradients_equal_autograd(tasks, layout, members):
    tasks = TASKS[tasks]
    batch = make_batch(tasks, layout, members)
    outputs = batch[0].requires_grad_()
    parts = each_member(members, *batch)
    expected = torch.stack([slow_losses(tasks, *part) for part in parts])
    expected = expected if members else expected[0]
    factor = torch.arange(1.0, expected.numel() + 1).double().view_as(expected)
    (by_outputs,) = torch.autograd.grad((expected * factor).sum(), outputs)

    criterion = MultiTaskLoss(make_specs(tasks))
    found = criterion(*batch)
    assert_close(found, expected)
    (gradient,) = torch.autograd.grad((found * factor).sum(), outputs)
    assert_close(gradient, by_outputs)
    terms = criterion.terms(*batch)
    assert_close(terms.losses, expected)
    assert_close(terms.gradient * task_factors(factor, batch[3]), by_outputs)


@every_case
def test_gradient_equals_finite_differences(tasks, layout, members):
    tasks = TASKS[tasks]
    outputs, *rest = make_batch(tasks, layout, members, n_rows=4)
    criterion = MultiTaskLoss(make_specs(tasks))
    assert torch.autograd.gradcheck(
        lambda values: criterion(values, *rest), outputs.requires_grad_()
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_members_may_share_rows(layout):
    tasks = TASKS["mixed"]
    criterion = MultiTaskLoss(make_specs(tasks))
    outputs, *rest = make_batch(tasks, layout)
    stacked = torch.stack([outputs, outputs.flip(-1), -outputs])
    joint = criterion.terms(stacked, *rest)
    for member in range(3):
        alone = criterion.terms(stacked[member], *rest)
        assert_close(joint.losses[member], alone.losses)
        assert_close(joint.gradient[member], alone.gradient)
        if alone.totals is not None:
            assert_close(joint.totals.expand_as(joint.losses)[member], alone.totals)


@pytest.mark.parametrize("tasks", TASKS)
@pytest.mark.parametrize("layout", ["missing", "one task per row"])
def test_task_without_label_is_exactly_zero(tasks, layout):
    tasks = TASKS[tasks]
    outputs, codes, weight, task_of_row = make_batch(tasks, layout)
    if task_of_row is None:
        weight[:, 0] = 0
    else:
        task_of_row[:] = len(tasks) - 1
        codes = torch.zeros_like(codes)
    terms = MultiTaskLoss(make_specs(tasks)).terms(outputs, codes, weight, task_of_row)
    if len(tasks) > 1 or task_of_row is None:
        assert terms.losses[0] == 0
        assert terms.totals[0] == 0
    if task_of_row is None:
        assert not terms.gradient[0].any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_padding_gets_no_gradient(layout):
    tasks = TASKS["mixed"]
    outputs, codes, weight, task_of_row = make_batch(tasks, layout)
    criterion = MultiTaskLoss(make_specs(tasks))
    gradient = criterion.terms(outputs, codes, weight, task_of_row).gradient
    if task_of_row is None:
        padding = ~criterion.valid[:, None].expand(gradient.shape)
    else:
        padding = ~criterion.valid[task_of_row]
    assert padding.any()
    assert not gradient[padding].any()


def test_huge_logits_stay_finite():
    tasks = TASKS["mixed"]
    outputs, *rest = make_batch(tasks, "complete")
    terms = MultiTaskLoss(make_specs(tasks)).terms(outputs.sign() * 1e6, *rest)
    assert terms.losses.isfinite().all()
    assert terms.gradient.isfinite().all()


def test_code_behind_a_missing_label_is_ignored():
    tasks = TASKS["mixed"]
    outputs, codes, weight, _ = make_batch(tasks, "missing")
    criterion = MultiTaskLoss(make_specs(tasks))
    other = torch.where(weight > 0, codes, 0.0)
    assert not torch.equal(codes, other)
    found, expected = (criterion.terms(outputs, own, weight) for own in (codes, other))
    assert found.objective is expected.objective is None
    assert all(torch.equal(*pair) for pair in zip(found[:3], expected[:3], strict=True))


def test_gradients_of_gradients_are_refused():
    """The gradient is given as a constant: a second derivative would be wrong."""
    outputs, *rest = make_batch(TASKS["mixed"], "complete")
    losses = MultiTaskLoss(make_specs(TASKS["mixed"]))(outputs.requires_grad_(), *rest)
    squares = losses.square().sum()
    (gradient,) = torch.autograd.grad(squares, outputs, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.parametrize("members", MEMBERS)
def test_factors_broadcast_over_outputs(members):
    factors = torch.arange(6.0).view(2, 3) if members else torch.arange(3.0)
    outputs = torch.ones(*members, 3, 4, 5)
    spread = (outputs * task_factors(factors, None))[..., 0, 0]
    assert torch.equal(spread, factors)
    task_of_row = torch.tensor([2, 0, 1, 1])
    rows = torch.ones(*members, 4, 5)
    expected = factors[..., task_of_row]
    assert torch.equal((rows * task_factors(factors, task_of_row))[..., 0], expected)
    own_rows = task_of_row.expand(*members, 4)
    assert torch.equal((rows * task_factors(factors, own_rows))[..., 0], expected)
