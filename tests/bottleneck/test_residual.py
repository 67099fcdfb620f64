"""What regression heads leave over is a Gaussian of learned covariance."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.distributions import MultivariateNormal
from torch.testing import assert_close

from skmtl import HierarchicalIBRegressor
from skmtl.bottleneck._residual import Residual
from skmtl.exceptions import InputError
from skmtl.tasks import MultiTaskLoss, TaskSpec

TASKS = [TaskSpec(name, "continuous") for name in "abc"]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def draw(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=seeded(len(shape)))


@pytest.fixture
def residual():
    """Covariance that is far from the unit one."""
    made = Residual(torch.ones(3, dtype=torch.bool), True, torch.float64)
    with torch.no_grad():
        made.log_variance.copy_(draw(3))
        made.directions.copy_(draw(3, 3))
    return made


def judged(residual, outputs, codes, weight=None, task_of_row=None):
    terms = MultiTaskLoss(TASKS).terms(outputs, codes, weight, task_of_row)
    return residual.judge(terms, outputs, codes, weight, task_of_row)


def density(residual, error):
    covariance = residual.covariance()
    normal = MultivariateNormal(torch.zeros(3, dtype=error.dtype), covariance)
    return -normal.log_prob(error) - 1.5 * math.log(2 * math.pi)


def test_loss_is_the_negative_log_likelihood(residual):
    outputs, codes = draw(3, 20, 1), draw(20, 3)
    terms = judged(residual, outputs, codes)
    expected = density(residual, outputs[..., 0].T - codes).mean()
    assert_close(terms.losses.sum(), expected.detach())
    assert_close(terms.objective.sum(), expected)


WEIGHTS = {
    "none": lambda: None,
    "missing": lambda: (draw(20, 3) > -0.5).double(),
    "unequal": lambda: draw(20, 3).relu(),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_gradient_is_that_of_the_loss(residual, kind):
    codes = draw(20, 3)
    weight = WEIGHTS[kind]()

    def loss(outputs):
        return judged(residual, outputs, codes, weight).losses.sum()

    outputs, step = draw(3, 20, 1), 1e-6
    found = judged(residual, outputs, codes, weight).gradient
    for place in ((0, 3, 0), (1, 7, 0), (2, 11, 0)):
        shift = torch.zeros_like(outputs)
        shift[place] = step
        slope = (loss(outputs + shift) - loss(outputs - shift)) / (2 * step)
        assert_close(found[place], slope, rtol=1e-5, atol=1e-8)


def test_rows_of_one_task_each_agree_with_the_general_layout(residual):
    outputs, codes, tasks = draw(3, 20, 1), draw(20), torch.arange(20) % 3
    places = torch.arange(20), tasks
    wide, weight = torch.zeros(20, 3, dtype=torch.float64), torch.zeros(20, 3).double()
    wide[places], weight[places] = codes, 1.0
    compact = judged(residual, outputs[tasks, torch.arange(20)], codes, None, tasks)
    general = judged(residual, outputs, wide, weight)
    assert_close(compact.losses, general.losses)
    assert_close(compact.gradient, general.gradient[tasks, torch.arange(20)])


@pytest.mark.parametrize("members", [(), (2,)])
def test_unequal_weights_within_a_row_are_repetitions(residual, members):
    counts = torch.randint(0, 4, (20, 3), generator=seeded(0))
    outputs, codes = draw(*members, 3, 20, 1), draw(*members, 20, 3)
    found = judged(residual, outputs, codes, counts.double().expand_as(codes))
    rows = torch.arange(20).repeat_interleave(3)
    once = torch.arange(60)[:, None] % 3 < counts[rows]
    expected = judged(
        residual, outputs[..., rows, :], codes[..., rows, :], once.double()
    )
    assert_close(found.losses, expected.losses)
    assert_close(found.objective, expected.objective)
    by_copy = expected.gradient.unflatten(-2, (20, 3)).sum(-2)
    assert_close(found.gradient, by_copy)


def test_a_label_of_tiny_weight_is_nearly_missing(residual):
    outputs, codes, weight = draw(3, 20, 1), draw(20, 3), torch.ones(20, 3).double()
    terms = []
    for tiny in (0.0, 1e-12):
        weight[:10, 1] = tiny
        terms.append(judged(residual, outputs, codes, weight))
    assert_close(terms[0].losses, terms[1].losses, rtol=1e-9, atol=1e-9)
    assert_close(terms[0].gradient, terms[1].gradient, rtol=1e-9, atol=1e-9)


def test_unlabelled_task_costs_nothing(residual):
    weight = torch.ones(20, 3, dtype=torch.float64)
    weight[:, 1] = 0
    terms = judged(residual, draw(3, 20, 1), draw(20, 3), weight)
    assert terms.losses[1] == 0 and not terms.gradient[1].any()
    [by_variance] = torch.autograd.grad(terms.objective.sum(), residual.log_variance)
    assert by_variance[1] == 0 and by_variance[[0, 2]].all()


@pytest.mark.parametrize("correlated", [False, True])
def test_unit_covariance_is_half_the_squared_error(correlated):
    unit = Residual(torch.ones(3, dtype=torch.bool), correlated, torch.float64)
    outputs, codes = draw(3, 20, 1), draw(20, 3)
    plain = MultiTaskLoss(TASKS).terms(outputs, codes)
    terms = judged(unit, outputs, codes)
    assert_close(terms.losses, plain.losses)
    assert_close(terms.gradient, plain.gradient)


@pytest.mark.parametrize("noise", ["learned", None])
def test_covariance_is_found(noise):
    random = np.random.RandomState(0)
    X = random.normal(size=(1500, 3))
    covariance = np.array([[4.0, 1.8, 0.0], [1.8, 1.0, -0.3], [0.0, -0.3, 0.5]])
    left_over = random.multivariate_normal(np.zeros(3), covariance, size=1500)
    est = HierarchicalIBRegressor(
        beta=0,
        noise=noise,
        residual="full",
        hidden_layer_sizes=(),
        latent_dim=3,
        weight_decay=0,
        batch_size=1500,
        max_epochs=600,
        lr=0.02,
        random_state=0,
    )
    est.fit(X, X @ random.normal(size=(3, 3)) + left_over)
    assert_allclose(est.residual_covariance_, covariance, rtol=0.15, atol=0.15)
    est.set_params(residual="diagonal").fit(X, 5 + 2 * X + left_over)
    found = est.residual_covariance_
    assert_allclose(found, np.diag(np.diag(covariance)), rtol=0.15, atol=1e-12)


def test_joint_likelihood_takes_no_task_weight():
    X = np.random.RandomState(0).normal(size=(20, 3))
    est = HierarchicalIBRegressor(residual="full", task_weight=[1, 2], max_epochs=1)
    with pytest.raises(InputError, match=r"`task_weight` .*\[1, 2\].*'diagonal'"):
        est.fit(X, X[:, :2])
