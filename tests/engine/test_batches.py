"""Minibatches: every row once, all parts of a row together, no copies of X."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from skmtl.engine import Batches, TaskTensors, as_tensor
from skmtl.engine import _batches as module

CPU = torch.device("cpu")


def make_tensors(n_rows=23, n_tasks=2, dtype=torch.float64, offset=0, **parts):
    """Data whose every part tells the row it belongs to."""
    row = torch.arange(n_rows) + offset
    return TaskTensors(
        x=row[:, None].to(dtype).repeat(1, 3),
        codes=row[:, None].double() + torch.arange(n_tasks) / 10,
        **{
            name: row.double() if value is True else value
            for name, value in parts.items()
        },
    )


def make_batches(data, batch_size, seed=0, dtype=torch.float64):
    generators = [torch.Generator().manual_seed(seed + i) for i in range(len(data))]
    return Batches(data, batch_size, generators, dtype)


def rows_of(batches):
    return [batch.x[..., 0] for batch in batches]


@pytest.mark.parametrize("batch_size", [1, 5, 22, 23, 24, 100])
@pytest.mark.parametrize("block_bytes", [1, 200, 10**6])
def test_every_row_once_per_epoch(batch_size, block_bytes, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_BYTES", block_bytes)
    batches = make_batches([make_tensors()], batch_size)
    for _ in range(3):
        rows = rows_of(batches)
        assert len(rows) == len(batches) == -(-23 // batch_size)
        assert all(len(own) == batch_size for own in rows[:-1])
        assert 0 < len(rows[-1]) <= batch_size
        assert torch.cat(rows).sort().values.tolist() == list(range(23))


def test_size_of_blocks_changes_nothing(monkeypatch):
    expected = [torch.cat(rows_of(make_batches([make_tensors()], 4)))]
    for block_bytes in (1, 300):
        monkeypatch.setattr(module, "_BLOCK_BYTES", block_bytes)
        expected.append(torch.cat(rows_of(make_batches([make_tensors()], 4))))
    assert torch.equal(expected[0], expected[1])
    assert torch.equal(expected[0], expected[2])


def test_order_changes_by_epoch_and_seed():
    batches = make_batches([make_tensors()], 5)
    first, second = torch.cat(rows_of(batches)), torch.cat(rows_of(batches))
    other = torch.cat(rows_of(make_batches([make_tensors()], 5, seed=1)))
    again = torch.cat(rows_of(make_batches([make_tensors()], 5)))
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(first, again)


def test_without_generators_the_order_is_kept():
    batches = Batches([make_tensors()], 5, None, torch.float64)
    assert torch.cat(rows_of(batches)).tolist() == list(range(23))


@pytest.mark.parametrize("batch_size", [6, 100])
@pytest.mark.parametrize("n_members", [1, 3])
def test_parts_of_a_row_stay_together(batch_size, n_members):
    parts = {"weight": None, "row_weight": True, "task_of_row": torch.arange(23) % 2}
    data = [
        make_tensors(offset=100 * member, **parts).subset(torch.arange(1, 23, 2))
        for member in range(n_members)
    ]
    seen = []
    for batch in make_batches(data, batch_size):
        row = batch.x[..., 0]
        assert row.dim() == (1 if n_members == 1 else 2)
        assert torch.equal(batch.codes[..., 0], row)
        offset = 100 * torch.arange(n_members, dtype=torch.float64)[:, None]
        own = row - (0 if n_members == 1 else offset)
        assert torch.equal(batch.row_weight, row)
        assert torch.equal(batch.task_of_row, own.long() % 2)
        assert batch.weight is None
        seen.append(own)
    seen = torch.cat(seen, -1).sort().values
    assert torch.equal(seen, torch.arange(1.0, 23, 2).double().expand_as(seen))


def test_members_see_the_rows_of_their_own_order():
    data = [make_tensors(), make_tensors()]
    joint = torch.cat(rows_of(make_batches(data, 5)), -1)
    for member in range(2):
        alone = torch.cat(rows_of(make_batches(data[:1], 5, seed=member)))
        assert torch.equal(joint[member], alone)


@pytest.mark.parametrize("batch_size", [6, 100])
@pytest.mark.parametrize("weighted", [0, 1])
def test_weights_of_one_member_are_not_lost(batch_size, weighted):
    weights = {"weight": torch.full((23, 2), 3.0).double(), "row_weight": True}
    data = [make_tensors(), make_tensors()]
    data[weighted] = make_tensors(**weights)
    for batch in make_batches(data, batch_size):
        assert (batch.weight[weighted] == 3).all()
        assert (batch.weight[1 - weighted] == 1).all()
        assert torch.equal(batch.row_weight[weighted], batch.x[weighted, :, 0])
        assert (batch.row_weight[1 - weighted] == 1).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16])
@pytest.mark.parametrize("batch_size", [5, 100])
def test_integer_features_are_converted_by_batch(dtype, batch_size):
    data = make_tensors(dtype=dtype)
    batches = make_batches([data], batch_size, dtype=torch.float32)
    assert {batch.x.dtype for batch in batches} == {torch.float32}
    assert torch.cat(rows_of(batches)).sort().values.tolist() == list(range(23))
    assert data.x.dtype == dtype


def test_single_batch_is_built_once():
    batches = make_batches([make_tensors()], 23)
    (first,), (second,) = batches, batches
    assert first is second
    assert torch.equal(first.x, make_tensors().x)


def test_features_share_memory_with_the_array(tmp_path):
    X = np.arange(6.0).reshape(3, 2)
    tensor = as_tensor(X, CPU)
    X[1, 1] = 50
    assert tensor[1, 1] == 50
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = as_tensor(mapped, CPU)
    assert tensor.data_ptr() == mapped.ctypes.data


def test_subsets_share_memory():
    data = make_tensors()
    part = data.subset(torch.tensor([4, 2]))
    assert part.x is data.x
    assert len(part) == 2 and len(data) == 23
    assert part[0].x[:, 0].tolist() == [4]
    assert part.whole().codes[:, 0].tolist() == [4, 2]
    assert data.whole().x is data.x
    assert data[5].x[:, 0].tolist() == [5]


def in_step(datasets, batch_size):
    generators = [torch.Generator().manual_seed(4) for _ in datasets]
    return Batches(datasets, batch_size, generators, torch.float64)


@pytest.mark.parametrize("batch_size", [5, 100])
@pytest.mark.parametrize("rows", [None, torch.tensor([3, 1, 17, 8, 9, 2])])
def test_other_targets_for_the_same_rows_share_the_features(batch_size, rows):
    first = replace(make_tensors(row_weight=True), rows=rows)
    second = replace(first, codes=-first.codes)
    apart = replace(second, x=second.x.clone())
    shared, stacked = (
        list(in_step([first, other], batch_size)) for other in (second, apart)
    )
    assert len(shared) == len(stacked)
    for own, other in zip(shared, stacked, strict=True):
        assert other.x.dim() == 3 and torch.equal(own.x.expand_as(other.x), other.x)
        assert own.x.dim() == 2
        for part in ("codes", "row_weight"):
            assert torch.equal(getattr(own, part), getattr(other, part))


@pytest.mark.parametrize(
    "other",
    [
        lambda data: data.subset(torch.arange(22)),
        lambda data: data.subset(torch.arange(23).flip(0)),
        lambda data: replace(data, x=data.x.clone()),
    ],
    ids=["fewer rows", "another order", "other features"],
)
def test_what_differs_in_its_rows_is_not_shared(other):
    data = make_tensors()
    batch = next(iter(in_step([data, other(data)], 5)))
    assert batch.x.shape == (2, 5, 3)


def test_other_permutations_are_not_shared():
    data = make_tensors()
    batch = next(iter(make_batches([data, replace(data, codes=-data.codes)], 5)))
    assert batch.x.shape == (2, 5, 3)
