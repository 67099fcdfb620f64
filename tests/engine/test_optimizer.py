"""The lean Adam does what torch's fused one does, bit by bit."""

import copy
import pickle

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from skmtl.engine._optimizer import LeanAdam, WeightDecay, make_optimizer, set_rates
from skmtl.exceptions import InputError
from tests.contracts._problems import PROBLEMS

SHAPES = [(3, 4), (5,), (2, 3, 4), ()]


def make_parameters(dtype, seed=0):
    random = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(s, dtype=dtype, generator=random)) for s in SHAPES]


def make_groups(parameters):
    return [
        {"params": parameters[:2], "lr": 0.01},
        {"params": parameters[2:], "lr": 0.3},
    ]


def make_pair(dtype):
    first, second = make_parameters(dtype), make_parameters(dtype)
    lean = LeanAdam(make_groups(first), lr=0.01)
    fused = torch.optim.Adam(make_groups(second), lr=0.01, fused=True)
    return lean, fused


def parameters_of(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def step(optimizer, count, seed, without=()):
    """Take steps with gradients that depend on the seed alone."""
    random = torch.Generator().manual_seed(seed)
    for _ in range(count):
        for place, parameter in enumerate(parameters_of(optimizer)):
            gradient = torch.randn(
                parameter.shape, dtype=parameter.dtype, generator=random
            )
            parameter.grad = None if place in without else gradient
        optimizer.step()


def assert_equal(lean, fused):
    for own, other in zip(parameters_of(lean), parameters_of(fused), strict=True):
        assert torch.equal(own, other)
        states = lean.state[own], fused.state[other]
        assert set(states[0]) == set(states[1])
        for name in states[0]:
            assert torch.equal(states[0][name], states[1][name]), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_steps_are_equal(dtype):
    pair = make_pair(dtype)
    start = copy.deepcopy(parameters_of(pair[0]))
    for optimizer in pair:
        step(optimizer, 7, seed=1)
    assert_equal(*pair)
    now = parameters_of(pair[0])
    assert all(not torch.equal(*both) for both in zip(start, now, strict=True))


def test_learning_rate_may_change():
    pair = make_pair(torch.float64)
    for optimizer in pair:
        step(optimizer, 3, seed=1)
        for group in optimizer.param_groups:
            group["lr"] *= 0.1
        step(optimizer, 3, seed=2)
    assert_equal(*pair)


def reload(optimizer):
    state = copy.deepcopy(optimizer.state_dict())
    optimizer.load_state_dict(state)
    return optimizer


@pytest.mark.parametrize(
    "duplicate",
    [reload, copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer))],
    ids=["load_state_dict", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("before", [0, 1, 4])
def test_copies_go_on_equally(duplicate, before):
    pair = make_pair(torch.float64)
    for optimizer in pair:
        step(optimizer, before, seed=1)
    copies = [duplicate(optimizer) for optimizer in pair]
    for optimizer in copies:
        step(optimizer, 4, seed=2)
    assert_equal(*copies)
    if duplicate is not reload:
        for optimizer in pair:
            step(optimizer, 2, seed=3)
        assert_equal(*pair)


def test_state_goes_from_one_to_the_other():
    lean, fused = make_pair(torch.float64)
    step(lean, 3, seed=1)
    step(fused, 3, seed=1)
    saved = copy.deepcopy(lean.state_dict())
    lean.load_state_dict(copy.deepcopy(fused.state_dict()))
    fused.load_state_dict(saved)
    for optimizer in (lean, fused):
        step(optimizer, 3, seed=2)
    assert_equal(lean, fused)


@pytest.mark.parametrize("silent", [(0,), (1, 3)])
def test_parameters_without_gradient_rest(silent):
    """A user's encoder need not use all of its parameters in every step."""
    pair = make_pair(torch.float64)
    for optimizer in pair:
        step(optimizer, 3, seed=1)
        step(optimizer, 2, seed=2, without=silent)
        step(optimizer, 2, seed=3)
    assert_equal(*pair)


def test_parameters_never_used_are_left_alone():
    pair = make_pair(torch.float64)
    start = parameters_of(pair[0])[2].clone()
    for optimizer in pair:
        step(optimizer, 4, seed=1, without=(2,))
    assert torch.equal(parameters_of(pair[0])[2], start)
    pairs = zip(map(parameters_of, pair), strict=True)
    for own, other in zip(*[both[0] for both in pairs], strict=True):
        assert torch.equal(own, other)


class Network(nn.Module):
    """One layer whose bias learns three times as fast and is not decayed."""

    def __init__(self, *members):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(*members, 2, 3, dtype=torch.float64))
        self.bias = nn.Parameter(torch.ones(*members, 2, dtype=torch.float64))
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)

    def learning_rate_multipliers(self):
        return [([self.bias], 3.0)]

    def undecayed_parameters(self):
        return [self.bias]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adamw", LeanAdam), ("sgd", torch.optim.SGD), (torch.optim.RMSprop, None)],
)
def test_optimizer_by_name_or_class(name, kind):
    settings = PROBLEMS[0].simple_plan(optimizer=name, lr=0.5).settings
    network = Network()
    optimizer = make_optimizer(network, settings)
    assert isinstance(optimizer, kind or name)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 1.5]
    assert all(group["weight_decay"] == 0 for group in optimizer.param_groups)
    assert parameters_of(optimizer) == [network.weight, network.bias]
    set_rates(optimizer, 0.1)
    assert_allclose([group["lr"] for group in optimizer.param_groups], [0.1, 0.3])


@pytest.mark.parametrize("make", [lambda groups: None, lambda groups, lr: 3])
def test_what_is_no_optimizer_is_refused(make):
    settings = PROBLEMS[0].simple_plan(optimizer=make).settings
    with pytest.raises(InputError, match="`optimizer` must be a callable"):
        make_optimizer(Network(), settings)


def learning(network):
    """The network in a step that trains all but what is frozen."""
    for parameter in network.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)
    return network


def test_decay_shrinks_weights_only():
    network = learning(Network())
    WeightDecay(network, 0.25)(lr=0.1)
    assert_allclose(network.weight.detach(), 1 - 0.1 * 0.25)
    assert (network.bias == 1).all() and (network.frozen == 1).all()


def test_members_have_a_decay_of_their_own():
    network = learning(Network(3))
    WeightDecay(network, torch.tensor([0.0, 0.5, 2.0]))(lr=0.1)
    assert_allclose(network.weight[:, 0, 0].detach(), [1, 0.95, 0.8])
    assert (network.bias == 1).all()


@pytest.mark.parametrize("decay", [0.25, torch.tensor([0.0, 0.5, 2.0])])
def test_what_does_not_learn_does_not_decay(decay):
    network = Network(3)
    WeightDecay(network, decay)(lr=0.1)
    assert (network.weight == 1).all()


def test_rows_beyond_a_limit_rest_and_the_others_move_as_before():
    def run(limited):
        random = torch.Generator().manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(4, 3, generator=random))
        bias = torch.nn.Parameter(torch.randn(2, generator=random))
        optimizer = LeanAdam([weight, bias], lr=0.1)
        positions = []
        for step in range(6):
            if step == 3 and limited:
                optimizer.limit({weight: 2})
            for own in (weight, bias):
                own.grad = torch.randn(own.shape, generator=random)
            optimizer.step()
            positions.append((weight.detach().clone(), bias.detach().clone()))
        return positions

    found, expected = run(limited=True), run(limited=False)
    for (weight, bias), (same, other) in zip(found, expected, strict=True):
        assert torch.equal(weight[:2], same[:2])
        assert torch.equal(bias, other)
    assert torch.equal(found[-1][0][2:], found[2][0][2:])
    assert not torch.equal(expected[-1][0][2:], found[2][0][2:])
