"""Which plans make a stack, and what becomes of those that cannot."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import EpochTimer
from torch import nn
from torch.testing import assert_close

from skmtl.engine import stack_key, train, train_fits
from skmtl.exceptions import ConvergenceError, InputError
from skmtl.nn import UserEncoder
from tests.contracts._problems import BOTTLENECK, PROBLEMS, SHARING
from tests.contracts._stack_asserts import assert_equal_histories


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


def test_members_must_have_equally_many_batches():
    plans = [SHARING.simple_plan() for _ in range(2)]
    plans[1].train = plans[1].train.subset(torch.arange(16))
    with pytest.raises(InputError, match=r"equally many batches an epoch.*\(1, .*\(3,"):
        train(plans)
    assert stack_key(plans[0]) != stack_key(plans[1])


def test_rows_may_differ_within_the_last_batch():
    plans = [SHARING.simple_plan() for _ in range(2)]
    plans[1].train = plans[1].train.subset(torch.arange(40))
    assert stack_key(plans[0]) == stack_key(plans[1])
    assert [own.n_iter for own in train(plans)] == [4, 4]


def test_members_of_a_users_encoder_need_equally_many_rows():
    # padding would shift what such an encoder computes over the batch
    plans = [SHARING.simple_plan(encoder=plain_encoder) for _ in range(2)]
    plans[1].train = plans[1].train.subset(torch.arange(40))
    with pytest.raises(InputError, match="equally many batches"):
        train(plans)


def test_plans_that_train_alone():
    assert stack_key(SHARING.simple_plan(encoder=random_encoder)) is None
    assert stack_key(SHARING.simple_plan(callbacks=[EpochTimer()])) is None


def test_a_member_that_fails_disturbs_no_other():
    plans = [PROBLEMS[1].simple_plan(seed=seed) for seed in range(3)]
    expected = train([copy.deepcopy(plans[0]), copy.deepcopy(plans[2])])
    plans[1].train.codes[5, 2] = 1e200
    first, failed, last = train_fits([[plan] for plan in plans])
    assert isinstance(failed, ConvergenceError) and "'task_2'" in str(failed)
    for found, own in zip((first, last), expected, strict=True):
        assert_equal_histories(found.history, own.history)
        states = found.net.module_.state_dict(), own.net.module_.state_dict()
        assert_close(*states, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("early", [{}, {"early_stopping": True, "n_iter_no_change": 1}])
def test_fit_of_several_members_has_a_member_axis(early):
    plans = [BOTTLENECK.simple_plan(seed=seed, **early) for seed in range(4)]
    alone = train([copy.deepcopy(plan) for plan in plans])
    pair, single, other = train_fits([plans[:2], plans[2:3], plans[3:]])
    assert pair.net.module_.members == (2,)
    assert single.net.module_.members == other.net.module_.members == ()
    assert pair.n_iter == max(own.n_iter for own in alone[:2])
    for name, column in pair.history.items():
        if "loss" in name:
            assert column.shape == (pair.n_iter, 2)
            for member, own in enumerate(alone[:2]):
                assert_allclose(column[: own.n_iter, member], own.history[name])
                assert np.isnan(column[own.n_iter :, member]).all()
    states = [dict(own.net.module_.named_parameters()) for own in alone[:2]]
    joint = dict(pair.net.module_.named_parameters())
    for name, value in joint.items():
        expected = torch.stack([state[name] for state in states])
        assert_close(value, expected, rtol=1e-8, atol=1e-10)


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
