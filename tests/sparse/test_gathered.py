"""Masks whose weights meet in few units."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skmtl import FisherSparseMTLClassifier, RandomSparseMTLClassifier
from skmtl.datasets import load_grouped_digits
from skmtl.nn import ACTIVATIONS
from skmtl.sparse._export import _linears
from skmtl.sparse._fisher_network import _gathered
from skmtl.sparse._pruning import Affine
from skmtl.sparse._task_layers import SelectFeatures

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


@pytest.mark.parametrize("shape", [(3, 2, 5, 4), (3, 2, 5, 4, 3, 3)])
def test_scores_are_saliency_times_the_fourth_power_of_the_units(shape):
    random = np.random.RandomState(0)
    saliency = random.uniform(size=shape)
    sums = saliency.sum(tuple(range(3, len(shape))), keepdims=True)
    found = _gathered(torch.from_numpy(saliency), 3)
    np.testing.assert_allclose(found.exp(), saliency * sums**4)


def test_small_information_keeps_its_order():
    saliency = torch.tensor([[1e-30, 2e-30, 0.0], [3e-30, 0.0, 5e-30], [0.0] * 3])
    found = _gathered(saliency[None], 2).flatten()
    assert found.argsort(descending=True).tolist()[:4] == [5, 3, 1, 0]
    assert (found[[2, 4, 6, 7, 8]] == -torch.inf).all()


def test_tasks_use_fewer_units_and_export_smaller_networks():
    X, y = load_grouped_digits(return_X_y=True)
    est = FisherSparseMTLClassifier(
        keep_ratio=0.1, max_epochs=20, random_state=0, device="cpu"
    )
    plain = clone(est).fit(X, y)
    gathered = est.set_params(importance="units").fit(X, y)
    live = [
        [own.any(-1).sum() for own in one.layer_masks()["hidden.0"]]
        for one in (gathered, plain)
    ]
    assert (np.array(live[0]) < 0.7 * np.array(live[1])).all()
    assert gathered.score(X, y) > plain.score(X, y) - 0.05
    rows = torch.from_numpy(X)
    for task in range(4):
        small, large = (
            one.export_task(task, layers="dense") for one in (gathered, plain)
        )
        assert small.sizes()["plain"] < 0.8 * large.sizes()["plain"]
        chances = small(rows).softmax(-1).detach()
        np.testing.assert_allclose(chances, gathered.predict_proba(X)[task], atol=1e-6)


@pytest.mark.parametrize(("n_read", "picked"), [(100, False), (13, False), (12, True)])
def test_features_are_picked_where_that_saves_time(n_read, picked):
    est = RandomSparseMTLClassifier(
        keep_ratio=1.0, hidden_layer_sizes=(4,), max_epochs=1, device="cpu"
    )
    X = np.random.RandomState(0).normal(size=(40, 113))
    est.fit(X, np.column_stack([X[:, 0] > 0, X[:, 1] > 0]))
    with torch.no_grad():
        est.net_.module_.masked_weights()[0][:, n_read:] = 0
    module = est.export_task(1)
    assert isinstance(module[0], SelectFeatures) == picked
    rows = torch.from_numpy(X)
    found, whole = module(rows), est.net_.module_.run(rows)[1][1, :, :1]
    torch.testing.assert_close(found, whole.detach())


@pytest.mark.parametrize(
    ("n_units", "share", "kinds"),
    [(20, 0.2, ["Linear", "Linear"]), (200, 0.1, ["SparseLinear", "TransposedLinear"])],
)
def test_first_layers_of_few_units_keep_their_zeros(n_units, share, kinds):
    random = torch.Generator().manual_seed(0)
    weight = torch.rand(n_units, 800, generator=random)
    weight *= torch.rand(weight.shape, generator=random) < share
    layers = [
        Affine(own, torch.zeros(len(own)), ACTIVATIONS["identity"])
        for own in (weight, torch.ones(2, n_units))
    ]
    read = torch.ones(800, dtype=torch.bool)
    found = [type(own).__name__ for own in _linears(layers, read, "auto")]
    assert found == kinds
