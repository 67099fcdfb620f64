"""Branches, the output layers that read them, and the gradients of the tasks."""

import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skmtl.engine import train
from skmtl.tasks import MultiTaskLoss
from tests.selective._fits import by_hand, make_plan, scrambled, tables

GROUPS = [[0, 1, 2, 3], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]]
EXACT = {"rtol": 1e-12, "atol": 1e-14}


@pytest.fixture
def plan():
    return make_plan(*tables())


def test_all_branches_and_output_layers_start_alike(plan):
    network = plan.network
    for parameter in network.branches.parameters():
        assert (parameter == parameter[0]).all()
        assert parameter[0].any()
    weight = network.heads.weight
    assert (weight[:, 0] == weight[0, 0]).all()
    assert not weight[~network.valid].any()


@pytest.mark.parametrize("branch_of", GROUPS, ids=str)
def test_outputs_are_those_of_each_tasks_branch(plan, branch_of):
    network = scrambled(plan.network, branch_of)
    x = plan.train.x
    heads = network.heads
    expected = torch.stack(
        [
            own @ heads.weight[task].T + heads.bias[task]
            for task, own in enumerate(by_hand(network, x))
        ]
    )
    assert_close(network(x), expected, **EXACT)


@pytest.mark.parametrize("branch_of", GROUPS, ids=str)
def test_a_row_for_one_task_passes_its_branch(plan, branch_of):
    network = scrambled(plan.network, branch_of)
    x = plan.train.x
    tasks = torch.arange(len(x)) % network.n_tasks
    expected = network(x)[tasks, torch.arange(len(x))]
    assert_close(network(x, tasks), expected, **EXACT)


def test_a_row_for_one_task_costs_one_branch(plan):
    network = plan.network
    rows = []
    inner = network.branches.rows

    def counted(z, branch_of_row):
        hidden = inner(z, branch_of_row)
        rows.append(hidden.shape[:-1].numel())
        return hidden

    network.branches.rows = counted
    network(plan.train.x, torch.zeros(48, dtype=torch.long))
    assert rows == [48]


def task_gradients_by_autograd(network, batch, criterion):
    """Derivative of each task's loss by a copy of its branch."""
    found = []
    for task in range(network.n_tasks):
        own = copy.deepcopy(network)
        losses = criterion(
            own(batch.x, batch.task_of_row),
            batch.codes,
            batch.weight,
            batch.task_of_row,
        )
        first = own.branches.first_weight
        (gradient,) = torch.autograd.grad(losses[task], first)
        found.append(gradient[own.branch_of[task]])
    return torch.stack(found)


@pytest.mark.parametrize("one_task_per_row", [False, True])
@pytest.mark.parametrize("branch_of", GROUPS, ids=str)
def test_gradients_of_tasks_equal_autograd(branch_of, one_task_per_row):
    plan = make_plan(*tables(one_task_per_row=one_task_per_row))
    network = scrambled(plan.network, branch_of)
    batch, criterion = plan.train.whole(), MultiTaskLoss(plan.specs)
    expected = task_gradients_by_autograd(network, batch, criterion)
    assert_close(network.task_gradients(batch, criterion), expected, **EXACT)
    assert expected.flatten(1).any(1).all()


@pytest.mark.parametrize("one_task_per_row", [False, True])
def test_slices_of_the_stacked_gradient_are_those_of_the_tasks(one_task_per_row):
    plan = make_plan(*tables(one_task_per_row=one_task_per_row))
    network = scrambled(plan.network, [0, 1, 2, 3])
    batch, criterion = plan.train.whole(), MultiTaskLoss(plan.specs)
    losses = criterion(
        network(batch.x, batch.task_of_row),
        batch.codes,
        batch.weight,
        batch.task_of_row,
    )
    losses.sum().backward()
    expected = task_gradients_by_autograd(network, batch, criterion)
    assert_close(network.branches.first_weight.grad, expected, **EXACT)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", torch.optim.Adagrad])
def test_places_no_longer_used_change_nothing(optimizer):
    """Training on behind a merge equals training the network of the merged branches.

    That network is cut out of the first one, with what the optimiser remembers.
    """
    X, y = tables()
    common = {
        "sharing": [0, 1, 0, 1],
        "batch_size": 48,
        "lr_decay": 0.0,
        "optimizer": optimizer,
        "window": 2,
    }
    [whole] = train([make_plan(X, y, max_epochs=7, **common)])
    [first] = train([make_plan(X, y, max_epochs=2, **common)])
    assert first.net.module_.branches.n_stored == 2
    plan = make_plan(X, y, max_epochs=5, **common)
    [rest] = train([plan], net=first.net)
    found, expected = rest.net, whole.net
    names = {"branch_of", "merges"}
    for name, value in found.module_.state_dict().items():
        assert_close(value, expected.module_.state_dict()[name], msg=name)
        names.discard(name)
    assert not names
    pairs = zip(found.module_.parameters(), expected.module_.parameters(), strict=True)
    for own, other in pairs:
        state, same = found.optimizer_.state[own], expected.optimizer_.state[other]
        assert set(state) == set(same) and state
        for name in state:
            if isinstance(state[name], torch.Tensor):
                assert_close(state[name], same[name])


def test_parameters_in_use_are_counted(plan):
    network = scrambled(plan.network, [0, 1, 0, 0])
    trunk, branch = 7 * 5 + 7, 6 * 7 + 6 + 5 * 6 + 5
    outputs = (1 + 3 + 1 + 1) * (5 + 1)
    assert int(network.count_parameters()) == trunk + 2 * branch + outputs


def test_settling_drops_what_no_task_uses(plan):
    network = scrambled(plan.network, [0, 1, 0, 0])
    before = network(plan.train.x)
    kept = {id(old): index for old, _, index in network.settle()}
    assert len(kept) == 4
    assert all(index.tolist() == [0, 1] for index in kept.values())
    assert network.branches.n_stored == 2
    assert_close(network(plan.train.x), before, **EXACT)
    assert network.settle() == []


def test_a_network_that_settled_can_be_rebuilt(plan):
    network = scrambled(copy.deepcopy(plan.network), [0, 0, 1, 0])
    network.settle()
    plan.network.resize_like(network.state_dict())
    plan.network.load_state_dict(network.state_dict())
    assert_close(plan.network(plan.train.x), network(plan.train.x), **EXACT)


def test_copies_see_their_own_index(plan):
    network = scrambled(plan.network, [0, 1, 0, 0])
    x = plan.train.x
    network(x)
    other = copy.deepcopy(network)
    with torch.no_grad():
        other.branch_of.copy_(torch.tensor([0, 0, 1, 1]))
    expected = torch.stack(by_hand(other, x))
    heads = other.heads
    joint = expected @ heads.weight.transpose(-1, -2) + heads.bias.unsqueeze(-2)
    assert_close(other(x), joint, **EXACT)
    assert not np.allclose(other(x).detach(), network(x).detach())
