"""The plain network: encoder and heads, and what it says about itself."""

import pytest
import torch
from torch.testing import assert_close

from skmtl.nn import MLPEncoder, MultiTaskNetwork, TaskHeads


@pytest.fixture
def network():
    generator = torch.Generator().manual_seed(0)
    encoder = MLPEncoder(5, (6,), 4, generator, dtype=torch.float64)
    return MultiTaskNetwork(encoder, TaskHeads(4, [2, 3], generator, torch.float64))


def test_decodes_what_it_encodes(network):
    x = torch.randn(7, 5, dtype=torch.float64)
    z = network.encode(x)
    assert_close(network(x), network.decode(z))
    assert network(x).shape == (2, 7, 3)
    task_of_row = torch.arange(7) % 2
    by_row = network(x, task_of_row)
    assert_close(by_row, network(x)[task_of_row, torch.arange(7)])


def test_parameters_are_shared_or_of_a_task(network):
    shared = {id(own) for own in network.shared_parameters()}
    rest = [n for n, own in network.named_parameters() if id(own) not in shared]
    assert rest == ["heads.weight", "heads.bias"]


def test_biases_do_not_decay(network):
    exempt = {id(own) for own in network.undecayed_parameters()}
    named = network.named_parameters()
    names = [name for name, own in named if id(own) in exempt]
    assert names == ["encoder.hidden.0.bias", "encoder.latent.bias", "heads.bias"]


def test_nothing_more(network):
    assert network.penalty(torch.zeros(7, 4)) is None
    assert network.learning_rate_multipliers() == []
    assert network.task_evidence() == {}
    assert network.valid.tolist() == [[True, True, False], [True] * 3]
