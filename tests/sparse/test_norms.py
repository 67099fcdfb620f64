"""Norms of tasks beside masks: what passes, and how much the weights matter."""

from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skmtl.engine import Batch
from skmtl.nn import (
    ConvEncoder,
    MemberRandom,
    MLPEncoder,
    TaskHeads,
    fisher_information,
    stack_modules,
)
from skmtl.sparse import _network as module_of_networks
from skmtl.sparse._information import network_fisher
from skmtl.sparse._layers import masked_layers
from skmtl.sparse._network import MaskedNetwork
from skmtl.tasks import TaskSpec

DTYPE = torch.float64
SHAPES = {"mlp": (5,), "conv": (2, 8, 8)}
SPECS = [
    TaskSpec("ripe", "binary", np.arange(2)),
    TaskSpec("colour", "multiclass", np.arange(3)),
    TaskSpec("size", "continuous"),
]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=DTYPE)


def make(kind, masking="forward", seed=0, keep=0.5, dropout=0.0):
    options = {"dtype": DTYPE, "n_normed": 3, "dropout": dropout}
    if kind == "mlp":
        encoder = MLPEncoder(5, [6, 7], 4, seeded(seed), **options)
    else:
        encoder = ConvEncoder((2, 8, 8), [6], 4, seeded(seed), (3, 2), **options)
    heads = TaskHeads(4, [1, 3, 1], seeded(seed), DTYPE)
    layers = masked_layers(encoder)
    masks = [torch.rand(3, *own.shape, generator=seeded(seed)) < keep for own in layers]
    network = MaskedNetwork(encoder, heads, layers, masks, masking, len(SHAPES[kind]))
    with torch.no_grad():
        for name in network.norm_names:
            norm = encoder.get_submodule(name)
            for value in (norm.weight, norm.bias, norm.running_mean):
                value.normal_(generator=seeded(seed))
            norm.running_var.uniform_(0.5, 2, generator=seeded(seed))
    return network


def stack(kind, members, **options):
    count = torch.Size(members).numel()
    networks = [make(kind, seed=seed, **options) for seed in range(count)]
    return stack_modules(networks, members) if members else networks[0]


def learn(network, *args):
    """Outputs of a training pass, gradients, and what the pass leaves behind."""
    outputs = network.run(*args)[1]
    factor = draw(*outputs.shape, seed=3)
    learning = [own for own in network.parameters() if own.requires_grad]
    gradients = torch.autograd.grad((outputs * factor).sum(), learning)
    return outputs, gradients, dict(network.state_dict())


# ---- passes


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("members", [(), (2,), (2, 3)])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("masking", ["forward", "gradient"])
@pytest.mark.parametrize("keep", [0.5, 2.0])
def test_all_at_once_equals_a_loop(kind, members, shared, masking, keep):
    options = {"masking": masking, "keep": keep}
    joint, looped = (stack(kind, members, **options) for _ in range(2))
    lead = () if shared else members
    x = draw(*lead, 8, *SHAPES[kind])
    weight = draw(*lead, 8, 3, seed=1).clamp_min(0)
    assert joint.at_once()
    found = learn(joint, x, None, None, weight)
    with mock.patch.object(module_of_networks, "_SMALL", 0):
        assert not looped.at_once()
        expected = learn(looped, x, None, None, weight)
    assert_close(found, expected)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("masking", ["forward", "gradient"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_rows_of_one_task_each_equal_the_general_layout(kind, masking, dropout):
    rows, general = (make(kind, masking, dropout=dropout) for _ in range(2))
    tasks, places = torch.tensor([2, 0, 1, 1, 0, 2, 2, 0]), torch.arange(8)
    x, weight = draw(8, *SHAPES[kind]), torch.zeros(8, 3, dtype=DTYPE)
    weight[places, tasks] = 1
    found = rows.run(x, tasks, MemberRandom(4))[1]
    expected = general.run(x, None, MemberRandom(4), weight)[1][tasks, places]
    assert_close(found, expected)
    assert_close(rows.state_dict(), general.state_dict())


@pytest.mark.parametrize("kind", SHAPES)
def test_each_task_changes_its_own_weights_alone(kind):
    network, plain = make(kind, "gradient"), make(kind, keep=2.0)
    x = draw(8, *SHAPES[kind])
    names = [n for n, own in network.named_parameters() if own.requires_grad]
    masks = dict(zip(network.layer_names, network.masks(), strict=True))
    for task in range(3):
        ours, theirs = (
            torch.autograd.grad(
                own(x)[task].sum(), [own.get_parameter(name) for name in names]
            )
            for own in (network, plain)
        )
        for name, own, other in zip(names, ours, theirs, strict=True):
            mask = masks.get(name.removeprefix("encoder."))
            assert_close(own, other if mask is None else other * mask[task])


# ---- information


def plain_module(network, task):
    """The network of a task, made of torch's own layers."""
    parts = []
    weights = dict(zip(network.layer_names, network.masked_weights(), strict=True))
    masks = dict(zip(network.layer_names, network.masks(), strict=True))
    encoder, dense, after = network.encoder, network.encoder, [nn.ReLU()]

    def add(name, layer, norm, *follow):
        own = weights[f"{name}.weight"].detach()
        if network.masking == "forward":
            own = own * masks[f"{name}.weight"][task]
        if own.dim() == 4:
            new = nn.Conv2d(own.shape[1], own.shape[0], 3, padding=1)
        else:
            new = nn.Linear(own.shape[1], own.shape[0])
        new.weight, new.bias = nn.Parameter(own), nn.Parameter(layer.bias.detach())
        parts.append(new)
        if norm is not None:
            kind = nn.BatchNorm2d if norm.places else nn.BatchNorm1d
            parts.append(kind(len(own), dtype=DTYPE))
            state = {own: getattr(norm, own)[task] for own in norm.by_task}
            parts[-1].load_state_dict(state, strict=False)
        parts.extend(follow)

    prefix = ""
    if isinstance(encoder, ConvEncoder):
        dense, prefix = encoder.dense, "dense."
        for place, layer in enumerate(encoder.convolutions):
            norm = encoder.norms[place]
            add(f"convolutions.{place}", layer, norm, *after, nn.MaxPool2d(2))
        parts.append(nn.Flatten())
    for place, layer in enumerate(dense.hidden):
        add(f"{prefix}hidden.{place}", layer, dense.norms[place], *after)
    add(f"{prefix}latent", dense.latent, None)
    n_outputs = SPECS[task].n_outputs
    head = nn.Linear(4, n_outputs)
    head.weight = nn.Parameter(network.heads.weight[task, :n_outputs].detach())
    head.bias = nn.Parameter(network.heads.bias[task, :n_outputs].detach())
    return nn.Sequential(*parts, head).double()


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("masking", ["forward", "gradient"])
@pytest.mark.parametrize("fisher", ["exact", "predicted"])
@pytest.mark.parametrize("small", [2**17, 0], ids=["joint", "loop"])
@pytest.mark.parametrize("members", [(), (2,)])
def test_information_is_that_of_batch_norm_in_evaluation(
    kind, masking, fisher, small, members
):
    network = stack(kind, members, masking=masking)
    before = {name: own.clone() for name, own in network.state_dict().items()}
    x, codes = draw(9, *SHAPES[kind]), torch.zeros(*members, 9, 3, dtype=DTYPE)
    weight = draw(*members, 9, 3, seed=1).clamp_min(0)
    batch = Batch(x, codes, weight, None, None)
    with mock.patch.object(module_of_networks, "_SMALL", small):
        found = network_fisher(network, SPECS, batch, fisher, None)
    assert network.training
    assert_close(network.state_dict(), before, rtol=0, atol=0)
    for member in range(2 if members else 1):
        alone = make(kind, masking, seed=member)
        own = weight[member] if members else weight
        for task, spec in enumerate(SPECS):
            expected = fisher_information(
                plain_module(alone, task),
                x,
                kind=fisher,
                likelihood=spec.kind,
                sample_weight=own[:, task].numpy(),
            )
            layers = [v for v in expected.values() if v.dim() > 1][:-1]
            for layer, value in zip(found, layers, strict=True):
                ours = layer[member] if members else layer
                assert_close(ours[task], value, rtol=1e-9, atol=1e-14)


def test_information_of_one_task_per_row():
    network = make("mlp")
    tasks = torch.tensor([2, 0, 1, 1, 0, 2, 2, 0])
    x, codes = draw(8, 5), torch.zeros(8, dtype=DTYPE)
    batch = Batch(x, codes, None, None, tasks)
    found = network_fisher(network, SPECS, batch, "exact", None)
    for task, spec in enumerate(SPECS):
        module = plain_module(network, task)
        rows = x[tasks == task]
        expected = fisher_information(module, rows, kind="exact", likelihood=spec.kind)
        layers = [own for own in expected.values() if own.dim() > 1][:-1]
        for own, value in zip(found, layers, strict=True):
            assert_close(own[task], value)


@pytest.mark.parametrize("fisher", ["exact", "predicted", "sampled"])
@pytest.mark.parametrize("members", [(), (2,)])
def test_all_rows_speak_for_a_task_without_any(members, fisher):
    network = stack("mlp", members, keep=0.9)
    # No row of the last task; with members, none of the second of one of them.
    tasks = torch.tensor([[0, 1, 0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]])
    tasks = tasks if members else tasks[0]
    x, row_weight = draw(*members, 8, 5), draw(*members, 8, seed=1).square()
    batch = Batch(x, torch.zeros(tasks.shape, dtype=DTYPE), None, row_weight, tasks)
    # The same as labels of many tasks, of which some have none.
    weight = (tasks.unsqueeze(-1) == torch.arange(3)).to(DTYPE)
    codes = torch.zeros_like(weight)
    general = Batch(x, codes, weight, row_weight, None)
    found, expected = (
        network_fisher(
            network, SPECS, own, fisher, MemberRandom([3, 4] if members else 3)
        )
        for own in (batch, general)
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs)
    first = found[-1][(0,) * len(members)]
    assert (first.sum((-2, -1)) > 0).all()


def test_a_unit_without_weights_does_not_look_important():
    network = make("mlp")
    mask = network.masks()[0].clone()
    mask[1, 2] = False
    network.set_masks([mask, *network.masks()[1:]])
    for step in range(200):
        network(draw(16, 5, seed=step))
    batch = Batch(draw(64, 5), torch.zeros(64, 3, dtype=DTYPE), None, None, None)
    found = network_fisher(network, SPECS, batch, "exact", None)[0][1].sum(-1)
    assert found[2] < 100 * found.median()
