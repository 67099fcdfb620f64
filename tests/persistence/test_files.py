"""Files that were damaged, forged, or written by others."""

import builtins
import importlib
import io
import json
import os
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

import skmtl
from skmtl.datasets import load_grouped_digits
from skmtl.exceptions import PersistenceError
from skmtl.persistence import _archive

NAMES = ["document.json", "arrays.safetensors", "network.safetensors"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    X, y = load_grouped_digits(return_X_y=True)
    path = tmp_path_factory.mktemp("saved") / "estimator.skmtl"
    estimator = skmtl.HardSharingClassifier(
        hidden_layer_sizes=(8,), max_epochs=2, random_state=0
    )
    estimator.fit(X[:300], y[:300]).save(path)
    return path


@pytest.fixture
def path(original, tmp_path):
    """A copy that may be changed."""
    return shutil.copy(original, tmp_path / "copy.skmtl")


def entries_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def forge(path, change):
    """Change the document and write a file that is sound but for that."""
    entries = entries_of(path)
    document = json.loads(entries["document.json"])
    change(document)
    write(path, {**entries, "document.json": json.dumps(document)})


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        skmtl.load(tmp_path / "nowhere")


def test_missing_folder(original, tmp_path):
    with pytest.raises(FileNotFoundError):
        skmtl.load(original).save(tmp_path / "nowhere" / "estimator.skmtl")


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.7, 0.99, 0.9999])
def test_truncated(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(PersistenceError, match=r"copy\.skmtl.*(copy|anew)"):
        skmtl.load(path)


def test_flipped_bits_never_pass_unseen(path):
    data, intact = path.read_bytes(), skmtl.load(path)
    X = np.random.RandomState(0).normal(size=(20, 64))
    expected, refused = intact.transform(X), 0
    for place in np.linspace(0, len(data) - 1, 60).astype(int):
        spoilt = bytearray(data)
        spoilt[place] ^= 4
        path.write_bytes(bytes(spoilt))
        # a bit of a date or an attribute of an entry changes nothing
        try:
            found = skmtl.load(path).transform(X)
        except PersistenceError:
            refused += 1
            continue
        np.testing.assert_array_equal(found, expected)
    assert refused > 50


@pytest.mark.parametrize("content", [b"", b"nothing", pickle.dumps([1]), b"PK\3\4" * 9])
def test_garbage(tmp_path, content):
    path = tmp_path / "garbage"
    path.write_bytes(content)
    with pytest.raises(PersistenceError, match="garbage"):
        skmtl.load(path)


@pytest.mark.parametrize("name", NAMES)
def test_missing_and_further_entries(path, name):
    entries = entries_of(path)
    write(path, {**entries, "data.pkl": b""})
    with pytest.raises(PersistenceError, match="entries"):
        skmtl.load(path)
    write(path, {own: data for own, data in entries.items() if own != name})
    with pytest.raises(PersistenceError, match="entries"):
        skmtl.load(path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"\xff" * 50, b"[" * 10**6, b"{}", b"null"])
def test_entries_of_garbage(path, name, content):
    write(path, {**entries_of(path), name: content})
    with pytest.raises(PersistenceError):
        skmtl.load(path)


def test_files_do_not_grow_when_read(path):
    write(path, entries_of(path), zipfile.ZIP_DEFLATED)
    with pytest.raises(PersistenceError, match="compressed"):
        skmtl.load(path)


def test_a_torch_file_is_recognised(tmp_path):
    torch.save({"weight": torch.zeros(2)}, tmp_path / "weights.pt")
    with pytest.raises(PersistenceError, match="torch"):
        skmtl.load(tmp_path / "weights.pt")


def setter(*places, value):
    def change(document):
        node = document
        for place in places[:-1]:
            node = node[place]
        node[places[-1]] = value

    return change


def remover(*places):
    def change(document):
        node = document
        for place in places[:-1]:
            node = node[place]
        del node[places[-1]]

    return change


WIDE = {"tuple": [10**7, 10**7]}
FORGERIES = {
    "newer protocol": (setter("protocol", value=2), "Update skmtl"),
    "no protocol": (remover("protocol"), "damaged"),
    "protocol 0": (setter("protocol", value=0), "damaged"),
    "text as protocol": (setter("protocol", value="1"), "damaged"),
    "unknown class": (setter("class", value="os.system"), "HardSharingMixed"),
    "private class": (setter("class", value="MultiTaskEstimator"), "knows"),
    "list as class": (setter("class", value=[]), "knows"),
    "other class": (setter("class", value="TaskRoutingClassifier"), "damaged"),
    "narrower class": (setter("class", value="HierarchicalIBClassifier"), "batch_norm"),
    "unknown parameter": (setter("parameters", "depth", value=3), "depth"),
    "wrong parameter": (setter("parameters", "lr", value=-1), "lr"),
    "no targets": (remover("attributes", "_targets"), "_targets"),
    "other targets": (setter("attributes", "_targets", value=1), "_targets"),
    "tasks": (setter("attributes", "n_tasks_", value=3), "n_tasks_"),
    "method": (setter("attributes", "predict", value=1), "predict"),
    "dunder": (setter("attributes", "__class__", value=1), "__class__"),
    "parameter": (setter("attributes", "lr", value=1), "'lr'"),
    "requests": (setter("attributes", "_metadata_request", value=1), "items"),
    "no settings": (remover("net", "settings"), "settings"),
    "dtype": (setter("net", "settings", value={"dict": [["dtype", "x"]]}), "'x'"),
    "history": (setter("net", "history", value=[1]), "history"),
    "wide layers": (setter("parameters", "hidden_layer_sizes", value=WIDE), "tensor"),
    "wide rows": (setter("net", "row_shape", value={"tuple": [10**12]}), "rows"),
    "text as row": (setter("net", "row_shape", value="64"), "damaged"),
    "narrow layers": (
        setter("parameters", "hidden_layer_sizes", value=[7]),
        "do not fit",
    ),
    "unknown node": (setter("attributes", "n_iter_", value={"eval": "1"}), "eval"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged(path, name):
    change, expected = FORGERIES[name]
    forge(path, change)
    with pytest.raises(PersistenceError, match=expected):
        skmtl.load(path)


def test_a_parameter_that_came_later_has_its_default(path):
    forge(path, remover("parameters", "min_similarity"))
    assert skmtl.load(path).min_similarity == 0.25


@pytest.mark.parametrize("change", ["shape", "dtype", "name"])
def test_other_weights(path, change):
    entries = entries_of(path)
    weights = safetensors.torch.load(entries[NAMES[2]])
    first = next(iter(weights))
    tensor = weights.pop(first)
    if change == "shape":
        weights[first] = torch.zeros(3)
    elif change == "dtype":
        weights[first] = tensor.half()
    else:
        weights["more"] = tensor
    write(path, {**entries, NAMES[2]: safetensors.torch.save(weights)})
    with pytest.raises(PersistenceError, match="do not fit"):
        skmtl.load(path)


def test_loading_unpickles_and_imports_nothing(path, tmp_path, monkeypatch):
    (tmp_path / "planted.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    skmtl.load(path)  # libraries may import parts of their own the first time
    imported = []
    plain_import = builtins.__import__

    def note(name, *args, **kwargs):
        imported.append(name)
        return plain_import(name, *args, **kwargs)

    def forbidden(*args, **kwargs):
        raise AssertionError("unpickled")

    monkeypatch.setattr(builtins, "__import__", note)
    monkeypatch.setattr(importlib, "import_module", note)
    for module, names in {
        pickle: ("load", "loads", "Unpickler"),
        torch: ("load",),
        np: ("load",),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, forbidden)
    skmtl.load(path)
    for value in ("planted", "planted.Estimator"):
        forge(path, setter("class", value=value))
        with pytest.raises(PersistenceError):
            skmtl.load(path)
        forge(path, setter("class", value="HardSharingClassifier"))
        forge(path, setter("attributes", "extra_", value={value: {}}))
        with pytest.raises(PersistenceError):
            skmtl.load(path)
    assert not any("planted" in str(name) for name in imported)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_is_replaced_at_once_or_kept(path, monkeypatch, step):
    before, estimator = path.read_bytes(), skmtl.load(path)
    estimator.n_iter_ += 1

    def full(*args):
        raise OSError("disk full")

    monkeypatch.setattr(_archive.os, step, full)
    with pytest.raises(OSError, match="disk full"):
        estimator.save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_arrays_are_read_from_their_own_entry(path):
    """The archive is what its description says: JSON beside safetensors."""
    entries = entries_of(path)
    assert list(entries) == NAMES
    arrays = safetensors.numpy.load(entries[NAMES[1]])
    loaded = skmtl.load(path)
    np.testing.assert_array_equal(arrays["task_similarity_"], loaded.task_similarity_)
    weights = safetensors.torch.load(io.BytesIO(entries[NAMES[2]]).read())
    assert weights.keys() == loaded.net_.module_.state_dict().keys()
