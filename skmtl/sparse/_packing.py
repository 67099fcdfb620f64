"""Tensors with many zeros, in few bytes."""

import math

import numpy as np
import torch
from torch import Tensor

__all__ = ["pack", "unpack", "unpack_flags"]


def pack(tensor: Tensor) -> dict[str, Tensor]:
    """Values as they are, or without zeros, beside one bit for each place.

    Parameters
    ----------
    tensor : Tensor
        Of numbers, or boolean; then the bits are all.

    Returns
    -------
    dict of str to Tensor
        "all", or "bits" and "values".
    """
    used = tensor != 0
    bits = torch.from_numpy(np.packbits(used.cpu().numpy().reshape(-1)))
    if tensor.dtype == torch.bool:
        return {"bits": bits}
    values = tensor[used]
    if bits.nbytes + values.nbytes < tensor.nbytes:
        return {"bits": bits, "values": values}
    return {"all": tensor.contiguous()}


def unpack(name: str, tensors: dict[str, Tensor], shape: tuple[int, ...]) -> Tensor:
    """Read a tensor back.

    Parameters
    ----------
    name : str
        Of the tensor.
    tensors : dict of str to Tensor
        What `pack` gave, each under the name, a point and its own name.
    shape : tuple of int
        Of the tensor.

    Returns
    -------
    Tensor
    """
    if f"{name}.all" in tensors:
        return tensors[f"{name}.all"]
    values = tensors[f"{name}.values"]
    full = values.new_zeros(math.prod(shape))
    full[unpack_flags(name, tensors, math.prod(shape))] = values
    return full.view(shape)


def unpack_flags(name: str, tensors: dict[str, Tensor], count: int) -> Tensor:
    """Read bits back.

    Parameters
    ----------
    name : str
    tensors : dict of str to Tensor
        As for :func:`unpack`.
    count : int
        How many there are.

    Returns
    -------
    bool Tensor of shape (count,)
    """
    bits = tensors[f"{name}.bits"].numpy()
    return torch.from_numpy(np.unpackbits(bits, count=count).astype(bool))
