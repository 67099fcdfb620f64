"""Dependencies point one way: the layers of the design, read from the imports."""

import ast
import sys

import pytest

from tests._source import Module, imports_of, resolve, source_modules

# Each part of the package and its height; a part imports lower ones only. Parts of
# equal height do not import each other, nor does a part import what APART forbids.
HEIGHTS = {
    "exceptions": 0.0,
    "datasets": 0.1,
    "_naming": 1.0,
    "_feature_faults": 1.0,
    "_validation": 1.1,
    "tasks": 1.2,
    "nn": 1.3,
    "similarity": 1.9,
    "metrics": 1.9,
    "engine": 2,
    "persistence": 2,
    "_base": 3,
    "bottleneck": 4,
    "sparse": 4,
    "selective": 4,
    "baselines": 4,
    "model_selection": 5.1,
    "inspection": 5.2,
    "display": 5.3,
}
# The only parts of the package these may import.
APART = {
    "similarity": {"exceptions", "datasets"},
    "metrics": {"exceptions", "datasets", "_naming"},
}
# Commands for `python -m`: they read the whole package, and no module imports them.
COMMANDS = {"skmtl._base._signatures"}
# Foreign packages that belong to one part only.
OWNED = {"skorch": "engine", "torchjd": "engine"}
# Foreign packages a part may not import, and the only ones a part may import.
FORBIDDEN = {"exceptions": {"torch"}, "datasets": {"torch"}}
ARRAYS = {"numpy", "scipy", "sklearn"}
ALLOWED = {
    "similarity": ARRAYS | {"hdbscan", "joblib", "tensorly"},
    "metrics": ARRAYS | {"joblib"},
}
# Imported inside the function that uses them, so that `import skmtl` stays light.
LATE = {"hdbscan", "matplotlib", "pandas", "polars", "tensorly", "torchjd"}


def part_of(name):
    """Part of the package a module belongs to; "" for the package itself."""
    return name.split(".")[1] if "." in name else ""


def broken_rules(modules):
    """One message for each import that breaks a rule, and for each cycle."""
    names = {module.name for module in modules}
    messages = [
        f"{name} is in no layer: add {part_of(name)!r} to HEIGHTS"
        for name in sorted(names)
        if part_of(name) and part_of(name) not in HEIGHTS
    ]
    graph = {name: set() for name in names}
    for module in modules:
        for found in imports_of(module):
            target = resolve(found.target, names)
            if target is None:
                rules = foreign_rules(found)
            else:
                graph[module.name].add(target)
                rules = inner_rules(found, target)
            messages += [f"{found} {rule}" for rule in rules]
    messages += [f"import cycle: {' -> '.join(cycle)}" for cycle in cycles(graph)]
    return messages


def inner_rules(found, target):
    """Rules that an import of one of our own modules breaks."""
    here, there = part_of(found.importer), part_of(target)
    if found.star:
        yield "with a star"
    if target in COMMANDS:
        yield "is a command, which no module needs"
    if not here or here == there or found.importer in COMMANDS:
        return
    if not there:
        yield "reaches for the package itself, which stands above all layers"
    elif here in HEIGHTS and there in HEIGHTS:
        if HEIGHTS[there] >= HEIGHTS[here]:
            yield f"does not point down: {describe(there)}, {describe(here)}"
        elif there not in APART.get(here, HEIGHTS):
            yield f"breaks that {here} stands apart and needs the lowest layer only"


def foreign_rules(found):
    """Rules that an import of another distribution breaks."""
    here, package = part_of(found.importer), found.target.split(".")[0]
    if found.star:
        yield "with a star"
    if package in sys.stdlib_module_names:
        return
    if package in OWNED and here != OWNED[package]:
        yield f"breaks that only {OWNED[package]} names {package}"
    if package in FORBIDDEN.get(here, ()):
        yield f"breaks that {here} does without {package}"
    if package not in ALLOWED.get(here, {package}):
        yield f"breaks that {here} is built on {', '.join(sorted(ALLOWED[here]))} only"
    if package in LATE and not found.late:
        yield f"belongs inside the function that uses {package}"


def describe(part):
    """Name and layer of a part, for messages."""
    return f"{part} is in layer {int(HEIGHTS[part])}"


def cycles(graph):
    """Import cycles, each as the list of its modules and the first one again."""
    found, done = [], set()

    def follow(name, path):
        if name in path:
            found.append([*path[path.index(name) :], name])
        elif name not in done:
            for target in sorted(graph[name]):
                follow(target, [*path, name])
            done.add(name)

    for name in sorted(graph):
        follow(name, [])
    return found


def test_imports_keep_to_the_layers():
    broken = broken_rules(source_modules())
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("skmtl.tasks._a", "from skmtl.nn import b", "does not point down"),
        ("skmtl.tasks._a", "from ..nn import b", "does not point down"),
        ("skmtl.tasks._a", "def f():\n import skmtl.nn", "does not point down"),
        ("skmtl.metrics", "from skmtl.similarity import b", "does not point down"),
        ("skmtl.metrics", "from skmtl._validation import b", "stands apart"),
        ("skmtl.sparse._a", "from skmtl.baselines import b", "does not point down"),
        ("skmtl.nn._a", "from .. import __version__", "the package itself"),
        ("skmtl._base._a", "import skmtl._base._signatures", "is a command"),
        ("skmtl.nn._a", "from skmtl.tasks import *", "star"),
        ("skmtl.nn._a", "from os.path import *", "star"),
        ("skmtl._base._a", "import skorch.callbacks", "only engine names skorch"),
        (
            "skmtl._base._a",
            "def f():\n import_module('torchjd')",
            "only engine names torchjd",
        ),
        ("skmtl.engine._a", "import torchjd", "inside the function"),
        ("skmtl.display._a", "from matplotlib import pyplot", "inside the function"),
        ("skmtl.datasets._a", "from torch import nn", "does without torch"),
        ("skmtl.similarity._a", "import torch", "is built on hdbscan"),
        ("skmtl.zoo._a", "", "in no layer"),
        ("skmtl.nn._a", "import skmtl.nn._b", "skmtl.nn._a -> skmtl.nn._b -> skmtl"),
    ],
)
def test_the_checker_finds(name, source, expected):
    surroundings = {
        "skmtl": "",
        "skmtl._base._signatures": "from skmtl.nn import b",
        "skmtl._validation": "",
        "skmtl.baselines": "",
        "skmtl.nn": "",
        "skmtl.nn._b": "from skmtl.nn._a import b",
        "skmtl.similarity": "",
        "skmtl.tasks": "",
        "skmtl.nn._a": "",
    }
    modules = [
        Module(one, ast.parse(text), one.count(".") < 2)
        for one, text in (surroundings | {name: source}).items()
    ]
    (message,) = broken_rules(modules)
    assert name in message
    assert expected in message


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("skmtl", "from skmtl.engine import b"),
        ("skmtl._base._signatures", "import skmtl"),
        ("skmtl.engine._a", "import skorch, numpy\nfrom skmtl.nn import b"),
        ("skmtl.engine._a", "def f():\n from torchjd.aggregation import UPGrad"),
        ("skmtl.engine._a", "if TYPE_CHECKING:\n import torchjd"),
        ("skmtl.persistence", "import json, torch, safetensors"),
        ("skmtl.similarity._a", "def f():\n import hdbscan"),
        ("skmtl.similarity._a", "from ..exceptions import InputError"),
    ],
)
def test_the_checker_accepts(name, source):
    others = [
        "skmtl",
        "skmtl.engine",
        "skmtl.nn",
        "skmtl.similarity",
        "skmtl.exceptions",
    ]
    modules = [Module(other, ast.parse(""), True) for other in others if other != name]
    modules.append(Module(name, ast.parse(source), name == "skmtl"))
    assert broken_rules(modules) == []
