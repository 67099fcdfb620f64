"""Heads of all tasks at once, against a loop over tasks."""

import pytest
import torch
from torch.testing import assert_close

from skmtl.nn import TaskHeads, rows_of_tasks, stack_modules

DOUBLE = torch.float64


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=DOUBLE, generator=seeded(seed))


@pytest.mark.parametrize("n_outputs", [(1,), (3,), (1, 1), (2, 4, 1)])
@pytest.mark.parametrize("members", [0, 3])
def test_heads_equal_a_loop_over_tasks(n_outputs, members):
    layers = [TaskHeads(5, n_outputs, seeded(i), DOUBLE) for i in range(members or 1)]
    heads = stack_modules(layers) if members else layers[0]
    leading = (members,) if members else ()
    with torch.no_grad():
        heads.bias.copy_(draw(*heads.bias.shape))
        heads.bias[..., ~heads.valid] = 0
    z = draw(*leading, 7, 5)
    per_task = draw(*leading, len(n_outputs), 7, 5)
    task_of_row = torch.arange(7) % len(n_outputs)
    found = heads(z)
    assert found.shape == (*leading, len(n_outputs), 7, max(n_outputs))
    assert not found[..., ~heads.valid[:, None].expand(found.shape[-3:])].any()
    by_task = heads(per_task, per_task=True)
    by_row = heads.rows(z, task_of_row)
    own_rows = heads.rows(z, task_of_row.expand(*leading, 7))
    assert_close(by_row, own_rows)
    for task, outputs in enumerate(n_outputs):
        weight, bias = heads.weight[..., task, :, :], heads.bias[..., task, None, :]
        expected = z @ weight.mT + bias
        assert_close(found[..., task, :, :], expected)
        assert_close(
            by_task[..., task, :, :], per_task[..., task, :, :] @ weight.mT + bias
        )
        assert_close(
            by_row[..., task_of_row == task, :], expected[..., task_of_row == task, :]
        )
        assert not weight[..., outputs:, :].any()
    if members:
        assert_close(heads(z[0])[0], found[0])


def test_heads_of_a_task_do_not_depend_on_others():
    """The first task's initial weights are the same whatever tasks follow."""
    few, many = (TaskHeads(5, n, seeded(), DOUBLE) for n in [(3,), (3, 4, 2)])
    assert torch.equal(few.weight[0], many.weight[0, :3])


@pytest.mark.parametrize("members", [0, 3])
def test_heads_without_intercept(members):
    """Their biases get no gradient, on any way through the heads."""
    chosen = [True, False, True]
    parts = [
        TaskHeads(5, [2, 1, 1], seeded(i), DOUBLE, chosen) for i in range(members or 1)
    ]
    heads = stack_modules(parts) if members else parts[0]
    leading = (members,) if members else ()
    z, task_of_row = draw(*leading, 7, 5), torch.arange(7) % 3
    per_task = draw(*leading, 3, 7, 5)
    ways = (heads(z), heads(per_task, per_task=True), heads.rows(z, task_of_row))
    for outputs in ways:
        (by_bias,) = torch.autograd.grad(outputs.sum(), heads.bias)
        assert (by_bias.abs().sum(-1) > 0).expand(*leading, 3).tolist() == (
            [chosen] * members if members else chosen
        )
    plain = TaskHeads(5, [2, 1, 1], seeded(), DOUBLE)
    assert torch.equal(plain.weight, parts[0].weight)
    assert plain.state_dict().keys() == heads.state_dict().keys()


@pytest.mark.parametrize("members", [(), (2,)])
def test_rows_take_the_values_of_their_task(members):
    values = draw(*members, 3, 4, 5)
    task_of_row = torch.tensor([2, 0, 0, 1])
    found = rows_of_tasks(values, task_of_row, trailing=2)
    assert torch.equal(found, values[..., task_of_row, :, :])
    if members:
        own = torch.stack([task_of_row, task_of_row.flip(0)])
        found = rows_of_tasks(values, own, trailing=2)
        expected = torch.stack([values[0, own[0]], values[1, own[1]]])
        assert torch.equal(found, expected)
