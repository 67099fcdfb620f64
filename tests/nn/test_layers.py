"""Layers with member axes, against torch's own layers member by member."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from skmtl.exceptions import InputError
from skmtl.nn import (
    Dropout,
    MemberConv2d,
    MemberLinear,
    MemberRandom,
    member_linear,
    stack_modules,
    unstack_module,
)

DOUBLE = torch.float64


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(*shape, seed=0):
    return torch.randn(*shape, dtype=DOUBLE, generator=seeded(seed))


# ---- affine maps


@pytest.mark.parametrize("leading", [(), (1,), (3,), (2, 3)])
@pytest.mark.parametrize("shared", [False, True])
def test_affine_map_per_member(leading, shared):
    weight, bias = draw(*leading, 4, 5), draw(*leading, 4, seed=1)
    x = draw(7, 5, seed=2) if shared else draw(*leading, 7, 5, seed=2)
    found = member_linear(x, weight, bias)
    assert found.shape == (*leading, 7, 4)
    for index in torch.cartesian_prod(*map(torch.arange, leading)) if leading else [()]:
        at = tuple(torch.atleast_1d(torch.as_tensor(index)).tolist())
        own_x = x if shared else x[at]
        assert_close(found[at], F.linear(own_x, weight[at], bias[at]))


def test_linear_layer_starts_as_those_of_torch():
    layer = MemberLinear(50, 400, seeded(), DOUBLE)
    bound = 1 / math.sqrt(50)
    for values in (layer.weight, layer.bias):
        assert values.abs().max() <= bound
        assert values.abs().max() > 0.98 * bound
        assert values.mean().abs() < 0.1 * bound
    reference = nn.Linear(50, 400)
    assert abs(layer.weight.std() / reference.weight.std() - 1) < 0.05
    assert torch.equal(layer.weight, MemberLinear(50, 400, seeded(), DOUBLE).weight)
    assert layer.weight.dtype == DOUBLE


# ---- convolutions


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_convolution_per_member(shared, kernel_size):
    layers = [MemberConv2d(2, 4, kernel_size, seeded(i), DOUBLE) for i in range(3)]
    x = draw(3, 5, 2, 6, 7)
    found = stack_modules(layers)(x[0] if shared else x)
    assert found.shape == (3, 5, 4, 6, 7)
    for member, layer in enumerate(layers):
        own = x[0] if shared else x[member]
        assert_close(found[member], layer(own))
        plain = F.conv2d(own, layer.weight, layer.bias, padding=kernel_size // 2)
        assert_close(layer(own), plain)


# ---- dropout


def test_dropout_is_off_without_random_numbers():
    x = draw(4, 5)
    assert Dropout(0.5)(x) is x
    assert Dropout(0.0)(x, MemberRandom(0)) is x


@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_dropout_keeps_the_mean(rate):
    x = torch.ones(200, 100)
    dropped = Dropout(rate)(x, MemberRandom(0))
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(1 / (1 - rate)).item()}
    assert abs((dropped == 0).double().mean() - rate) < 0.02


def test_dropout_of_a_member_is_its_own():
    x = torch.ones(3, 20, 10)
    joint = Dropout(0.5)(x, MemberRandom([3, 4, 3]))
    assert torch.equal(joint[0], joint[2])
    assert not torch.equal(joint[0], joint[1])
    assert torch.equal(joint[1], Dropout(0.5)(x[1], MemberRandom(4)))


# ---- stacks


class Priced(nn.Module):
    member_buffers = ("price",)

    def __init__(self, price, shared=1.0, rate=0.5, width=2):
        super().__init__()
        self.layer = MemberLinear(3, width, seeded(int(price)))
        self.register_buffer("price", torch.tensor(price))
        self.register_buffer("shared", torch.tensor(shared))
        self.rate = rate
        self._private = price


def test_buffers_of_members_are_stacked():
    modules = [Priced(1.0), Priced(2.0)]
    stacked = stack_modules(modules)
    assert stacked.price.tolist() == [1, 2]
    assert stacked.shared.tolist() == 1
    assert stacked.layer.weight.shape == (2, 2, 3)
    for member, module in enumerate(modules):
        alone = unstack_module(stacked, member)
        assert_close(alone.state_dict(), module.state_dict(), rtol=0, atol=0)
    with torch.no_grad():
        stacked.layer.weight.zero_()
    assert modules[0].layer.weight.any()


def test_what_rests_goes_on_resting_in_a_stack():
    module = Priced(1.0)
    module.layer.bias.requires_grad_(False)
    stacked = stack_modules([module, module])
    for found in (stacked, unstack_module(stacked, 1)):
        assert found.layer.weight.requires_grad
        assert not found.layer.bias.requires_grad


@pytest.mark.parametrize("members", [(), (3,), (3, 2)])
def test_an_axis_of_tasks_shares_the_weights_of_a_member(members):
    count = math.prod(members)
    linear = [MemberLinear(4, 2, seeded(seed), DOUBLE) for seed in range(count)]
    convolution = [MemberConv2d(2, 4, 3, seeded(s), DOUBLE) for s in range(count)]
    for layers, row in ((linear, (4,)), (convolution, (2, 5, 6))):
        joint = stack_modules(layers, members) if members else layers[0]
        x = torch.randn(*members, 5, 7, *row, dtype=DOUBLE, generator=seeded())
        expected = torch.stack([joint(own) for own in x.unbind(len(members))])
        assert_close(joint(x), expected.movedim(0, len(members)))


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (Priced(2.0, shared=3.0), "shared"),
        (Priced(2.0, rate=0.1), "rate"),
        (Priced(2.0, width=5), "layer.bias"),
    ],
)
def test_members_must_agree_in_the_rest(other, name):
    with pytest.raises(InputError, match=f"must agree in `{name}`; found .* beside"):
        stack_modules([Priced(1.0), other])
