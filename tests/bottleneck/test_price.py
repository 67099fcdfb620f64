"""The price of information is a divergence of Gaussians."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from skmtl.bottleneck._price import Prices, closed_price, learned_price

N_TASKS, LATENT = 3, 4


def draw(*shape):
    generator = torch.Generator().manual_seed(len(shape))
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


@pytest.fixture
def z():
    return 1 + draw(20, LATENT)


@pytest.fixture
def log_variance():
    return draw(N_TASKS, LATENT)


def prices(own, joint=0.0):
    one = torch.tensor(own, dtype=torch.float64).expand(N_TASKS)
    return Prices(one, torch.tensor(joint, dtype=torch.float64))


def weighted(rows, weight):
    """Mean over rows, sum over the rest."""
    share = torch.full((20,), 1 / 20) if weight is None else weight / weight.sum()
    return (share[:, None] * rows).sum()


@pytest.fixture(params=[None, 0.5], ids=["plain", "weighted"])
def row_weight(request):
    return None if request.param is None else request.param + draw(20).abs()


def moments(z, weight):
    share = torch.full((20, 1), 1 / 20)
    if weight is not None:
        share = (weight / weight.sum())[:, None]
    mean = (share * z).sum(0)
    return mean, (share * (z - mean).square()).sum(0)


def test_closed_price_is_the_divergence_from_the_best_gaussian(
    z, log_variance, row_weight
):
    mean, variance = moments(z, row_weight)
    expected = 0.0
    for own in log_variance.exp():
        best = Normal(mean, (own + variance).sqrt())
        rows = kl_divergence(Normal(z, own.sqrt()), best)
        expected += 0.3 * weighted(rows, row_weight)
    assert_close(closed_price(z, log_variance, row_weight, prices(0.3)), expected)


def test_learned_price_is_the_divergence_from_its_gaussian(z, log_variance, row_weight):
    marginal = 1 + draw(N_TASKS, LATENT).abs()
    expected = 0.0
    for own, xi in zip(log_variance.exp(), marginal.exp(), strict=True):
        rows = kl_divergence(Normal(z, own.sqrt()), Normal(0 * z, xi.sqrt()))
        expected += 0.3 * weighted(rows, row_weight)
    found = learned_price(z, log_variance, marginal, row_weight, prices(0.3))
    assert_close(found, expected)


def test_best_learned_variance_gives_the_closed_price(z, log_variance, row_weight):
    mean, variance = moments(z, row_weight)
    z, best = z - mean, (log_variance.exp() + variance).log()
    found = learned_price(z, log_variance, best, row_weight, prices(0.3, 0.2))
    assert_close(found, closed_price(z, log_variance, row_weight, prices(0.3, 0.2)))
    other = learned_price(z, log_variance, best + 0.1, row_weight, prices(0.3, 0.2))
    assert other > found


def test_joint_price_is_that_of_one_channel_of_the_summed_precision(z, log_variance):
    mean, variance = moments(z, None)
    together = 1 / (1 / log_variance.exp()).sum(0)
    best = Normal(mean, (together + variance).sqrt())
    expected = 0.7 * weighted(kl_divergence(Normal(z, together.sqrt()), best), None)
    assert_close(closed_price(z, log_variance, None, prices(0.0, 0.7)), expected)


def test_derivatives_in_closed_form(z, log_variance, row_weight):
    inputs = (z.requires_grad_(), log_variance.requires_grad_())

    def price(*tensors):
        return closed_price(*tensors, row_weight, prices(0.3, 0.2))

    assert torch.autograd.gradcheck(price, inputs)
