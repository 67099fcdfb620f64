"""What a stack of networks owes to its members."""

import copy

import torch
from torch.testing import assert_close

from skmtl.engine import train
from skmtl.nn import MemberRandom, stack_modules, unstack_module
from tests.contracts._asserts import (
    TOLERANCE,
    assert_equal_histories,
    assert_equal_modules,
    seeded,
)
from tests.contracts._problems import stack_plans


def assert_stack_equals_separate_fits(problem, scenario, sharing):
    plans = stack_plans(problem, scenario, sharing)
    alone = [train([copy.deepcopy(plan)])[0] for plan in plans]
    stacked = train(plans)
    assert len(stacked) == len(plans)
    for found, expected in zip(stacked, alone, strict=True):
        assert found.n_iter == expected.n_iter
        assert_equal_histories(found.history, expected.history)
        assert_equal_modules(found.net.module_, expected.net.module_)
        if not plans[0].settings.early_stopping:
            assert_equal_optimizers(found.net, expected.net)
    return alone


def assert_equal_optimizers(found, expected):
    pairs = zip(found.module_.parameters(), expected.module_.parameters(), strict=True)
    for own, other in pairs:
        states = found.optimizer_.state[own], expected.optimizer_.state[other]
        assert_close(*map(dict, states), **TOLERANCE)


def assert_stacked_outputs_equal_those_of_members(problem):
    networks = [problem.simple_plan(seed=seed).network for seed in range(3)]
    stacked = stack_modules(networks)
    x = torch.randn(3, 9, 5, dtype=torch.float64, generator=seeded(0))
    task_of_row = torch.arange(9) % len(problem.tasks)
    for own_x, own_tasks in ((x, task_of_row.expand(3, 9)), (x[0], task_of_row)):
        for tasks in (None, own_tasks):
            for noisy in (False, True):
                joint = stacked(
                    own_x, tasks, MemberRandom([4, 5, 6]) if noisy else None
                )
                for member, network in enumerate(networks):
                    alone = network(
                        own_x if own_x.dim() == 2 else own_x[member],
                        None if tasks is None else task_of_row,
                        MemberRandom(4 + member) if noisy else None,
                    )
                    assert_close(joint[member], alone, **TOLERANCE)


def assert_unstacking_undoes_stacking(problem):
    networks = [problem.simple_plan(seed=seed).network for seed in range(3)]
    stacked = stack_modules(networks)
    for member, network in enumerate(networks):
        assert_equal_modules(unstack_module(stacked, member), network, exactly=True)
