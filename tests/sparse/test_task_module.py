"""Files of one task beside files of whole estimators."""

import numpy as np
import pytest
import torch

import skmtl
from skmtl import RandomSparseMTLClassifier
from skmtl.exceptions import PersistenceError
from skmtl.sparse import load_task

QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 2, "random_state": 0}
X = np.random.default_rng(0).normal(size=(60, 5))
Y = (X[:, [0, 0]] > 0).astype(int)


def test_files_of_estimators_and_of_tasks_name_each_other(tmp_path):
    est = RandomSparseMTLClassifier(**QUICK).fit(X, Y)
    est.save(tmp_path / "whole")
    est.export_task(0).save(tmp_path / "part")
    with pytest.raises(PersistenceError, match=r"part.*one task.*sparse\.load_task"):
        skmtl.load(tmp_path / "part")
    with pytest.raises(PersistenceError, match=r"whole.*estimator.*`skmtl\.load`"):
        load_task(tmp_path / "whole")


def test_a_folder_is_no_file_of_a_task(tmp_path):
    with pytest.raises(PersistenceError, match=rf"'{tmp_path}' is a folder\. Name"):
        load_task(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_task(tmp_path / "nothing")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    module = RandomSparseMTLClassifier(**QUICK).fit(X, Y).export_task(0)
    nowhere = tmp_path / "nowhere"
    told = f"no folder '{nowhere}'; make it before saving: '{nowhere / 'task'}'"
    with pytest.raises(FileNotFoundError, match=told):
        module.save(nowhere / "task")
    with pytest.raises(IsADirectoryError, match=f"'{tmp_path}'$"):
        module.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("layers", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["float64", "float32", "bfloat16", "float16"])
def test_files_keep_the_type_of_a_network(kind, layers, tmp_path):
    est = RandomSparseMTLClassifier(keep_ratio=0.3, **QUICK).fit(X, Y)
    module = est.export_task(0, layers=layers).to(getattr(torch, kind))
    module.save(tmp_path / "task")
    state, found = module.state_dict(), load_task(tmp_path / "task").state_dict()
    assert list(found) == list(state)
    for name, value in state.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_numbers_of_other_types_are_refused(tmp_path):
    module = RandomSparseMTLClassifier(**QUICK).fit(X, Y).export_task(0)
    with pytest.raises(PersistenceError, match=r"found float8_e5m2\. Convert"):
        module.to(torch.float8_e5m2).save(tmp_path / "task")
    assert list(tmp_path.iterdir()) == []
