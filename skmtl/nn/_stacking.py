"""Many modules as members of one, and back."""

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..exceptions import InputError
from ._module_code import module_code
from ._user_encoder import UserEncoder

__all__ = ["member_tensors", "shared_values", "stack_modules", "unstack_module"]

ModuleT = TypeVar("ModuleT", bound=nn.Module)

_PLAIN = (bool, int, float, str, tuple)


def stack_modules(
    modules: Sequence[ModuleT], members: tuple[int, ...] | None = None
) -> ModuleT:
    """Make one module whose parameters carry leading member axes.

    Parameters
    ----------
    modules : sequence of Module
        Equal in structure; each initialised alone.
    members : tuple of int, optional
        Lengths of the member axes; one axis by default.

    Returns
    -------
    Module
        Parameters of shape ``(*members, ...)``, and buffers too if listed in the
        module's ``member_buffers``.

    Raises
    ------
    InputError
        If the modules differ in what members share: structure, plain attributes,
        other buffers, and the code of a user's encoder.

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
    parts = [dict(member_tensors(module)) for module in modules]
    for name, tensor in list(member_tensors(stacked)):
        joined = torch.stack([part[name].detach() for part in parts])
        if members is not None:
            joined = joined.unflatten(0, members)
        _replace(stacked, name, joined, tensor)
    return stacked


def unstack_module(stacked: ModuleT, member: int | tuple[int, ...]) -> ModuleT:
    """Cut one member, or several, out of a module made by :func:`stack_modules`.

    Parameters
    ----------
    stacked : Module
        Its parameters carry leading member axes.
    member : int or tuple
        Index of the member along these axes. Axes that remain, as under a tuple of
        index tensors, are the member axes of the result.

    Returns
    -------
    Module
        A copy, which shares no memory with ``stacked``.

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
    for name, tensor in list(member_tensors(alone)):
        own = tensor.detach()[member].clone()
        _replace(alone, name, own, tensor)
    return alone


def _check_alike(modules: Sequence[nn.Module]) -> None:
    first = shared_values(modules[0])
    for module in modules[1:]:
        own = shared_values(module)
        differing = sorted(
            name for name in {*first, *own} if own.get(name) != first.get(name)
        )
        if differing:
            name = differing[0]
            raise InputError(
                f"Networks of one stack must agree in `{name}`; found "
                f"{own.get(name)!r} beside {first.get(name)!r}. Train them apart."
            )
    for prefix, child in modules[0].named_modules():
        if isinstance(child, UserEncoder):
            parts = [module.get_submodule(prefix) for module in modules]
            _check_code(f"{prefix}.module".lstrip("."), parts)


def _check_code(prefix: str, encoders: Sequence[Any]) -> None:
    """Compare what users' encoders do with their weights."""
    first, _ = module_code(encoders[0].module)
    for encoder in encoders[1:]:
        own, _ = module_code(encoder.module)
        for name in sorted({*first, *own}):
            if own.get(name) != first.get(name):
                raise InputError(
                    f"Networks of one stack must agree in `{prefix}.{name}`; found "
                    "another value, function or class beside the first. Train them "
                    "apart."
                )


def shared_values(module: nn.Module) -> dict[str, Any]:
    """List what members of a stack have in common.

    Parameters
    ----------
    module : Module
        A network, or a part of one.

    Returns
    -------
    values : dict of str to object
        Kinds of modules, shapes of parameters, plain public attributes, and buffers
        that are not listed as the members' own.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberLinear, shared_values
    >>> shared_values(MemberLinear(3, 2, torch.Generator()))["weight"]
    (2, 3)
    """
    tensors = member_tensors(module)
    values: dict[str, Any] = {name: tuple(own.shape) for name, own in tensors}
    for name, buffer in module.named_buffers():
        if name not in values:
            values[name] = buffer.tolist()
    for prefix, child in module.named_modules():
        values[f"{prefix}.kind".lstrip(".")] = type(child).__qualname__
        for name, value in vars(child).items():
            if isinstance(value, _PLAIN) and not name.startswith("_"):
                values[f"{prefix}.{name}".lstrip(".")] = value
    return values


def member_tensors(module: nn.Module) -> list[tuple[str, Tensor]]:
    """List the tensors that every member has for itself.

    Parameters
    ----------
    module : Module
        A network, or a part of one.

    Returns
    -------
    list of (str, Tensor)
        Parameters, and the buffers listed in ``member_buffers`` of their modules.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberLinear, member_tensors
    >>> [name for name, _ in member_tensors(MemberLinear(3, 2, torch.Generator()))]
    ['weight', 'bias']
    """
    tensors: list[tuple[str, Tensor]] = list(module.named_parameters())
    for prefix, child in module.named_modules():
        for name in getattr(child, "member_buffers", ()):
            full = f"{prefix}.{name}" if prefix else name
            tensors.append((full, getattr(child, name)))
    return tensors


def _replace(module: nn.Module, name: str, value: Tensor, old: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    if isinstance(old, nn.Parameter):
        value = nn.Parameter(value, old.requires_grad)
    setattr(module.get_submodule(path), leaf, value)
