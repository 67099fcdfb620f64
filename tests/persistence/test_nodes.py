import json
import math

import numpy as np
import pytest
import safetensors.numpy
import torch

from skmtl.exceptions import PersistenceError
from skmtl.persistence._nodes import Reader, Writer
from tests.persistence._same import assert_same


def round_trip(value):
    writer = Writer()
    text = json.dumps(writer.node(value, "value"), allow_nan=False)
    arrays = safetensors.numpy.load(safetensors.numpy.save(writer.arrays))
    return Reader(arrays).value(json.loads(text))


def object_array():
    array = np.empty((2, 2), dtype=object)
    array[:] = [[None, (1, 2)], ["a", [1.5]]]
    return array


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**70),
        0.1,
        -0.0,
        math.inf,
        -math.inf,
        math.nan,
        5e-324,
        "plain",
        "\ud800 lone, \x00 and 漢",
        b"\x00\xff",
        [],
        (1, [2, (3,)]),
        {},
        {"tuple": 1},
        {1: "a", (2, "b"): {None: 1.0}},
        {np.int64(1): 2, np.int64(3): 4},
        np.float32(0.1),
        np.int8(-3),
        np.bool_(True),
        np.str_("text"),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(3, dtype=">i4"),
        np.float64(1.5),
        np.array(2.5),
        np.zeros((0, 3), dtype=np.uint16),
        np.array([True, False]),
        np.array(["a", "longer", ""], dtype="<U9"),
        np.array([["ä"], ["漢字"]], dtype=">U2"),
        np.array([], dtype="<U3"),
        np.array([b"x", b"yz"]),
        np.array([np.nan, np.inf], dtype=np.float16),
        object_array(),
        np.array([], dtype=object),
        torch.device("cuda:1"),
    ],
    ids=repr,
)
def test_round_trip(value):
    assert_same(value, round_trip(value))


def test_read_arrays_are_ones_own():
    array = round_trip(np.arange(3))
    array[0] = 7
    assert array.flags.owndata


class Text(str):
    """Text that may carry more."""


@pytest.mark.parametrize(
    "value",
    [
        object(),
        len,
        dict,
        Text("a"),
        {1, 2},
        1j,
        np.array([1j]),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.ma.masked_array([1, 2], [True, False]),
        np.random.RandomState(0),
        torch.zeros(2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refuses(value):
    with pytest.raises(PersistenceError, match=r"`outer\['x'\]\[1\]`.*joblib"):
        Writer().node({"x": [0, value]}, "outer")


ARRAYS = {"a": np.arange(4, dtype=np.uint8)}


def array_node(name="a", dtype="|u1", shape=(4,)):
    return {"array": {"name": name, "dtype": dtype, "shape": shape}}


@pytest.mark.parametrize(
    "node",
    [
        {},
        {"os.system": "true"},
        {"tuple": [], "list": []},
        {"float": "1e999"},
        {"dict": [[[], 1]]},
        {"bytes": 3},
        {"device": "nonsense"},
        {"objects": {"shape": [10**9], "items": []}},
        {"TaskSpec": {"name": "a", "kind": "unknown"}},
        {"TaskSpec": {"name": "a", "kind": "binary", "classes": 3}},
        {"ColumnLayout": {"colour": 1}},
        {"TargetEncoder": {}},
        array_node("b"),
        array_node(dtype="<f8"),
        array_node(dtype="O"),
        array_node(dtype="<U1000000000", shape=(1,)),
        array_node(shape=(2,)),
        array_node(shape=(-2, -2)),
    ],
    ids=str,
)
def test_malformed_nodes(node):
    with pytest.raises(
        (LookupError, RuntimeError, TypeError, ValueError, AttributeError)
    ):
        Reader(ARRAYS).value(node)
