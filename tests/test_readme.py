"""The README can be pasted, shows its picture, and renders on a code host."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from docutils.core import publish_string

import skmtl
from tests._source import REPOSITORY

README = (REPOSITORY / "README.rst").read_text(encoding="utf-8")
MOST_PICTURE_BYTES = 60_000


def code_blocks(text):
    """Bodies of the blocks of Python code, in order, without their indentation."""
    found = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    return [re.sub("^    ", "", block, flags=re.MULTILINE).strip() for block in found]


def linked_paths(text):
    """Files of the repository that links and pictures point to."""
    links = re.findall(r"<([^<>:\s]+)>`_", text)
    return links + re.findall(r"^\.\. image:: (\S+)$", text, re.MULTILINE)


@pytest.fixture(scope="module")
def pasted():
    """What the first block prints, and the names it leaves behind."""
    names, printed = {}, io.StringIO()
    with redirect_stdout(printed):
        exec(code_blocks(README)[0], names)
    return names, printed.getvalue()


def test_the_example_has_ten_lines():
    assert len(list(filter(None, code_blocks(README)[0].splitlines()))) == 10


def test_the_example_runs_and_finds_what_the_text_says(pasted):
    names, printed = pasted
    est, y_test = names["est"], names["y_test"]
    majority = (y_test == 3).mean().to_numpy()
    assert (est.score_tasks(names["X_test"], y_test) > majority).all()
    assert printed.strip().endswith("[0 0 1 1]")


def test_the_tasks_have_the_names_that_the_picture_shows(pasted):
    assert pasted[0]["est"].task_names_ == ["0-1-2", "1-2-3", "5-6-7", "6-7-8"]


def test_names_of_classes_can_be_imported():
    named = set(
        re.findall(
            r"``(?:from skmtl import )?([A-Z]\w+(?:Class|Regr|Mix)\w+)``", README
        )
    )
    ours = {name for name in named if not name.startswith("MultiOutput")}
    assert {"HardSharingRegressor", "HardSharingMixed"} <= ours <= set(skmtl.__all__)


def test_the_picture_is_drawn(pasted, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    exec(code_blocks(README)[1], dict(pasted[0]))
    matplotlib.pyplot.close("all")
    matplotlib.use(before)
    assert (tmp_path / "tasks.png").read_bytes().startswith(b"\x89PNG")


def test_links_lead_somewhere():
    paths = linked_paths(README)
    assert len(paths) > 5
    missing = [path for path in paths if not (REPOSITORY / path).exists()]
    assert not missing


def test_the_committed_picture_is_small():
    [picture] = [Path(path) for path in linked_paths(README) if path.endswith(".png")]
    assert (REPOSITORY / picture).stat().st_size < MOST_PICTURE_BYTES


def test_renders_without_sphinx():
    warnings = io.StringIO()
    publish_string(
        README,
        writer="html5",
        settings_overrides={"warning_stream": warnings, "report_level": 1},
    )
    assert warnings.getvalue() == ""
