"""Targets far from zero, as networks in single precision tell them."""

import copy

import numpy as np
import pytest
import torch

from skmtl import RandomSparseMTLRegressor
from skmtl.sparse import load_task
from skmtl.sparse._task_layers import TargetUnits

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.CollapseWarning",
    "ignore::skmtl.exceptions.TaskGroupWarning",
)
QUICK = {
    "hidden_layer_sizes": (12,),
    "max_epochs": 4,
    "random_state": 0,
    "device": "cpu",
    "weight_decay": 0.0,
}
X = np.random.RandomState(0).normal(size=(80, 5)).astype(np.float32)
ROWS = torch.from_numpy(X)


def fit(location, scale=1.0, x=X, **options):
    y = np.column_stack([location + scale * X[:, 0].astype(float), X[:, 1]])
    return RandomSparseMTLRegressor(**QUICK, **options).fit(x, y)


@pytest.mark.parametrize(
    ("location", "scale"), [(1e7, 1.0), (-1e9, 1e-2), (0.0, 1e-42), (1e38, 1e37)]
)
def test_exported_networks_lose_no_digits(location, scale, tmp_path):
    est = fit(location, scale)
    module = est.export_task(0)
    module.save(tmp_path / "task")
    expected = est.predict(X)[:, 0]
    copies = [module, copy.deepcopy(module), load_task(tmp_path / "task")]
    for own in copies:
        found = own(ROWS)
        assert found.dtype == torch.float64 and found.shape == (80, 1)
        distance = np.abs(found[:, 0].numpy() - expected).max()
        assert distance < 1e-5 * scale + 1e-15 * abs(location)


def test_conversions_do_not_round_the_offset():
    module = fit(1e7).export_task(0)
    expected = module(ROWS)
    assert torch.equal(module.to(torch.float64).to(torch.float32)(ROWS), expected)
    assert (module.to(torch.bfloat16)(ROWS.bfloat16()) - expected).abs().max() < 0.1


@pytest.mark.parametrize("task", [0, 1])
def test_ordinary_targets_need_no_module_of_their_own(task):
    module = fit(200.0, 5.0).export_task(task)
    assert [type(own).__name__ for own in module] == ["Linear", "ReLU", "Linear"]
    assert module(ROWS).dtype == torch.float32


def test_networks_in_double_precision_need_none():
    module = fit(1e7, x=X.astype(float)).export_task(0)
    assert not any(isinstance(own, TargetUnits) for own in module)
    assert module(ROWS.double()).dtype == torch.float64
