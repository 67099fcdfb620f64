"""Where and in which precision a network trains."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from ..exceptions import InputError

__all__ = ["network_dtype", "resolve_device", "seeded"]


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

    Raises
    ------
    InputError
        If the device is unknown or absent.
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
        raise InputError(
            f"`device={str(device)!r}` is no device that torch can use here: {error}. "
            "Use 'auto' or 'cpu'."
        ) from error
    return wanted


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's own generators for a while; other devices are left alone.

    Parameters
    ----------
    seed : int
    device : torch.device
        Seeded beside the CPU.
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
    device : torch.device

    Returns
    -------
    torch.dtype
    """
    if x_dtype == np.float64 and device.type == "cpu":
        return torch.float64
    return torch.float32
