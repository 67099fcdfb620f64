"""Every public name is documented in the form numpydoc prescribes."""

import importlib
import inspect
import pkgutil
import re
import tomllib

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import skmtl
from tests._source import PACKAGE, REPOSITORY

SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
CHECKS = set(SETTINGS["tool"]["numpydoc_validation"]["checks"])
# Methods are shown in the example of their class, and an exception is met, not used.
NEEDS_EXAMPLE = {"EX01"}


def public_namespaces():
    """The package, and every package and module below it without underscore."""
    yield skmtl
    for found in pkgutil.walk_packages(skmtl.__path__, prefix=f"{PACKAGE}."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def is_ours(value):
    """Whether a function or class was written here."""
    module = getattr(value, "__module__", None) or ""
    return module.partition(".")[0] == PACKAGE


def public_members(owner):
    """Public methods and properties of a class that were written here, by name."""
    for name in dir(owner):
        value = inspect.getattr_static(owner, name)
        # class and static methods hold a function, as does `available_if`
        value = getattr(value, "__func__", getattr(value, "fn", value))
        plain = value.fget if isinstance(value, property) else value
        if not name.startswith("_") and inspect.isfunction(plain) and is_ours(plain):
            yield name, value


def public_objects(namespaces):
    """Public functions, classes and members, each once, under one dotted name."""
    found = {}
    for namespace in namespaces:
        for name in getattr(namespace, "__all__", ()):
            value = getattr(namespace, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            found.setdefault(value, f"{namespace.__name__}.{name}")
            if inspect.isclass(value):
                for member, function in public_members(value):
                    found.setdefault(function, f"{namespace.__name__}.{name}.{member}")
    return {name: value for value, name in found.items()}


def faults(value, member=False):
    """What numpydoc finds wrong with a docstring, as text."""
    checks = CHECKS
    if member or (inspect.isclass(value) and issubclass(value, Exception)):
        checks = checks - NEEDS_EXAMPLE
    report = validate(get_doc_object(value))
    return [f"{code} {text}" for code, text in report["errors"] if code in checks]


OBJECTS = public_objects(public_namespaces())


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_documented(name):
    found = faults(OBJECTS[name], member=name.rpartition(".")[0] in OBJECTS)
    assert not found, "\n".join([f"{name}:", *found])


def stray_references(docstring):
    """Words that docutils would take for hyperlinks, such as a bare ``neg_``."""
    text = re.sub(r"^\s*(>>>|\.\.\.) .*$", "", docstring, flags=re.MULTILINE)
    # a name before a colon is one of numpydoc's entries, which it marks itself
    text = re.sub(r"^\s*[\w, ]+ : .*$|`+[^`]*`+", "", text, flags=re.MULTILINE)
    # doc/conf.py escapes what stands in shapes
    return re.findall(r"\b[A-Za-z]\w*_(?=[\s'\"\]>/:.;!?-]|$)", text)


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_underscores_are_no_hyperlinks(name):
    assert not stray_references(inspect.getdoc(OBJECTS[name]) or "")


def test_stray_references_are_found():
    text = 'Sorted; "neg_" marks (n_iter_,)\n\ntask_names_ : list\n    `a_` and b_.'
    assert stray_references(text) == ["neg_", "b_"]


def test_public_names_exist():
    missing = [
        f"{namespace.__name__}.{name}"
        for namespace in public_namespaces()
        for name in getattr(namespace, "__all__", ())
        if not hasattr(namespace, name)
    ]
    assert not missing, f"in __all__ but not there: {missing}"


class Documented:
    """Measure something.

    Parameters
    ----------
    size : int
        How large it is.

    Examples
    --------
    >>> Documented(1).double()
    2
    """

    def __init__(self, size):
        self.size = size

    def double(self):
        """Return twice the size.

        Returns
        -------
        double : int
            Twice the size.
        """
        return 2 * self.size

    def half(self):
        """Return half the size."""
        return self.size / 2

    def add(self, more):
        """Grow.

        Parameters
        ----------
        more
            How much.
        """
        self.size += more

    def bare(self, more): ...


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (Documented, []),
        (Documented.double, []),
        (Documented.half, ["RT01"]),
        (Documented.add, ["PR04"]),
        (Documented.bare, ["GL08"]),
    ],
)
def test_the_checker_finds(value, codes):
    found = faults(value, member=not inspect.isclass(value))
    assert [fault.split()[0] for fault in found] == codes
