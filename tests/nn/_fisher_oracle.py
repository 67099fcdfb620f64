"""Fisher information the slow way: one row, one label, one gradient at a time."""

import torch
from torch import distributions
from torch.testing import assert_close


def distribution(outputs, family, sigma=1.0):
    """Distribution of one row's label."""
    if family == "multiclass":
        return distributions.Categorical(logits=outputs)
    if family == "binary":
        return distributions.Bernoulli(logits=outputs)
    return distributions.Normal(outputs, sigma)


def labels_of(outputs, family, kind, label):
    """Pairs of a weight and a log-likelihood's label, for classes and one logit."""
    own = distribution(outputs, family)
    if kind == "label":
        return [(1.0, label)]
    support = own.enumerate_support(expand=False).reshape(-1)
    shape = () if family == "multiclass" else (1,)
    support = [one.reshape(shape) for one in support]
    chances = torch.stack([own.log_prob(one).exp().sum().detach() for one in support])
    if kind == "predicted":
        return [(1.0, support[int(chances.argmax())])]
    return list(zip(chances, support, strict=True))


def slow_fisher(function, parameters, x, family, kind, y=None, weight=None, sigma=1.0):
    """Weighted mean over rows; ``function`` maps one row, a batch of one, to outputs.

    Exact values of a Gaussian are written as the expectation over its outputs.
    """
    weight = torch.ones(len(x), dtype=torch.float64) if weight is None else weight
    names = list(parameters)
    totals = {name: torch.zeros_like(parameters[name]) for name in names}

    def add(factor, scalar):
        found = torch.autograd.grad(
            scalar, list(parameters.values()), retain_graph=True, materialize_grads=True
        )
        for name, own in zip(names, found, strict=True):
            totals[name] += factor * own.square()

    for row in range(len(x)):
        if weight[row] == 0:
            continue
        outputs = function(x[row : row + 1])[0]
        if family == "continuous" and kind != "label":
            sigmas = torch.as_tensor(sigma, dtype=x.dtype).expand_as(outputs)
            for output, own in zip(outputs, sigmas, strict=True):
                add(weight[row] / own**2, output)
            continue
        if family == "continuous":
            own = distribution(outputs, family, sigma)
            add(weight[row], own.log_prob(y[row]).sum())
            continue
        label = None if y is None else y[row]
        for chance, one in labels_of(outputs, family, kind, label):
            scalar = distribution(outputs, family).log_prob(one).sum()
            add(weight[row] * chance, scalar)
    return {name: value.detach() / weight.sum() for name, value in totals.items()}


def assert_same(found, expected):
    """Equal up to a relative error of 1e-10, parameter by parameter."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        slack = 1e-12 * float(value.abs().max())
        assert_close(found[name], value, rtol=1e-10, atol=slack, msg=name)
