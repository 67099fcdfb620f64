"""Norms of tasks against torch's batch norm on the rows that have a label."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skmtl.nn import TaskNorm, stack_modules

DOUBLE = torch.float64
ROWS = {"features": (4,), "pictures": (4, 3, 5)}
# Labels of two tasks that have no row in common, and rows without a label.
APART = torch.tensor([[1.0, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 0]]).to(DOUBLE)


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=DOUBLE, generator=generator)


def filled(norm, seed=0):
    """A norm with other values than the initial ones."""
    with torch.no_grad():
        norm.weight.copy_(draw(*norm.weight.shape, seed=seed))
        norm.bias.copy_(draw(*norm.bias.shape, seed=seed + 1))
        norm.running_mean.copy_(draw(*norm.bias.shape, seed=seed + 2))
        norm.running_var.copy_(0.5 + draw(*norm.bias.shape, seed=seed + 3).square())
    return norm


def make(kind, n_tasks=2, seed=0):
    return filled(TaskNorm(n_tasks, 4, kind == "pictures", DOUBLE), seed)


def torch_norms(norm):
    """One batch norm of torch for each task, of the same state."""
    kind = nn.BatchNorm2d if norm.places else nn.BatchNorm1d
    found = []
    for task in range(len(norm.weight)):
        own = kind(norm.weight.shape[1], dtype=DOUBLE)
        state = {name: getattr(norm, name)[task] for name in norm.by_task}
        own.load_state_dict(state, strict=False)
        found.append(own)
    return found


def assert_same_statistics(norm, task, own, before, n_counted):
    """Torch's variance is that of the rows times ``n / (n - 1)``."""
    assert_close(norm.running_mean[task], own.running_mean)
    kept = (1 - norm.momentum) * before[task]
    found = kept + (norm.running_var[task] - kept) * n_counted / (n_counted - 1)
    assert_close(found, own.running_var)


@pytest.mark.parametrize("kind", ROWS)
def test_one_task_is_batch_norm(kind):
    norm = make(kind, n_tasks=1)
    (own,) = torch_norms(norm)
    for step in range(3):
        before = norm.running_var.clone()
        own.running_var.copy_(before[0])
        ours, theirs = (
            draw(8, *ROWS[kind], seed=step).requires_grad_() for _ in range(2)
        )
        found, expected = norm(ours), own(theirs)
        assert_close(found[0], expected)
        factor = draw(*expected.shape, seed=9)
        (found[0] * factor).sum().backward()
        (expected * factor).sum().backward()
        assert_close(ours.grad, theirs.grad)
        assert_close(norm.weight.grad[0], own.weight.grad)
        assert_close(norm.bias.grad[0], own.bias.grad)
        assert_same_statistics(norm, 0, own, before, theirs[:, 0].numel())
    own.running_var.copy_(norm.running_var[0])
    x = draw(5, *ROWS[kind], seed=7)
    assert_close(norm.eval()(x)[0], own.eval()(x))
    scale, shift = norm.scale_and_shift(0)
    trailing = [None] * norm.places
    assert_close(norm(x)[0], x * scale[:, *trailing] + shift[:, *trailing])


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("by_task", [False, True])
def test_tasks_of_other_rows_are_norms_of_their_own(kind, by_task):
    norm = make(kind)
    each, before = torch_norms(norm), norm.running_var.clone()
    x = draw(*([2] if by_task else []), 8, *ROWS[kind]).requires_grad_()
    found = norm(x, APART)
    for task, own in enumerate(each):
        seen = APART[task] > 0
        rows = (x[task] if by_task else x)[seen].detach().requires_grad_()
        expected = own(rows)
        assert_close(found[task, seen], expected)
        factor = draw(*expected.shape, seed=9)
        loss = (found[task, seen] * factor).sum()
        (gradient,) = torch.autograd.grad(loss, x, retain_graph=True)
        (wanted,) = torch.autograd.grad((expected * factor).sum(), rows)
        gradient = gradient[task] if by_task else gradient
        assert_close(gradient[seen], wanted)
        assert not gradient[~seen].any()
        assert_same_statistics(norm, task, own, before, rows[:, 0].numel())


@pytest.mark.parametrize("kind", ROWS)
def test_rows_without_a_label_do_not_count(kind):
    one, other = make(kind), make(kind)
    x = draw(8, *ROWS[kind])
    changed = x.clone()
    changed[APART[0] == 0] = 1e3
    found, same = one(x, APART), other(changed, APART)
    seen = APART[0] > 0
    assert torch.equal(found[0, seen], same[0, seen])
    assert torch.equal(one.running_mean[0], other.running_mean[0])
    assert torch.equal(one.running_var[0], other.running_var[0])
    assert not torch.equal(one.running_var[1], other.running_var[1])


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_weights_are_repetitions_whatever_their_scale(kind, scale):
    one, other = make(kind, n_tasks=1), make(kind, n_tasks=1)
    x, counts = draw(5, *ROWS[kind]), torch.tensor([2, 0, 1, 3, 1])
    found = one(x, scale * counts[None].to(DOUBLE))
    expected = other(x.repeat_interleave(counts, 0))
    assert_close(found.repeat_interleave(counts, 1), expected)
    assert_close(one.running_var, other.running_var)


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("n_labels", [0, 1])
def test_too_few_labels_leave_the_running_statistics(kind, n_labels):
    norm = make(kind)
    before = {name: own.clone() for name, own in norm.state_dict().items()}
    x = draw(8, *ROWS[kind]).requires_grad_()
    labels = torch.zeros(2, 8, dtype=DOUBLE)
    labels[0, :n_labels] = labels[1, 2:] = 0.1
    found = norm(x, labels)
    for name in norm.member_buffers:
        assert torch.equal(getattr(norm, name)[0], before[name][0])
        assert not torch.equal(getattr(norm, name)[1], before[name][1])
    still = make(kind).eval()
    assert_close(found[0], still(x)[0])
    factor = draw(*found[0].shape, seed=9)
    (gradient,) = torch.autograd.grad((found[0] * factor).sum(), x)
    (expected,) = torch.autograd.grad((still(x)[0] * factor).sum(), x)
    assert_close(gradient, expected)


def test_a_batch_of_one_row_leaves_the_running_statistics():
    norm = make("features")
    x = draw(1, 4)
    assert_close(norm(x), make("features").eval()(x))
    assert_close(norm.state_dict(), make("features").state_dict(), rtol=0, atol=0)


def test_a_unit_without_variance_keeps_that_of_before():
    norm = make("features")
    before = norm.running_var.clone()
    x = draw(8, 4)
    x[:, 2] = 0.0
    found = norm(x)
    assert_close(found[:, :, 2], norm.bias[:, 2:3].expand(2, 8))
    assert torch.equal(norm.running_var[:, 2], before[:, 2])
    assert (norm.running_var[:, :2] != before[:, :2]).all()
    for _ in range(200):
        norm(x)
    # What predictions see is what training saw.
    assert_close(norm.eval()(x)[:, :, 2], found[:, :, 2])


@pytest.mark.parametrize("n_rows", [7, 99, 2000])
@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_a_constant_keeps_its_variance_whatever_rounding_makes_of_it(dtype, n_rows):
    norm = TaskNorm(1, 50, dtype=dtype)
    x = draw(50).to(dtype).expand(n_rows, 50).clone()
    # As small against its mean as data of that type reasonably are.
    x[:, 0] *= 1 + 2e3 * torch.finfo(dtype).eps * draw(n_rows).to(dtype)
    for _ in range(50):
        norm(x)
    assert torch.equal(norm.running_var[:, 1:], torch.ones(1, 49, dtype=dtype))
    assert norm.running_var[0, 0] < 0.01


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("members", [(3,), (3, 2)])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("by_task", [False, True])
def test_members_never_interact(kind, members, shared, by_task):
    count = torch.Size(members).numel()
    each = [make(kind, seed=10 * seed) for seed in range(count)]
    joint = stack_modules(each, members)
    x = draw(*members, *([2] if by_task else []), 8, *ROWS[kind])
    labels = (draw(*([] if shared else members), 2, 8, seed=5) > -0.5).to(DOUBLE)
    flat = labels.expand(*members, 2, 8).reshape(count, 2, 8)
    found = joint(x, labels).flatten(0, len(members) - 1)
    for member, norm in enumerate(each):
        rows = x.flatten(0, len(members) - 1)[member]
        assert_close(found[member], norm(rows, flat[member]))
        for name in norm.member_buffers:
            own = getattr(joint, name).flatten(0, len(members) - 1)[member]
            assert_close(own, getattr(norm, name))


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("by_task", [False, True])
def test_slopes_are_those_of_differences(kind, by_task):
    labels = (draw(2, 8, seed=5) + 1).clamp_min(0)
    labels[1] = 0
    labels[1, 3] = 1  # too few

    def run(x, weight, bias):
        norm = make(kind)
        own = {"weight": weight, "bias": bias}
        return torch.func.functional_call(norm, own, (x, labels))

    x = draw(*([2] if by_task else []), 8, *ROWS[kind]).requires_grad_()
    own = make(kind)
    assert torch.autograd.gradcheck(run, (x, own.weight, own.bias))


def test_statistics_are_in_full_precision():
    x = 100 + torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    plain, coarse = TaskNorm(2, 4), TaskNorm(2, 4)
    expected = plain(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = coarse(x)
    assert found.dtype == torch.float32
    assert_close(found, expected, rtol=0, atol=0)
