"""Signatures and docstrings are those of the parameter tables."""

import inspect
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

from skmtl import HardSharingRanker, HardSharingRegressor
from skmtl._base import Parameter
from skmtl._base._signatures import estimator_classes, render_init, rewrite

ESTIMATORS = estimator_classes()
each = pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)


def source_of(cls):
    return Path(inspect.getfile(cls)).read_text(encoding="utf-8")


def numpydoc_entry(cls, name):
    """Text of one parameter in the docstring."""
    lines = inspect.getdoc(cls).splitlines()
    [start] = [i for i, line in enumerate(lines) if line.startswith(f"{name} : ")]
    end = start + 1
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    return lines[start], " ".join(line.strip() for line in lines[start + 1 : end])


def test_there_are_estimators():
    assert len(ESTIMATORS) >= 4


@each
def test_source_is_in_step_with_the_table(cls):
    source = source_of(cls)
    assert rewrite(source, cls) == source, "run python -m skmtl._base._signatures"


@each
def test_signature_has_names_and_defaults_of_the_table(cls):
    parameters = inspect.signature(cls).parameters
    table = cls._parameter_table
    assert list(parameters) == list(table)
    assert {name: p.default for name, p in parameters.items()} == {
        name: p.default for name, p in table.items()
    }
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@each
def test_constructor_stores_what_it_gets(cls):
    values = {name: object() for name in cls._parameter_table}
    stored = vars(cls(**values))
    assert {name: stored[name] for name in values} == values


@each
def test_every_parameter_is_documented(cls):
    for name, parameter in cls._parameter_table.items():
        head, text = numpydoc_entry(cls, name)
        assert head == f"{name} : {parameter.type}, default={parameter.default!r}"
        assert text == parameter.text
        assert text.endswith(".")


@each
def test_help_shows_the_sections(cls):
    shown = pydoc.plain(pydoc.render_doc(cls))
    assert "{parameters}" not in shown
    assert "{attributes}" not in shown
    for section in ("Parameters", "Attributes", "References", "Examples"):
        assert f"{section}\n" in shown
    assert "task_groups_ : ndarray" in shown


def test_rewrite_mends_one_class_only():
    cls = HardSharingRegressor
    source = source_of(cls)
    block = render_init(cls._parameter_table)
    # The ranker's, which follows, is the same.
    assert source.count(block) == 2
    changed = source.replace(block, block.replace("lr=0.003", "lr=1"))
    mended = rewrite(changed, cls)
    assert mended.count("lr=1,") == 1
    assert rewrite(mended, HardSharingRanker) == source


def test_block_is_python():
    table = {
        "name": Parameter("a", [str], "str", "A name."),
        "sizes": Parameter((1, 2), ["array-like"], "tuple", "Sizes."),
    }
    namespace = {}
    exec("class Made:\n" + render_init(table), namespace)
    made = namespace["Made"]()
    assert (made.name, made.sizes) == ("a", (1, 2))
    with pytest.raises(TypeError):
        namespace["Made"]("positional")


def test_documentation_describes_what_the_class_has():
    assert "class_weight" not in HardSharingRegressor._parameter_table
    assert "class_weight :" not in inspect.getdoc(HardSharingRegressor)


@pytest.mark.slow
def test_module_runs_without_warnings_and_changes_nothing():
    before = {cls: source_of(cls) for cls in ESTIMATORS}
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::RuntimeWarning",
            "-m",
            "skmtl._base._signatures",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert {cls: source_of(cls) for cls in ESTIMATORS} == before


def test_import_of_the_package_leaves_the_writer_alone():
    code = "import sys, skmtl; print('skmtl._base._signatures' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
