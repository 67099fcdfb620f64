"""What the engine is asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..nn import MultiTaskNetwork
from ..tasks import TaskSpec
from ._data import TaskTensors

__all__ = ["Plan", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How one network is trained; every value is final, none is "auto".

    Parameters
    ----------
    max_epochs : int
        Epochs to train for, unless something stops training before.
    batch_size : int
        Rows per minibatch.
    lr : float
        Initial learning rate.
    lr_decay : float
        Fraction of the steps, at the end, over which the rate falls to zero.
    weight_decay : float
        Decoupled: each step multiplies weights by ``1 - lr * weight_decay``.
    optimizer : {"adam", "sgd"} or callable
        A callable, such as a class of :mod:`torch.optim`, gets parameter groups and
        ``lr=...``, and returns an optimiser.
    early_stopping : bool
        Whether training ends when the validation loss stops improving, with the
        parameters of the best epoch.
    n_iter_no_change : int
        Epochs without improvement before stopping.
    tol : float
        Least improvement of the validation loss, in nats, that counts.
    constant : bool
        Whether a method's schedule, such as its warm-up, is held at its end.
    device : torch.device
        Where the network trains.
    dtype : torch.dtype
        Type of parameters, losses and results.
    autocast : bool
        Whether the forward pass runs in bfloat16.
    compile : bool
        Whether the encoder is compiled by torch.
    verbose : int
        0 is silent; else every epoch prints a row.
    net_params : dict, default={}
        Further constructor arguments of the skorch net.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import Settings
    >>> settings = Settings(
    ...     max_epochs=20,
    ...     batch_size=32,
    ...     lr=1e-3,
    ...     lr_decay=0.5,
    ...     weight_decay=1e-4,
    ...     optimizer="adam",
    ...     early_stopping=False,
    ...     n_iter_no_change=10,
    ...     tol=1e-4,
    ...     constant=False,
    ...     device=torch.device("cpu"),
    ...     dtype=torch.float32,
    ...     autocast=False,
    ...     compile=False,
    ...     verbose=0,
    ... )
    >>> settings.net_params
    {}
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

    Parameters
    ----------
    network : MultiTaskNetwork
        Initialised alone, under its own seed.
    specs : tuple of n_tasks TaskSpec
        Kind and classes of each task.
    train : TaskTensors
        Rows to train on.
    valid : TaskTensors, or None
        Rows to validate on after every epoch; None for no validation.
    task_weight : Tensor of shape (n_tasks,), or None
        Factors of the tasks' losses in their sum; None for all one.
    settings : Settings
        How to train.
    shuffle_seed : int
        Seed of the permutations of rows.
    noise_seed : int
        Seed of the network's own noise, dropout included.
    torch_seed : int
        Seed of torch's own generator, for random layers in a user's encoder.
    callbacks : sequence of skorch callbacks, default=()
        Told about epochs, and about batches if they listen to these.
    on_epoch : callable, default=None
        Called with the number of finished epochs, the net, and whether training ends
        here anyway; True stops training.

    Examples
    --------
    >>> import torch
    >>> from skmtl.engine import Plan, Settings, TaskTensors, train
    >>> from skmtl.nn import MLPEncoder, MultiTaskNetwork, TaskHeads
    >>> from skmtl.tasks import TaskSpec
    >>> random = torch.Generator().manual_seed(0)
    >>> encoder, heads = MLPEncoder(3, [4], None, random), TaskHeads(4, [1, 1], random)
    >>> x = torch.randn(8, 3, generator=random)
    >>> plan = Plan(
    ...     network=MultiTaskNetwork(encoder, heads),
    ...     specs=(TaskSpec("sum", "continuous"), TaskSpec("first", "continuous")),
    ...     train=TaskTensors(x, torch.stack([x.sum(1), x[:, 0]], dim=1)),
    ...     valid=None,
    ...     task_weight=torch.tensor([1.0, 0.5]),
    ...     settings=Settings(
    ...         max_epochs=20,
    ...         batch_size=4,
    ...         lr=0.01,
    ...         lr_decay=0.0,
    ...         weight_decay=0.0,
    ...         optimizer="adam",
    ...         early_stopping=False,
    ...         n_iter_no_change=10,
    ...         tol=1e-4,
    ...         constant=False,
    ...         device=torch.device("cpu"),
    ...         dtype=torch.float32,
    ...         autocast=False,
    ...         compile=False,
    ...         verbose=0,
    ...     ),
    ...     shuffle_seed=1,
    ...     noise_seed=2,
    ...     torch_seed=3,
    ... )
    >>> (trained,) = train([plan])
    >>> bool(trained.history["train_loss"][-1] < trained.history["train_loss"][0])
    True
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
