"""Exactly as many weights as asked for, whatever the scores."""

import math

import pytest
import torch

from skmtl.sparse._selection import (
    layer_floors,
    n_kept_of,
    n_units_of,
    select_exactly,
    top_entries,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("keep_ratio", "sizes", "expected"),
    [(0.1, [64, 64], 13), (0.5, [3], 2), (1, [4, 4], 8), (1e-6, [50, 50, 50], 3)],
)
def test_number_of_weights(keep_ratio, sizes, expected):
    assert n_kept_of(keep_ratio, sizes) == expected


def test_number_of_units():
    assert [n_units_of(ratio, 5) for ratio in (1e-6, 0.3, 0.5, 1)] == [1, 2, 3, 5]


@pytest.mark.parametrize("keep_ratio", [0.001, 0.1, 0.5, 1])
@pytest.mark.parametrize("sizes", [[200704, 65536], [4, 30, 7], [1, 1]])
def test_floors_are_shares_that_fit(keep_ratio, sizes):
    floors = layer_floors(keep_ratio, 0.3, sizes)
    assert sum(floors) <= n_kept_of(keep_ratio, sizes)
    assert all(1 <= floor <= size for floor, size in zip(floors, sizes, strict=True))
    if sizes[0] > 1000 and keep_ratio >= 0.1:
        expected = [math.ceil(round(0.3 * keep_ratio * size, 6)) for size in sizes]
        assert floors == expected


def test_a_floor_of_a_whole_number_stays():
    assert layer_floors(0.1, 0.3, [100, 1000]) == [3, 30]


@pytest.mark.parametrize("count", [1, 3, 6, 7])
def test_of_equal_entries_the_first_are_taken(count):
    scores = torch.tensor([1.0, 0.0, 2.0, 1.0, 1.0, 0.0, 1.0])
    chosen = top_entries(scores, count)
    order = sorted(range(7), key=lambda at: (-float(scores[at]), at))
    assert chosen.nonzero()[:, 0].tolist() == sorted(order[:count])


@pytest.mark.parametrize("members", [(), (3,), (2, 3)])
@pytest.mark.parametrize("equal", [False, True])
def test_masks_have_exact_counts_and_floors(members, equal):
    shapes = [(6, 9), (4, 6), (2, 3, 3, 3)]
    scores = []
    for layer, shape in enumerate(shapes):
        own = torch.rand(*members, 5, *shape, generator=seeded(layer))
        scores.append(torch.ones_like(own) if equal else own * 10.0 ** (-5 * layer))
    n_kept = torch.randint(30, 90, members, generator=seeded())
    floors = torch.randint(1, 10, (*members, 3), generator=seeded())
    masks = select_exactly(scores, n_kept, floors)
    start = len(members) + 1
    counts = torch.stack([own.flatten(start).sum(-1) for own in masks], -1)
    assert torch.equal(counts.sum(-1), n_kept.unsqueeze(-1).expand(*members, 5))
    assert (counts >= floors.unsqueeze(-2)).all()


def test_members_choose_as_if_they_were_alone():
    scores = [
        torch.rand(3, 2, *own, generator=seeded(own[0])) for own in [(4, 5), (7,)]
    ]
    n_kept, floors = torch.tensor([5, 9, 20]), torch.tensor([[1, 2], [3, 3], [4, 7]])
    together = select_exactly(scores, n_kept, floors)
    for member in range(3):
        own = [score[member] for score in scores]
        alone = select_exactly(own, n_kept[member], floors[member])
        for found, expected in zip(together, alone, strict=True):
            assert torch.equal(found[member], expected)


def test_without_need_a_floor_changes_nothing():
    scores = [
        torch.rand(2, 50, generator=seeded(1)),
        torch.rand(2, 50, generator=seeded()),
    ]
    free = select_exactly(scores, torch.tensor(40), torch.tensor([1, 1]))
    held = select_exactly(scores, torch.tensor(40), torch.tensor([5, 5]))
    assert all(map(torch.equal, free, held))
