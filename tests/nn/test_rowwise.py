"""How rows are cut into chunks."""

import pytest
import torch

from skmtl.nn import ConvEncoder, MLPEncoder, stack_modules
from skmtl.nn._plan import call_numbers
from skmtl.nn._recording import recording
from skmtl.nn._rowwise import row_chunks


@pytest.mark.parametrize("n_rows", [1, 7, 64, 1000])
@pytest.mark.parametrize(("per_row", "numbers"), [(10, 1), (10, 64), (10, 10**6)])
def test_chunks_cover_the_rows_and_keep_to_the_limit(n_rows, per_row, numbers):
    chunks = row_chunks(n_rows, per_row, numbers)
    rows = [row for chunk in chunks for row in range(n_rows)[chunk]]
    assert rows == list(range(n_rows))
    longest = max(chunk.stop - chunk.start for chunk in chunks)
    assert longest == 1 or longest * per_row <= numbers
    assert numbers < n_rows * per_row or len(chunks) == 1


def numbers_of(encoder, x):
    layers = [part for part in encoder.modules() if part._parameters]
    with recording(layers) as calls:
        encoder(x)
    return sum(map(call_numbers, calls))


def encoder(kind, seed):
    random = torch.Generator().manual_seed(seed)
    if kind == "mlp":
        return MLPEncoder(64, [7, 5], 3, random)
    return ConvEncoder((8, 8), [7], 3, random, (2, 3))


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_members_need_no_more_than_as_many_networks(kind):
    alone = [encoder(kind, seed) for seed in range(3)]
    x = torch.zeros(3, 1, 64) if kind == "mlp" else torch.zeros(3, 1, 8, 8)
    together = numbers_of(stack_modules(alone), x)
    assert together == 3 * numbers_of(alone[0], x[0])


def test_sequences_and_convolutions_need_a_product_for_each_row():
    linear = torch.nn.Linear(8, 4)
    flat = numbers_of(linear, torch.zeros(2, 8))
    assert flat == 2 * 16 + 4 * 8
    assert numbers_of(linear, torch.zeros(2, 1, 8)) == flat + 2 * 32
    layer = torch.nn.Conv2d(4, 6, 3, groups=2)
    found = numbers_of(layer, torch.zeros(2, 4, 5, 5))
    # 9 positions read 18 numbers in each of two groups; 6 outputs have 18 weights.
    assert found == 2 * 200 + 4 * 108 + 2 * (2 * 18 * 9 + 6 * 18)
