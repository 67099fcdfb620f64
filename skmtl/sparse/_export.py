"""One task's network by itself, as a plain module of torch."""

import copy
from typing import Any

import torch
from torch import nn

from skmtl.nn import ACTIVATIONS, ConvEncoder, MLPEncoder, UserEncoder, unstack_module

from ._pruning import Affine, prune
from ._task_layers import (
    BiasMap,
    SelectFeatures,
    SparseLinear,
    TargetUnits,
    TransposedLinear,
)
from ._task_module import TaskModule
from ._task_parts import MODULES

__all__ = ["LAYERS", "export_network"]

# Below which share of weights, of those that pruning leaves, zeros are left out. Sums
# without zeros took two thirds of the time of a product at .35 (layers of 128 to 784
# units), the same at .5; other processors may be better at products.
LAYERS = {"auto": 0.35, "dense": 0.0, "sparse": 1.0}
# Smaller layers are as fast with zeros.
_FEW_WEIGHTS = 2**11
# To pick a feature out of a row, and to turn one for sums without zeros, takes as long
# as so many multiplications of a product.
_PICKING, _TURNING = 32, 20
# Single precision tells targets apart to 1.5e-5 of their scale where they lie this many
# scales from zero, and has room for scales up to this one and its inverse.
_FAR, _LARGE = 2.0**8, 2.0**100


def export_network(
    network: Any,
    task: int,
    spec: Any,
    member: int,
    row_shape: tuple[int, ...],
    layers: str,
) -> TaskModule:
    """Cut one task's network out, without what the task does not need.

    Parameters
    ----------
    network : MaskedNetwork
        Trained; of one network or of several.
    task : int
    spec : TaskSpec
        Of the task.
    member : int
        The network, where there are several.
    row_shape : tuple of int
        Of one row of X.
    layers : str
        One of `LAYERS`.

    Returns
    -------
    TaskModule
    """
    alone = unstack_module(network, member) if network.members else network
    alone = copy.deepcopy(alone).cpu().eval()
    with torch.no_grad():
        head = _head(alone, task, spec)
        # Norms are a part of the layers they follow.
        shared = [*alone.shared_parameters(), head.weight, head.bias]
        n_shared = sum(own.numel() for own in shared)
        encoder = _covered_encoder(alone, task)
        if isinstance(encoder, MLPEncoder | ConvEncoder):
            module = _chain(encoder, head, row_shape, task, layers)
        else:
            module = TaskModule(*_user_parts(encoder), _linear(head))
    dtype = alone.heads.weight.dtype
    if not _fits(spec, dtype):
        module.append(TargetUnits(float(spec.scale), float(spec.location)))
    module.to(dtype).eval().requires_grad_(False)
    module.task, module.row_shape = spec.name, tuple(row_shape)
    module.shared_bytes = n_shared * dtype.itemsize
    return module


def _head(network: Any, task: int, spec: Any) -> Affine:
    weight = network.heads.weight[task, : spec.n_outputs].double()
    bias = network.heads.intercepts(network.heads.bias)
    bias = bias[task, : spec.n_outputs].double()
    units = getattr(network, "units", None)
    if units is not None:
        weight = weight * units[task]
    # Real targets come in their own units.
    if _fits(spec, network.heads.weight.dtype):
        weight, bias = weight * spec.scale, bias * spec.scale + spec.location
    return Affine(weight, bias, ACTIVATIONS["identity"])


def _fits(spec: Any, dtype: torch.dtype) -> bool:
    """Whether numbers of a type tell the values of a target apart."""
    scale = float(spec.scale)
    near = abs(spec.location) <= _FAR * scale
    return dtype == torch.float64 or (near and 1 / _LARGE < scale < _LARGE)


def _covered_encoder(network: Any, task: int) -> nn.Module:
    """The encoder with the weights that the task computes with."""
    encoder: nn.Module = network.encoder
    if network.masking == "forward":
        pairs = zip(network.masked_weights(), network.masks(), strict=True)
        for weight, mask in pairs:
            weight.mul_(mask[task])
    return encoder


def _chain(
    encoder: Any, head: Affine, row_shape: tuple[int, ...], task: int, kind: str
) -> TaskModule:
    """A chain of layers, pruned."""
    layers = []
    activate = ACTIVATIONS[encoder.activation]
    dense, pictures = encoder, isinstance(encoder, ConvEncoder)
    if pictures:
        dense, picture = encoder.dense, row_shape[-2:]
        for layer, norm in _pairs(encoder.convolutions, encoder.norms):
            layers.append(_normed(_affine(layer, activate, picture), norm, task))
            picture = tuple(length // 2 for length in picture)
    for layer, norm in _pairs(dense.hidden, dense.norms):
        layers.append(_normed(_affine(layer, activate), norm, task))
    if dense.latent is not None:
        layers.append(_affine(dense.latent, ACTIVATIONS["identity"]))
    layers.append(head)
    read = prune(layers)
    linears = _linears(layers, read, kind)
    parts: list[nn.Module] = []
    if pictures and len(row_shape) == 2:
        parts.append(nn.Unflatten(1, (1, row_shape[0])))
    first = linears[0]
    if isinstance(first, nn.Linear) and first.in_features < len(read):
        parts.append(SelectFeatures(read.nonzero()[:, 0]))
    for layer, linear in zip(layers, linears, strict=True):
        if pictures and not layer.picture:
            parts.append(nn.Flatten(1))
            pictures = False
        activation = encoder.activation if layer.activate is activate else ""
        parts += _modules(layer, linear, activation)
    return TaskModule(*parts)


def _is_worth_picking(layer: Affine, read: torch.Tensor) -> bool:
    """Whether a layer is faster without the features that it does not read."""
    n_read = int(read.sum())
    spared = (len(read) - n_read) * len(layer.weight)
    return spared > _PICKING * n_read


def _is_worth_turning(layer: Affine, read: torch.Tensor) -> bool:
    """Whether a first layer is faster without zeros, which wants its rows turned."""
    n_units, n_read = layer.weight.shape
    with_zeros = n_units * len(read)
    if _is_worth_picking(layer, read):
        with_zeros = (n_units + _PICKING) * n_read
    kept = int((layer.weight != 0).sum())
    return kept / LAYERS["auto"] + _TURNING * len(read) < with_zeros


def _affine(layer: Any, activate: Any, picture: tuple[int, ...] = ()) -> Affine:
    return Affine(layer.weight.double(), layer.bias.double(), activate, picture)


def _pairs(layers: Any, norms: Any) -> Any:
    """Layers and the norms that follow them, or None."""
    return zip(layers, norms or [None] * len(layers), strict=True)


def _normed(layer: Affine, norm: Any, task: int) -> Affine:
    """A layer together with the norm of a task."""
    if norm is not None:
        scale, shift = norm.scale_and_shift(task)
        layer.weight = layer.weight * scale.view(-1, *[1] * (layer.weight.dim() - 1))
        layer.bias = layer.bias * scale + shift
    return layer


def _linears(
    layers: list[Affine], read: torch.Tensor, kind: str
) -> list[nn.Module | None]:
    """Modules of the dense layers of a chain; None for convolutions.

    The first gets zeros for features that it does not read where that is faster.
    """
    sparse = [_is_sparse(layer, kind) for layer in layers]
    if kind == "auto" and sparse[0]:
        sparse[0] = _is_worth_turning(layers[0], read)
    first = layers[0]
    if not (sparse[0] or first.picture or _is_worth_picking(first, read)):
        weight = first.weight.new_zeros(len(first.weight), len(read))
        weight[:, read] = first.weight
        first.weight = weight
    plain = TransposedLinear if any(sparse) else nn.Linear
    linears: list[nn.Module | None] = []
    for place, layer in enumerate(layers):
        if layer.picture:
            linears.append(None)
        elif sparse[place]:
            # The first one picks its features itself.
            reads = torch.ones(layer.weight.shape[1], dtype=torch.bool)
            reads = read if place == 0 else reads
            linears.append(SparseLinear(layer.weight, layer.bias, reads))
        else:
            linears.append(_linear(layer, plain))
    return linears


def _is_sparse(layer: Affine, kind: str) -> bool:
    """Whether the zeros of a layer are left out."""
    if layer.picture or (kind == "auto" and layer.weight.numel() < _FEW_WEIGHTS):
        return False
    share = float((layer.weight != 0).double().mean())
    return share < LAYERS[kind]


def _modules(
    layer: Affine, linear: nn.Module | None, activation: str
) -> list[nn.Module]:
    """Modules that compute a layer, and what follows it."""
    follows = MODULES.get(activation)
    after = [] if follows is None else [follows()]
    if linear is not None:
        return [linear, *after]
    out_channels, in_channels, size, _ = layer.weight.shape
    convolution = nn.Conv2d(in_channels, out_channels, size, padding=size // 2)
    _fill(convolution, layer)
    parts: list[nn.Module] = [convolution]
    if layer.offset is not None:
        parts.append(BiasMap(layer.offset))
    return [*parts, *after, nn.MaxPool2d(2)]


def _linear(layer: Affine, kind: type[nn.Linear] = nn.Linear) -> nn.Linear:
    return _fill(kind(layer.weight.shape[1], layer.weight.shape[0]), layer)


def _fill(module: Any, layer: Affine) -> Any:
    module.weight = nn.Parameter(layer.weight.clone())
    module.bias = nn.Parameter(layer.bias.clone())
    return module


def _user_parts(encoder: Any) -> list[nn.Module]:
    """A user's module as it is, and the affine layer that may follow it."""
    if isinstance(encoder, UserEncoder):
        return [copy.deepcopy(encoder.module).double()]
    latent = _affine(encoder.latent, ACTIVATIONS["identity"])
    return [copy.deepcopy(encoder.body.module).double(), _linear(latent)]
