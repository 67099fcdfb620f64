"""Messages that name the cause in the user's own terms."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone

from skmtl import HardSharingClassifier, HardSharingMixed, HardSharingRegressor
from skmtl.exceptions import InputError, TargetError
from tests._base._unchanged import CLASSES, QUICK, REAL, X

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


@pytest.fixture(scope="module")
def fitted():
    return HardSharingClassifier(**QUICK).fit(X, CLASSES)


@pytest.mark.parametrize(
    "shape, message",
    [
        ((3,), r"pictures, X of shape.*found \(n, 3\)\. Reshape X"),
        ((3, 2), r"at least 4 x 4.*pictures of 3 x 2 and 1 channel.*smaller network"),
        ((16, 16, 3), r"pictures of 16 x 3 and 16 channel.*np\.moveaxis\(X, -1, 1\)"),
    ],
)
def test_not_a_picture(shape, message):
    rows = np.zeros((len(X), *shape))
    with pytest.raises(InputError, match=message):
        HardSharingClassifier(encoder="conv", **QUICK).fit(rows, CLASSES)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_column_of_text_is_named(library):
    words = ["low", "high"] * 20
    frame = library.DataFrame({"a": X[:, 0], "wind": words, "c": X[:, 2]})
    with pytest.raises(InputError, match="found text, 'low', in column 'wind'"):
        HardSharingClassifier(**QUICK).fit(frame, CLASSES)
    numbers = library.DataFrame({"a": X[:, 0], "wind": X[:, 1], "c": X[:, 2]})
    estimator = HardSharingClassifier(**QUICK).fit(numbers, CLASSES)
    with pytest.raises(InputError, match="column 'wind'"):
        estimator.predict(frame)


def test_numbers_beside_text_are_not_blamed():
    frame = pd.DataFrame({"a": ["1.5", "2"] * 20, "b": ["1", "x"] * 20})
    with pytest.raises(InputError, match="text, 'x', in column 'b'"):
        HardSharingClassifier(**QUICK).fit(frame, CLASSES)
    frame = pd.DataFrame({"a": ["1.5", "2"] * 20, "b": [1.0, np.nan] * 20})
    with pytest.raises(ValueError, match="contains NaN"):
        HardSharingClassifier(**QUICK).fit(frame, CLASSES)


def test_unknown_keyword_names_the_method_only(fitted):
    mixed = HardSharingMixed(**QUICK).fit(X, CLASSES)
    for estimator in (fitted, mixed):
        with pytest.raises(TypeError, match=r"^predict\(\) got .*'return_std'"):
            estimator.predict(X, return_std=True)


def test_place_to_save_is_named_as_given(fitted, tmp_path):
    path = tmp_path / "none" / "tasks.skmtl"
    with pytest.raises(
        FileNotFoundError, match=r"There is no folder .*make it"
    ) as found:
        fitted.save(path)
    assert found.value.filename == str(path)
    with pytest.raises(IsADirectoryError) as found:
        fitted.save(tmp_path)
    assert found.value.filename == str(tmp_path)
    assert list(tmp_path.parent.glob(f".{tmp_path.name}*")) == []


def test_device_of_other_machines(monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("Cannot make it on 'MPS'. Backends: CPU.\nCPU: a.cpp")

    monkeypatch.setattr(torch, "zeros", refuse)
    with pytest.raises(InputError) as found:
        HardSharingClassifier(device="mps", **QUICK).fit(X, CLASSES)
    assert str(found.value) == (
        "`device='mps'` is no device that torch can use here: Cannot make it on 'MPS'. "
        "Use 'auto' or 'cpu'."
    )


@pytest.mark.parametrize("optimizer", [dict, int, list])
def test_no_optimizer(optimizer):
    with pytest.raises(InputError, match="`optimizer` must be a callable"):
        HardSharingClassifier(optimizer=optimizer, **QUICK).fit(X, CLASSES)


class TwoRows(torch.nn.Module):
    """Knows batches of two rows only."""

    def forward(self, x):
        return x[:1].repeat(2, 1)


def test_encoder_that_knows_one_size_of_batches():
    estimator = HardSharingClassifier(encoder=TwoRows(), **QUICK)
    with pytest.raises(InputError, match=r"`encoder`.*\(3, 3\).*found \(2, 3\)"):
        estimator.fit(X, CLASSES)


WARM = {
    "features": ({}, X[:, :2], CLASSES, r"row of X, \(2,\) instead of \(3,\)"),
    "tasks": ({}, X, CLASSES[:, :1], r"tasks, \['task_0'\] instead of .*'task_1'\]"),
    "kind": ({}, X, CLASSES * [1, 2] + np.arange(2) * (X > 1)[:, :1], "'task_1'"),
    "classes": ({}, X, CLASSES + 5, r"classes of task 'task_0', \[5, 6\] instead of"),
    "members": ({"n_estimators": 2}, X, CLASSES, "`n_estimators`, 2 instead of 1"),
    "network": (
        {"hidden_layer_sizes": (5,)},
        X,
        CLASSES,
        r"network, where 'encoder.hidden.0.weight' has the shape \(.*5.* instead of",
    ),
}


@pytest.mark.parametrize("changed, X, y, message", WARM.values(), ids=WARM.keys())
def test_warm_start_names_what_differs(changed, X, y, message):
    estimator = HardSharingClassifier(warm_start=True, **QUICK)
    estimator.fit(np.zeros((40, 3)) + np.arange(3), CLASSES)
    with pytest.raises(InputError, match=f"found another .*{message}"):
        estimator.set_params(**changed).fit(X, y)


def test_unseen_label_of_a_later_piece():
    estimator = HardSharingClassifier(**QUICK).partial_fit(X, CLASSES)
    with pytest.raises(TargetError, match=r"'task_0'.*unseen label [78].*`classes=`"):
        estimator.partial_fit(X, CLASSES + 7)


def test_regressors_still_take_return_std():
    estimator = HardSharingRegressor(n_estimators=2, **QUICK).fit(X, REAL)
    assert len(estimator.predict(X, return_std=True)) == 2


def test_other_numbers_of_rows_come_first(fitted):
    columns = [CLASSES[:, 0] * 0, CLASSES[:, 1].tolist()]
    told = "40 in X and 2 in y. It looks like a list of columns.*column_stack"
    for y, message in ((columns, told), (CLASSES[:9] * 0, "40 in X and 9 in y.$")):
        for call in (clone(fitted).fit, clone(fitted).partial_fit, fitted.score):
            with pytest.raises(InputError, match=f"equally many rows.*{message}"):
                call(X, y)
