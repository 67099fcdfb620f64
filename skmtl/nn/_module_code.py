"""What a user's module computes beside its weights, as values that compare."""

import hashlib
import sys
import weakref
from collections.abc import Callable, Hashable
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["module_code"]

_LEAVES = (type(None), type(Ellipsis), bool, int, str, bytes)
# Of a class: made anew with each class, or of no effect on what it computes.
_NOT_COMPARED = {"__dict__", "__weakref__", "__doc__", "__annotations__"}
# Of a type made while Python runs; without it the type is one of C, which stays.
_MADE_BY_CLASS = 1 << 9
_TENSORS = ("_parameters", "_buffers", "_modules")


def module_code(module: nn.Module) -> tuple[dict[str, Hashable], bool]:
    """Describe all that decides what a module computes, but for its tensors' values.

    Equal descriptions mean that one module may run with the weights of the other.

    Parameters
    ----------
    module : Module
        Of any kind.

    Returns
    -------
    values : dict of str to hashable
        By name of the attribute. Functions and classes stand for themselves if they
        can be imported, else for their code and what they enclose; tensors that are
        neither parameters nor buffers for their values.
    complete : bool
        Whether all could be read. Objects that do not lay open their state, such as
        handles of files, are described by their type.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import module_code
    >>> module_code(torch.nn.ELU(0.5)) == module_code(torch.nn.ELU(0.5))
    True
    >>> module_code(torch.nn.ELU(0.5)) == module_code(torch.nn.ELU(0.7))
    False
    """
    reader = _Reader(module)
    values: dict[str, Hashable] = {}
    for prefix, child in module.named_modules():
        values[f"{prefix}.class".lstrip(".")] = reader.read(type(child))
        for name, value in vars(child).items():
            if name in _TENSORS:
                described: Hashable = _names(value)
            elif "hooks" in name and isinstance(value, dict):
                # Their keys count the hooks of all modules.
                described = reader.read(list(value.values()))
            else:
                described = reader.read(value)
            values[f"{prefix}.{name}".lstrip(".")] = described
    return values, reader.complete


def _names(tensors: dict[str, Any]) -> Hashable:
    return tuple(
        (name, None if own is None else getattr(own, "requires_grad", True))
        for name, own in tensors.items()
    )


class _Reader:
    """Turns objects into nested tuples of what can be compared."""

    def __init__(self, module: nn.Module) -> None:
        self.complete = True
        self._seen: dict[int, Hashable] = {}
        # What is seen must live on, lest another object take its address.
        self._kept: list[Any] = []
        groups = (
            module.named_modules(),
            module.named_parameters(),
            module.named_buffers(),
        )
        for group in groups:
            for name, own in group:
                self._seen[id(own)] = ("part", name)

    def read(self, value: Any) -> Hashable:
        """Describe an object."""
        kind = type(value)
        if kind in _LEAVES:
            return (kind, value)
        if kind in (float, complex):
            return (kind, repr(value))
        if isinstance(value, ModuleType) or _is_global(value):
            return (id(value),)
        if id(value) in self._seen:
            return self._seen[id(value)]
        self._seen[id(value)] = ("seen", len(self._seen))
        self._kept.append(value)
        if kind in (tuple, list):
            return (kind.__name__, self.several(value))
        if kind is dict:
            return (kind.__name__, self.several(value.items()))
        for kinds, read in _READERS:
            if isinstance(value, kinds):
                return (kind.__name__, read(self, value))
        return (self.read(kind), self._read_state(value))

    def several(self, values: Any) -> Hashable:
        """Describe objects in their order."""
        return tuple(self.read(value) for value in values)

    def _read_state(self, value: Any) -> Hashable:
        """Describe an object by what a copy of it would be made from."""
        try:
            made = value.__reduce_ex__(4)
        except Exception:  # it may run code of anyone
            self.complete = False
            return "unknown"
        if isinstance(made, str):
            return made
        start, iterators = made[:3], made[3:5]
        items = [own if own is None else list(own) for own in iterators]
        return self.several([*start, *items])


def _is_global(value: Any) -> bool:
    """Whether an object is the one that its own name imports."""
    if isinstance(value, BuiltinFunctionType):
        owner = value.__self__
        return owner is None or isinstance(owner, type | ModuleType)
    if not isinstance(value, type | FunctionType):
        return False
    if isinstance(value, type) and not value.__flags__ & _MADE_BY_CLASS:
        return True
    found: Any = sys.modules.get(value.__module__)
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is value


def _read_class(reader: _Reader, value: type) -> Hashable:
    own = [(k, v) for k, v in vars(value).items() if k not in _NOT_COMPARED]
    return reader.several([value.__qualname__, *value.__bases__, *own])


def _read_function(reader: _Reader, value: FunctionType) -> Hashable:
    parts = [value.__defaults__, value.__kwdefaults__, value.__closure__, vars(value)]
    return (value.__code__, id(value.__globals__), reader.several(parts))


def _read_cell(reader: _Reader, value: CellType) -> Hashable:
    try:
        content = value.cell_contents
    except ValueError:
        return "empty"
    return reader.read(content)


def _read_tensor(reader: _Reader, value: Tensor) -> Hashable:
    try:
        flat = value.detach().cpu().contiguous().reshape(-1)
        values = flat.view(torch.uint8).numpy().tobytes()
    except (RuntimeError, TypeError, NotImplementedError):
        reader.complete = False
        return "unknown"
    return (tuple(value.shape), value.dtype, hashlib.sha256(values).digest())


def _read_property(reader: _Reader, value: property) -> Hashable:
    return reader.several([value.fget, value.fset, value.fdel])


def _read_wrapped(reader: _Reader, value: Any) -> Hashable:
    return reader.read(value.__func__)


_READERS: list[tuple[Any, Callable[[_Reader, Any], Hashable]]] = [
    (type, _read_class),
    (FunctionType, _read_function),
    (CellType, _read_cell),
    (Tensor, _read_tensor),
    (property, _read_property),
    (weakref.ref, lambda reader, value: reader.read(value())),
    (staticmethod | classmethod, _read_wrapped),
]
