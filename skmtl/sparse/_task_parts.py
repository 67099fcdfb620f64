"""Modules of a task's network, as plain values and tensors that a file can keep."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from skmtl.exceptions import PersistenceError

from ._packing import unpack, unpack_flags
from ._task_layers import (
    BiasMap,
    SelectFeatures,
    SparseLinear,
    TargetUnits,
    TransposedLinear,
)

__all__ = ["MODULES", "described", "filled", "held_tensors"]

MODULES: dict[str, Callable[[], nn.Module]] = {
    # In place: it never stands first, so what it overwrites is the module's own.
    "relu": lambda: nn.ReLU(inplace=True),
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
# Places that a module may have beside those that a file holds.
_SPARE = 2**16


def described(module: nn.Module) -> list[Any]:
    """A module of the package's chains as plain values."""
    if isinstance(module, nn.Linear):
        return [type(module).__name__, module.in_features, module.out_features]
    if isinstance(module, nn.Conv2d):
        return [
            "Conv2d",
            module.in_channels,
            module.out_channels,
            module.kernel_size[0],
        ]
    if isinstance(module, nn.Unflatten):
        return ["Unflatten", int(module.unflattened_size[1])]
    name = type(module).__name__
    if isinstance(module, SparseLinear):
        n_read = len(module.columns.unique())
        return [name, module.out_features, n_read, module.in_features]
    if isinstance(module, BiasMap):
        return [name, *module.offset.shape]
    if isinstance(module, SelectFeatures):
        return [name, len(module.index)]
    if isinstance(module, TargetUnits):
        return [name, module.scale, module.location]
    known = {type(make()).__name__ for make in MODULES.values()}
    if name in known | {"Flatten", "MaxPool2d"}:
        return [name]
    raise PersistenceError(
        f"The network of the task holds a {name} of the user's, which a file that runs "
        "no code when it is read cannot keep. Use torch.save."
    )


def held_tensors(module: nn.Module) -> dict[str, Tensor]:
    """What a file keeps of a module."""
    if isinstance(module, SparseLinear):
        return module.dense()
    return dict(module.state_dict())


def filled(
    values: list[Any], tensors: dict[str, Tensor], start: str, dtype: torch.dtype
) -> nn.Module:
    """A module with the numbers of the file."""
    name, *sizes = values
    if name == "TargetUnits":
        return TargetUnits(*(float(own) for own in sizes))
    counts = [int(size) for size in sizes]
    # A file cannot ask for more memory than it holds places.
    held = sum(
        own.nbytes for key, own in tensors.items() if key.startswith(f"{start}.")
    )
    sparse = name == "SparseLinear"
    places = [math.prod(counts[:2]), counts[2]] if sparse else [math.prod(counts)]
    if max(places) > max(8 * held, _SPARE):
        raise ValueError(f"module {start}.{name} of size {counts}")
    if sparse:
        weight = unpack(f"{start}.weight", tensors, tuple(counts[:2]))
        bias = unpack(f"{start}.bias", tensors, (counts[0],))
        reads = unpack_flags(f"{start}.reads", tensors, counts[2])
        return SparseLinear(weight, bias, reads).to(dtype)
    module = _made(name, counts).to(dtype)
    state = {
        own: unpack(f"{start}.{own}", tensors, value.shape)
        for own, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


def _made(name: str, counts: list[int]) -> nn.Module:
    makers: dict[str, Callable[..., nn.Module]] = {
        "Linear": nn.Linear,
        "TransposedLinear": TransposedLinear,
        "Conv2d": lambda n, m, size: nn.Conv2d(n, m, size, padding=size // 2),
        "Unflatten": lambda height: nn.Unflatten(1, (1, height)),
        "Flatten": lambda: nn.Flatten(1),
        "MaxPool2d": lambda: nn.MaxPool2d(2),
        "BiasMap": lambda *shape: BiasMap(torch.zeros(shape)),
        "SelectFeatures": lambda n: SelectFeatures(torch.zeros(n)),
        **{type(make()).__name__: make for make in MODULES.values()},
    }
    return makers[name](*counts)
