"""From parameters, "auto" ones included, to settings of the engine."""

import math
from typing import Any

import numpy as np
import torch

from skmtl.engine import Settings, network_dtype, resolve_device

__all__ = ["auto_epochs", "resolve_settings"]

_AUTO_STEPS = 2000
_AUTO_EPOCHS = 10
# Weight decay times labels where noise is not measured, and where it is as large as the
# signal.
_DECAY, _DECAY_OF_NOISE = 200, 1500


def auto_epochs(n_steps: int) -> int:
    """Epochs that are enough, given the steps of one."""
    return max(_AUTO_EPOCHS, math.ceil(_AUTO_STEPS / n_steps))


def _auto_decay(counted: np.ndarray, noise: float | None) -> float:
    """Weight decay by the labels behind the encoder and behind a head, and their noise.

    All rows teach the encoder, its own ones a head: the geometric mean of the two
    stands for what the network has seen. As the best penalty of a ridge regression
    does, the decay grows with the ratio of noise to signal.
    """
    n_rows, n_tasks = counted.shape
    labels_per_task = max(np.count_nonzero(counted) / n_tasks, 1)
    decay = _DECAY if noise is None else max(_DECAY, _DECAY_OF_NOISE * noise)
    return float(np.clip(decay / math.sqrt(n_rows * labels_per_task), 0.01, 1))


def resolve_settings(
    estimator: Any,
    x_dtype: np.dtype,
    counted: np.ndarray,
    one_epoch: bool = False,
    noise: float | None = None,
) -> Settings:
    """Turn parameters, "auto" ones included, into the engine's settings.

    Parameters
    ----------
    estimator : estimator
    x_dtype : dtype
        Of X.
    counted : bool ndarray of shape (n_rows, n_tasks)
        Where the rows to fit to carry a label that counts.
    one_epoch : bool
        For a single epoch at a constant rate.
    noise : float, optional
        Variance of the targets that cannot be predicted over that which can, if it
        has been measured.

    Returns
    -------
    Settings
    """
    n_rows = len(counted)
    device = resolve_device(estimator.device)
    bf16 = estimator.precision == "bf16"
    batch_size = estimator.batch_size
    if batch_size == "auto":
        batch_size = 256 if n_rows >= 20_000 else max(1, min(128, n_rows // 4))
    max_epochs = estimator.max_epochs
    if max_epochs == "auto":
        max_epochs = auto_epochs(math.ceil(n_rows / batch_size))
    decay = estimator.weight_decay
    if decay == "auto":
        decay = _auto_decay(counted, noise)
    return Settings(
        max_epochs=1 if one_epoch else int(max_epochs),
        batch_size=int(batch_size),
        lr=float(estimator.lr),
        lr_decay=0.0 if one_epoch else float(estimator.lr_decay),
        weight_decay=float(decay),
        optimizer=estimator.optimizer,
        early_stopping=bool(estimator.early_stopping) and not one_epoch,
        n_iter_no_change=estimator.n_iter_no_change,
        tol=float(estimator.tol),
        constant=one_epoch,
        device=device,
        dtype=torch.float32 if bf16 else network_dtype(x_dtype, device),
        autocast=bf16,
        compile=bool(estimator.compile),
        verbose=int(estimator.verbose),
        net_params=dict(estimator.net_params or {}),
    )
