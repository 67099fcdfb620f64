"""Values to a tree that JSON can hold, and back.

None, booleans, integers, finite floats, text and lists stand for themselves. Every
other value is an object with one key, its kind, which is looked up in a fixed table.
"""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import torch

from ..exceptions import PersistenceError
from ..tasks import TargetEncoder, TaskSpec
from ..tasks._columns import ColumnLayout

__all__ = ["Reader", "Writer"]

_PLAIN = (type(None), bool, int, str)
_NUMBERS, _TEXT = "biuf", "US"
_ENCODER_PARTS = {
    "specs": tuple,
    "one_dimensional": bool,
    "container": str,
    "task_names": list,
    "task_table": dict,
    "_labels": list,
    "_layouts": list,
}


class Writer:
    """Write values as nodes.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The arrays met, named after their place.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._writers: dict[type, Callable[[Any, str], Any]] = {
            float: self._float,
            list: self._list,
            tuple: lambda value, place: {"tuple": self._list(value, place)},
            dict: self._dict,
            bytes: lambda value, place: {"bytes": value.decode("latin-1")},
            np.ndarray: self._array,
            torch.device: lambda value, place: {"device": str(value)},
            TaskSpec: self._record,
            ColumnLayout: self._record,
            TargetEncoder: self._encoder,
        }

    def node(self, value: Any, place: str) -> Any:
        """Write one value.

        Parameters
        ----------
        value : object
        place : str
            Where the value stands, for messages and names of arrays.

        Returns
        -------
        node : object
            What ``json`` can write.

        Raises
        ------
        PersistenceError
            If the value, or one inside it, is of no plain type.
        """
        # Subclasses may carry more than their base shows, so types are compared.
        kind = type(value)
        if kind in _PLAIN:
            return value
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value), place)}
        if kind not in self._writers:
            raise _refusal(place, _describe(value))
        return self._writers[kind](value, place)

    def _float(self, value: float, place: str) -> Any:
        # JSON has no word for these.
        return value if math.isfinite(value) else {"float": repr(value)}

    def _list(self, value: Any, place: str) -> list[Any]:
        return [self.node(item, f"{place}[{i}]") for i, item in enumerate(value)]

    def _dict(self, value: dict[Any, Any], place: str) -> Any:
        pairs = [
            [self.node(key, place), self.node(item, f"{place}[{key!r}]")]
            for key, item in value.items()
        ]
        return {"dict": pairs}

    def _array(self, value: np.ndarray, place: str) -> Any:
        dtype = value.dtype
        if dtype.kind == "O":
            items = [
                self.node(item, f"{place}[{i}]") for i, item in enumerate(value.flat)
            ]
            return {"objects": {"shape": list(value.shape), "items": items}}
        if dtype.kind in _TEXT and dtype.itemsize:
            stored = np.frombuffer(value.tobytes(), np.uint8)
        elif dtype.kind in _NUMBERS and dtype.itemsize <= 8:
            stored = np.array(value, dtype=dtype.newbyteorder("="), order="C")
        else:
            raise _refusal(place, f"an array of data type {dtype}")
        name = place
        while name in self.arrays:  # keys of a dict stand in one place
            name += "'"
        self.arrays[name] = stored
        return {"array": {"name": name, "dtype": dtype.str, "shape": list(value.shape)}}

    def _record(self, value: Any, place: str) -> Any:
        parts = {
            field.name: self.node(getattr(value, field.name), f"{place}.{field.name}")
            for field in fields(value)
        }
        return {type(value).__name__: parts}

    def _encoder(self, value: TargetEncoder, place: str) -> Any:
        parts = {
            name: self.node(part, f"{place}.{name}")
            for name, part in vars(value).items()
        }
        return {"TargetEncoder": parts}


def _describe(value: Any) -> str:
    named = value if isinstance(value, type) else type(value)
    article = "the class" if isinstance(value, type) else "an instance of"
    return f"{article} {named.__module__}.{named.__qualname__}"


def _refusal(place: str, found: str) -> PersistenceError:
    return PersistenceError(
        f"`{place}` holds {found}, which a file that runs no code when it is read "
        "cannot keep. Use a plain value there and fit anew, or keep the estimator with "
        "joblib.dump or pickle (and load such files from trusted sources only)."
    )


class Reader:
    """Read nodes; whatever malformed ones raise is left to the caller.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays that nodes may refer to.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays
        self._readers: dict[str, Callable[[Any], Any]] = {
            "float": _read_float,
            "tuple": lambda body: tuple(self._list(body)),
            "dict": lambda body: {
                self.value(key): self.value(item) for key, item in body
            },
            "bytes": lambda body: body.encode("latin-1"),
            "device": torch.device,
            "array": self._array,
            "objects": self._objects,
            "scalar": lambda body: self.value(body)[()],
            "TaskSpec": lambda body: TaskSpec(**self.record(body)),
            "ColumnLayout": lambda body: ColumnLayout(**self.record(body)),
            "TargetEncoder": self._encoder,
        }

    def value(self, node: Any) -> Any:
        """Read one node."""
        if isinstance(node, list):
            return self._list(node)
        if not isinstance(node, dict):
            return node
        [(kind, body)] = node.items()
        return self._readers[kind](body)

    def record(self, body: dict[str, Any]) -> dict[str, Any]:
        """Read a JSON object whose values are nodes."""
        return {name: self.value(node) for name, node in body.items()}

    def _list(self, body: Any) -> list[Any]:
        return [self.value(node) for node in body]

    def _array(self, body: dict[str, Any]) -> np.ndarray:
        stored, dtype = self._arrays[body["name"]], np.dtype(body["dtype"])
        if dtype.kind in _TEXT:
            return stored.view(dtype).reshape(body["shape"]).copy()
        if stored.dtype != dtype.newbyteorder("=") or dtype.kind not in _NUMBERS:
            raise ValueError(f"array {body['name']!r} of {stored.dtype}, not {dtype}")
        # A copy, because what was read may not be written to.
        return stored.reshape(body["shape"]).astype(dtype)

    def _objects(self, body: dict[str, Any]) -> np.ndarray:
        items = self._list(body["items"])
        objects = np.empty(len(items), dtype=object)
        for place, item in enumerate(items):
            objects[place] = item
        return objects.reshape(body["shape"])

    def _encoder(self, body: dict[str, Any]) -> TargetEncoder:
        parts = self.record(body)
        encoder = TargetEncoder(parts.pop("task_types"), parts.pop("allowed"))
        for name, kind in _ENCODER_PARTS.items():
            if type(parts[name]) is not kind:
                raise TypeError(f"{name} of the targets is a {type(parts[name])}")
        _check_targets(parts)
        vars(encoder).update(parts)
        return encoder


def _read_float(body: str) -> float:
    return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[body]


def _check_targets(parts: dict[str, Any]) -> None:
    unknown = set(parts) - set(_ENCODER_PARTS)
    if unknown or parts["container"] not in ("array", "pandas", "polars"):
        raise ValueError(f"unknown parts of the targets: {unknown or parts}")
    per_task = {"specs": TaskSpec, "task_names": str, "_layouts": ColumnLayout}
    for name, kind in per_task.items():
        if not all(type(item) is kind for item in parts[name]):
            raise TypeError(f"{name} of the targets must hold a {kind.__name__} each")
        if not 0 < len(parts[name]) == len(parts["specs"]):
            raise ValueError(f"{name} of the targets has {len(parts[name])} entries")
