"""Fisher information of plain encoders without a graph, beside that with one."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from skmtl.exceptions import InputError
from skmtl.nn import MemberLinear, MLPEncoder, TaskHeads, stack_modules, task_fisher
from skmtl.nn import _task_fisher as module
from skmtl.nn._direct_squares import direct_squares, has_direct_squares
from skmtl.tasks import TaskSpec
from tests.nn._fisher_modules import DOUBLE, draw

SPECS = [
    TaskSpec("colour", "multiclass", np.arange(4)),
    TaskSpec("ripe", "binary", np.arange(2)),
    TaskSpec("size", "continuous"),
]
HIDDEN = {"none": [], "one": [5], "three": [5, 3, 4]}


def build(hidden, latent_dim, activation, seed=0):
    random = torch.Generator().manual_seed(seed)
    encoder = MLPEncoder(6, hidden, latent_dim, random, activation, 0.3, DOUBLE)
    n_outputs = [spec.n_outputs for spec in SPECS]
    return encoder, TaskHeads(encoder.out_features, n_outputs, random, DOUBLE)


def with_graph(monkeypatch, *args, **options):
    """The same information from autograd's backward passes."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "has_direct_squares", lambda encoder: False)
        return task_fisher(*args, **options)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("activation", ["relu", "tanh", "identity"])
@pytest.mark.parametrize("latent_dim", [None, 3])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_as_with_a_graph(hidden, latent_dim, activation, monkeypatch):
    encoder, heads = build(HIDDEN[hidden], latent_dim, activation)
    assert has_direct_squares(encoder)
    x = draw(11, 6)
    for kind, megabytes in product(["exact", "predicted"], [32, 0.004]):
        options = {"kind": kind, "megabytes": megabytes}
        found = task_fisher(encoder, heads, x, SPECS, **options)
        expected = with_graph(monkeypatch, encoder, heads, x, SPECS, **options)
        assert_same(found, expected)


@pytest.mark.parametrize("per_task", [False, True])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kind", ["exact", "predicted"])
def test_members_as_with_a_graph(kind, shared, per_task, monkeypatch):
    both = [build([5, 4], 3, "relu", seed) for seed in range(2)]
    encoder, heads = (stack_modules(list(parts)) for parts in zip(*both, strict=True))
    parameters = dict(encoder.named_parameters())
    x = draw(9, 6) if shared else draw(2, 9, 6)
    if per_task:
        random = torch.Generator().manual_seed(1)
        parameters = {
            name: torch.stack([value, value * 0.5, value + 0.1], 1)
            * torch.randint(2, (2, 3, *value.shape[1:]), generator=random)
            for name, value in parameters.items()
        }
        x = x.unsqueeze(-3)
        x = x.expand(2, *x.shape[-3:])
    options = {"kind": kind, "parameters": parameters, "per_task": per_task}
    for megabytes in (32, 0.002):
        options["megabytes"] = megabytes
        found = task_fisher(encoder, heads, x, SPECS, **options)
        expected = with_graph(monkeypatch, encoder, heads, x, SPECS, **options)
        assert_same(found, expected)
        assert found["hidden.0.weight"].shape == (2, 3, 5, 6)


def test_only_named_parameters():
    encoder, heads = build([5], 3, "relu")
    x = draw(7, 6)
    whole = task_fisher(encoder, heads, x, SPECS)
    names = ["latent.weight", "hidden.0.bias"]
    assert_same(
        task_fisher(encoder, heads, x, SPECS, names=names),
        {name: whole[name] for name in names},
    )


def test_groups_add_up_what_belongs_to_them():
    encoder, _ = build([5], None, "tanh")
    x = draw(7, 6)
    first, second, third = draw(3, 7, 5)

    def pull(output, rows):
        assert output.shape == (len(x[rows]), 5)
        yield (one[rows].clone() for one in (first, second))
        yield (one[rows].clone() for one in (third,))

    joint, alone = direct_squares(encoder, x, pull, 2, numbers=60)
    assert_same(alone, by_hand(encoder, x, [third]))
    assert_same(joint, by_hand(encoder, x, [first, second]))


def by_hand(encoder, x, derivatives):
    """Row by row, from the definition."""
    layer = encoder.hidden[0]
    total = {name: 0 for name, _ in encoder.named_parameters()}
    for row, derivative in product(range(len(x)), derivatives):
        output = torch.tanh(layer.weight @ x[row] + layer.bias)
        parameters = list(layer.parameters())
        found = torch.autograd.grad(output @ derivative[row], parameters)
        for name, gradient in zip(total, found, strict=True):
            total[name] = total[name] + gradient.square()
    return total


class Doubled(MLPEncoder):
    """An encoder of one's own."""

    def forward(self, x, random=None, labels=None):
        """Twice the representation."""
        return 2 * super().forward(x, random, labels)


def make_hooked():
    encoder, _ = build([5], None, "relu")
    encoder.hidden[0].register_forward_hook(lambda layer, x, output: 2 * output)
    return encoder


def make_wrapped():
    encoder, _ = build([5], None, "relu")
    nn.utils.parametrizations.weight_norm(encoder.hidden[0])
    return encoder


def make_tied():
    encoder, _ = build([6, 6], 3, "relu")
    encoder.hidden[1].weight = encoder.hidden[0].weight
    return encoder


def make_twice():
    encoder, _ = build([6, 6], 3, "relu")
    encoder.hidden[1] = encoder.hidden[0]
    return encoder


def make_without_bias():
    encoder, _ = build([5], 3, "relu")
    encoder.latent.bias = None
    return encoder


def make_patched():
    encoder, _ = build([5], None, "relu")
    layer = encoder.hidden[0]
    layer.forward = lambda x: 2 * MemberLinear.forward(layer, x)
    return encoder


def make_with_own_forward():
    encoder, _ = build([5], None, "relu")
    encoder.forward = lambda x: MLPEncoder.forward(encoder, x).tanh()
    return encoder


@pytest.mark.parametrize(
    "make",
    [
        lambda: build([5], None, "gelu")[0],
        lambda: Doubled(6, [5], None, torch.Generator(), dtype=DOUBLE),
        lambda: MLPEncoder(6, [5], None, torch.Generator(), n_normed=3),
        make_hooked,
        make_wrapped,
        make_tied,
        make_twice,
        make_without_bias,
        make_patched,
        make_with_own_forward,
    ],
)
def test_others_take_the_way_with_a_graph(make):
    assert not has_direct_squares(make())


def test_values_that_layers_share_are_summed_before_the_square():
    encoder = make_tied()
    heads = build([6, 6], 3, "relu")[1]
    x = draw(7, 6)
    expected = torch.zeros(6, 6, dtype=DOUBLE)
    for row in x:
        output = heads(encoder(row[None]))[2, 0, 0]
        (gradient,) = torch.autograd.grad(output, [encoder.hidden[0].weight])
        expected += gradient.square() / len(x)
    only = TaskHeads(3, [1], torch.Generator(), DOUBLE)
    with torch.no_grad():
        only.weight.copy_(heads.weight[2:, :1])
    found = task_fisher(encoder, only, x, SPECS[2:], kind="exact")
    torch.testing.assert_close(found["hidden.0.weight"][0], expected)


def test_within_autocast():
    encoder, heads = build([5, 4], 3, "tanh")
    encoder, heads, x = encoder.float(), heads.float(), draw(7, 6).float()
    expected = task_fisher(encoder, heads, x, SPECS, kind="exact")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = task_fisher(encoder, heads, x, SPECS, kind="exact")
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_no_rows_and_members_without_heads_of_their_own():
    encoder, heads = build([5], 3, "relu")
    with pytest.raises(InputError, match="at least one row"):
        task_fisher(encoder, heads, draw(0, 6), SPECS)
    several = {name: torch.stack([own] * 2) for name, own in encoder.named_parameters()}
    with pytest.raises(InputError):
        task_fisher(encoder, heads, draw(7, 6), SPECS, parameters=several)
    with pytest.raises(InputError):
        task_fisher(stack_modules([encoder] * 2), heads, draw(7, 6), SPECS)
