"""What masks by Fisher information promise, and where they end."""

import numpy as np
import pytest
import torch

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    HardSharingClassifier,
    MaximumRoamingClassifier,
    RandomSparseMTLClassifier,
    TaskRoutingClassifier,
)
from skmtl._base._prepare import prepare
from skmtl.engine import train
from skmtl.exceptions import InputError
from skmtl.sparse._fisher_network import Schedule
from skmtl.sparse._information import network_fisher

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.TaskGroupWarning",
    # small layers of which few weights are kept
    "ignore::skmtl.exceptions.CollapseWarning",
)
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(120, 8))
Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, np.digitize(X[:, 2], [-0.5, 0.5])])
PICTURES = RANDOM.normal(size=(60, 8, 8))
QUICK = {
    "hidden_layer_sizes": (20, 16),
    "max_epochs": 10,
    "batch_size": 30,
    "random_state": 0,
    "device": "cpu",
}
EVERY = [
    FisherSparseMTLClassifier,
    RandomSparseMTLClassifier,
    TaskRoutingClassifier,
    MaximumRoamingClassifier,
]


def counts(estimator):
    """Weights of each task, by layer: (n_tasks, n_layers)."""
    masks = estimator.layer_masks().values()
    return np.stack([own.reshape(len(own), -1).sum(1) for own in masks], axis=1)


# ---- limits


@pytest.mark.parametrize("masking", ["forward", "gradient"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("cls", EVERY)
def test_with_all_weights_it_is_hard_sharing(cls, dropout, masking):
    own = {"masking": masking} if "masking" in cls._parameter_table else {}
    options = {**QUICK, "dropout": dropout}
    found = cls(keep_ratio=1, **own, **options).fit(X, Y)
    expected = HardSharingClassifier(**options).fit(X, Y)
    pairs = zip(
        found.net_.module_.parameters(),
        expected.net_.module_.parameters(),
        strict=True,
    )
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.transform(X), expected.transform(X))
    assert found.keep_ratio_ == 1
    assert not found.sparsity_.any()


def test_warming_up_all_the_time_is_hard_sharing_with_masks_at_the_end():
    found = FisherSparseMTLClassifier(warmup=1, **QUICK).fit(X, Y)
    expected = HardSharingClassifier(**QUICK).fit(X, Y)
    names = [name for name, _ in expected.net_.module_.named_parameters()]
    state = found.net_.module_.state_dict()
    for name in names:
        other = expected.net_.module_.state_dict()[name]
        torch.testing.assert_close(state[name], other, rtol=1e-8, atol=1e-10)
    assert found.keep_ratio_ == 0.5


# ---- counts


@pytest.mark.parametrize("keep_ratio", [0.1, 0.33, 0.9])
@pytest.mark.parametrize("fisher", ["exact", "magnitude", "random"])
def test_every_task_has_exactly_its_share(fisher, keep_ratio):
    est = FisherSparseMTLClassifier(keep_ratio=keep_ratio, fisher=fisher, **QUICK)
    found = counts(est.fit(X, Y))
    n_weights = 20 * 8 + 16 * 20
    assert (found.sum(1) == int(keep_ratio * n_weights + 0.5)).all()
    assert est.keep_ratio_ == pytest.approx(found[0].sum() / n_weights)
    density = found / [20 * 8, 16 * 20]
    np.testing.assert_allclose(1 - density, est.sparsity_)


@pytest.mark.parametrize("encoder", ["mlp", "conv"])
@pytest.mark.parametrize("importance", ["saliency", "units", "fisher", "relative"])
def test_no_layer_of_any_task_dies(importance, encoder):
    rows = PICTURES if encoder == "conv" else PICTURES.reshape(60, -1)
    y = np.column_stack([rows.reshape(60, -1)[:, 9] > 0, RANDOM.uniform(size=60) > 0.5])
    est = FisherSparseMTLClassifier(
        encoder=encoder, keep_ratio=0.1, importance=importance, **QUICK
    ).fit(rows, y)
    assert (1 - est.sparsity_ >= 0.03).all()
    for masks in est.layer_masks().values():
        assert masks.any(axis=tuple(range(1, masks.ndim))).all()
    for task in range(2):
        assert est.transform(rows, task=task).std(0).any()


def test_packed_masks_are_those_of_the_network():
    est = FisherSparseMTLClassifier(n_estimators=2, **QUICK).fit(X, Y)
    assert est.masks_.shape == (2, 3, (20 * 8 + 16 * 20) // 8)
    assert est.sparsity_.shape == (2, 3, 2)
    for member in range(2):
        found = est.layer_masks(member)
        assert list(found) == ["hidden.0", "hidden.1"]
        pairs = zip(found.values(), est.net_.module_.masks(), strict=True)
        for own, other in pairs:
            np.testing.assert_array_equal(own, other[member].numpy())
    with pytest.raises(InputError, match="from 0 to 1; found 2"):
        est.layer_masks(2)
    assert est.fisher_["hidden.0"].shape == (2, 3, 20, 8)


# ---- training


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", torch.optim.RMSprop])
def test_weights_that_no_task_uses_do_not_move(optimizer):
    est = RandomSparseMTLClassifier(
        keep_ratio=0.1, optimizer=optimizer, weight_decay=1.0, **QUICK
    )
    [plan] = prepare(est, X, Y, None, random_state=RANDOM).plans
    start = [own.detach().clone() for own in plan.network.masked_weights()]
    [trained] = train([plan])
    network = trained.net.module_
    pairs = zip(network.masked_weights(), start, network.masks(), strict=True)
    for now, before, mask in pairs:
        unused = ~mask.any(0)
        assert unused.any()
        assert torch.equal(now[unused], before[unused])
        assert (now[~unused] != before[~unused]).all()


def test_weights_rest_while_masks_without_them_do():
    est = FisherSparseMTLClassifier(keep_ratio=0.1, weight_decay=1.0, **QUICK)
    [plan] = prepare(est, X, Y, None, random_state=RANDOM).plans
    weights, masks = [], []

    def note(epoch, net, done):
        network = net.module_
        weights.append([own.detach().clone() for own in network.masked_weights()])
        masks.append([own.any(0) for own in network.masks()])
        return False

    plan.on_epoch = note
    train([plan])
    moved = 0
    for epoch in range(1, len(weights)):
        for now, before, used in zip(
            weights[epoch], weights[epoch - 1], masks[epoch - 1], strict=True
        ):
            assert torch.equal(now[~used], before[~used])
            moved += int((now[used] != before[used]).sum())
    assert moved > 0
    assert not all(own.all() for own in masks[-1])


def test_momentum_of_unused_weights_is_forgotten():
    est = FisherSparseMTLClassifier(keep_ratio=0.1, freeze=0, **QUICK).fit(X, Y)
    network, optimizer = est.net_.module_, est.net_.optimizer_
    for weight, mask in zip(network.masked_weights(), network.masks(), strict=True):
        state = optimizer.state[weight]
        unused = ~mask.any(0)
        assert not state["exp_avg"][unused].any()
        assert state["exp_avg_sq"][unused].any()


def test_schedule_and_churn():
    schedule = Schedule(0.15, 0.3, 2)
    due = [epoch for epoch in range(1, 21) if schedule.is_due(epoch, 20)]
    assert due == [3, 5, 7, 9, 11, 13]
    assert [e for e in range(1, 4) if Schedule(0, 1, 1).is_due(e, 3)] == [1]
    assert Schedule(0.15, 0.3, 1).is_due(1, 1)
    est = FisherSparseMTLClassifier(warmup=0.3, freeze=0.4, **QUICK).fit(X, Y)
    churn = est.history_["mask_churn"]
    assert churn.shape == (10,)
    assert churn[2] == pytest.approx(0.5)  # half of all weights are left out
    assert (churn[:2] == 0).all() and (churn[6:] == 0).all()
    assert (churn[3:6] > 0).any()


def test_early_stopping_keeps_masks():
    options = {**QUICK, "max_epochs": 30, "lr": 0.05, "n_iter_no_change": 2}
    est = FisherSparseMTLClassifier(early_stopping=True, warmup=0.5, **options)
    est.fit(X, Y)
    assert est.n_iter_ > 15
    assert est.keep_ratio_ == 0.5


def test_partial_fit_chooses_masks_after_each_call():
    est = FisherSparseMTLClassifier(keep_ratio=0.3, **QUICK)
    for call in range(3):
        est.partial_fit(X, Y)
        assert est.keep_ratio_ == pytest.approx(0.3, abs=0.001)
        assert est.net_.module_.n_updates == call + 1


def test_one_task_per_row_has_information_of_its_own_rows():
    own = np.arange(len(X)) % 3
    y = np.where(own[:, None] == np.arange(3), Y, np.nan)
    est = FisherSparseMTLClassifier(keep_ratio=0.3, **QUICK).fit(X, y)
    assert (counts(est).sum(1) == 144).all()
    assert all(own.any(axis=(1, 2)).all() for own in est.fisher_.values())


def test_a_task_without_rows_in_the_sample_has_masks_of_its_own():
    own = np.arange(len(X)) % 2
    own[[7, 10]] = 2
    y = np.where(own[:, None] == np.arange(3), Y, np.nan)
    options = {**QUICK, "n_fisher_samples": 5, "ema": 0.0, "max_epochs": 3}
    est = FisherSparseMTLClassifier(keep_ratio=0.2, **options).fit(X, y)
    for information, masks in zip(
        est.fisher_.values(), est.layer_masks().values(), strict=True
    ):
        assert information[2].any()
        assert masks[2].any() and not masks[2].ravel()[: masks[2].sum()].all()


@pytest.mark.parametrize("fisher", ["sampled", "batch", "predicted"])
@pytest.mark.parametrize("small", [2**17, 0], ids=["joint", "loop"])
def test_kinds_of_information_train_and_repeat(fisher, small, monkeypatch):
    monkeypatch.setattr("skmtl.sparse._network._SMALL", small)
    options = {**QUICK, "fisher": fisher, "lr": 0.03}
    first, again = (FisherSparseMTLClassifier(**options).fit(X, Y) for _ in range(2))
    np.testing.assert_array_equal(first.masks_, again.masks_)
    assert first.score(X, Y) > 0.8
    monkeypatch.setattr("skmtl.sparse._network._SMALL", 2**17 - small)
    other = FisherSparseMTLClassifier(**options).fit(X, Y)
    np.testing.assert_array_equal(first.masks_, other.masks_)


def test_information_does_not_run_compiled_code(monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("compiled code runs")

    def watched(network, *args):
        encoder = network.encoder
        encoder._compiled_call_impl = fail
        try:
            return network_fisher(network, *args)
        finally:
            assert encoder._compiled_call_impl is fail
            encoder._compiled_call_impl = None

    monkeypatch.setattr("skmtl.sparse._fisher_network.network_fisher", watched)
    est = FisherSparseMTLClassifier(**QUICK).fit(X, Y)
    assert est.net_.module_.n_updates > 1


def test_rankings_are_masked_by_what_moves_their_scores():
    ranked = np.column_stack([X[:, 0], X[:, 1] > 0])
    options = {**QUICK, "task_types": ["ranking", "classification"]}
    est = FisherSparseMTLMixed(keep_ratio=0.3, **options).fit(X, ranked)
    assert all(own[0].any() for own in est.fisher_.values())
    module = est.export_task(0)(torch.from_numpy(X)).numpy()[:, 0]
    np.testing.assert_allclose(module, est.predict(X)[:, 0].astype(float))
    est.set_params(fisher="batch")
    with pytest.raises(InputError, match=r"`fisher`.*rankings.*'task_0'.*'exact'"):
        est.fit(X, ranked)


# ---- going on


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("cls", EVERY)
def test_a_warm_start_keeps_the_share_of_the_weights(cls, n_estimators):
    options = {**QUICK, "n_estimators": n_estimators, "warm_start": True}
    est = cls(keep_ratio=0.5, **options).fit(X, Y)
    ratio = est.keep_ratio_
    assert est.fit(X, Y).keep_ratio_ == ratio
    masks = est.masks_
    with pytest.raises(InputError, match=r"found another `keep_ratio`.* instead of"):
        est.set_params(keep_ratio=0.2).fit(X, Y)
    assert est.masks_ is masks
    assert est.set_params(warm_start=False).fit(X, Y).keep_ratio_ < ratio / 2


@pytest.mark.parametrize("cls", [FisherSparseMTLClassifier, RandomSparseMTLClassifier])
def test_a_warm_start_keeps_the_floors_of_the_layers(cls):
    est = cls(warm_start=True, **QUICK).fit(X, Y)
    with pytest.raises(InputError, match=r"found another `layer_floor`.* instead of"):
        est.set_params(layer_floor=0.0).fit(X, Y)
