"""When two fitted estimators are the same, attribute by attribute."""

import numpy as np
from torch.testing import assert_close

TOLERANCE = {"rtol": 1e-8, "atol": 1e-8}


def assert_same_attributes(found, expected):
    """Compare all that two fits left behind, training times aside."""
    assert found is not expected
    assert vars(found).keys() == vars(expected).keys()
    for name, value in vars(expected).items():
        own = vars(found)[name]
        if name == "net_":
            _assert_same_nets(own, value)
        elif name == "history_":
            assert own.keys() == value.keys()
            for column in own.keys() - {"seconds"}:
                np.testing.assert_allclose(own[column], value[column], **TOLERANCE)
        elif name == "_targets":
            assert list(map(repr, own.specs)) == list(map(repr, value.specs))
        elif name.endswith("_"):
            _assert_same(own, value)


def _assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            _assert_same(*pair)
    elif isinstance(one, np.ndarray) and one.dtype.kind == "f":
        np.testing.assert_allclose(one, other, **TOLERANCE)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


def _assert_same_nets(one, other):
    states = one.module_.state_dict(), other.module_.state_dict()
    assert_close(*map(dict, states), **TOLERANCE)
    assert one.module_.members == other.module_.members
    assert repr(one.settings) == repr(other.settings)
