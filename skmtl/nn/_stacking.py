"""Many modules as members of one, and back."""

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..exceptions import InputError

__all__ = ["stack_modules", "unstack_module"]

ModuleT = TypeVar("ModuleT", bound=nn.Module)

_PLAIN = (bool, int, float, str, tuple)


def stack_modules(modules: Sequence[ModuleT]) -> ModuleT:
    """Make one module whose parameters carry a leading member axis.

    Parameters
    ----------
    modules : sequence of Module
        Equal in structure; each initialised alone.

    Returns
    -------
    Module
        Parameters of shape ``(len(modules), ...)``, and buffers too if listed in
        the module's ``member_buffers``.

    Raises
    ------
    InputError
        If the modules differ in what members share: structure, plain attributes,
        other buffers.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberLinear, stack_modules
    >>> random = torch.Generator().manual_seed(0)
    >>> layers = [MemberLinear(3, 2, random) for _ in range(5)]
    >>> stacked = stack_modules(layers)
    >>> stacked.weight.shape
    torch.Size([5, 2, 3])
    >>> x = torch.ones(4, 3)
    >>> torch.allclose(stacked(x)[1], layers[1](x))
    True
    """
    _check_alike(modules)
    stacked = copy.deepcopy(modules[0])
    parts = [dict(_member_tensors(module)) for module in modules]
    for name, tensor in list(_member_tensors(stacked)):
        joined = torch.stack([part[name].detach() for part in parts])
        _replace(stacked, name, joined, isinstance(tensor, nn.Parameter))
    return stacked


def unstack_module(stacked: ModuleT, member: int) -> ModuleT:
    """Cut one member out of a module made by :func:`stack_modules`.

    Parameters
    ----------
    stacked : Module
        Its parameters carry a leading member axis.
    member : int
        Place of the member on that axis.

    Returns
    -------
    Module
        A copy without the member axis, which shares no memory with ``stacked``.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberLinear, stack_modules, unstack_module
    >>> random = torch.Generator().manual_seed(0)
    >>> layers = [MemberLinear(3, 2, random) for _ in range(5)]
    >>> alone = unstack_module(stack_modules(layers), 1)
    >>> torch.equal(alone.weight, layers[1].weight)
    True
    """
    alone = copy.deepcopy(stacked)
    for name, tensor in list(_member_tensors(alone)):
        own = tensor.detach()[member].clone()
        _replace(alone, name, own, isinstance(tensor, nn.Parameter))
    return alone


def _check_alike(modules: Sequence[nn.Module]) -> None:
    first = _shared_values(modules[0])
    for module in modules[1:]:
        own = _shared_values(module)
        differing = sorted(
            name for name in {*first, *own} if own.get(name) != first.get(name)
        )
        if differing:
            name = differing[0]
            raise InputError(
                f"Networks of one stack must agree in `{name}`; found "
                f"{own.get(name)!r} beside {first.get(name)!r}. Train them apart."
            )


def _shared_values(module: nn.Module) -> dict[str, Any]:
    """What members have in common: shapes, plain public attributes, other buffers."""
    tensors = _member_tensors(module)
    values: dict[str, Any] = {name: tuple(own.shape) for name, own in tensors}
    for name, buffer in module.named_buffers():
        if name not in values:
            values[name] = buffer.tolist()
    for prefix, child in module.named_modules():
        for name, value in vars(child).items():
            if isinstance(value, _PLAIN) and not name.startswith("_"):
                values[f"{prefix}.{name}".lstrip(".")] = value
    return values


def _member_tensors(module: nn.Module) -> list[tuple[str, Tensor]]:
    tensors: list[tuple[str, Tensor]] = list(module.named_parameters())
    for prefix, child in module.named_modules():
        for name in getattr(child, "member_buffers", ()):
            full = f"{prefix}.{name}" if prefix else name
            tensors.append((full, getattr(child, name)))
    return tensors


def _replace(module: nn.Module, name: str, value: Tensor, parameter: bool) -> None:
    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    setattr(owner, leaf, nn.Parameter(value) if parameter else value)
