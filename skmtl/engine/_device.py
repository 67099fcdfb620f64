"""Where and in which precision a network trains."""

import multiprocessing
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from ..exceptions import InputError
from ..nn import MemberRandom, MultiTaskNetwork
from ._data import Batch
from ._settings import Settings

__all__ = [
    "compute_outputs",
    "encode_decode",
    "network_dtype",
    "resolve_device",
    "seeded",
]


def resolve_device(device: str | torch.device) -> torch.device:
    """Turn the parameter ``device`` into a usable torch device.

    Parameters
    ----------
    device : str or torch.device
        "auto" means CUDA where present, but the CPU inside worker processes, where
        many workers would share one accelerator.

    Returns
    -------
    torch.device
        A device on which a tensor could be made.

    Raises
    ------
    InputError
        If the device is unknown or absent.

    Examples
    --------
    >>> from skmtl.engine import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        in_worker = multiprocessing.current_process().name != "MainProcess"
        use_cuda = torch.cuda.is_available() and not in_worker
        return torch.device("cuda" if use_cuda else "cpu")
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InputError(
            f"`device` must be 'auto' or a torch device such as 'cpu' or 'cuda:0'; "
            f"found {device!r}."
        ) from error
    if wanted.type == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"`device={str(device)!r}` needs CUDA, which torch {torch.__version__} "
            "does not find here. Use device='auto' to train on the CPU."
        )
    try:
        torch.zeros(1, device=wanted).cpu()
    except (RuntimeError, AssertionError) as error:
        # What follows the first sentence is for those who build torch.
        reason = re.split(r"\.\s|\n", str(error).strip(), maxsplit=1)[0].rstrip(".")
        raise InputError(
            f"`device={str(device)!r}` is no device that torch can use here: {reason}. "
            "Use 'auto' or 'cpu'."
        ) from error
    return wanted


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's own generators for a while; other devices are left alone.

    Parameters
    ----------
    seed : int
        Seed of the generators while the context lasts; they go on afterwards where
        they were before.
    device : torch.device
        Seeded beside the CPU.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import seeded
    >>> with seeded(0, torch.device("cpu")):
    ...     first = torch.rand(2)
    >>> with seeded(0, torch.device("cpu")):
    ...     second = torch.rand(2)
    >>> torch.equal(first, second)
    True
    """
    accelerators = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=accelerators):
        # torch.manual_seed would reach every device of the machine.
        torch.default_generator.manual_seed(seed)
        for own in accelerators:
            with torch.cuda.device(own):
                torch.cuda.manual_seed(seed)
        yield


def network_dtype(x_dtype: np.dtype, device: torch.device) -> torch.dtype:
    """Pick the type of the parameters: that of X on a CPU, else float32.

    Parameters
    ----------
    x_dtype : numpy.dtype
        Type of the user's features.
    device : torch.device
        Where the network trains.

    Returns
    -------
    torch.dtype
        float64 for features of that type on a CPU, else float32.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmtl.engine import network_dtype
    >>> network_dtype(np.dtype("float64"), torch.device("cpu"))
    torch.float64
    >>> network_dtype(np.dtype("uint8"), torch.device("cpu"))
    torch.float32
    """
    if x_dtype == np.float64 and device.type == "cpu":
        return torch.float64
    return torch.float32


def encode_decode(
    network: MultiTaskNetwork,
    settings: Settings,
    batch: Batch,
    random: MemberRandom | None,
) -> tuple[Tensor, Tensor]:
    """Run a network in the precision of the settings.

    Parameters
    ----------
    network : MultiTaskNetwork
        With or without member axes.
    settings : Settings
        With ``autocast`` the arithmetic is in bfloat16.
    batch : Batch
        Its features go in.
    random : MemberRandom, or None
        Source of the noise; None runs without.

    Returns
    -------
    z : Tensor of shape (*members, batch, latent)
        Representation, in ``settings.dtype``.
    outputs : Tensor of shape (*members, n_tasks, batch, n_outputs_max)
        Of shape (*members, batch, n_outputs_max) with one task per row.
    """
    if not settings.autocast:
        return network.run(batch.x, batch.task_of_row, random, batch.weight)
    with torch.autocast(settings.device.type, torch.bfloat16):
        z, outputs = network.run(batch.x, batch.task_of_row, random, batch.weight)
    return z.to(settings.dtype), outputs.to(settings.dtype)


@torch.inference_mode()
def compute_outputs(
    network: MultiTaskNetwork,
    settings: Settings,
    x: Tensor,
    representation: bool = False,
    draws: Sequence[MemberRandom] | None = None,
) -> Tensor:
    """Run a trained network on rows, outside training.

    Parameters
    ----------
    network : MultiTaskNetwork
        With or without member axes.
    settings : Settings
        Say where, and in which precision.
    x : Tensor of shape (batch, *row)
        Features.
    representation : bool
        Whether to return the representation instead of the outputs.
    draws : sequence of MemberRandom, optional
        Sources of noise between encoder and heads; None runs without.

    Returns
    -------
    Tensor of shape (*members, n_tasks, batch, n_outputs_max)
        Or (*members, batch, latent); with a first axis for ``draws``.
    """
    x, kind = x.to(settings.device, settings.dtype), settings.device.type
    with torch.autocast(kind, torch.bfloat16, enabled=settings.autocast):
        if representation:
            values = network.encode(x)
        elif draws is None:
            values = network(x)
        else:
            z = network.encode(x)
            values = torch.stack([network.decode(z, random=own) for own in draws])
    return values.to(settings.dtype)
