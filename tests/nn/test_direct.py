"""The pass without a graph against autograd."""

import itertools

import pytest
import torch

from skmtl.bottleneck._network import HierarchicalIBNetwork
from skmtl.nn import (
    DirectPass,
    MemberRandom,
    MLPEncoder,
    MultiTaskNetwork,
    TaskHeads,
    stack_modules,
)

N_OUTPUTS = [3, 1, 2]


def build(
    kind, seed, hidden=(6,), latent=5, activation="relu", intercept=(True, False, True)
):
    generator = torch.Generator().manual_seed(seed)
    encoder = MLPEncoder(8, hidden, latent, generator, activation, dtype=torch.float64)
    heads = TaskHeads(
        encoder.out_features, N_OUTPUTS, generator, torch.float64, intercept
    )
    if kind == "plain":
        return MultiTaskNetwork(encoder, heads)
    beta = torch.tensor([0.1, 0.2, 0.1 + 0.3 * seed])
    options = (beta, 0.7, 0.5, "learned", "closed", 10.0, generator)
    return HierarchicalIBNetwork(encoder, heads, *options)


def assert_direct_equals_autograd(network, x, row_weight, seeds):
    network.zero_grad()
    z = network.encode(x)
    outputs = network.decode(z, None, MemberRandom(seeds))
    gradient = torch.randn_like(outputs)
    parts, gradients = [outputs], [gradient]
    penalty = network.penalty(z, row_weight)
    if penalty is not None:
        parts.append(penalty)
        gradients.append(torch.ones_like(penalty))
    torch.autograd.backward(parts, gradients)
    expected = {name: p.grad.clone() for name, p in network.named_parameters()}
    direct = network.direct_pass()
    torch.testing.assert_close(direct.forward(x, MemberRandom(seeds)), outputs)
    direct.backward(gradient, row_weight)
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(
            parameter.grad, expected[name], rtol=1e-10, atol=1e-12, msg=name
        )


@pytest.mark.parametrize(
    ("activation", "latent", "hidden"),
    list(
        itertools.product(["relu", "tanh", "identity"], [None, 5], [(7, 6), (4,), ()])
    ),
)
@pytest.mark.parametrize("members", [0, 3])
def test_plain_networks(activation, latent, hidden, members):
    networks = [
        build("plain", seed, hidden, latent, activation)
        for seed in range(max(members, 1))
    ]
    network = stack_modules(networks) if members else networks[0]
    shared = torch.randn(9, 8, dtype=torch.float64)
    assert_direct_equals_autograd(network, shared, None, 1)
    if members:
        own = torch.randn(members, 9, 8, dtype=torch.float64)
        assert_direct_equals_autograd(network, own, None, 1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("members", [0, 3])
def test_bottleneck(members, weighted):
    networks = [build("bottleneck", seed) for seed in range(max(members, 1))]
    network = stack_modules(networks) if members else networks[0]
    leading = (members,) if members else ()
    x = torch.randn(*leading, 9, 8, dtype=torch.float64)
    weight = torch.rand(*leading, 9, dtype=torch.float64) if weighted else None
    seeds = list(range(members)) if members else 1
    assert_direct_equals_autograd(network, x, weight, seeds)


def test_only_plain_encoders_are_supported():
    generator = torch.Generator().manual_seed(0)
    assert not DirectPass.supports(MLPEncoder(3, (4,), None, generator, "gelu"))
    assert not DirectPass.supports(MLPEncoder(3, (4,), None, generator, dropout=0.1))
    frozen = MLPEncoder(3, (4,), None, generator)
    frozen.hidden[0].weight.requires_grad_(False)
    assert not DirectPass.supports(frozen)
    normed = MLPEncoder(3, (4,), None, generator, n_normed=2)
    assert not DirectPass.supports(normed)
    assert not DirectPass.supports(torch.nn.Linear(3, 4))
