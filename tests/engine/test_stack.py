"""Which plans make a stack, and what becomes of those that cannot."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skmtl.engine import train
from skmtl.exceptions import InputError
from skmtl.nn import UserEncoder
from tests.contracts._problems import PROBLEMS
from tests.contracts._stack_asserts import assert_equal_histories

SHARING, *_, BOTTLENECK = PROBLEMS


def plain_encoder(n_features):
    return nn.Sequential(nn.Linear(n_features, 6), nn.Tanh(), nn.Linear(6, 4))


def random_encoder(n_features):
    return nn.Sequential(nn.Linear(n_features, 6), nn.Dropout(0.3), nn.ReLU())


def statistics_encoder(n_features):
    return nn.Sequential(nn.Linear(n_features, 6), nn.BatchNorm1d(6), nn.ReLU())


class FunctionalDropout(nn.Linear):
    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.3, self.training)


ENCODERS = {
    plain_encoder: True,
    random_encoder: False,
    statistics_encoder: False,
    lambda n_features: FunctionalDropout(n_features, 6): False,
}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("problem", [SHARING, BOTTLENECK], ids=str)
def test_users_encoders_stack_or_train_in_turn(encoder, problem):
    plans = [problem.simple_plan(seed=seed, encoder=encoder) for seed in range(3)]
    [own] = [m for m in plans[0].network.modules() if isinstance(m, UserEncoder)]
    buffers = copy.deepcopy(dict(own.named_buffers()))
    assert own.can_stack() == ENCODERS[encoder]
    assert_close(dict(own.named_buffers()), buffers, rtol=0, atol=0)
    alone = [train([copy.deepcopy(plan)])[0] for plan in plans]
    stacked = train(plans)
    for found, expected in zip(stacked, alone, strict=True):
        assert_equal_histories(found.history, expected.history)
        states = found.net.module_.state_dict(), expected.net.module_.state_dict()
        assert_close(*states, rtol=1e-8, atol=1e-10)


def test_members_are_independent_of_their_company():
    def plans():
        return [BOTTLENECK.simple_plan(seed=seed) for seed in range(3)]

    three = train(plans())
    two = train(plans()[1:])
    for found, expected in zip(three[1:], two, strict=True):
        states = found.net.module_.state_dict(), expected.net.module_.state_dict()
        assert_close(*states, rtol=1e-10, atol=1e-12)


def differing(**settings):
    first, second = (SHARING.simple_plan(seed=seed) for seed in range(2))
    return [first, replace(second, settings=replace(second.settings, **settings))]


@pytest.mark.parametrize(
    "settings", [{"lr": 0.5}, {"batch_size": 9}, {"lr_decay": 0.9}]
)
def test_settings_must_be_equal(settings):
    with pytest.raises(InputError, match="must have equal settings but for"):
        train(differing(**settings))


@pytest.mark.parametrize("part", ["train", "valid"])
def test_members_must_have_equally_many_rows(part):
    early = {"early_stopping": True, "validation_fraction": 0.25}
    plans = [SHARING.simple_plan(seed=0, **early) for _ in range(2)]
    data = getattr(plans[1], part)
    setattr(plans[1], part, data.subset(data.rows[1:]))
    with pytest.raises(InputError, match=f"equally many rows.* in `{part}`"):
        train(plans)


def test_layouts_must_be_equal():
    X, y = SHARING.data(one_task_per_row=True)
    plans = [SHARING.plan(X, y), SHARING.simple_plan()]
    with pytest.raises(InputError, match="labelled for one task each or not"):
        train(plans)


@pytest.mark.parametrize(
    ("problem", "parameter", "values"),
    [
        (SHARING, "dropout", (0.1, 0.2)),
        (SHARING, "activation", ("relu", "tanh")),
        (SHARING, "hidden_layer_sizes", ((7,), (8,))),
        (BOTTLENECK, "beta_warmup", (0.1, 0.2)),
        (BOTTLENECK, "noise_lr_multiplier", (1.0, 10.0)),
    ],
)
def test_networks_must_agree_in_what_members_share(problem, parameter, values):
    plans = [problem.simple_plan(**{parameter: value}) for value in values]
    with pytest.raises(InputError, match="Networks of one stack must agree in `"):
        train(plans)


def test_tasks_must_be_of_equal_kinds():
    plans = [PROBLEMS[1].simple_plan(), replace(SHARING, tasks=(2, 2, 2)).simple_plan()]
    with pytest.raises(InputError, match="stack"):
        train(plans)


def test_precision_of_a_stack():
    X, y = SHARING.data()
    plans = [SHARING.plan(X.astype("f4"), y, seed=seed) for seed in range(3)]
    alone = [train([copy.deepcopy(plan)])[0] for plan in plans]
    for found, expected in zip(train(plans), alone, strict=True):
        states = found.net.module_.state_dict(), expected.net.module_.state_dict()
        assert all(own.dtype != torch.float64 for own in states[0].values())
        assert_close(*states, rtol=1e-3, atol=1e-4)
