"""What a network is told of its training, and what it leaves behind."""

from typing import Any

import torch
from torch import Tensor

from ..nn import MultiTaskNetwork
from ._batches import Batches
from ._data import Batch
from ._history import RECORDED
from ._optimizer import LeanAdam
from ._optimizer_state import replace_parameter, state_fits

__all__ = ["RunState", "mend_optimizer", "settle_network"]


class RunState:
    """The engine's :class:`skmtl.nn.TrainingState`.

    Parameters
    ----------
    net : MultiTaskNet
    rows : Batches
        Rows of the data, to draw samples from.
    n_epochs, n_steps : int
        Of the whole run.
    """

    batch: Any = None
    step = epoch = 0

    def __init__(self, net: Any, rows: Batches, n_epochs: int, n_steps: int) -> None:
        self._net, self._rows = net, rows
        self.n_epochs, self.n_steps = n_epochs, n_steps
        self.criterion, self.random = net.criterion_, net.random
        self._before = len(net.history)
        network = type(net.module_)
        self._hears_steps = network.after_step is not MultiTaskNetwork.after_step
        if isinstance(net.optimizer_, LeanAdam):
            net.optimizer_.limit({})
        self._hears_epochs = network.after_epoch is not MultiTaskNetwork.after_epoch

    def after_step(self, batch: Batch) -> None:
        """Tell the network of a step, if its method listens."""
        self.step += 1
        if self._hears_steps:
            self.epoch = len(self._net.history) - self._before - 1
            self.batch = batch
            with torch.no_grad():
                self._net.module_.after_step(self)

    def after_epoch(self) -> None:
        """Tell the network of a finished epoch, if its method listens."""
        if self._hears_epochs:
            self.epoch = len(self._net.history) - self._before
            with torch.no_grad():
                self._net.module_.after_epoch(self)

    def sample(self, n_rows: int) -> Batch:
        """Gather the same random sample of the training rows at every call."""
        return self._rows.sample(n_rows)

    def optimizer_state(
        self, parameter: Tensor, n_axes: int | None = None
    ) -> dict[str, Tensor]:
        """List what the optimiser remembers of a parameter."""
        state = self._net.optimizer_.state.get(parameter, {})
        n_axes = parameter.dim() if n_axes is None else n_axes
        return {
            name: value
            for name, value in state.items()
            if isinstance(value, Tensor)
            and value.dim()
            and state_fits({name: value}, parameter, n_axes)
        }

    def limit(self, limits: dict[Tensor, int]) -> None:
        """Let the optimiser move only so many first rows of parameters."""
        optimizer = self._net.optimizer_
        # Rows of many members are no block of memory, which its kernel wants.
        if isinstance(optimizer, LeanAdam) and not self._net.module_.members:
            optimizer.limit(limits)

    def record(self, name: str, values: Tensor) -> None:
        """Write a column of the history."""
        row = self._net.history[-1]
        row.setdefault(RECORDED, {})[name] = values.detach().cpu().tolist()


def settle_network(net: Any) -> None:
    """Let a trained network drop what it no longer uses.

    Parameters
    ----------
    net : MultiTaskNet
    """
    members = len(net.module_.members)
    if isinstance(net.optimizer_, LeanAdam):
        net.optimizer_.limit({})
    for old, new, kept in net.module_.settle():
        replace_parameter(net.optimizer_, old, new, kept, members)


def mend_optimizer(net: Any) -> None:
    """Let the optimiser forget steps that members took after their best epoch.

    Early stopping puts weights back to that epoch; moments that are not finite would
    spoil the first step from there.

    Parameters
    ----------
    net : MultiTaskNet
    """
    members = net.module_.members
    moments = [
        value
        for parameter, state in net.optimizer_.state.items()
        for value in state.values()
        if isinstance(value, Tensor) and value.shape == parameter.shape
    ]
    spoilt = torch.zeros(members, dtype=torch.bool)
    for value in moments:
        spoilt |= ~value.isfinite().reshape(*members, -1).all(-1).cpu()
    if not bool(spoilt.any()):
        return
    for value in moments:
        own = spoilt.view(*members, *[1] * (value.dim() - len(members)))
        value.masked_fill_(own.to(value.device), 0)
