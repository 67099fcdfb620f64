"""Docstrings and signatures made from the parameter tables.

Run ``python -m skmtl._base._documentation`` to rewrite the generated ``__init__`` of
every estimator after a table has changed.
"""

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any, TypeVar

from ._parameters import Parameter, constraints_of

__all__ = ["estimator_classes", "multitask_estimator", "render_init", "rewrite"]

ClassT = TypeVar("ClassT", bound=type)

_BEGIN = "    # <generated from the parameter table>"
_END = "    # </generated>"
_WIDTH = 80

_ATTRIBUTES = """\
classes_ : ndarray, or list of ndarray
    Class labels, one array per task for 2-D y; None for a regression task of a
    mixed estimator. Absent from regressors.
n_tasks_ : int
    Number of tasks.
task_names_ : list of str
    Column names of y, or task_0, task_1, ...
task_types_ : list of str
    "binary", "multiclass" or "continuous", one per task.
task_table_ : dict of str to list
    What was understood of y, one entry per task in each column; ready for
    ``pandas.DataFrame``.
task_similarity_ : ndarray of shape (n_tasks, n_tasks)
    0: no more related than unrelated tasks; 1: the same task. Symmetric.
task_distances_ : ndarray of shape (n_tasks, n_tasks)
    Distances behind the similarity.
task_groups_ : ndarray of shape (n_tasks,)
    Group of each task, numbered in order of first appearance.
task_linkage_ : ndarray of shape (n_tasks - 1, 4)
    The whole tree of tasks in scipy's form.
task_reliability_ : ndarray of shape (n_tasks,)
    Signal of each task that two halves of the rows agree on, in [0, 1].
task_null_ : ndarray of shape (n_tasks,)
    95 % quantile of that signal under permuted labels. A task that does not exceed
    it stays alone.
n_features_in_ : int
    Number of features (of pixels and channels, for pictures).
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where X had string column names.
n_iter_ : int
    Epochs run.
history_ : dict of str to ndarray of shape (n_iter_,)
    Per epoch: seconds and mean losses in nats, one column per task; ready for
    ``pandas.DataFrame``.
net_ : skorch net
    The trained net; ``net_.module_`` is the torch network."""


def multitask_estimator(cls: ClassT) -> ClassT:
    """Finish a public estimator: constraints and docstring from its table.

    The class docstring holds the markers ``{parameters}`` and ``{attributes}``.
    """
    table: dict[str, Parameter] = cls._parameter_table
    cls._parameter_constraints = constraints_of(table)
    if cls.__doc__:
        attributes = getattr(cls, "_own_attributes", "")
        body = (
            inspect.cleandoc(cls.__doc__)
            .replace("{parameters}", _document(table))
            .replace("{attributes}", f"{_ATTRIBUTES}\n{attributes}".strip())
        )
        cls.__doc__ = body + "\n"
    return cls


def _document(table: dict[str, Parameter]) -> str:
    entries = []
    for name, parameter in table.items():
        text = textwrap.fill(parameter.text, _WIDTH)
        entry = f"{name} : {parameter.type}, default={parameter.default!r}\n"
        entries.append(entry + textwrap.indent(text, "    "))
    return "\n".join(entries)


def render_init(table: dict[str, Parameter]) -> str:
    """Write the source of ``__init__`` for a parameter table."""
    lines = [_BEGIN, "    def __init__(", "        self,", "        *,"]
    lines += [f"        {name}={_source(p.default)}," for name, p in table.items()]
    lines.append("    ):")
    lines += [f"        self.{name} = {name}" for name in table]
    lines.append(_END)
    return "\n".join(lines) + "\n"


def _source(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def estimator_classes() -> list[type]:
    """All public estimators that carry a parameter table."""
    import skmtl

    found = [getattr(skmtl, name) for name in skmtl.__all__]
    return [
        item
        for item in found
        if inspect.isclass(item) and hasattr(item, "_parameter_table")
    ]


def rewrite(source: str, cls: type) -> str:
    """Replace the generated block of one class in the source of its module."""
    start = re.search(rf"^class {cls.__name__}\(.*$", source, re.MULTILINE)
    assert start is not None, f"{cls.__name__} is not in its own module"
    begin = source.index(_BEGIN, start.end())
    end = source.index(_END, begin) + len(_END) + 1
    return source[:begin] + render_init(cls._parameter_table) + source[end:]


def _main() -> None:
    for cls in estimator_classes():
        path = Path(inspect.getfile(cls))
        path.write_text(rewrite(path.read_text(), cls))


if __name__ == "__main__":
    _main()
