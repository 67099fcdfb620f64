"""What all sparse methods promise of their heads and encoders."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    MaximumRoamingMixed,
    RandomSparseMTLClassifier,
    RandomSparseMTLMixed,
    TaskRoutingMixed,
)
from skmtl.exceptions import InputError

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


@pytest.mark.parametrize("cls", [FisherSparseMTLClassifier, RandomSparseMTLClassifier])
def test_weights_that_are_computed_have_no_masks(cls):
    def normed(n_features):
        return parametrizations.weight_norm(nn.Linear(n_features, 8))

    def build(n_features):
        return nn.Sequential(normed(n_features), nn.ReLU(), nn.Linear(8, 6), nn.ReLU())

    y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0])
    est = cls(encoder=build, keep_ratio=0.5, **QUICK).fit(X, y)
    assert [own.shape for own in est.layer_masks().values()] == [(2, 6, 8)]
    assert list(est.layer_masks()) == ["module.2"]
    found = est.export_task(0)(torch.from_numpy(X))[:, 0].sigmoid().numpy()
    np.testing.assert_allclose(found, est.predict_proba(X)[0][:, 1], atol=1e-5)
    with pytest.raises(InputError, match=r"`encoder` has no Linear.*parametrization"):
        cls(encoder=normed, **QUICK).fit(X, y)
    # Of an encoder without such layers the last affine layer has masks.
    assert list(cls(encoder=normed, latent_dim=3, **QUICK).fit(X, y).layer_masks())
