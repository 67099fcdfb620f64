"""Fixtures and marks shared by all tests."""

import os
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DATA_FIXTURES = {"data_folder", "load_real"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what reads real data, before `-m` selects by marks."""
    for item in items:
        if DATA_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("data")


def pytest_runtest_setup(item):
    """Skip tests of the GPU where there is none."""
    if item.get_closest_marker("gpu") is not None:
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Keep torch on one thread, so that parallel workers do not fight for cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def data_folder():
    """Folder of the real data: SKMTL_DATA, else ../shared/data of the repository."""
    named = os.environ.get("SKMTL_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not a folder; set SKMTL_DATA to one")
    return folder


@pytest.fixture(scope="session")
def load_real(data_folder):
    """Read one set: ``load_real("landmine")`` is a dict of its arrays, by name."""

    def load(name):
        path = data_folder / f"{name}.npz"
        if not path.is_file():
            pytest.skip(f"no real data: {path} is missing")
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)

    return load
