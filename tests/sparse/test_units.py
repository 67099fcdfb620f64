"""Masks over units: fixed, and on their way."""

import numpy as np
import pytest
import torch

from skmtl import MaximumRoamingClassifier, TaskRoutingClassifier
from skmtl._base._prepare import prepare
from skmtl.engine import train
from skmtl.exceptions import InputError
from skmtl.sparse._unit_networks import _roaming_times, random_units, weight_masks

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.TaskGroupWarning",
)
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(60, 8))
Y = (X[:, :3] > 0).astype(int)
QUICK = {
    "hidden_layer_sizes": (10, 6),
    "max_epochs": 8,
    "batch_size": 10,
    "random_state": 0,
    "device": "cpu",
}


def test_units_are_counted_exactly():
    units = random_units(50, 12, 5, torch.Generator().manual_seed(0))
    assert (units.sum(1) == 5).all()
    assert (units.sum(0) > 5).all()  # each has its chance


def test_weights_belong_to_the_units_at_their_ends():
    first = torch.tensor([[True, False, True]])
    last = torch.tensor([[False, True]])
    masks = weight_masks([first, last], [(3, 2), (2, 3)])
    assert masks[0][0].tolist() == [[True] * 2, [False] * 2, [True] * 2]
    assert masks[1][0].tolist() == [[False] * 3, [True, False, True]]


def test_channels_feed_many_places_of_a_dense_layer():
    channels, dense = torch.tensor([[True, False]]), torch.tensor([[True]])
    masks = weight_masks([channels, dense], [(2, 1, 3, 3), (1, 8)])
    assert masks[0][0].flatten(1).all(1).tolist() == [True, False]
    assert masks[1][0].tolist() == [[True] * 4 + [False] * 4]


@pytest.mark.parametrize("n_kept", [1, 4, 9, 10])
def test_every_unit_enters_once_and_never_comes_back(n_kept):
    enters, leaves = _roaming_times(7, 10, n_kept, torch.Generator().manual_seed(0))
    for swap in range(10 - n_kept + 1):
        used = (enters <= swap) & (swap < leaves)
        assert (used.sum(1) == n_kept).all()
        if swap:
            before = (enters <= swap - 1) & (swap - 1 < leaves)
            assert ((used ^ before).sum(1) == 2).all()
    assert (enters <= 10 - n_kept).all()
    assert (enters < leaves).all()


def test_roaming_visits_every_unit_in_time():
    est = MaximumRoamingClassifier(keep_ratio=0.3, roaming=0.5, **QUICK)
    [plan] = prepare(est, X, Y, None, random_state=RANDOM).plans
    now = []

    def note(epoch, net, done):
        now.append(net.module_.units_now())
        return False

    plan.on_epoch = note
    [trained] = train([plan])
    assert all((own.sum(-1) == own[0].sum(-1)).all() for units in now for own in units)
    for place, swapped in enumerate(trained.net.module_.swapped):
        assert (getattr(trained.net.module_, f"enters_{place}") <= swapped).all()
    assert all(map(torch.equal, now[3], now[7]))  # half of the epochs are over
    churn = trained.history["mask_churn"]
    assert (churn[:4] > 0).all() and not churn[4:].any()
    assert trained.net.module_.swapped.tolist() == [7, 4]


def test_roaming_goes_on_where_it_was():
    est = MaximumRoamingClassifier(keep_ratio=0.3, **QUICK)
    est.partial_fit(X, Y)
    masks = est.masks_
    est.partial_fit(X, Y)
    np.testing.assert_array_equal(est.masks_, masks)


@pytest.mark.parametrize("cls", [TaskRoutingClassifier, MaximumRoamingClassifier])
def test_convolutions_have_units_too(cls):
    pictures = RANDOM.normal(size=(40, 8, 8))
    y = pictures.reshape(40, -1)[:, :2] > 0
    est = cls(encoder="conv", **QUICK).fit(pictures, y)
    masks = est.layer_masks()
    assert masks["convolutions.0"].any(axis=(2, 3, 4)).sum(1).tolist() == [8, 8]
    used = masks["convolutions.0"].any(axis=(2, 3, 4))
    read = masks["convolutions.1"].any(axis=(1, 3, 4))
    np.testing.assert_array_equal(used, read)


@pytest.mark.parametrize("cls", [TaskRoutingClassifier, MaximumRoamingClassifier])
def test_a_user_encoder_has_no_known_order(cls):
    est = cls(encoder=torch.nn.Linear(8, 4), **QUICK)
    with pytest.raises(InputError, match=r"units.*'mlp' or 'conv'"):
        est.fit(X, Y)


def test_partial_fits_swap_in_the_first_call_only():
    est = MaximumRoamingClassifier(keep_ratio=0.3, **QUICK).partial_fit(X, Y)
    masks = est.masks_
    assert est.net_.module_.swapped.tolist() == [7, 4]
    assert est.history_["mask_churn"][0] > 0
    est.partial_fit(X, Y)
    assert est.history_["mask_churn"][0] == 0
    assert (est.masks_ == masks).all()


def test_a_warm_start_cannot_change_how_units_roam():
    est = MaximumRoamingClassifier(warm_start=True, **QUICK).fit(X, Y)
    assert est.fit(X, Y).n_iter_ == QUICK["max_epochs"]
    with pytest.raises(InputError, match=r"another `roaming`, 0.2 instead of 0.7"):
        est.set_params(roaming=0.2).fit(X, Y)
    est.set_params(warm_start=False).fit(X, Y)
    # Where tasks use all units there is nothing to swap.
    dense = MaximumRoamingClassifier(keep_ratio=1, warm_start=True, **QUICK).fit(X, Y)
    dense.set_params(roaming=0.2).fit(X, Y)
