"""What watches over the epochs: losses, snapshots, early stopping, the guard."""

import math
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, EpochTimer, PrintLog
from torch import Tensor, nn

from ..exceptions import ConvergenceError
from ..nn import member_tensors
from ._history import RECORDED
from ._settings import Settings

__all__ = [
    "LossMeter",
    "Snapshot",
    "default_callbacks",
    "find_blown_up",
    "find_infinite",
    "hears_batches",
]

# Index of a member along the member axes; () for a single network.
Place = tuple[int, ...]

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def hears_batches(callback: Callback) -> bool:
    """Whether a callback listens to events inside an epoch."""
    kind = type(callback)
    return any(
        getattr(kind, own) is not getattr(Callback, own) for own in _BATCH_EVENTS
    )


def default_callbacks(verbose: int) -> list[tuple[str, Callback]]:
    """Make the callbacks of every net: a clock and, if ``verbose``, a printed log."""
    ignored = ["train_task_losses", "valid_task_losses", RECORDED]
    log = [("print_log", PrintLog(keys_ignored=ignored))]
    return [("epoch_timer", EpochTimer()), *(log if verbose else [])]


class LossMeter:
    """Mean loss of every task over an epoch, kept on the device."""

    def __init__(self) -> None:
        self._sums: Tensor | None = None
        self._counts: Tensor | float = 0.0

    def add(
        self, losses: Tensor, totals: Tensor | None, codes_shape: torch.Size
    ) -> None:
        """Add a batch.

        Parameters
        ----------
        losses : Tensor of shape (*members, n_tasks)
        totals : Tensor of shape ([*members,] n_tasks), or None
            Weights behind the losses; None counts rows.
        codes_shape : torch.Size
            Shape of the batch's targets, ``([*members,] batch, n_tasks)``.
        """
        if self._sums is None:
            self._sums = torch.zeros_like(losses)
        if totals is None:
            n_rows = codes_shape[-2]
            self._sums.add_(losses, alpha=n_rows)
            self._counts = self._counts + n_rows
        else:
            self._sums.addcmul_(losses, totals.expand_as(losses))
            self._counts = self._counts + totals

    def read(self, task_weight: Tensor | None) -> tuple[Any, Any]:
        """Read the epoch's losses as plain numbers.

        Parameters
        ----------
        task_weight : Tensor of shape ([*members,] n_tasks), or None

        Returns
        -------
        loss : float, or list of float per member
            Weighted sum over the tasks that had labels.
        task_losses : list of float, or one such list per member
            NaN for a task without a label.
        """
        assert self._sums is not None, "an epoch has at least one batch"
        sums = self._sums.double().cpu().numpy()
        seen = torch.as_tensor(self._counts, dtype=torch.float64).cpu().numpy()
        counts = np.broadcast_to(seen, sums.shape)
        means = np.divide(
            sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0
        )
        weights = 1.0 if task_weight is None else task_weight.double().cpu().numpy()
        loss = np.where(counts > 0, means * weights, 0.0).sum(-1)
        return loss.tolist(), means.tolist()

    def record(self, history: Any, prefix: str, task_weight: Tensor | None) -> None:
        """Write the epoch's losses into the history.

        Parameters
        ----------
        history : skorch History
        prefix : str
            Start of their names, "train" or "valid".
        task_weight : Tensor of shape ([*members,] n_tasks), or None
        """
        loss, task_losses = self.read(task_weight)
        history.record(prefix + "_loss", loss)
        history.record(prefix + "_task_losses", task_losses)


def find_infinite(history: Any, names: Any) -> dict[Place, ConvergenceError]:
    """Find members whose loss is not finite.

    Parameters
    ----------
    history : skorch History
    names : array-like of str of shape ([*members,] n_tasks)
        Task names; those of each member, where members have other tasks.

    Returns
    -------
    dict of tuple to ConvergenceError
        By the member's index, () for a single network; the error names epoch, tasks
        and remedy.
    """
    losses = np.asarray(history[-1]["train_loss"])
    all_task_losses = np.asarray(history[-1]["train_task_losses"])
    all_names = np.broadcast_to(np.asarray(names, dtype=object), all_task_losses.shape)
    found = {}
    for index in np.argwhere(~np.isfinite(losses)):
        place = tuple(index.tolist())
        pairs = zip(all_names[place], all_task_losses[place], strict=True)
        bad_names = [name for name, own in pairs if not np.isfinite(own)]
        found[place] = ConvergenceError(
            f"The training loss is not finite in epoch {len(history)} for task(s) "
            f"{', '.join(map(repr, bad_names))}. Scale X (for example with "
            "StandardScaler), lower `lr`, or look for extreme targets."
        )
    return found


def find_blown_up(
    module: nn.Module, epochs: int, members: tuple[int, ...]
) -> dict[Place, ConvergenceError]:
    """Find members whose weights the last step, which no loss sees, blew up.

    Parameters
    ----------
    module : Module
    epochs : int
        Finished epochs, for the message.
    members : tuple of int
        Lengths of the member axes.

    Returns
    -------
    dict of tuple to ConvergenceError
        As from :func:`find_infinite`.
    """
    finite = torch.ones(members, dtype=torch.bool)
    for weight in module.parameters():
        own = weight.isfinite().reshape(*members, -1).all(-1)
        finite &= own.cpu()
    return {
        tuple(index): ConvergenceError(
            f"The weights are not finite after epoch {epochs}. Scale X (for example "
            "with StandardScaler), lower `lr`, or look for extreme targets."
        )
        for index in (~finite).nonzero().tolist()
    }


class Snapshot:
    """Parameters worth returning to, per member.

    Keeps those of the last finished epoch, against interruption, and, with early
    stopping, those of each member's best epoch. ``errors`` holds the members that did
    not stay finite.

    Parameters
    ----------
    module : Module
    settings : Settings
    warmup : int, default=0
        Epochs, from the first, that early stopping looks past.
    """

    def __init__(self, module: Any, settings: Settings, warmup: int = 0) -> None:
        own = {name for name, _ in member_tensors(module)}
        self._tensors = [
            tensor.detach()
            for name, tensor in module.state_dict().items()
            if name in own or tensor.is_floating_point()
        ]
        self._module, self._settings = module, settings
        self._warmup = warmup
        self._last = [tensor.clone() for tensor in self._tensors]
        self._best: list[Tensor] | None = None
        self._best_loss = np.array(math.inf)
        self._waited = np.array(0)
        self.stop_epoch = np.array(0)
        self.best_epoch = np.array(0)
        self.epochs = 0
        self.interrupted = False
        self.errors: dict[Place, ConvergenceError] = {}

    def epochs_of(self, place: Place) -> int:
        """Epochs that a member took part in."""
        if self.stop_epoch.ndim != len(place):
            return self.epochs
        return int(self.stop_epoch[place]) or self.epochs

    def check_losses(self, history: Any, names: Any) -> bool:
        """Note members whose loss is not finite; return whether all have failed.

        What a member does after it has stopped counts no more.
        """
        found = find_infinite(history, names)
        running = {
            place: error for place, error in found.items() if not self._stopped(place)
        }
        self.errors = {**running, **self.errors}
        return len(self.errors) == math.prod(self._module.members)

    def _stopped(self, place: Place) -> bool:
        return self.stop_epoch.ndim == len(place) and bool(self.stop_epoch[place] > 0)

    def check_weights(self) -> None:
        """Note members whose weights are not finite."""
        found = find_blown_up(self._module, self.epochs, self._module.members)
        self.errors = {**found, **self.errors}

    def after_epoch(self, history: Any) -> bool:
        """Note a finished epoch.

        Returns
        -------
        bool
            Whether every member has stopped improving, or failed.
        """
        self.epochs += 1
        torch._foreach_copy_(self._last, self._tensors)
        if not self._settings.early_stopping or self.epochs <= self._warmup:
            return False
        return self._judge(np.asarray(history[-1]["valid_loss"], dtype=float))

    def _judge(self, loss: np.ndarray) -> bool:
        if self._best is None:
            self._best = [tensor.clone() for tensor in self._tensors]
            self._best_loss = np.full(loss.shape, math.inf)
            self._waited = np.zeros(loss.shape, dtype=int)
            self.stop_epoch = np.zeros(loss.shape, dtype=int)
            self.best_epoch = np.zeros(loss.shape, dtype=int)
        running = self.stop_epoch == 0
        better = running & (loss < self._best_loss)
        enough = running & (loss < self._best_loss - self._settings.tol)
        self._keep(better)
        self._best_loss = np.where(better, loss, self._best_loss)
        self.best_epoch = np.where(better, self.epochs, self.best_epoch)
        self._waited = np.where(enough, 0, self._waited + 1)
        stops = running & (self._waited >= self._settings.n_iter_no_change)
        self.stop_epoch = np.where(stops, self.epochs, self.stop_epoch)
        over = self.stop_epoch > 0
        for place in self.errors:
            over[place] = True
        return bool(over.all())

    def _keep(self, better: np.ndarray) -> None:
        assert self._best is not None
        if better.ndim == 0:
            if better:
                torch._foreach_copy_(self._best, self._tensors)
            return
        members = torch.as_tensor(better)
        for best, now in zip(self._best, self._tensors, strict=True):
            own = members.to(now.device)
            best[own] = now[own]

    def restore(self) -> None:
        """Go back to the best epoch, or to the last finished one if interrupted."""
        if self._best is not None:
            torch._foreach_copy_(self._tensors, self._best)
        elif self.interrupted:
            torch._foreach_copy_(self._tensors, self._last)
