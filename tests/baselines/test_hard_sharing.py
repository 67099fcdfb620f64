"""Hard sharing with batch norm of each task, from data to predictions."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.testing import assert_close

import skmtl
from skmtl import (
    FisherSparseMTLClassifier,
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
    RandomSparseMTLClassifier,
    TaskRoutingClassifier,
)
from skmtl.exceptions import InputError
from skmtl.model_selection import StackedGridSearchCV, fit_stack

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {
    "batch_norm": True,
    "hidden_layer_sizes": (12, 10),
    "max_epochs": 8,
    "batch_size": 20,
    "random_state": 0,
    "device": "cpu",
}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(120, 6))
Y = np.column_stack([X[:, 0] > 0, X[:, 1] + X[:, 2] > 0, X[:, 3] > 0]).astype(float)
PICTURES = RANDOM.normal(size=(60, 8, 8)).astype(np.float32)
EVERY = [HardSharingClassifier, FisherSparseMTLClassifier]


def norms(estimator):
    """Running means and variances, by name."""
    state = estimator.net_.module_.state_dict()
    return {name: own.clone() for name, own in state.items() if "running" in name}


def test_tasks_of_other_domains_are_scaled_apart():
    domain = np.arange(len(X)) % 2
    shifted = X + 50 * domain[:, None]
    y = np.where(domain[:, None] == np.arange(2), Y[:, :2], np.nan)
    options = {**QUICK, "max_epochs": 60}
    est = HardSharingClassifier(**options).fit(shifted, y)
    layer = est.net_.module_.encoder.hidden[0]
    found = norms(est)["encoder.norms.0.running_mean"]
    for task in range(2):
        rows = torch.from_numpy(shifted[domain == task])
        expected = (rows @ layer.weight.T).mean(0).detach()
        spread = (rows @ layer.weight.T).std(0).detach()
        assert ((found[task] - expected).abs() < spread).all()
    assert est.score(shifted, y) > 0.9
    assert est.set_params(batch_norm=False).fit(shifted, y).score(shifted, y) < 0.9


@pytest.mark.parametrize("cls", EVERY)
def test_a_row_is_predicted_by_itself(cls):
    est = cls(**QUICK).fit(X, Y)
    whole = est.predict_proba(X)
    single = [est.predict_proba(X[row : row + 1]) for row in range(3)]
    for task in range(3):
        found = np.concatenate([own[task] for own in single])
        np.testing.assert_allclose(found, whole[task][:3], rtol=1e-10)
    assert not est.net_.module_.training


@pytest.mark.parametrize("cls", [HardSharingClassifier, RandomSparseMTLClassifier])
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_early_stopping_goes_back_to_the_statistics_of_the_best_epoch(
    cls, n_estimators
):
    options = {**QUICK, "lr": 0.03, "lr_decay": 0.0, "n_estimators": n_estimators}
    options |= {"early_stopping": True, "max_epochs": 40, "n_iter_no_change": 3}
    est = cls(**options).fit(X, Y)
    loss = est.history_["valid_loss"].reshape(est.n_iter_, n_estimators)
    best = np.nanargmin(loss, 0) + 1
    assert (best < est.n_iter_).all()
    for member in range(n_estimators):
        again = cls(**{**options, "max_epochs": int(best[member])}).fit(X, Y)
        place = member if n_estimators > 1 else ...
        ours, theirs = norms(est), norms(again)
        assert_close(
            {name: own[place] for name, own in ours.items()},
            {name: own[place] for name, own in theirs.items()},
        )


@pytest.mark.parametrize(
    "est",
    [
        HardSharingClassifier(),
        HardSharingClassifier(n_estimators=2),
        HardSharingClassifier(encoder="conv"),
        FisherSparseMTLClassifier(),
        TaskRoutingClassifier(encoder="conv", n_estimators=2),
    ],
    ids=["plain", "ensemble", "conv", "fisher", "routing"],
)
def test_files_and_copies_keep_the_statistics(est, tmp_path):
    x, y = (PICTURES, Y[:60]) if est.encoder == "conv" else (X, Y)
    est.set_params(**QUICK).fit(x, y)
    est.save(tmp_path / "a")
    expected = est.predict_proba(x)
    same = [
        skmtl.load(tmp_path / "a"),
        copy.deepcopy(est),
        pickle.loads(pickle.dumps(est)),
    ]
    for own in same:
        assert_close(norms(own), norms(est), rtol=0, atol=0)
        np.testing.assert_array_equal(own.predict_proba(x), expected)
    before = norms(est)
    for own in (est, *same):
        own.partial_fit(x, y)
        moved = norms(own)
        assert all(not torch.equal(moved[name], before[name]) for name in before)
    assert_close(norms(same[1]), norms(est), rtol=0, atol=0)
    assert_close(norms(same[2]), norms(est), rtol=0, atol=0)


@pytest.mark.parametrize("cls", EVERY)
def test_a_warm_start_goes_on_from_the_statistics(cls):
    est = cls(warm_start=True, **QUICK).fit(X, Y)
    before = norms(est)
    est.set_params(lr=1e-12).fit(X, Y)
    cold = norms(cls(**{**QUICK, "lr": 1e-12}).fit(X, Y))
    for name, own in norms(est).items():
        assert (own - before[name]).abs().mean() < (cold[name] - own).abs().mean()
    with pytest.raises(InputError, match="found another network, where"):
        est.set_params(batch_norm=False).fit(X, Y)


@pytest.mark.parametrize("cls", EVERY)
def test_stacks_and_searches(cls):
    estimators = [cls(**{**QUICK, "random_state": seed}) for seed in range(3)]
    alone = [clone(own).fit(X, Y) for own in estimators]
    for found, expected in zip(fit_stack(estimators, X, Y), alone, strict=True):
        assert_close(norms(found), norms(expected))
        np.testing.assert_allclose(found.transform(X), expected.transform(X))
    grid = {"batch_norm": [False, True], "weight_decay": [0.01, 1.0]}
    search = StackedGridSearchCV(cls(**QUICK), grid, cv=2).fit(X, Y)
    assert len(search.cv_results_["params"]) == 4
    by_hand = clone(search.best_estimator_).fit(X, Y)
    np.testing.assert_allclose(search.transform(X), by_hand.transform(X))


@pytest.mark.parametrize("cls", EVERY)
def test_labels_too_rare_for_statistics(cls):
    y = Y.copy()
    y[:, 2] = np.nan
    y[[2, 5, 8], 2] = [0, 1, 0]  # not two in most batches
    est = cls(**QUICK).fit(X, y)
    for values in (*norms(est).values(), *map(torch.tensor, est.predict_proba(X))):
        assert torch.isfinite(values).all()
    one = np.arange(len(X)) % 3
    est.fit(X, np.where(one[:, None] == np.arange(3), y, np.nan))
    assert all(np.isfinite(own).all() for own in est.predict_proba(X))


def test_the_representation_is_the_mean_of_the_tasks():
    est = HardSharingClassifier(latent_dim=4, **QUICK).fit(X, Y)
    network, x = est.net_.module_, torch.from_numpy(X)
    with torch.no_grad():
        each = torch.stack([network.encode_task(task, x) for task in range(3)])
        outputs = network.heads(each, per_task=True)
        assert_close(network(x), outputs)
    np.testing.assert_allclose(est.transform(X), each.mean(0))
    assert not torch.allclose(each[0], each[1])


def test_other_kinds_of_tasks():
    est = HardSharingRegressor(**{**QUICK, "max_epochs": 60}).fit(X, X[:, :2] * 3)
    assert est.score(X, X[:, :2] * 3) > 0.8
    est = HardSharingRanker(**{**QUICK, "max_epochs": 60}).fit(X, X[:, :2])
    assert est.score(X, X[:, :2]) > 0.7
    mixed = np.column_stack([Y[:, 0], X[:, 1]])
    est = HardSharingMixed(task_types="auto", **QUICK).fit(X, mixed)
    assert est.predict(X).shape == (120, 2)


@pytest.mark.parametrize("cls", EVERY)
def test_without_hidden_layers_there_is_nothing_to_normalise(cls):
    options = {**QUICK, "hidden_layer_sizes": (), "latent_dim": 3}
    found = cls(**options).fit(X, Y)
    expected = cls(**{**options, "batch_norm": False}).fit(X, Y)
    np.testing.assert_allclose(found.transform(X), expected.transform(X), atol=1e-8)


@pytest.mark.parametrize("encoder", [nn.Linear(6, 4), lambda n: nn.Linear(n, 4)])
@pytest.mark.parametrize("cls", EVERY)
def test_encoders_of_users_bring_their_own_norms(cls, encoder):
    est = cls(**{**QUICK, "encoder": encoder})
    with pytest.raises(InputError, match=r"`batch_norm` must be False.*'mlp' or"):
        est.fit(X, Y)
    est.set_params(batch_norm=False).fit(X, Y)
