"""What MTVIB promises beyond the contract."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from skmtl import MTVIBClassifier, MTVIBMixed, MTVIBRegressor
from skmtl.nn import MemberRandom

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"hidden_layer_sizes": (8,), "latent_dim": 4, "random_state": 0}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(400, 5))
Y = X[:, :2] @ RANDOM.normal(size=(2, 2)) + RANDOM.normal(size=(400, 2)) * [0.1, 1.0]


@pytest.fixture(scope="module")
def fitted():
    return MTVIBRegressor(lr=0.01, max_epochs=150, **QUICK).fit(X, Y)


def divergences(est, x):
    """Divergence of each row's representation from a standard normal."""
    network = est.net_.module_
    with torch.no_grad():
        mean, log_variance = network.encode(x, MemberRandom(0)).chunk(2, -1)
    own = Normal(mean, (log_variance / 2).exp())
    return kl_divergence(own, Normal(0 * mean, torch.ones_like(mean))).sum(-1)


def test_penalty_is_the_weighted_divergence(fitted):
    x, network = torch.as_tensor(X), fitted.net_.module_
    weight = torch.rand(400, generator=torch.Generator().manual_seed(0)).double()
    z = network.encode(x, MemberRandom(0))
    factor = fitted.beta * fitted.loss_weight_.mean()
    rows = divergences(fitted, x)
    assert_close(network.penalty(z), factor * rows.mean())
    expected = factor * (weight * rows).sum() / weight.sum()
    assert_close(network.penalty(z, weight), expected)


def test_prediction_is_that_of_the_mean(fitted):
    network = fitted.net_.module_
    x = torch.as_tensor(X[:5])
    with torch.no_grad():
        mean = network.encode(x, MemberRandom(0))[:, :4]
        outputs = network.heads(mean)[..., 0].T.numpy()
    assert_allclose(fitted.transform(X[:5]), mean.numpy())
    assert_allclose(fitted.predict(X[:5]), outputs * Y.std(0) + Y.mean(0))


def test_weight_of_a_regression_is_the_precision_of_its_residual(fitted):
    error = ((fitted.predict(X) - Y) / Y.std(0)).var(0)
    assert (fitted.loss_weight_ < 1.05 / error).all()
    assert fitted.loss_weight_[0] > 5 * fitted.loss_weight_[1]
    assert_allclose(fitted.loss_weight_[1], 1 / error[1], rtol=0.3)


def test_price_takes_information_away():
    rows = []
    for beta in (0.0, 0.1, 10.0):
        est = MTVIBRegressor(beta=beta, max_epochs=60, lr=0.01, **QUICK).fit(X, Y)
        rows.append(float(divergences(est, torch.as_tensor(X)).mean()))
    assert rows[0] > rows[1] > rows[2]
    assert rows[2] < 0.05


@pytest.mark.parametrize("cls", [MTVIBClassifier, MTVIBMixed])
def test_weights_are_optional(cls):
    y = (Y > 0).astype(int)
    est = cls(weighting=None, max_epochs=2, **QUICK).fit(X, y)
    assert not hasattr(est, "loss_weight_")
    est.set_params(weighting="uncertainty", n_estimators=3).fit(X, y)
    assert est.loss_weight_.shape == (3, 2)


def test_representation_may_be_as_wide_as_the_last_layer():
    options = {**QUICK, "latent_dim": None}
    est = MTVIBRegressor(max_epochs=2, **options).fit(X, Y)
    assert est.transform(X).shape == (400, 8)
    assert len(est.get_feature_names_out()) == 8
