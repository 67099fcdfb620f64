"""What becomes of branches at a merge, and of output layers."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from skmtl.selective._merge import merge_places, refit_heads


@pytest.fixture
def tensors():
    random = torch.Generator().manual_seed(0)
    return [torch.randn(2, 4, 3, 2, generator=random) for _ in range(2)]


PLACES = [[[0, 2], [1, 3]], [[0], [1, 2, 3]]]
BEST = [[2, 1], [0, 3]]


@pytest.mark.parametrize("how", ["best", "mean", "max", "min"])
def test_merged_entries_by_hand(how, tensors):
    weight, state = (own.clone() for own in tensors)
    merge_places(weight, {"average": state}, PLACES, BEST, how, axis=1)
    old_weight, old_state = (own.numpy() for own in tensors)
    for member, groups in enumerate(PLACES):
        for place, slots in enumerate(groups):
            for entry in np.ndindex(3, 2):
                weights = [old_weight[member, slot][entry] for slot in slots]
                states = [old_state[member, slot][entry] for slot in slots]
                chosen = {
                    "best": slots.index(BEST[member][place]),
                    "max": int(np.argmax(weights)),
                    "min": int(np.argmin(weights)),
                }
                wanted = weights[chosen[how]] if how in chosen else np.mean(weights)
                kept = states[chosen[how]] if how in chosen else np.mean(states)
                found = weight[member, place][entry], state[member, place][entry]
                assert found == pytest.approx((wanted, kept), rel=1e-6)


@pytest.mark.parametrize("how", ["best", "mean", "max", "min"])
def test_factored_state_goes_with_the_branches(how, tensors):
    """Averages over the last axis, as Adafactor keeps them."""
    weight, state = (own.clone() for own in tensors)
    factor = state.mean(-1, keepdim=True)
    merge_places(weight, {"row_var": factor}, PLACES, BEST, how, axis=1)
    old = tensors[1].mean(-1, keepdim=True)
    for member, groups in enumerate(PLACES):
        for place, slots in enumerate(groups):
            own = slots if how == "mean" else [BEST[member][place]]
            assert_close(factor[member, place], old[member, own].mean(0))


def test_a_single_network_has_no_member_axis(tensors):
    weight = tensors[0][0].clone()
    merge_places(weight, {}, PLACES[:1], BEST[:1], "best", axis=0)
    assert_close(weight[:2], tensors[0][0][[2, 1]])


def test_refitted_layers_keep_outputs_that_the_branch_can_express():
    random = torch.Generator().manual_seed(0)
    hidden = torch.randn(2, 200, 5, generator=random, dtype=torch.float64)
    weight = torch.randn(2, 3, 5, generator=random, dtype=torch.float64)
    wanted = hidden @ weight.transpose(-1, -2) + 2.0
    share = torch.full((2, 200), 1 / 200, dtype=torch.float64)
    found, bias = refit_heads(hidden, wanted, share)
    outputs = hidden @ found.transpose(-1, -2) + bias.unsqueeze(-2)
    assert_close(outputs, wanted, rtol=0.02, atol=0.02)


def test_rows_without_weight_do_not_count():
    random = torch.Generator().manual_seed(0)
    hidden = torch.randn(100, 4, generator=random, dtype=torch.float64)
    wanted = torch.randn(100, 1, generator=random, dtype=torch.float64)
    share = torch.zeros(100, dtype=torch.float64)
    share[:60] = 1 / 60
    expected = refit_heads(hidden[:60], wanted[:60], share[:60])
    for found, own in zip(refit_heads(hidden, wanted, share), expected, strict=True):
        assert_close(found, own)
