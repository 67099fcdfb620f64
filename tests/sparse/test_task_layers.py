"""Layers without zeros compute what dense ones do."""

import pytest
import torch
import torch.nn.functional as F

from skmtl.exceptions import InputError
from skmtl.sparse._task_layers import (
    BiasMap,
    SelectFeatures,
    SparseLinear,
    TransposedLinear,
    row_pieces,
)


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


def layer_and_weight(n_out=7, n_in=11, dtype=torch.float64):
    """A sparse layer, and the weight and bias that it stands for."""
    reads = torch.ones(n_in, dtype=torch.bool)
    reads[[2, 5]] = False
    weight = numbers(n_out, n_in, dtype=dtype)
    weight[numbers(n_out, n_in, seed=1) > -0.5] = 0
    weight[:, ~reads] = 0
    weight[1] = weight[-1] = 0  # units without weights, the last one too
    bias = numbers(n_out, seed=2, dtype=dtype)
    layer = SparseLinear(weight[:, reads], bias, reads)
    assert 0 < len(layer.values) < weight.numel() / 2
    return layer, weight, bias


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(13,), (1,), (0,), (), (3, 4), (2, 3, 4), (2, 0)])
def test_sparse_layers_are_linear(shape, dtype):
    layer, weight, bias = layer_and_weight(dtype=dtype)
    x = numbers(*shape, 11, dtype=dtype)
    torch.testing.assert_close(layer(x), F.linear(x, weight, bias))


def test_order_in_memory_does_not_matter():
    layer, weight, bias = layer_and_weight()
    x = numbers(11, 26)
    for own in (x.T, x[:, ::2].T, x[:, 3:4].T, x[:, 4:9].T):
        torch.testing.assert_close(layer(own), F.linear(own, weight, bias))


def test_activations_stay_features_first():
    layer, _, _ = layer_and_weight()
    follower = TransposedLinear(7, 5, dtype=torch.float64)
    found = layer(numbers(13, 11))
    assert found.T.is_contiguous()
    assert follower(torch.relu(found)).T.is_contiguous()


@pytest.mark.parametrize("shape", [(13,), (0,), (), (3, 4)])
def test_transposed_layers_are_linear(shape):
    layer, x = TransposedLinear(11, 5, dtype=torch.float64), numbers(*shape, 11)
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))


def test_layers_without_any_weight_give_their_bias():
    bias, reads = numbers(4), torch.ones(3, dtype=torch.bool)
    layer = SparseLinear(bias.new_zeros(4, 3), bias, reads)
    assert torch.equal(layer(numbers(6, 3)), bias.expand(6, 4))
    assert layer.dense()["weight"].shape == (4, 0)


def test_gradients_are_those_of_a_dense_layer():
    layer, weight, bias = layer_and_weight()
    x, target = numbers(13, 11), numbers(13, 7, seed=3)
    dense = [own.clone().requires_grad_() for own in (x, weight, bias)]
    (F.linear(*dense) - target).square().sum().backward()
    x.requires_grad_()
    (layer(x) - target).square().sum().backward()
    torch.testing.assert_close(x.grad, dense[0].grad)
    torch.testing.assert_close(layer.values.grad, dense[1].grad[weight != 0])
    torch.testing.assert_close(layer.bias.grad, dense[2].grad)


def test_layers_come_back_from_their_dense_form():
    layer, weight, _ = layer_and_weight()
    found = layer.dense()
    # What nothing reads takes no place.
    used = (weight != 0).any(0)
    assert torch.equal(found["reads"], used)
    assert torch.equal(found["weight"], weight[:, used])
    again = SparseLinear(**found).state_dict()
    for name, own in layer.state_dict().items():
        assert torch.equal(again[name], own), name


@pytest.mark.parametrize("width", [10, 12])
def test_rows_of_another_width_are_refused(width):
    layer, _, _ = layer_and_weight()
    with pytest.raises(InputError, match=f"must have 11 features.*found {width}"):
        layer(numbers(2, width))


def test_features_and_border_have_modules():
    x = torch.arange(6.0).view(2, 3)
    assert SelectFeatures(torch.tensor([2, 0]))(x).tolist() == [[2.0, 0.0], [5.0, 3.0]]
    assert BiasMap(torch.ones(3))(x).tolist() == (x + 1).tolist()


@pytest.mark.parametrize("n_rows", [0, 1, 8, 100, 256, 512, 1024, 1025])
@pytest.mark.parametrize(("n_features", "most"), [(5000, 64), (1000, 200), (600, 333)])
def test_pieces_are_the_rows_and_no_power_of_two_apart(n_rows, n_features, most):
    x = torch.arange(2.0 * n_rows).view(-1, 2)
    pieces = row_pieces(x, n_features)
    assert torch.equal(torch.cat(pieces), x)
    lengths = [len(own) for own in pieces]
    assert max(lengths) < most + 32
    assert all(length % 32 == 16 for length in lengths[:-1])
    assert len(lengths) <= max(-(-n_rows // most), 1)
    assert all(len(row_pieces(own, n_features)) == 1 for own in pieces)


def test_wide_rows_are_cut_once(monkeypatch):
    lengths = []
    monkeypatch.setattr(
        SparseLinear, "_bags", lambda self, x: lengths.append(len(x)) or x.T[:1].clone()
    )
    layer = SparseLinear(numbers(1, 5000), numbers(1), torch.ones(5000).bool())
    layer(numbers(72, 5000))
    assert lengths == [72]


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
def test_a_trace_takes_other_numbers_of_rows():
    layer, weight, bias = layer_and_weight(n_in=5000)
    traced = torch.jit.trace(layer, numbers(512, 5000))
    for n_rows in (512, 300, 1100):
        x = numbers(n_rows, 5000)
        torch.testing.assert_close(traced(x), F.linear(x, weight, bias))
