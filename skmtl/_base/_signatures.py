"""Signatures of estimators, written from their parameter tables.

Run ``python -m skmtl._base._signatures`` to rewrite the generated ``__init__`` of every
estimator after a table has changed.
"""

import inspect
import re
from pathlib import Path
from typing import Any

from ._rules import Parameter

__all__ = ["estimator_classes", "render_init", "rewrite"]

_BEGIN = "    # <generated from the parameter table>"
_END = "    # </generated>"


def render_init(table: dict[str, Parameter]) -> str:
    """Write the source of ``__init__`` for a parameter table."""
    lines = [_BEGIN, "    def __init__(", "        self,", "        *,"]
    lines += [f"        {name}={_source(p.default)}," for name, p in table.items()]
    lines.append("    ):")
    lines += [f"        self.{name} = {name}" for name in table]
    lines += ["", _END]
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


def rewrite(source: str, cls: Any) -> str:
    """Replace the generated block of one class in the source of its module."""
    start = re.search(rf"^class {cls.__name__}\(.*$", source, re.MULTILINE)
    assert start is not None, f"{cls.__name__} is not in its own module"
    begin = source.index(_BEGIN, start.end())
    end = source.index(_END, begin) + len(_END) + 1
    return source[:begin] + render_init(cls._parameter_table) + source[end:]


def _main() -> None:
    for cls in estimator_classes():
        path = Path(inspect.getfile(cls))
        source = path.read_text(encoding="utf-8")
        path.write_text(rewrite(source, cls), encoding="utf-8")


if __name__ == "__main__":
    _main()
