"""Derivatives by outputs against the distributions of torch."""

import pytest
import torch
from torch import distributions
from torch.testing import assert_close

from skmtl.nn import likelihood_gradients
from tests.nn._fisher_modules import draw


def log_likelihood(outputs, family, labels):
    if family == "multiclass":
        return distributions.Categorical(logits=outputs).log_prob(labels[..., 0])
    made = distributions.Bernoulli if family == "binary" else distributions.Normal
    own = made(logits=outputs) if family == "binary" else made(outputs, 0.7)
    return own.log_prob(labels).sum(-1)


@pytest.mark.parametrize("leading", [(), (2,)])
@pytest.mark.parametrize("family", ["multiclass", "binary", "continuous"])
def test_given_labels(family, leading):
    outputs = draw(*leading, 5, 3).requires_grad_()
    columns = 1 if family == "multiclass" else 3
    labels = draw(*leading, 5, columns, seed=1)
    labels = labels if family == "continuous" else (labels > 0).double()
    total = log_likelihood(outputs, family, labels).sum()
    (expected,) = torch.autograd.grad(total, outputs)
    (found,) = likelihood_gradients(
        outputs.detach(), family, "label", codes=labels, sigma=0.7
    )
    assert_close(found, expected)


def test_predicted_is_the_likeliest_label():
    outputs = draw(6, 3)
    labels = outputs.argmax(-1, keepdim=True)
    (found,) = likelihood_gradients(outputs, "multiclass", "predicted")
    (expected,) = likelihood_gradients(outputs, "multiclass", "label", codes=labels)
    assert_close(found, expected)
    (found,) = likelihood_gradients(outputs, "binary", "predicted")
    (expected,) = likelihood_gradients(outputs, "binary", "label", codes=outputs > 0)
    assert_close(found, expected)


@pytest.mark.parametrize("family", ["multiclass", "binary", "continuous"])
def test_exact_is_minus_the_mean_second_derivative(family):
    outputs = draw(3)
    # Second derivatives by the outputs do not depend on the label.
    label = torch.zeros(1 if family == "multiclass" else 3)
    hessian = torch.autograd.functional.hessian(
        lambda own: log_likelihood(own, family, label), outputs
    )
    parts = list(likelihood_gradients(outputs[None], family, "exact", sigma=0.7))
    assert len(parts) == (2 if family == "multiclass" else 3)
    assert_close(sum(own.mT @ own for own in parts), -hessian)


@pytest.mark.parametrize(
    ("family", "draws"),
    [("multiclass", [0.0, 0.2, 0.3, 0.999999]), ("binary", [0.0, 0.4, 0.6, 0.999999])],
)
def test_draws_choose_labels_by_their_share(family, draws):
    logits = (
        torch.tensor([[0.25, 0.0, 0.75]]).log()
        if family == "multiclass"
        else (torch.zeros(1, 1))
    )
    labels = {"multiclass": [0, 0, 2, 2], "binary": [1, 1, 0, 0]}[family]
    for one, label in zip(draws, labels, strict=True):
        (found,) = likelihood_gradients(
            logits, family, "sampled", draws=torch.tensor([[one]])
        )
        (expected,) = likelihood_gradients(
            logits, family, "label", codes=torch.tensor([[label]])
        )
        assert_close(found, expected)


def test_a_sure_network_keeps_its_digits_and_makes_no_denormal_numbers():
    logits = torch.tensor([[30.0, 0.0, 1.0], [0.0, 90.0, 1.0]])
    (found,) = likelihood_gradients(logits, "multiclass")
    (expected,) = likelihood_gradients(logits.double(), "multiclass")
    assert_close(found[0].double(), expected[0], rtol=1e-5, atol=0)
    assert found[0, 0] > 0
    assert not found[1].any()
    (found,) = likelihood_gradients(torch.tensor([[30.0], [-90.0]]), "binary")
    assert_close(
        found, torch.tensor([[30.0], [0.0]]).neg().exp() * torch.tensor([[1.0], [0.0]])
    )
