"""Maps show the part of a picture that decides."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from skmtl import (
    FisherSparseMTLClassifier,
    HardSharingClassifier,
    HardSharingMixed,
    RandomSparseMTLClassifier,
)
from skmtl.exceptions import InputError
from skmtl.inspection import class_activation_map

# Which side is lit says nothing of the level.
pytestmark = pytest.mark.filterwarnings("ignore:No tasks form a group")


def spots(n_rows=200, seed=0):
    """A bright spot on the left or on the right, another at the top or bottom."""
    random = np.random.RandomState(seed)
    y = random.randint(0, 2, size=(n_rows, 2))
    X = 0.05 * random.uniform(size=(n_rows, 12, 12))
    for picture, (side, level) in zip(X, y, strict=True):
        picture[5:7, (1 if side == 0 else 9) : (3 if side == 0 else 11)] += 1.0
        picture[(1 if level == 0 else 9) : (3 if level == 0 else 11), 5:7] += 1.0
    return X.astype(np.float32), y


@pytest.fixture(scope="module")
def fitted():
    X, y = spots()
    est = HardSharingClassifier(
        encoder="conv", hidden_layer_sizes=(), max_epochs=8, random_state=0
    )
    return est.fit(X, y), X, y


def test_the_spot_of_the_task_is_lit(fitted):
    est, X, y = fitted
    assert est.score(X, y) > 0.95
    for task, axis in ((0, 1), (1, 0)):
        chosen = X[y[:, task] == 1]
        maps = class_activation_map(est, chosen, task, class_=1)
        assert maps.shape == chosen.shape
        assert (maps >= 0).all()
        by_place = maps.sum(0).sum(1 - axis)
        # The class shows in the second half of one axis.
        assert by_place[6:].sum() > by_place[:6].sum()


def test_maps_by_hand(fitted):
    est, X, _ = fitted
    network = est.net_.module_
    x = torch.as_tensor(X[:2])
    grey = x.unsqueeze(1)
    for layer in network.encoder.convolutions:
        grey = torch.relu(torch.conv2d(grey, layer.weight, layer.bias, padding=1))
        grey = torch.nn.functional.max_pool2d(grey, 2)
    maps = grey.detach().requires_grad_()
    logits = maps.flatten(1) @ network.heads.weight[1, 0] + network.heads.bias[1, 0]
    (slope,) = torch.autograd.grad(logits.sum(), maps)
    parts = (slope * maps).sum(1)
    bias = network.heads.bias[1, 0]
    torch.testing.assert_close(parts.sum((1, 2)), logits - bias)
    expected = parts.relu()
    expected = torch.nn.functional.interpolate(
        expected[:, None], size=(12, 12), mode="bilinear", align_corners=False
    )[:, 0]
    found = class_activation_map(est, X[:2], est.task_names_[1])
    np.testing.assert_allclose(found, expected.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
def test_other_kinds_of_tasks_and_colours():
    X, y = spots(60)
    X = np.stack([X, X, X], axis=1)
    targets = np.column_stack([y[:, 0] + y[:, 1], X.mean((1, 2, 3))])
    est = HardSharingMixed(
        encoder="conv",
        hidden_layer_sizes=(8,),
        max_epochs=2,
        n_estimators=2,
        task_types=["classification", "regression"],
        random_state=0,
    ).fit(X, targets)
    for task, class_ in ((0, None), (0, 2), (1, None)):
        assert class_activation_map(est, X[:5], task, class_).shape == (5, 12, 12)
    with pytest.raises(InputError, match="None for task"):
        class_activation_map(est, X[:5], 1, 3)


def test_what_is_refused(fitted):
    est, X, y = fitted
    with pytest.raises(InputError, match="one of the names"):
        class_activation_map(est, X, 5)
    with pytest.raises(InputError, match=r"classes \[0, 1\].*found 7"):
        class_activation_map(est, X, 0, class_=7)
    with pytest.raises(NotFittedError):
        class_activation_map(HardSharingClassifier(), X, 0)
    with pytest.raises(InputError, match="estimator of skmtl"):
        class_activation_map("none", X, 0)
    flat = HardSharingClassifier(max_epochs=1).fit(X.reshape(len(X), -1), y)
    with pytest.raises(InputError, match="encoder='conv'"):
        class_activation_map(flat, X, 0)


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
@pytest.mark.parametrize(
    "est",
    [
        FisherSparseMTLClassifier(),
        FisherSparseMTLClassifier(batch_norm=True),
        HardSharingClassifier(batch_norm=True),
        RandomSparseMTLClassifier(masking="gradient", batch_norm=True),
    ],
    ids=["masks", "masks and norms", "norms", "gradient"],
)
def test_activation_maps_are_those_of_the_tasks_own_pass(est):
    X, y = spots(60)
    X = X[:, :9]
    options = {"encoder": "conv", "hidden_layer_sizes": (), "max_epochs": 3}
    est.set_params(random_state=0, device="cpu", **options).fit(X, y)
    network = est.net_.module_
    for task in range(2):
        values = dict(network.encoder.named_parameters())
        values |= {
            name: own.detach() for name, own in network.task_weights(task).items()
        }
        grey = torch.from_numpy(X).unsqueeze(1)
        for place in range(2):
            name = f"convolutions.{place}"
            bias = values[f"{name}.bias"]
            grey = torch.conv2d(grey, values[f"{name}.weight"], bias, padding=1)
            if est.batch_norm:
                names = ("running_mean", "running_var", "weight", "bias")
                own = [values[f"norms.{place}.{kind}"] for kind in names]
                grey = torch.nn.functional.batch_norm(grey, *own)
            grey = torch.max_pool2d(torch.relu(grey), 2)
        slope = network.heads.weight[task, 0].view(grey.shape[1:])
        expected = torch.nn.functional.interpolate(
            (grey * slope).sum(1, keepdim=True).relu(),
            size=(9, 12),
            mode="bilinear",
            align_corners=False,
        )[:, 0]
        found = class_activation_map(est, X, task)
        np.testing.assert_allclose(found, expected.detach(), rtol=1e-3, atol=1e-5)
