"""Fisher information of any module against a loop over rows, labels and gradients."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from skmtl.nn import fisher_information
from skmtl.nn._plan import Plan
from skmtl.nn._row_squares import frozen_run, parameter_values
from tests.nn._fisher_modules import (
    DOUBLE,
    MODULES,
    N_ROWS,
    Overwriting,
    build,
    draw,
    ready,
)
from tests.nn._fisher_oracle import assert_same, slow_fisher


@pytest.mark.parametrize("kind", ["exact", "predicted", "label"])
@pytest.mark.parametrize("name", MODULES)
def test_every_module(name, kind):
    module, x = build(name)
    y = torch.tensor([0, 1, 2, 0, 2, 1, 1]) if kind == "label" else None
    weight = torch.tensor([1.0, 0.5, 2.0, 0.0, 1.0, 3.0, 1.0], dtype=DOUBLE)
    parameters = dict(module.named_parameters())
    expected = slow_fisher(module, parameters, x, "multiclass", kind, y, weight)
    for megabytes in (32, 0.005):
        found = fisher_information(
            module, x, y, kind=kind, sample_weight=weight, megabytes=megabytes
        )
        assert_same(found, expected)


@pytest.mark.parametrize("name", MODULES)
def test_which_parameters_need_the_whole_network(name):
    module, x = build(name)
    values = parameter_values(module)
    plan = Plan(module, frozen_run(module), values, x, values)
    _, _, rest = plan.run(x, 2**20)
    left = [] if rest is None else rest._values
    assert len(left) == MODULES[name][2]


def test_overwritten_inputs_are_not_trusted():
    module = ready(Overwriting())
    with pytest.raises(RuntimeError, match="inplace"):
        fisher_information(module, draw(N_ROWS, 5))


@pytest.mark.parametrize("kind", ["exact", "predicted", "label"])
@pytest.mark.parametrize("family", ["binary", "continuous"])
def test_one_output(family, kind):
    module = ready(nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1)))
    x = draw(N_ROWS, 5)
    y = (draw(N_ROWS) > 0).double() if family == "binary" else draw(N_ROWS)
    sigma = {"sigma": 0.7} if family == "continuous" else {}
    parameters = dict(module.named_parameters())
    expected = slow_fisher(
        module, parameters, x, family, kind, y[:, None], None, **sigma
    )
    assert_same(fisher_information(module, x, y, kind=kind, **sigma), expected)


@pytest.mark.parametrize("kind", ["exact", "label"])
def test_several_values(kind):
    module, x, y = ready(nn.Linear(5, 2)), draw(N_ROWS, 5), draw(N_ROWS, 2, seed=3)
    sigma = torch.tensor([0.5, 2.0], dtype=DOUBLE)
    parameters = dict(module.named_parameters())
    expected = slow_fisher(module, parameters, x, "continuous", kind, y, None, sigma)
    assert_same(fisher_information(module, x, y, kind=kind, sigma=sigma), expected)


def test_independent_labels_add_up():
    module, x = ready(nn.Linear(5, 2)), draw(N_ROWS, 5)
    found = fisher_information(module, x, kind="exact", likelihood="binary")
    for output in range(2):
        own = nn.Linear(5, 1).double()
        with torch.no_grad():
            own.weight.copy_(module.weight[output : output + 1])
            own.bias.copy_(module.bias[output : output + 1])
        alone = fisher_information(own, x, kind="exact")
        torch.testing.assert_close(found["weight"][output], alone["weight"][0])


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("sigma", [None, 0.6])
def test_sampled_labels_average_to_exact(outputs, sigma):
    module, x = ready(nn.Linear(2, outputs)), draw(1, 2).expand(40_000, 2)
    exact = fisher_information(module, x, kind="exact", sigma=sigma)
    options = {"kind": "sampled", "sigma": sigma, "random_state": 0}
    found = fisher_information(module, x, **options)
    chunked = fisher_information(module, x, megabytes=0.5, **options)
    for name, value in exact.items():
        if outputs == 1 or sigma is None:
            torch.testing.assert_close(found[name], value, rtol=0.04, atol=0)
        torch.testing.assert_close(found[name], chunked[name])
    other = fisher_information(module, x, **{**options, "random_state": 1})
    assert not torch.equal(other["bias"], found["bias"])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_batch_squares_the_gradient_of_the_loss(reduction):
    module, x = build("norms")
    y = torch.tensor([0.0, 1, 2, float("nan"), 2, 1, 1])
    weight = torch.tensor([1.0, 0.5, 2.0, 5.0, 1.0, 3.0, 1.0], dtype=DOUBLE)
    seen = ~y.isnan()
    losses = F.cross_entropy(module(x[seen]), y[seen].long(), reduction="none")
    loss = (weight[seen] * losses).sum()
    loss = loss / weight[seen].sum() if reduction == "mean" else loss
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    names = [name for name, _ in module.named_parameters()]
    expected = dict(zip(names, (own.square() for own in gradients), strict=True))
    for megabytes in (32, 0.005):
        found = fisher_information(
            module, x, y, kind="batch", reduction=reduction, sample_weight=weight,
            megabytes=megabytes,
        )  # fmt: skip
        assert_same(found, expected)


def test_sum_is_the_mean_times_the_weights():
    module, x = build("mlp")
    mean, total = (
        fisher_information(module, x, kind="exact", reduction=reduction)
        for reduction in ("mean", "sum")
    )
    assert_same(total, {name: N_ROWS * value for name, value in mean.items()})


def test_rows_without_label_count_for_nothing():
    module, x = build("mlp")
    y = torch.tensor([0.0, float("nan"), 2, 0, float("nan"), 1, 1])
    seen = ~y.isnan()
    for kind in ("label", "batch"):
        found = fisher_information(module, x, y, kind=kind)
        assert_same(found, fisher_information(module, x[seen], y[seen], kind=kind))
        none = fisher_information(module, x, torch.full((7,), torch.nan), kind=kind)
        assert all(not value.any() for value in none.values())


@pytest.mark.parametrize("kind", ["label", "batch"])
@pytest.mark.parametrize("family", ["binary", "continuous"])
def test_a_missing_label_takes_no_others_with_it(family, kind):
    module, x = nn.Linear(5, 2).double(), draw(4, 5)
    y = torch.tensor([[1, 0], [0, 1], [1, torch.nan], [torch.nan] * 2], dtype=DOUBLE)
    found = fisher_information(module, x, y, kind=kind, likelihood=family)
    mean = module(x).detach()
    residual = y - (mean.sigmoid() if family == "binary" else mean)
    each = residual.nan_to_num()[..., None] * x[:, None]  # rows, outputs, features
    # Three of the rows have a label.
    squares = (
        (each.sum(0) / 3).square() if kind == "batch" else each.square().sum(0) / 3
    )
    torch.testing.assert_close(found["weight"], squares)


def test_single_precision_of_a_sure_network():
    module, x = build("mlp")
    with torch.no_grad():
        module[2].weight *= 30
    for kind in ("exact", "predicted"):
        expected = fisher_information(module, x, kind=kind)
        single = copy.deepcopy(module).float()
        found = fisher_information(single, x.float(), kind=kind)
        for name, value in expected.items():
            slack = 1e-5 * float(value.max())
            torch.testing.assert_close(
                found[name].double(), value, rtol=1e-3, atol=slack
            )
