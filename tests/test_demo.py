"""The demo tells what it should, in a table that does not oversell."""

import importlib.util

import numpy as np
import pytest

from skmtl import HardSharingClassifier
from tests._source import REPOSITORY

DEMO = REPOSITORY / "examples" / "demo.py"


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
def test_a_network_of_each_task_sees_its_own_labels_only(demo):
    X = np.random.RandomState(0).normal(size=(80, 3))
    y = (X[:, :2] > 0).astype(int)
    est = HardSharingClassifier(max_epochs=3, random_state=0).fit(X, y)
    alone = demo.separate_networks(est, X, y)
    expected = [
        HardSharingClassifier(max_epochs=3, random_state=0).fit(X, own) for own in y.T
    ]
    for found, wanted in zip(alone, expected, strict=True):
        assert found.n_tasks_ == 1
        np.testing.assert_allclose(found.transform(X), wanted.transform(X), atol=1e-6)
    scores = demo.accuracy_of_each(alone, X, y)
    assert scores == [own.score(X, t) for own, t in zip(alone, y.T, strict=True)]


def test_table(demo, capsys):
    demo.print_accuracies(
        ["a", "b"], {"one\nof two": [0.5, 1.0], "much\nof": [1, 0.25]}
    )
    assert capsys.readouterr().out.splitlines() == [
        "Accuracy on pictures not trained on, in percent",
        "                one     much",
        "  task       of two       of",
        "  a            50.0    100.0",
        "  b           100.0     25.0",
        "  mean         75.0     62.5",
        "",
    ]


@pytest.mark.slow
def test_whole_demo(demo, capsys, tmp_path):
    pytest.importorskip("matplotlib").use("Agg")
    demo.main(tmp_path / "picture.png")
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines()[:-1])) <= 80
    assert "gain in accuracy over a network for each" in printed
    assert "0-1-2, 1-2-3 form group 0" in printed
    assert (tmp_path / "picture.png").exists()
