"""The skorch net that trains one network, or many as one."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer, PrintLog
from torch import Tensor

from skmtl.nn import DirectPass, MemberRandom
from skmtl.tasks import task_factors

from ._batches import Batch
from ._callbacks import (
    LossMeter,
    Snapshot,
    find_blown_up,
    find_infinite,
    hears_batches,
)
from ._optimizer import WeightDecay, make_optimizer, set_rates
from ._settings import Settings

__all__ = ["MultiTaskNet"]

_RUN_STATE = ("_trained", "_decay", "_direct", "_take_step")


class MultiTaskNet(NeuralNet):
    """A skorch net whose epochs run without detours.

    Batches are tensors on the device, losses are accumulated there and read once an
    epoch. Callbacks that listen to single batches get their events; without such
    callbacks nothing is notified inside an epoch.

    Parameters
    ----------
    module : MultiTaskNetwork
    criterion : callable
    settings : Settings
    task_weight : Tensor of shape (*members, n_tasks), optional
    random : MemberRandom, optional
        Source of the noise; None trains without.
    weight_decay : float or Tensor of shape (*members,)
        One value per member of a stack.
    on_epoch : callable, optional
        Called with the number of finished epochs, the net, and whether training ends
        here anyway; True stops training.
    """

    def __init__(
        self,
        module: Any,
        *,
        criterion: Any,
        settings: Settings,
        task_weight: Tensor | None = None,
        random: MemberRandom | None = None,
        weight_decay: float | Tensor = 0.0,
        on_epoch: Callable[[int, Any, bool], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        self.settings = settings
        self.task_weight = task_weight
        self.random = random
        self.weight_decay = weight_decay
        self.on_epoch = on_epoch
        super().__init__(module, criterion=criterion, **kwargs)

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        timer = [("epoch_timer", EpochTimer())]
        if not self.verbose:
            return timer
        ignored = [f"{part}_task_losses" for part in ("train", "valid")]
        return [*timer, ("print_log", PrintLog(keys_ignored=ignored))]

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> Any:
        """Group the parameters by learning rate."""
        self.optimizer_ = make_optimizer(self.module_, self.settings)
        return self

    def _begin_run(self, n_steps: int) -> None:
        """List what a step touches; anew for each run, since copies have their own."""
        self._step, self._n_steps = 0, n_steps
        set_rates(self.optimizer_, self.settings.lr)
        self._trained = [
            parameter
            for group in self.optimizer_.param_groups
            for parameter in group["params"]
        ]
        plain = not (self.settings.autocast or self.settings.compile)
        self._direct = self.module_.direct_pass() if plain else None
        self._take_step = getattr(self.optimizer_, "lean_step", self.optimizer_.step)
        self._decay = WeightDecay(self.module_, self.weight_decay)

    def _end_run(self) -> None:
        """Drop what belongs to the run: in copies it would be a burden."""
        for name in _RUN_STATE:
            self.__dict__.pop(name, None)

    def _forward(
        self, batch: Batch, random: MemberRandom | None
    ) -> tuple[Tensor, Tensor]:
        """Representation and outputs of a batch."""
        settings = self.settings
        if not settings.autocast:
            z = self.module_.encode(batch.x, random)
            return z, self.module_.decode(z, batch.task_of_row, random)
        with torch.autocast(settings.device.type, torch.bfloat16):
            z = self.module_.encode(batch.x, random)
            outputs = self.module_.decode(z, batch.task_of_row, random)
        return z.to(settings.dtype), outputs.to(settings.dtype)

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        """Take one step of the optimiser.

        Returns
        -------
        dict
            ``task_losses`` (*members, n_tasks), ``totals`` (the weights behind them,
            or None), ``y_pred`` (outputs), ``loss`` (summed over members and
            weighted tasks, without penalty).
        """
        self.module_.set_progress(
            1.0 if self.settings.constant else self._step / self._n_steps
        )
        if self.random is not None:
            self.random.count_rows(batch.lengths)
        if self._direct is not None and batch.task_of_row is None:
            step = self._direct_gradients(self._direct, batch)
        else:
            step = self._graph_gradients(batch)
        if self._per_batch:
            named = list(self.module_.named_parameters())
            self.notify("on_grad_computed", named_parameters=named, batch=batch)
        self._decay(self._schedule())
        self._take_step()
        self._step += 1
        return step

    def _direct_gradients(self, direct: DirectPass, batch: Batch) -> dict[str, Any]:
        step = self._judge(direct.forward(batch.x, self.random), batch)
        gradient = self._weigh(step.pop("gradient"), batch)
        direct.backward(gradient, batch.row_weight)
        return step

    def _graph_gradients(self, batch: Batch) -> dict[str, Any]:
        for parameter in self._trained:
            parameter.grad = None
        z, outputs = self._forward(batch, self.random)
        step = self._judge(outputs, batch)
        gradient = self._weigh(step.pop("gradient"), batch)
        penalty = self.module_.penalty(z, batch.row_weight)
        if penalty is None:
            torch.autograd.backward(outputs, gradient)
        else:
            torch.autograd.backward(
                [outputs, penalty], [gradient, torch.ones_like(penalty)]
            )
        return step

    def _weigh(self, gradient: Tensor, batch: Batch) -> Tensor:
        if self.task_weight is None:
            return gradient
        return gradient * task_factors(self.task_weight, batch.task_of_row)

    def validation_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        """Compute the losses of a batch without noise and without gradients."""
        with torch.no_grad():
            return self._judge(self._forward(batch, None)[1], batch)

    def _judge(self, outputs: Tensor, batch: Batch) -> dict[str, Any]:
        losses, totals, gradient = self.criterion_.terms(
            outputs, batch.codes, batch.weight, batch.task_of_row
        )
        step = {
            "task_losses": losses,
            "totals": totals,
            "gradient": gradient,
            "y_pred": outputs,
        }
        if self._per_batch:
            weight = 1.0 if self.task_weight is None else self.task_weight
            step["loss"] = (losses * weight).sum()
        return step

    def _schedule(self) -> float:
        ramp = self.settings.lr_decay * self._n_steps
        left = self._n_steps - self._step
        factor = left / ramp if left < ramp else 1.0
        if factor < 1:
            set_rates(self.optimizer_, self.settings.lr * factor)
        return self.settings.lr * factor

    def run_single_epoch(
        self,
        iterator: Iterable[Batch] | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict[str, Any]],
        **fit_params: Any,
    ) -> None:
        """Run over all batches; losses stay on the device until the end."""
        if iterator is None:
            return
        self._set_training(training)
        meter = LossMeter()
        for batch in iterator:
            if self._per_batch:
                self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            meter.add(step["task_losses"], step["totals"], batch.codes.shape)
            if self._per_batch:
                self.history.record_batch(prefix + "_loss", step["loss"].item())
                self.notify("on_batch_end", batch=batch, training=training, **step)
        loss, task_losses = meter.read(self.task_weight)
        self.history.record(prefix + "_loss", loss)
        self.history.record(prefix + "_task_losses", task_losses)

    def train(
        self,
        batches: Iterable[Batch],
        valid_batches: Iterable[Batch] | None,
        epochs: int,
        n_steps: int,
        names: list[str],
    ) -> Snapshot:
        """Train for some epochs.

        Parameters
        ----------
        batches, valid_batches : iterables of Batch
        epochs : int
        n_steps : int
            Steps of the whole schedule.
        names : list of str
            Task names, for messages.

        Returns
        -------
        Snapshot
            Holds the parameters of the last finished epoch, the best ones if
            training stops early, whether training was interrupted, and the members
            whose loss, or a weight at the end, was not finite.
        """
        self._begin_run(n_steps)
        self._per_batch = any(hears_batches(own) for _, own in self.callbacks_)
        snapshot = Snapshot(self.module_, self.settings)
        before = len(self.history)
        self.notify("on_train_begin", X=None, y=None)
        try:
            for epoch in range(1, epochs + 1):
                self._one_epoch(batches, valid_batches, names, snapshot)
                if len(snapshot.errors) == math.prod(self.module_.members):
                    break
                done = snapshot.after_epoch(self.history) or epoch == epochs
                if self.on_epoch is not None:
                    done = self.on_epoch(epoch, self, done) or done
                if done:
                    break
        except KeyboardInterrupt:
            snapshot.interrupted = True
            del self.history[before + snapshot.epochs :]
        self.notify("on_train_end", X=None, y=None)
        snapshot.restore()
        blown_up = find_blown_up(self.module_, snapshot.epochs, self.module_.members)
        snapshot.errors = {**blown_up, **snapshot.errors}
        self._end_run()
        return snapshot

    def _one_epoch(
        self,
        batches: Iterable[Batch],
        valid_batches: Iterable[Batch] | None,
        names: list[str],
        snapshot: Snapshot,
    ) -> None:
        self.notify("on_epoch_begin")
        self.run_single_epoch(batches, True, "train", self.train_step)
        self.run_single_epoch(valid_batches, False, "valid", self.validation_step)
        snapshot.errors = {**find_infinite(self.history, names), **snapshot.errors}
        if len(snapshot.errors) == math.prod(self.module_.members):
            return
        self.module_.after_epoch(len(self.history))
        self.notify("on_epoch_end")

    @torch.inference_mode()
    def outputs(self, x: Tensor, representation: bool = False) -> Tensor:
        """Compute outputs (or the representation) without noise.

        Parameters
        ----------
        x : Tensor of shape (batch, *row)
        representation : bool

        Returns
        -------
        Tensor of shape (n_tasks, batch, n_outputs_max), or (batch, latent)
        """
        x = x.to(self.settings.device, self.settings.dtype)
        with torch.autocast(
            self.settings.device.type, torch.bfloat16, enabled=self.settings.autocast
        ):
            z = self.module_.encode(x)
            values = z if representation else self.module_.decode(z)
        return values.to(self.settings.dtype)
