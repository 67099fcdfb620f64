"""From parameters, "auto" ones included, to settings of the engine."""

import math
from typing import Any

import numpy as np
import torch

from skmtl.engine import Settings, network_dtype, resolve_device

__all__ = ["auto_epochs", "resolve_settings"]

_AUTO_STEPS = 2000
_AUTO_EPOCHS = 10


def auto_epochs(n_steps: int) -> int:
    """Epochs that are enough, given the steps of one."""
    return max(_AUTO_EPOCHS, math.ceil(_AUTO_STEPS / n_steps))


def resolve_settings(
    estimator: Any, x_dtype: np.dtype, n_rows: int, one_epoch: bool = False
) -> Settings:
    """Turn parameters, "auto" ones included, into the engine's settings."""
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
        decay = float(np.clip(200 / n_rows, 0.01, 1))
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
