"""What passes through whose weights: loops, joint products and rows by task agree."""

from unittest import mock

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skmtl.nn import (
    ConvEncoder,
    MemberLinear,
    MemberRandom,
    MLPEncoder,
    TaskHeads,
    UserEncoder,
    stack_modules,
)
from skmtl.nn._task_rows import RowGroups, SharedDraws, take_rows
from skmtl.sparse import _network as module_of_networks
from skmtl.sparse._layers import masked_layers
from skmtl.sparse._network import MaskedNetwork
from skmtl.sparse._unit_networks import UnitNetwork, random_units

DTYPE = torch.float64
TASKS = torch.tensor([2, 0, 1, 1, 0, 2, 2, 0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def mlp(seed=0, dropout=0.0):
    return MLPEncoder(5, [6, 7], 4, seeded(seed), dropout=dropout, dtype=DTYPE)


def conv(seed=0, dropout=0.0):
    return ConvEncoder((2, 8, 8), [6], 4, seeded(seed), dropout=dropout, dtype=DTYPE)


def make(encoder, row_dims, masking="forward", keep=0.5, seed=0):
    heads = TaskHeads(4, [1, 3, 2], seeded(seed), DTYPE)
    layers = masked_layers(encoder)
    masks = [
        torch.rand(3, *layer.shape, generator=seeded(seed)) < keep for layer in layers
    ]
    return MaskedNetwork(encoder, heads, layers, masks, masking, row_dims)


def gradients(network, x, tasks=None, random=None):
    outputs = network(x, tasks, random)
    factor = torch.randn(outputs.shape, generator=seeded(3), dtype=DTYPE)
    found = torch.autograd.grad((outputs * factor).sum(), list(network.parameters()))
    return outputs, found


CASES = {"mlp": (mlp, (5,)), "conv": (conv, (2, 8, 8))}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("members", [(), (2,), (2, 3)])
@pytest.mark.parametrize("shared", [False, True])
def test_all_at_once_equals_a_loop(kind, members, shared):
    build, shape = CASES[kind]
    count = 1 if not members else torch.Size(members).numel()
    networks = [make(build(seed), len(shape), seed=seed) for seed in range(count)]
    network = stack_modules(networks, members) if members else networks[0]
    lead = () if shared else members
    x = torch.randn(*lead, 8, *shape, generator=seeded(), dtype=DTYPE)
    assert network.at_once()
    joint = gradients(network, x)
    with mock.patch.object(module_of_networks, "_SMALL", 0):
        assert not network.at_once()
        looped = gradients(network, x)
    assert_close(joint, looped)


@pytest.mark.parametrize("kind", CASES)
def test_masks_cover_the_weights_of_each_task(kind):
    build, shape = CASES[kind]
    encoder = build()
    network = make(encoder, len(shape))
    x = torch.randn(8, *shape, generator=seeded(), dtype=DTYPE)
    found = network(x)
    for task in range(3):
        own = build()
        own.load_state_dict(encoder.state_dict())
        with torch.no_grad():
            for layer, mask in zip(masked_layers(own), network.masks(), strict=True):
                own.get_parameter(layer.name).mul_(mask[task])
        assert_close(found[task], network.heads(own(x))[task])


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("masking", ["forward", "gradient"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_rows_of_one_task_each_equal_the_general_layout(kind, masking, dropout):
    build, shape = CASES[kind]
    network = make(build(dropout=dropout), len(shape), masking)
    x = torch.randn(8, *shape, generator=seeded(), dtype=DTYPE)
    places = TASKS, torch.arange(8)

    def taken(tasks):
        outputs = network(x, tasks, MemberRandom(4))
        own = outputs if tasks is not None else outputs[places]
        factor = torch.arange(1.0, 9, dtype=DTYPE)[:, None]
        loss = (own * factor).sum()
        return own, torch.autograd.grad(loss, list(network.parameters()))

    assert_close(taken(TASKS), taken(None))


def test_each_row_passes_once():
    network = make(mlp(), 1)
    rows = []
    for layer in network.encoder.hidden:
        layer.register_forward_hook(lambda _, args, out: rows.append(args[0].shape[-2]))
    x = torch.randn(8, 5, generator=seeded(), dtype=DTYPE)
    network(x, TASKS)
    assert sum(rows) == 8 * len(network.encoder.hidden)


def test_tasks_share_their_dropout():
    full = make(mlp(dropout=0.5), 1, keep=2.0)
    nearly = make(mlp(dropout=0.5), 1, keep=2.0)
    last = nearly.masks()[0]
    last[0, 0, 0] = False  # no longer plain
    x = torch.randn(8, 5, generator=seeded(), dtype=DTYPE)
    expected = full(x, None, MemberRandom(4))
    found = nearly(x, None, MemberRandom(4))
    assert full.is_plain and not nearly.is_plain
    assert_close(found[1:], expected[1:])
    assert not torch.equal(found[0], expected[0])


@pytest.mark.parametrize("kind", CASES)
def test_gradients_of_a_shared_pass_are_masked_by_task(kind):
    build, shape = CASES[kind]
    network = make(build(), len(shape), "gradient")
    plain = make(build(), len(shape), keep=2.0)
    x = torch.randn(8, *shape, generator=seeded(), dtype=DTYPE)
    assert_close(network(x), plain(x))
    with torch.no_grad():
        assert_close(network(x), plain(x))
    named = dict(network.named_parameters())
    for task in range(3):
        ours = torch.autograd.grad(network(x)[task].sum(), list(named.values()))
        theirs = torch.autograd.grad(plain(x)[task].sum(), list(plain.parameters()))
        for name, own, other in zip(named, ours, theirs, strict=True):
            place = name.removeprefix("encoder.")
            if place in network.layer_names:
                layer = network.layer_names.index(place)
                other = other * network.masks()[layer][task]
            assert_close(own, other)


def test_a_user_encoder_has_masks_on_its_layers_only():
    body = nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 4))
    network = make(UserEncoder(body, (5,), DTYPE), 1)
    assert network.layer_names == ("module.0.weight", "module.3.weight")
    x = torch.randn(8, 5, generator=seeded(), dtype=DTYPE)
    outputs, _ = gradients(network, x)
    with torch.no_grad():
        for layer, mask in zip((body[0], body[3]), network.masks(), strict=True):
            layer.weight.mul_(mask[1])
    assert_close(outputs[1], network.heads(body(x))[1])


def test_units_that_a_task_does_not_use_are_zero_for_it():
    encoder = mlp()
    layers = masked_layers(encoder)
    heads = TaskHeads(4, [1, 3, 2], seeded(), DTYPE)
    units = [
        random_units(3, layer.shape[0], 2, seeded(place))
        for place, layer in enumerate(layers)
    ]
    network = UnitNetwork(encoder, heads, layers, units, 1)
    x = torch.randn(8, 5, generator=seeded(), dtype=DTYPE)
    found = network(x)
    for task in range(3):
        z = x
        for layer, own in zip(encoder.hidden, units, strict=False):
            z = torch.relu(layer(z)) * own[task]
        z = encoder.latent(z) * units[-1][task]
        assert_close(found[task], heads(z)[task])
        assert_close(network.encode_task(task, x), z)


def test_predictions_leave_nothing_that_hinders_training():
    network = make(mlp(), 1)
    x = torch.randn(8, 5, generator=seeded(), dtype=DTYPE)
    with torch.inference_mode():
        expected = network(x).clone()
    outputs, _ = gradients(network, x)
    assert_close(outputs, expected)


def test_changed_masks_are_noticed():
    network = make(mlp(), 1)
    x = torch.randn(8, 5, generator=seeded(), dtype=DTYPE)
    before = network(x)
    network.set_masks([torch.ones_like(own) for own in network.masks()])
    assert network.is_plain
    assert not torch.equal(network(x), before)


def test_groups_of_rows_are_found_again():
    tasks = torch.stack([TASKS, torch.tensor([1] * 5 + [0] * 3)])
    groups = RowGroups(tasks, 4)
    values = torch.arange(16.0).view(2, 8, 1)
    assert groups.tasks == [0, 1, 2]
    parts = [take_rows(values, rows, 1) for rows in groups.rows]
    for task, rows, real in zip(groups.tasks, groups.rows, groups.real, strict=True):
        assert ((tasks.gather(-1, rows) == task) | ~real).all()
        assert torch.equal(real.sum(-1), (tasks == task).sum(-1))
    assert torch.equal(take_rows(torch.cat(parts, -2), groups.place, 1), values)


def test_shared_draws_are_drawn_once():
    draws = SharedDraws(MemberRandom(0), 6)
    first = draws.begin().uniform((6, 3), DTYPE)
    rows = torch.tensor([4, 1])
    assert torch.equal(draws.begin(rows).uniform((2, 3), DTYPE), first[rows])
    assert torch.equal(draws.begin().uniform((5, 6, 3), DTYPE)[0], first)
    assert not torch.equal(draws.normal((6, 3), DTYPE), first)


def test_a_single_layer_is_named_by_itself():
    layer = MemberLinear(3, 2, seeded())
    assert [own.name for own in masked_layers(layer)] == ["weight"]
