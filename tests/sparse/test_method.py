"""What all sparse methods promise of their heads and encoders."""

import numpy as np
import pytest
import torch

from skmtl import (
    FisherSparseMTLMixed,
    MaximumRoamingMixed,
    RandomSparseMTLMixed,
    TaskRoutingMixed,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.CollapseWarning",
    "ignore::skmtl.exceptions.TaskGroupWarning",
)
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(120, 8)).astype(np.float32)
QUICK = {"max_epochs": 20, "batch_size": 30, "random_state": 0, "device": "cpu"}


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(
    "cls",
    [FisherSparseMTLMixed, RandomSparseMTLMixed, TaskRoutingMixed, MaximumRoamingMixed],
)
def test_rankings_have_no_intercept(cls, batch_norm):
    y = np.column_stack([X[:, 0] + X[:, 1], X[:, 2], X[:, 1] > 0.5])
    kinds = ["ranking", "ranking", "classification"]
    est = cls(task_types=kinds, batch_norm=batch_norm, **QUICK).fit(X, y)
    bias = est.net_.module_.heads.bias
    assert not bias[:2].any()
    assert bias[2].any()
    module = est.export_task(0)(torch.from_numpy(X))
    np.testing.assert_allclose(
        module[:, 0].numpy(), est.predict(X)[:, 0].astype(float), rtol=1e-4, atol=1e-5
    )
