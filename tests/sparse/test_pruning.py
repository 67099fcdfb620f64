"""Chains of layers lose what they do not need, and compute the same."""

from itertools import pairwise

import torch

from skmtl.sparse._pruning import Affine, prune


def test_pruning_keeps_what_is_needed():
    weight = torch.zeros(3, 4, dtype=torch.float64)
    weight[0, 1] = weight[1, 2] = 1.0  # unit 2 is constant, unit 1 nobody reads
    first = Affine(weight, torch.tensor([0.0, 0.0, 2.0]).double(), torch.relu)
    weight = torch.tensor([[3.0, 0.0, 5.0]], dtype=torch.float64)
    last = Affine(weight, torch.ones(1).double(), lambda x: x)
    read = prune([first, last])
    assert read.tolist() == [False, True, False, False]
    assert first.weight.tolist() == [[1.0]]
    assert last.weight.tolist() == [[3.0]]
    assert last.bias.tolist() == [11.0]


def test_pruning_leaves_nothing_to_drop():
    random = torch.Generator().manual_seed(0)
    sizes = (40, 30, 20, 30, 3)
    layers = []
    for n_in, n_out in pairwise(sizes):
        weight = torch.randn(n_out, n_in, generator=random, dtype=torch.float64)
        weight[torch.rand(n_out, n_in, generator=random) > 0.06] = 0
        bias = torch.randn(n_out, generator=random, dtype=torch.float64)
        layers.append(Affine(weight, bias, torch.tanh))
    x = torch.randn(50, 40, generator=random, dtype=torch.float64)
    expected = run(layers, x)
    read = prune(layers)
    torch.testing.assert_close(run(layers, x[:, read]), expected)
    for layer, follower in pairwise(layers):
        assert len(layer.bias) < 20
        assert layer.reads.all()
        assert follower.reads.all()
        assert (layer.weight != 0).any(1).all()


def run(layers, x):
    for layer in layers:
        x = layer.activate(x @ layer.weight.T + layer.bias)
    return x
