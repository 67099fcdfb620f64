"""Equality of values down to types, bits and memory order of names."""

import math

import numpy as np
import torch


def assert_same(one, other, place="value"):
    """Assert that two trees of values cannot be told apart."""
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert list(map(repr, one)) == list(map(repr, other)), place
        for (key, item), twin in zip(one.items(), other.values(), strict=True):
            assert_same(item, twin, f"{place}[{key!r}]")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), place
        for index, (item, twin) in enumerate(zip(one, other, strict=True)):
            assert_same(item, twin, f"{place}[{index}]")
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), place
        assert_same(one.tolist(), other.tolist(), place)
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype, place
        assert torch.equal(one, other), place
    elif isinstance(one, float | np.floating) and math.isnan(one):
        assert math.isnan(other), place
    elif hasattr(one, "__dict__") and not isinstance(one, type | np.generic):
        assert_same(vars(one), vars(other), place)
    else:
        assert one == other, place
        assert repr(one) == repr(other), place
