"""One task's network by itself: the same outputs, and smaller."""

import copy
import io
import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, safe_open, save_file
from torch import nn

from skmtl import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    FisherSparseMTLRegressor,
    MaximumRoamingClassifier,
    RandomSparseMTLClassifier,
    TaskRoutingRegressor,
)
from skmtl.exceptions import InputError, PersistenceError
from skmtl.sparse import _task_layers, load_task
from skmtl.sparse._task_layers import SparseLinear, TransposedLinear

pytestmark = pytest.mark.filterwarnings(
    "ignore::skmtl.exceptions.TaskGroupWarning",
    # small layers of which few weights are kept
    "ignore::skmtl.exceptions.CollapseWarning",
)
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(80, 12)).astype(np.float32)
X[:, 5:8] = 0  # features that matter to nothing
Y = np.column_stack(
    [X[:, 0] > 0, np.digitize(X[:, 1], [-0.5, 0.5]), X[:, 0] + X[:, 2] > 0]
)
REAL = 30 * X[:, :2] + 7
PICTURES = RANDOM.normal(size=(60, 2, 9, 12)).astype(np.float32)
MEANS = PICTURES.reshape(60, -1)
SEEN = np.column_stack([MEANS[:, 0] > 0, MEANS[:, 1] + MEANS[:, 2] > 0])
QUICK = {"max_epochs": 6, "batch_size": 20, "random_state": 0, "device": "cpu"}


def shares(module, X, task_kind):
    logits = module(torch.from_numpy(X))
    if task_kind == "binary":
        return torch.sigmoid(torch.cat([-logits, logits], 1)).numpy()
    return logits.softmax(-1).numpy()


def assert_same_shares(est, X):
    for task, expected in enumerate(est.predict_proba(X)):
        for layers in ("auto", "dense", "sparse"):
            module = est.export_task(task, layers=layers)
            found = shares(module, X, est.task_types_[task])
            np.testing.assert_allclose(found, expected, atol=1e-5)


def kinds_of(module):
    linear = (nn.Linear, SparseLinear)
    return [type(own) for own in module if isinstance(own, linear)]


@pytest.fixture(scope="module")
def wide():
    """An estimator whose layers are worth keeping without zeros."""
    est = RandomSparseMTLClassifier(keep_ratio=0.2, hidden_layer_sizes=(150, 60))
    return est.set_params(**QUICK).fit(X, Y)


@pytest.mark.parametrize("activation", ["relu", "gelu", "identity"])
@pytest.mark.parametrize("keep_ratio", [0.05, 0.3, 1])
def test_exported_classifiers_predict_the_same(keep_ratio, activation):
    est = FisherSparseMTLClassifier(
        keep_ratio=keep_ratio,
        hidden_layer_sizes=(20, 15),
        latent_dim=6,
        activation=activation,
        **QUICK,
    ).fit(X, Y)
    assert_same_shares(est, X)


@pytest.mark.parametrize(
    "est",
    [
        RandomSparseMTLClassifier(keep_ratio=0.2),
        FisherSparseMTLClassifier(keep_ratio=0.2, masking="gradient"),
        MaximumRoamingClassifier(keep_ratio=0.3),
        FisherSparseMTLClassifier(encoder=lambda n: nn.Linear(n, 9), latent_dim=4),
        RandomSparseMTLClassifier(encoder=nn.Sequential(nn.Linear(12, 9), nn.Tanh())),
    ],
    ids=["random", "gradient", "roaming", "callable", "module"],
)
def test_all_methods_and_encoders_export(est):
    est.set_params(**QUICK)
    assert_same_shares(est.fit(X, Y), X)


@pytest.mark.parametrize("pictures", [PICTURES, PICTURES[:, 0]], ids=["2", "none"])
@pytest.mark.parametrize("keep_ratio", [0.01, 0.1])
def test_convolutions_fold_constants_up_to_the_border(keep_ratio, pictures):
    est = FisherSparseMTLClassifier(
        encoder="conv",
        keep_ratio=keep_ratio,
        layer_floor=0,
        hidden_layer_sizes=(12,),
        activation="tanh",  # constants are not zero
        **QUICK,
    ).fit(pictures, SEEN)
    assert_same_shares(est, pictures)


def test_real_targets_come_in_their_own_units():
    for cls in (FisherSparseMTLRegressor, TaskRoutingRegressor):
        est = cls(keep_ratio=0.3, **QUICK).fit(X, REAL)
        for task in range(2):
            found = est.export_task(task)(torch.from_numpy(X)).numpy()[:, 0]
            np.testing.assert_allclose(found, est.predict(X)[:, task], rtol=1e-5)


def test_members_are_exported_one_by_one():
    est = FisherSparseMTLRegressor(n_estimators=3, **QUICK).fit(X, REAL)
    with pytest.raises(InputError, match=r"`member`.*3 networks.*found None"):
        est.export_task(0)
    with pytest.raises(InputError, match="from 0 to 2; found 3"):
        est.export_task(0, member=3)
    found = [est.export_task(1, member=own)(torch.from_numpy(X)) for own in range(3)]
    mean = torch.stack(found).mean(0)[:, 0].numpy()
    np.testing.assert_allclose(mean, est.predict(X)[:, 1], rtol=1e-5)


def test_tasks_go_by_their_names():
    est = FisherSparseMTLMixed(task_types="auto", **QUICK)
    est.fit(X, np.column_stack([Y[:, 0], REAL[:, 0]]))
    assert est.export_task("task_1").task == "task_1"
    with pytest.raises(InputError, match="`task` must be one of"):
        est.export_task("task_2")


def test_sizes_and_files(tmp_path):
    est = FisherSparseMTLClassifier(
        keep_ratio=0.1, hidden_layer_sizes=(64, 64), **QUICK
    ).fit(X, Y)
    module = est.export_task(1)
    sizes = module.sizes()
    network = est.net_.module_
    n_encoder = sum(own.numel() for own in network.encoder.parameters())
    assert sizes["shared"] == 4 * (n_encoder + 64 * 3 + 3)
    assert sizes["plain"] == 4 * sum(
        own.numel() for own in module.state_dict().values()
    )
    assert sizes["shared"] > 2 * sizes["plain"] > 2 * sizes["packed"]
    path = tmp_path / "task.safetensors"
    module.save(path)
    same = load_task(path)
    assert path.stat().st_size < sizes["packed"] + 3000
    assert same.sizes() == sizes
    assert same.task == "task_1"
    rows = torch.from_numpy(X)
    torch.testing.assert_close(same(rows), module(rows), rtol=0, atol=0)


def test_zeros_are_left_out_where_there_are_many(wide):
    # 150 x 12 weights are few, 60 x 150 are not, and a head has no zeros.
    expected = [TransposedLinear, SparseLinear, TransposedLinear]
    assert kinds_of(wide.export_task(0)) == expected
    assert kinds_of(wide.export_task(0, layers="dense")) == 3 * [nn.Linear]
    kinds = kinds_of(wide.export_task(0, layers="sparse"))
    assert kinds == [SparseLinear, SparseLinear, TransposedLinear]
    est = RandomSparseMTLClassifier(keep_ratio=0.9, hidden_layer_sizes=(150, 60))
    est.set_params(**QUICK).fit(X, Y)
    assert kinds_of(est.export_task(0)) == 3 * [nn.Linear]


def test_sizes_follow_from_the_masks():
    est = RandomSparseMTLClassifier(keep_ratio=0.5, hidden_layer_sizes=(20, 15))
    est.set_params(**QUICK).fit(X, Y)
    masks = [own[1] for own in est.layer_masks().values()]
    assert all(own.any(0).all() and own.any(1).all() for own in masks)
    module = est.export_task(1, layers="sparse")
    # A weight and its column; a bias for each unit, and where its weights begin.
    sparse = sum(8 * own.sum() + 8 * len(own) + 4 for own in masks)
    assert module.sizes()["plain"] == sparse + 4 * (15 * 3 + 3)
    bits = sum(4 * own.sum() + -(-own.size // 8) + 4 * len(own) for own in masks)
    reads = sum(-(-own.shape[1] // 8) for own in masks)
    assert module.sizes()["packed"] == bits + reads + 4 * (15 * 3 + 3)


def test_any_number_of_rows(wide, monkeypatch):
    module, dense = wide.export_task(2), wide.export_task(2, layers="dense")
    monkeypatch.setattr(_task_layers, "_CACHED", 7)  # pieces of 64 to 80 rows
    rows = torch.from_numpy(np.tile(X, (3, 1)))
    for count in (0, 1, 64, 65, 240):
        found = module(rows[:count])
        assert found.is_contiguous()
        torch.testing.assert_close(found, dense(rows[:count]), atol=1e-5, rtol=1e-5)
    blocks = rows.view(24, 10, -1)
    torch.testing.assert_close(module(blocks), module(rows).view(24, 10, -1))
    torch.testing.assert_close(module(rows[0]), module(rows)[0])


@pytest.mark.parametrize("layers", ["auto", "sparse"])
def test_copies_and_files_compute_the_same(wide, layers, tmp_path):
    module, rows = wide.export_task(1, layers=layers), torch.from_numpy(X)
    expected = module(rows)
    module.save(tmp_path / "a")
    whole, state = io.BytesIO(), io.BytesIO()
    torch.save(module, whole)
    torch.save(module.state_dict(), state)
    other = copy.deepcopy(module).requires_grad_(False)
    for own in other.parameters():
        own.zero_()
    other.load_state_dict(torch.load(io.BytesIO(state.getvalue()), weights_only=True))
    copies = {
        "deepcopy": copy.deepcopy(module),
        "pickle": pickle.loads(pickle.dumps(module)),
        "torch.save": torch.load(io.BytesIO(whole.getvalue()), weights_only=False),
        "state": other,
        "file": load_task(tmp_path / "a"),
    }
    for own in copies.values():
        assert kinds_of(own) == kinds_of(module)
        assert own.sizes() == module.sizes()
        torch.testing.assert_close(own(rows), expected, rtol=0, atol=0)


def test_doubles(wide, tmp_path):
    rows = torch.from_numpy(X).double()
    module = wide.export_task(1).double()
    dense = wide.export_task(1, layers="dense").double()
    torch.testing.assert_close(module(rows), dense(rows), rtol=1e-12, atol=1e-12)
    est = RandomSparseMTLClassifier(keep_ratio=0.2, hidden_layer_sizes=(150, 60))
    est.set_params(**QUICK).fit(X.astype(float), Y)
    module = est.export_task(0)
    found = torch.sigmoid(module(rows)).numpy()[:, 0]
    expected = est.predict_proba(X.astype(float))[0][:, 1]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    module.save(tmp_path / "a")
    same = load_task(tmp_path / "a")
    torch.testing.assert_close(same(rows), module(rows), rtol=0, atol=0)


def test_pictures_of_another_shape():
    est = FisherSparseMTLClassifier(encoder="conv", **QUICK).fit(PICTURES[:, 0], SEEN)
    module, rows = est.export_task(0), torch.from_numpy(PICTURES[:, 0])
    height, width = rows.shape[1:]
    for wrong in (rows.flatten(1), rows[:, None], rows[..., :-1]):
        with pytest.raises(InputError, match=rf"shape \({height}, {width}\).*found"):
            module(wrong)


def test_kinds_of_layers_have_names(wide):
    for layers in ("csr", None, ["dense"]):
        with pytest.raises(InputError, match=r"`layers` must be one of.*'sparse'"):
            wide.export_task(0, layers=layers)


def test_files_of_convolutions(tmp_path):
    est = FisherSparseMTLClassifier(
        encoder="conv", keep_ratio=0.02, layer_floor=0, activation="tanh", **QUICK
    ).fit(PICTURES[:, 0], SEEN)
    module = est.export_task(0)
    rows = torch.from_numpy(PICTURES[:, 0])
    expected = module(rows)
    for layers in ("dense", "sparse"):
        est.export_task(0, layers=layers).save(tmp_path / "a")
        torch.testing.assert_close(load_task(tmp_path / "a")(rows), expected)


def test_what_is_no_file_of_a_task(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"nothing")
    with pytest.raises(PersistenceError, match="holds no task's network"):
        load_task(path)
    est = RandomSparseMTLClassifier(encoder=nn.Sequential(nn.Linear(12, 4)), **QUICK)
    with pytest.raises(PersistenceError, match=r"Sequential of the user's.*torch.save"):
        est.fit(X, Y).export_task(0).save(path)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_files_cannot_ask_for_memory_they_do_not_fill(wide, place, tmp_path):
    path = tmp_path / "a"
    wide.export_task(0, layers="sparse").save(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    about = json.loads(metadata["about"])
    assert about["modules"][0][0] == "SparseLinear"
    about["modules"][0][place] = 10**12
    metadata["about"] = json.dumps(about)
    save_file(load_file(path), tmp_path / "b", metadata)
    with pytest.raises(PersistenceError, match=r"module 0\.SparseLinear of size"):
        load_task(tmp_path / "b")
