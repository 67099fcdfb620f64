"""Specification of one task."""

import pickle

import numpy as np
import pytest

from skmtl.tasks import TaskSpec

CASES = {
    "binary": (TaskSpec("a", "binary", np.array(["n", "y"])), 1, 2, True),
    "multiclass": (TaskSpec("a", "multiclass", np.arange(4)), 4, 4, True),
    "continuous": (TaskSpec("a", "continuous", location=2.0, scale=3.0), 1, 1, False),
    "ranking": (TaskSpec("a", "ranking"), 1, 1, False),
}


@pytest.mark.parametrize("kind", CASES)
def test_sizes(kind):
    spec, n_outputs, n_classes, is_classification = CASES[kind]
    assert spec.n_outputs == n_outputs
    assert spec.n_classes == n_classes
    assert spec.is_classification is is_classification


@pytest.mark.parametrize("kind", CASES)
def test_equal_by_value(kind):
    spec = CASES[kind][0]
    copy = pickle.loads(pickle.dumps(spec))
    assert spec == copy
    assert hash(spec) == hash(copy)
    assert spec != kind


def test_different_values_differ():
    specs = [spec for spec, *_ in CASES.values()]
    specs += [
        TaskSpec("b", "binary", np.array(["n", "y"])),
        TaskSpec("a", "binary", np.array(["n", "z"])),
        TaskSpec("a", "binary", np.array([0, 1])),
        TaskSpec("a", "binary", np.array([0.0, 1.0])),
        TaskSpec("a", "continuous", location=2.0, scale=3.5),
    ]
    for first, one in enumerate(specs):
        assert [one == other for other in specs] == [
            first == second for second in range(len(specs))
        ]


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        ("binary", None),
        ("binary", np.arange(3)),
        ("multiclass", np.arange(2)),
        ("multiclass", None),
        ("continuous", np.arange(2)),
        ("ordinal", None),
    ],
)
def test_kind_and_classes_agree(kind, classes):
    with pytest.raises(ValueError, match="task 'a'"):
        TaskSpec("a", kind, classes)
