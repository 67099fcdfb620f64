"""Invariants that every method keeps, by name."""

import copy
import random as python_random
import warnings
from dataclasses import replace
from unittest import mock

import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.testing import assert_close

from skmtl.engine import train
from skmtl.exceptions import TaskGroupWarning
from skmtl.nn import MemberRandom
from skmtl.tasks import MultiTaskLoss
from tests.contracts._permutation import PermutedRandom, permuted_network
from tests.contracts._reference import fit_plainly

TOLERANCE = {"rtol": 1e-8, "atol": 1e-10}


def fit(estimator, *args, **kwargs):
    """Fit to data that are too few for groups."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        return estimator.fit(*args, **kwargs)


def assert_equal_modules(found, expected, exactly=False):
    tolerance = {"rtol": 0, "atol": 0} if exactly else TOLERANCE
    assert_close(found.state_dict(), expected.state_dict(), **tolerance)


def assert_equal_histories(found, expected):
    assert list(found) == list(expected)
    for name in set(found) - {"seconds"}:
        assert_allclose(found[name], expected[name], **TOLERANCE, err_msg=name)


# ---- tasks


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def task_gradients(plan, batch, noise_seed=None):
    """Gradient of every task's loss by all parameters, ``[task][name]``."""
    network = plan.network
    noise = None if noise_seed is None else MemberRandom(noise_seed)
    outputs = network.run(batch.x, batch.task_of_row, noise, batch.weight)[1]
    losses = MultiTaskLoss(plan.specs)(
        outputs, batch.codes, batch.weight, batch.task_of_row
    )
    named = network.named_parameters()
    names, parameters = zip(
        *(own for own in named if own[1].requires_grad), strict=True
    )
    return [
        dict(
            zip(
                names,
                torch.autograd.grad(
                    loss, parameters, retain_graph=True, materialize_grads=True
                ),
                strict=True,
            )
        )
        for loss in losses
    ]


def assert_missing_label_is_local(problem):
    plan = problem.simple_plan()
    batch = plan.train.whole()
    batch = batch._replace(weight=torch.ones_like(batch.codes))
    hidden = batch.weight.clone()
    hidden[3, 1] = 0
    before = task_gradients(plan, batch, noise_seed=7)
    after = task_gradients(plan, batch._replace(weight=hidden), noise_seed=7)
    for task, (own, other) in enumerate(zip(before, after, strict=True)):
        same = all(torch.equal(own[name], other[name]) for name in own)
        assert same == (task != 1), task


def assert_value_behind_missing_label_is_ignored(problem):
    plan = problem.simple_plan()
    batch = plan.train.whole()
    weight = torch.ones_like(batch.codes)
    weight[::3, 0] = 0
    batch = batch._replace(weight=weight)
    other = batch._replace(codes=torch.where(weight > 0, batch.codes, 1.0))
    assert not torch.equal(batch.codes, other.codes)
    found, expected = (task_gradients(plan, own, 7) for own in (batch, other))
    for own, same in zip(found, expected, strict=True):
        assert all(torch.equal(own[name], same[name]) for name in own)


def assert_unlabelled_task_gets_no_gradient(problem):
    plan = problem.simple_plan()
    batch = plan.train.whole()
    weight = torch.ones_like(batch.codes)
    weight[:, 1] = 0
    gradients = task_gradients(plan, batch._replace(weight=weight), noise_seed=7)
    assert all(not gradient.any() for gradient in gradients[1].values())
    for name, learns in (
        ("heads.weight", [True] * len(plan.specs)),
        ("heads.bias", [not spec.is_ranking for spec in plan.specs]),
    ):
        by_head = sum(own[name] for own in gradients)
        learns[1] = False
        assert by_head.flatten(1).any(1).tolist() == learns, name


def assert_one_task_per_row_equals_general_layout(problem):
    X, y = problem.data(one_task_per_row=True)
    plan = problem.plan(X, y, np.random.RandomState(3).uniform(0.5, 2, size=len(X)))
    compact = plan.train.whole()
    assert compact.task_of_row is not None
    places = torch.arange(len(X)), compact.task_of_row
    codes = torch.zeros(y.shape, dtype=torch.float64)
    weight = torch.zeros_like(codes)
    codes[places], weight[places] = compact.codes, compact.weight
    general = compact._replace(codes=codes, weight=weight, task_of_row=None)
    found, expected = task_gradients(plan, compact), task_gradients(plan, general)
    for own, other in zip(found, expected, strict=True):
        assert_close(own, other, **TOLERANCE)


def assert_permuted_tasks_permute_everything(problem):
    X, y = problem.data(missing=0.2)
    order = np.roll(np.arange(y.shape[1]), 1)
    weights = np.arange(1.0, y.shape[1] + 1)
    plan = problem.plan(X, y, task_weight=weights)
    other = problem.select(order).plan(X, y[:, order], task_weight=weights[order])
    other.network = permuted_network(plan.network, order)
    other.specs = tuple(plan.specs[task] for task in order)
    [expected] = train([plan])
    PermutedRandom.order = order
    with mock.patch("skmtl.engine._layout.MemberRandom", PermutedRandom):
        [found] = train([other])
    moved = permuted_network(expected.net.module_, order)
    assert_equal_modules(found.net.module_, moved)
    x = torch.as_tensor(X)
    assert_close(found.net.outputs(x), expected.net.outputs(x)[order], **TOLERANCE)
    for name in set(found.history) - {"seconds"}:
        assert_allclose(found.history[name], expected.history[name], **TOLERANCE)


def assert_equals_plain_torch(problem, **data):
    if problem.finds_groups:
        problem = replace(problem, parameters={**problem.parameters, "window": 1000})
    X, y = problem.data(**data)
    plan = problem.plan(X, y)
    plain = problem.plain(plan)
    [trained] = train([copy.deepcopy(plan)])
    start = problem.plain(plan).trained()
    expected = fit_plainly(plain, plan)
    found = list(trained.net.module_.parameters())
    assert_close(found, expected, **TOLERANCE)
    unmoved = [torch.equal(*pair) for pair in zip(start, expected, strict=True)]
    assert sum(unmoved) == len(parameters_at_rest(plan))


# ---- parameters


def parameters_at_rest(plan):
    """Names of what has nothing to learn: biases that norms or rankings replace."""
    named = plan.network.named_parameters()
    names = {name for name, own in named if not own.requires_grad}
    ranked = all(spec.is_ranking for spec in plan.specs)
    return names | {"heads.bias"} if ranked else names


def assert_every_parameter_learns(problem):
    # In one of two steps: a warm-up may leave the first without a penalty, and parts
    # may learn in turn.
    learned = set()

    def note(epoch, net, done):
        named = net.module_.named_parameters()
        learned.update(n for n, p in named if p.grad is not None and p.grad.any())
        return False

    plan = problem.simple_plan(max_epochs=2, batch_size=48)
    plan.on_epoch = note
    [trained] = train([plan])
    network = trained.net.module_
    names = {name for name, _ in network.named_parameters()}
    assert learned == names - parameters_at_rest(plan)
    by_output = network.heads.weight.grad.abs().sum(-1) > 0
    assert_array_equal(by_output.numpy(), network.valid.numpy())


def assert_padding_stays_zero(problem):
    plan = problem.simple_plan()
    [trained] = train([plan])
    network = trained.net.module_
    padding = ~network.valid
    assert not network.heads.weight[padding].any()
    assert not network.heads.bias[padding].any()
    outputs = trained.net.outputs(plan.train.x)
    assert outputs.shape == (len(problem.tasks), 48, network.valid.shape[1])
    assert not outputs.transpose(1, 2)[padding].any()


def assert_seed_decides_weights(problem):
    X, y = problem.data()
    first, same, other = (
        fit(problem.make(random_state=seed), X, y) for seed in (3, 3, 4)
    )
    assert_equal_modules(same.net_.module_, first.net_.module_, exactly=True)
    pairs = zip(
        other.net_.module_.parameters(), first.net_.module_.parameters(), strict=True
    )
    unmoved = [torch.equal(*pair) for pair in pairs]
    assert sum(unmoved) == len(parameters_at_rest(problem.plan(X, y)))


def assert_weights_are_repetitions(problem, missing=0.0):
    X, y = problem.data(missing=missing)
    weight = np.random.RandomState(0).randint(0, 3, size=len(X))
    repeated = np.repeat(np.arange(len(X)), weight)
    make = {"batch_size": 1000, "max_epochs": 20, "random_state": 0}
    found = fit(problem.make(**make), X, y, sample_weight=weight)
    expected = fit(problem.make(**make), X[repeated], y[repeated])
    assert_equal_modules(found.net_.module_, expected.net_.module_)
    assert_allclose(found.predict(X).astype(float), expected.predict(X).astype(float))


# ---- surroundings


def surroundings():
    """Everything global that a fit might touch."""
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr(np.random.get_state(legacy=False)),
        "python": python_random.getstate(),
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "filters": list(warnings.filters),
    }


def assert_surroundings_are_untouched(problem):
    X, y = problem.data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        before = surroundings()
        estimator = problem.make(dropout=0.1).fit(X, y)
        estimator.predict(X)
        estimator.partial_fit(X, y)
        assert surroundings() == before


def assert_copies_go_on_equally(problem, duplicate):
    X, y = problem.data()
    original = fit(problem.make(), X, y)
    copied = duplicate(original)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        for _ in range(3):
            original.partial_fit(X, y)
            copied.partial_fit(X, y)
    assert_equal_modules(copied.net_.module_, original.net_.module_, exactly=True)
