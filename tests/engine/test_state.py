"""What a network is told while it trains, alone and as a member of a stack."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from skmtl.engine import Batch, Batches, Plan, Settings, TaskTensors, train
from skmtl.nn import MLPEncoder, MultiTaskNetwork, TaskHeads
from skmtl.tasks import TaskSpec

SPECS = (TaskSpec("sum", "continuous"), TaskSpec("first", "continuous"))
SETTINGS = Settings(
    max_epochs=3,
    batch_size=4,
    lr=0.01,
    lr_decay=0.0,
    weight_decay=0.0,
    optimizer="adam",
    early_stopping=False,
    n_iter_no_change=10,
    tol=1e-4,
    constant=False,
    device=torch.device("cpu"),
    dtype=torch.float64,
    autocast=False,
    compile=False,
    verbose=0,
)


class Listener(MultiTaskNetwork):
    """Marks the rows of a buffer by what it hears, and drops half of a parameter."""

    member_buffers = ("marks",)

    def __init__(self, encoder, heads):
        super().__init__(encoder, heads)
        self.register_buffer("marks", torch.zeros(3, dtype=torch.int64))
        self.spare = nn.Parameter(torch.arange(4.0, dtype=torch.float64))

    def penalty(self, z, row_weight=None):
        return (self.spare**2).sum(-1)

    def after_step(self, state):
        self.marks[..., 0] += 1
        assert (self.marks[..., 0] >= state.step).all()
        assert self.encoder.shared_gradient() is not None

    def after_epoch(self, state):
        sample = state.sample(5)
        totals = sample.x.sum((-1, -2)).expand(self.members)
        state.record("sampled", totals)
        self.marks[..., 1] = state.epoch
        self.marks[..., 2] = state.n_steps
        for value in state.optimizer_state(self.spare).values():
            value[..., 0] = 7.0

    def settle(self):
        if self.spare.shape[-1] == 2:
            return []
        old = self.spare
        self.spare = nn.Parameter(old.detach()[..., ::2].clone())
        kept = torch.tensor([0, 2]).expand(*self.members, 2)
        return [(old, self.spare, kept)]


class Encoder(MLPEncoder):
    def shared_gradient(self):
        return next(self.parameters()).grad


def make_plan(seed, x):
    random = torch.Generator().manual_seed(seed)
    network = Listener(
        Encoder(3, [4], None, random, dtype=torch.float64),
        TaskHeads(4, [1, 1], random, torch.float64),
    )
    data = TaskTensors(x, torch.stack([x.sum(1), x[:, 0]], dim=1))
    return Plan(network, SPECS, data, None, None, SETTINGS, seed, seed, seed)


def rows(n, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, generator=random, dtype=torch.float64)


def test_alone_and_in_a_stack_a_network_hears_the_same():
    lengths = [10, 9, 12]
    plans = [make_plan(seed, rows(n, seed)) for seed, n in enumerate(lengths)]
    together = train(plans)
    for seed, n in enumerate(lengths):
        (alone,) = train([make_plan(seed, rows(n, seed))])
        joint = together[seed]
        np.testing.assert_allclose(
            joint.history["sampled"], alone.history["sampled"], rtol=1e-12
        )
        assert alone.net.module_.marks.tolist() == [9, 3, 9]
        assert joint.net.module_.marks.tolist() == [9, 3, 9]
        for own, other in zip(
            joint.net.module_.parameters(), alone.net.module_.parameters(), strict=True
        ):
            torch.testing.assert_close(own, other)


def test_settled_parameters_keep_what_the_optimiser_knows_and_train_on():
    (trained,) = train([make_plan(0, rows(10))])
    network, optimizer = trained.net.module_, trained.net.optimizer_
    assert network.spare.shape == (2,)
    state = optimizer.state[network.spare]
    assert state["exp_avg"].shape == (2,)
    assert state["exp_avg"][0] == 7.0
    before = network.spare.detach().clone()
    train([make_plan(0, rows(10))], net=trained.net)
    assert not torch.equal(network.spare, before)


class Cursor:
    """Batches of a source that cannot be read at two places at once."""

    def __init__(self, batches):
        self.batches, self.at, self.begun = batches, 0, 0

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        self.at, self.begun = 0, self.begun + 1
        while self.at < len(self.batches):
            self.at += 1
            yield self.batches[self.at - 1]


def test_samples_are_drawn_without_running_through_batches_that_are_given():
    x, plan = rows(10), make_plan(0, rows(6, seed=1))
    source = Cursor([Batch(own, own[:, :2], None, None, None) for own in x.split(2)])
    (trained,) = train([plan], batches=source)
    assert source.begun == SETTINGS.max_epochs
    assert [row["train_batch_count"] for row in trained.net.history] == [5, 5, 5]
    # The same rows of the plan's data after each epoch: all but one.
    left_out = plan.train.x.sum() - torch.tensor(trained.history["sampled"])
    assert (left_out == left_out[0]).all()
    assert torch.isclose(plan.train.x.sum(1), left_out[0]).any()


class Late(MultiTaskNetwork):
    """Its first epochs are no result, and after each it changes."""

    def warmup_epochs(self, n_epochs):
        return n_epochs // 2

    def after_epoch(self, state):
        self.heads.bias.fill_(0.0 if state.epoch < 2 else 100.0 * state.epoch)


def test_early_stopping_looks_past_a_warm_up_and_keeps_what_it_judged():
    random = torch.Generator().manual_seed(0)
    encoder = MLPEncoder(3, [4], None, random, dtype=torch.float64)
    late = Late(encoder, TaskHeads(4, [1, 1], random, torch.float64))
    plan = make_plan(0, rows(10))
    settings = replace(
        SETTINGS, max_epochs=6, early_stopping=True, n_iter_no_change=2, lr=1e-9
    )
    plan = replace(plan, network=late, settings=settings, valid=plan.train)
    (trained,) = train([plan])
    # Epochs 1 to 3 are the warm-up. The best of the others is 4, with what 3 set.
    assert trained.n_iter == 6
    bias = trained.net.module_.heads.bias
    torch.testing.assert_close(bias, torch.full_like(bias, 300.0))


def test_a_plain_network_is_told_nothing():
    random = torch.Generator().manual_seed(0)
    encoder = MLPEncoder(3, [4], None, random, dtype=torch.float64)
    plain = MultiTaskNetwork(encoder, TaskHeads(4, [1, 1], random, torch.float64))
    (trained,) = train([replace(make_plan(0, rows(10)), network=plain)])
    assert "sampled" not in trained.history


@pytest.mark.parametrize("n_rows", [1, 4, 50])
def test_a_sample_is_drawn_without_replacement(n_rows):
    data = TaskTensors(x=torch.arange(12.0)[:, None], codes=torch.zeros(12, 1))
    few = data.subset(torch.arange(5))
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    batches = Batches([data, few], 4, generators, torch.float32)
    sample = batches.sample(n_rows)
    first, second = sample.x[0, :, 0], sample.x[1, :, 0]
    assert len(first.unique()) == min(n_rows, 12)
    real = second if sample.lengths is None else second[: sample.lengths[1]]
    assert len(real.unique()) == min(n_rows, 5)
    assert set(real.tolist()) <= set(range(5))
    torch.testing.assert_close(batches.sample(n_rows).x, sample.x)
