"""Files of one task beside files of whole estimators."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

import skmtl
from skmtl import RandomSparseMTLClassifier
from skmtl.exceptions import InputError, PersistenceError
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


@pytest.mark.parametrize("layers", ["sparse", "dense"])
@pytest.mark.parametrize(
    "form",
    [lambda rows: rows, pd.DataFrame, pl.DataFrame, np.ndarray.tolist],
    ids=["array", "pandas", "polars", "list"],
)
def test_rows_that_are_no_tensor(form, layers):
    module = RandomSparseMTLClassifier(**QUICK).fit(X, Y).export_task(0, layers=layers)
    with pytest.raises(InputError, match=r"must be a tensor.*torch\.from_numpy\(x\)"):
        module(form(X[:3]))


@pytest.mark.filterwarnings(r"ignore:.torch\.jit\..* is deprecated:DeprecationWarning")
def test_tracing_warns_of_nothing_but_its_age():
    est = RandomSparseMTLClassifier(**QUICK).fit(X, Y)
    module = est.export_task(0, layers="dense")
    rows = torch.from_numpy(X)
    # A warning would be an error.
    traced = torch.jit.trace(module, rows[:5])
    for count in (1, 7, 60):
        torch.testing.assert_close(traced(rows[:count]), module(rows[:count]))


def test_dense_layers_are_exported_for_any_number_of_rows():
    est = RandomSparseMTLClassifier(**QUICK).fit(X, Y)
    module = est.export_task(0, layers="dense")
    rows = torch.from_numpy(X)
    count = torch.export.Dim("count")
    program = torch.export.export(module, (rows[:5],), dynamic_shapes=({0: count},))
    torch.testing.assert_close(program.module()(rows), module(rows))


def test_dense_layers_trace_for_any_number_of_rows():
    est = RandomSparseMTLClassifier(**QUICK).fit(X, Y)
    module, rows = est.export_task(0, layers="dense"), torch.from_numpy(X)
    traced = torch.fx.symbolic_trace(module)
    for count in (1, 60):
        torch.testing.assert_close(traced(rows[:count]), module(rows[:count]))


@pytest.mark.parametrize("layers", ["dense", "sparse"])
def test_rows_of_another_shape_or_type(layers, tmp_path):
    est = RandomSparseMTLClassifier(**QUICK).fit(X.astype(np.float32), Y)
    module, rows = est.export_task(0, layers=layers), torch.from_numpy(X).float()
    module.save(tmp_path / "a")
    traced = [torch.fx.symbolic_trace(module)] if layers == "dense" else []
    for own in (module, load_task(tmp_path / "a"), *traced):
        for wrong in (rows[:, :-1], torch.hstack([rows, rows]), rows[0, :3]):
            with pytest.raises(InputError, match=r"shape \(5,\).*found.*shape \("):
                own(wrong)
    with pytest.raises(InputError, match=r"torch.float32; found torch.float64"):
        module(rows.double())


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
