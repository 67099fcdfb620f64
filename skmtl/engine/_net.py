"""The skorch net that trains one network, or many as one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor

from skmtl.nn import MemberRandom
from skmtl.tasks import LossTerms

from ._batches import Batches
from ._callbacks import LossMeter, Snapshot, default_callbacks, hears_batches
from ._data import Batch
from ._device import compute_outputs, encode_decode
from ._gradients import Gradients
from ._optimizer import WeightDecay, make_optimizer, set_rates, set_scheduled_rates
from ._settings import Settings
from ._state import RunState, mend_optimizer

__all__ = ["MultiTaskNet"]


class MultiTaskNet(NeuralNet):
    """A skorch net whose epochs run without detours.

    Losses add up on the device and are read once an epoch. Nothing is notified inside
    an epoch unless a callback listens to events of single batches.

    Parameters
    ----------
    module : MultiTaskNetwork
        What to train; single, or a stack of members.
    criterion : type
        Class of the loss, :class:`skmtl.tasks.MultiTaskLoss`.
    settings : Settings
        How to train.
    task_weight : Tensor of shape (*members, n_tasks), optional
        Factors of the tasks' losses in their sum; None for all one.
    random : MemberRandom, optional
        Source of the noise; None trains without.
    weight_decay : float or Tensor of shape (*members,)
        One value per member of a stack.
    on_epoch : callable, optional
        As in :class:`Plan`.
    **kwargs : dict
        Further arguments of skorch's net.

    Examples
    --------
    >>> from skmtl import HardSharingRegressor
    >>> net = HardSharingRegressor(max_epochs=1).fit([[0], [1]], [0.0, 1.0]).net_
    >>> net.outputs(torch.ones(5, 1)).shape  # 1 task, 5 rows, 1 output
    torch.Size([1, 5, 1])
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
        return default_callbacks(self.verbose)

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> Any:
        """Group the parameters by learning rate.

        Parameters
        ----------
        triggered_directly : bool, optional
            Ignored; skorch knows it.

        Returns
        -------
        MultiTaskNet
            This net, with ``optimizer_``.
        """
        self.optimizer_ = make_optimizer(self.module_, self.settings)
        return self

    def _begin_run(self, rows: Batches, epochs: int, n_steps: int) -> None:
        """List what a step touches; anew for each run, since copies have their own."""
        self._run = RunState(self, rows, epochs, n_steps)
        set_rates(self.optimizer_, self.settings.lr)
        groups = self.optimizer_.param_groups
        trained = [parameter for own in groups for parameter in own["params"]]
        self._set_gradients = Gradients(self.module_, self.settings, trained)
        self._take_step = getattr(self.optimizer_, "lean_step", self.optimizer_.step)
        self._decay = WeightDecay(self.module_, self.weight_decay)

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        """Take one step of the optimiser.

        Parameters
        ----------
        batch : Batch
            Rows to train on.
        **fit_params : dict
            Ignored; skorch passes them.

        Returns
        -------
        dict
            ``task_losses`` (*members, n_tasks) in nats, ``totals`` (the weights
            behind them, or None), ``y_pred`` (outputs), and, if a callback listens,
            ``loss`` (summed over members and weighted tasks, without penalty).
        """
        settings, done, n_steps = self.settings, self._run.step, self._run.n_steps
        self.module_.set_progress(1.0 if settings.constant else done / n_steps)
        if self.random is not None:
            self.random.count_rows(batch.lengths)
        outputs, terms = self._set_gradients(
            batch, self._judge, self.task_weight, self.random
        )
        if self._per_batch:
            named = list(self.module_.named_parameters())
            self.notify("on_grad_computed", named_parameters=named, batch=batch)
        self._decay(set_scheduled_rates(self.optimizer_, settings, done, n_steps))
        self._take_step()
        self._run.after_step(batch)
        return self._report(outputs, terms)

    def validation_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        """Compute the losses of a batch without noise.

        Parameters
        ----------
        batch : Batch
            Rows to validate on.
        **fit_params : dict
            Ignored; skorch passes them.

        Returns
        -------
        dict
            As that of :meth:`train_step`.
        """
        with torch.no_grad():
            outputs = encode_decode(self.module_, self.settings, batch, None)[1]
            return self._report(outputs, self._judge(outputs, batch))

    def _judge(self, outputs: Tensor, batch: Batch) -> LossTerms:
        terms: LossTerms = self.module_.judge(
            self.criterion_, outputs, batch.codes, batch.weight, batch.task_of_row
        )
        return terms

    def _report(self, outputs: Tensor, terms: LossTerms) -> dict[str, Any]:
        step = {"task_losses": terms.losses, "totals": terms.totals, "y_pred": outputs}
        if self._per_batch:
            weight = 1.0 if self.task_weight is None else self.task_weight
            step["loss"] = (terms.losses * weight).sum()
        return step

    def run_single_epoch(
        self,
        iterator: Iterable[Batch] | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict[str, Any]],
        **fit_params: Any,
    ) -> None:
        """Run over all batches; losses stay on the device until the end.

        Parameters
        ----------
        iterator : iterable of Batch, or None
            None does nothing.
        training : bool
            Whether layers such as dropout are in training mode.
        prefix : str
            Start of the names in the history, "train" or "valid".
        step_fn : callable
            What to do with each batch, such as :meth:`train_step`.
        **fit_params : dict
            Handed on to ``step_fn``.
        """
        if iterator is None:
            return
        self._set_training(training)
        meter, count = LossMeter(), 0
        try:
            for batch in iterator:
                if self._per_batch:
                    self.notify("on_batch_begin", batch=batch, training=training)
                step = step_fn(batch, **fit_params)
                count += 1
                meter.add(step["task_losses"], step["totals"], batch.codes.shape)
                if self._per_batch:
                    self.history.record_batch(prefix + "_loss", step["loss"].item())
                    self.notify("on_batch_end", batch=batch, training=training, **step)
        finally:
            # Whoever asks the network from here on wants its answer without chance.
            self._set_training(False)
        self.history.record(f"{prefix}_batch_count", count)
        meter.record(self.history, prefix, self.task_weight)

    def train(
        self,
        batches: Iterable[Batch],
        valid_batches: Iterable[Batch] | None,
        epochs: int,
        n_steps: int,
        names: Any,
        rows: Batches,
    ) -> Snapshot:
        """Train for some epochs.

        Parameters
        ----------
        batches, valid_batches : iterable of Batch
            What to train on, and what to validate on after each epoch, or None.
        epochs, n_steps : int
            Most epochs to train for, and steps of the whole schedule.
        names : array-like of str of shape ([*members,] n_tasks)
            Task names, for messages.
        rows : Batches
            What methods draw samples from; ``batches`` may not bear to be begun anew
            amid an epoch.

        Returns
        -------
        Snapshot
            Tells whether training was interrupted and which members blew up.
        """
        self._begin_run(rows, epochs, n_steps)
        self._per_batch = any(hears_batches(own) for _, own in self.callbacks_)
        warmup = self.module_.warmup_epochs(epochs)
        snapshot = Snapshot(self.module_, self.settings, warmup)
        before, run_over = len(self.history), self.run_single_epoch
        self.notify("on_train_begin", X=None, y=None)
        try:
            for epoch in range(1, epochs + 1):
                self.notify("on_epoch_begin")
                run_over(batches, True, "train", self.train_step)
                run_over(valid_batches, False, "valid", self.validation_step)
                if snapshot.check_losses(self.history, names):
                    break
                self.notify("on_epoch_end")
                # before the network changes, so that what is kept is what was judged
                done = snapshot.after_epoch(self.history) or epoch == epochs
                self._run.after_epoch()
                if self.on_epoch is not None:
                    done = self.on_epoch(epoch, self, done) or done
                if done:
                    break
        except KeyboardInterrupt:
            snapshot.interrupted = True
            del self.history[before + snapshot.epochs :]
        self.notify("on_train_end", X=None, y=None)
        snapshot.restore()
        if self.settings.early_stopping:
            mend_optimizer(self)
        snapshot.check_weights()
        # What belongs to the run would be a burden in copies of the net.
        for name in ("_run", "_set_gradients", "_decay", "_take_step"):
            self.__dict__.pop(name, None)
        return snapshot

    def outputs(
        self,
        x: Tensor,
        representation: bool = False,
        draws: Sequence[MemberRandom] | None = None,
    ) -> Tensor:
        """Compute outputs or the representation, without noise unless asked for.

        Parameters
        ----------
        x : Tensor of shape (batch, *row)
            Features.
        representation : bool
            Whether to return the representation instead.
        draws : sequence of MemberRandom, optional
            Sources of noise, one for each pass through the heads.

        Returns
        -------
        Tensor of shape (n_tasks, batch, n_outputs_max), or (batch, latent)
            On the net's device, in its type; with a first axis for ``draws``.
        """
        return compute_outputs(self.module_, self.settings, x, representation, draws)
