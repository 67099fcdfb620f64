"""What the engine is asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..nn import MultiTaskNetwork
from ..tasks import TaskSpec
from ._batches import TaskTensors

__all__ = ["Plan", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How one network is trained; every value is final, none is "auto".

    Attributes
    ----------
    max_epochs : int
    batch_size : int
    lr : float
        Initial learning rate.
    lr_decay : float
        Fraction of the steps, at the end, over which the rate falls to zero.
    weight_decay : float
        Decoupled: each step multiplies weights by ``1 - lr * weight_decay``.
    optimizer : str or class
    early_stopping : bool
    n_iter_no_change : int
        Epochs without improvement before stopping.
    tol : float
        Least improvement of the validation loss, in nats, that counts.
    constant : bool
        Whether schedules (learning rate, a method's warm-up) are held at their end.
    device : torch.device
    dtype : torch.dtype
    autocast : bool
        Whether the forward pass runs in bfloat16.
    compile : bool
    verbose : int
    net_params : dict
        Further constructor arguments of the skorch net.
    """

    max_epochs: int
    batch_size: int
    lr: float
    lr_decay: float
    weight_decay: float
    optimizer: str | type[torch.optim.Optimizer]
    early_stopping: bool
    n_iter_no_change: int
    tol: float
    constant: bool
    device: torch.device
    dtype: torch.dtype
    autocast: bool
    compile: bool
    verbose: int
    net_params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Plan:
    """One validated, encoded fit, ready for the engine.

    Attributes
    ----------
    network : MultiTaskNetwork
        Initialised alone, under its own seed.
    specs : tuple of TaskSpec
    train, valid : TaskTensors
        ``valid`` is None without a validation split.
    task_weight : Tensor of shape (n_tasks,), or None
    settings : Settings
    shuffle_seed, noise_seed, torch_seed : int
        Seeds of the permutations, of the network's noise, and of torch's own
        generator for random layers in a user's encoder.
    callbacks : sequence of skorch callbacks
    on_epoch : callable, optional
        Called with the number of finished epochs, the net, and whether training ends
        here anyway; True stops training.
    """

    network: MultiTaskNetwork
    specs: tuple[TaskSpec, ...]
    train: TaskTensors
    valid: TaskTensors | None
    task_weight: torch.Tensor | None
    settings: Settings
    shuffle_seed: int
    noise_seed: int
    torch_seed: int
    callbacks: Sequence[Any] = ()
    on_epoch: Callable[[int, Any, bool], bool] | None = None
