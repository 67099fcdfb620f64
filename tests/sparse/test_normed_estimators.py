"""Norms of tasks beside masks: limits, and exported networks without norms."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLRegressor,
    HardSharingClassifier,
    MaximumRoamingClassifier,
    RandomSparseMTLClassifier,
    TaskRoutingClassifier,
)
from skmtl.sparse import load_task

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.CollapseWarning",
    "ignore::skmtl.exceptions.TaskGroupWarning",
)
QUICK = {"max_epochs": 6, "batch_size": 20, "random_state": 0, "device": "cpu"}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(80, 12)).astype(np.float32)
Y = np.column_stack([X[:, 0] > 0, np.digitize(X[:, 1], [-0.5, 0.5]), X[:, 2] > 0])
Y = np.where(RANDOM.uniform(size=Y.shape) < 0.2, np.nan, Y)
PICTURES = RANDOM.normal(size=(60, 2, 9, 12)).astype(np.float32)
SEEN = np.column_stack([PICTURES[:, 0, 0, 0] > 0, PICTURES[:, 1, 4, 5] > 0])


@pytest.mark.parametrize("masking", ["forward", "gradient"])
@pytest.mark.parametrize(
    "cls",
    [
        FisherSparseMTLClassifier,
        RandomSparseMTLClassifier,
        TaskRoutingClassifier,
        MaximumRoamingClassifier,
    ],
)
def test_with_all_weights_it_is_hard_sharing(cls, masking):
    own = {"masking": masking} if "masking" in cls._parameter_table else {}
    options = {**QUICK, "batch_norm": True, "dropout": 0.2}
    found = cls(keep_ratio=1, **own, **options).fit(X.astype(float), Y)
    expected = HardSharingClassifier(**options).fit(X.astype(float), Y)
    ours, theirs = (est.net_.module_.state_dict() for est in (found, expected))
    assert_close({name: ours[name] for name in theirs}, dict(theirs))
    np.testing.assert_allclose(found.transform(X), expected.transform(X))


def shares(module, x, kind):
    logits = module(torch.from_numpy(x))
    if kind == "binary":
        return torch.sigmoid(torch.cat([-logits, logits], 1)).numpy()
    return logits.softmax(-1).numpy()


@pytest.mark.parametrize(
    "est",
    [
        FisherSparseMTLClassifier(keep_ratio=0.05),
        FisherSparseMTLClassifier(latent_dim=4, activation="gelu"),
        FisherSparseMTLClassifier(masking="gradient"),
        RandomSparseMTLClassifier(keep_ratio=0.2, activation="tanh"),
        TaskRoutingClassifier(),
        MaximumRoamingClassifier(),
        FisherSparseMTLClassifier(encoder="conv", keep_ratio=0.05, layer_floor=0),
        MaximumRoamingClassifier(encoder="conv", activation="tanh"),
    ],
    ids=["few", "latent", "gradient", "random", "routing", "roaming", "conv", "units"],
)
def test_exported_networks_predict_the_same(est):
    x, y = (PICTURES, SEEN) if est.encoder == "conv" else (X, Y)
    est.set_params(batch_norm=True, hidden_layer_sizes=(20, 15), **QUICK).fit(x, y)
    for task, expected in enumerate(est.predict_proba(x)):
        for layers in ("dense", "sparse"):
            module = est.export_task(task, layers=layers)
            found = shares(module, x, est.task_types_[task])
            np.testing.assert_allclose(found, expected, atol=1e-5)
        kinds = {type(part).__name__ for part in module}
        assert not any("Norm" in kind for kind in kinds)
        assert torch.equal(
            torch.from_numpy(est.transform(x, task)),
            est.net_.module_.encode_task(task, torch.from_numpy(x)).detach(),
        )
    each = [est.transform(x, task) for task in range(y.shape[1])]
    np.testing.assert_allclose(est.transform(x), np.mean(each, 0), atol=1e-5)


def test_exported_members_and_files(tmp_path):
    est = FisherSparseMTLRegressor(n_estimators=2, batch_norm=True, **QUICK)
    est.fit(X, 30 * X[:, :2] + 7)
    found = [est.export_task(1, member=own)(torch.from_numpy(X)) for own in range(2)]
    mean = torch.stack(found).mean(0)[:, 0].numpy()
    np.testing.assert_allclose(mean, est.predict(X)[:, 1], rtol=1e-4)
    network = est.net_.module_
    sizes = [own.numel() // 2 for own in network.shared_parameters()]
    expected = 4 * (sum(sizes) + 64 + 1)
    module = est.export_task(1, member=0)
    assert module.sizes()["shared"] == expected
    module.save(tmp_path / "a")
    rows = torch.from_numpy(X)
    assert torch.equal(load_task(tmp_path / "a")(rows), module(rows))
