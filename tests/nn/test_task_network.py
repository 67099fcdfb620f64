"""One pass with norms of all tasks equals a pass for each task."""

import pytest
import torch
from torch.testing import assert_close

from skmtl.nn import (
    ConvEncoder,
    MemberRandom,
    MLPEncoder,
    TaskHeads,
    TaskNetwork,
    stack_modules,
)

DOUBLE = torch.float64
TASKS = torch.tensor([2, 0, 1, 1, 0, 2, 2, 0])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def make(kind, seed=0, n_normed=3, **options):
    options = {"dtype": DOUBLE, "n_normed": n_normed, **options}
    if kind == "mlp":
        encoder, shape = MLPEncoder(5, [6, 7], 4, seeded(seed), **options), (5,)
    else:
        encoder = ConvEncoder((2, 8, 9), [6], 4, seeded(seed), (3, 2), **options)
        shape = (2, 8, 9)
    heads = TaskHeads(4, [1, 3, 2], seeded(seed), DOUBLE)
    network = TaskNetwork(encoder, heads, len(shape))
    with torch.no_grad():
        for name in network.norm_names:
            norm = encoder.get_submodule(name)
            for value in (norm.weight, norm.bias, norm.running_mean):
                value.normal_(generator=seeded(seed))
            norm.running_var.uniform_(0.5, 2, generator=seeded(seed))
    return network, shape


def stack(kind, members, **options):
    count = torch.Size(members).numel()
    networks = [make(kind, seed, **options)[0] for seed in range(count)]
    network = stack_modules(networks, members) if members else networks[0]
    return network, make(kind)[1]


def gradients(network, outputs):
    factor = torch.randn(outputs.shape, generator=seeded(3), dtype=DOUBLE)
    learning = [own for own in network.parameters() if own.requires_grad]
    return torch.autograd.grad((outputs * factor).sum(), learning)


@pytest.mark.parametrize("kind", ["mlp", "conv"])
@pytest.mark.parametrize("members", [(), (2,), (2, 3)])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_one_pass_equals_a_pass_for_each_task(kind, members, shared, training):
    joint, shape = stack(kind, members)
    looped, _ = stack(kind, members)
    lead = () if shared else members
    x = torch.randn(*lead, 8, *shape, generator=seeded(), dtype=DOUBLE)
    weight = torch.rand(*lead, 8, 3, generator=seeded(1), dtype=DOUBLE)
    weight[..., 2:5, 1] = 0
    joint.train(training)
    looped.train(training)
    z, outputs = joint.run(x, weight=weight)
    each = [looped.encode_task(task, x, labels=weight[..., task]) for task in range(3)]
    assert_close(z, torch.stack(each, -3))
    assert_close(joint.state_dict(), looped.state_dict())
    other = looped.heads(torch.stack(each, -3), per_task=True)
    assert_close(outputs, other)
    assert_close(gradients(joint, outputs), gradients(looped, other))
    assert_close(joint.eval().encode(x), joint.representations(x).mean(-3))


@pytest.mark.parametrize("kind", ["mlp", "conv"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_of_one_task_each_equal_the_general_layout(kind, dropout, weighted):
    rows, shape = make(kind, dropout=dropout)
    general, _ = make(kind, dropout=dropout)
    x = torch.randn(8, *shape, generator=seeded(), dtype=DOUBLE)
    weight = torch.ones(8, dtype=DOUBLE)
    if weighted:
        weight = torch.rand(8, generator=seeded(1), dtype=DOUBLE)
    places = torch.arange(8), TASKS
    spread = torch.zeros(8, 3, dtype=DOUBLE)
    spread[places] = weight
    own = weight if weighted else None
    found = rows.run(x, TASKS, MemberRandom(4), own)[1]
    expected = general.run(x, None, MemberRandom(4), spread)[1][TASKS, places[0]]
    assert_close(found, expected)
    assert_close(rows.state_dict(), general.state_dict())
    assert_close(gradients(rows, found), gradients(general, expected))


def test_tasks_share_their_dropout():
    network, shape = make("mlp", dropout=0.5)
    with torch.no_grad():
        for name in network.norm_names:
            for own in network.encoder.get_submodule(name).state_dict().values():
                own.copy_(own[:1].expand_as(own))
    x = torch.randn(8, *shape, generator=seeded(), dtype=DOUBLE)
    z = network.representations(x, MemberRandom(4))
    assert_close(z, z[:1].expand_as(z))


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_what_is_shared_and_what_decays(kind):
    network, _ = make(kind)
    names = {id(own): name for name, own in network.named_parameters()}
    shared = {names[id(own)] for own in network.shared_parameters()}
    assert shared == {
        name for name in names.values() if "norms" not in name and "encoder" in name
    }
    undecayed = {names[id(own)] for own in network.undecayed_parameters()}
    assert undecayed == {
        name for name in names.values() if "norms" in name or name.endswith("bias")
    }


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_layers_in_front_of_norms_have_no_shift(kind):
    network, _ = make(kind)
    resting = {n for n, own in network.named_parameters() if not own.requires_grad}
    layers = {"mlp": ["hidden.0", "hidden.1"]}.get(
        kind, ["convolutions.0", "convolutions.1", "dense.hidden.0"]
    )
    assert resting == {f"encoder.{name}.bias" for name in layers}
    assert not any(network.get_parameter(name).any() for name in resting)
    assert len(network.norm_names) == len(layers)
    stacked = stack_modules([network, network])
    assert resting == {
        n for n, own in stacked.named_parameters() if not own.requires_grad
    }


def test_without_norms_it_is_hard_sharing():
    network, shape = make("mlp", n_normed=0)
    x = torch.randn(8, *shape, generator=seeded(), dtype=DOUBLE)
    z = network.encoder(x)
    assert network.norm_names == ()
    assert_close(network(x), network.heads(z))
    assert_close(network.representations(x), z.expand(3, 8, 4))
    assert_close(network.encode_task(1, x), z)
