"""Masked losses of all tasks at once, with their gradients in closed form.

The loss of a task is the weighted mean over its observed rows of the batch; a task
without an observed row contributes exactly zero, and so does its gradient. Every
output belongs to one task, so the gradient is as cheap as the loss, and the engine
need not build a graph for it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from skmtl.tasks._row_losses import ROW_LOSSES
from skmtl.tasks._spec import TaskSpec

__all__ = ["LossTerms", "MultiTaskLoss", "task_factors"]

# Finite on purpose: minus infinity turns one-hot losses and entropies into NaN.
_INVALID_LOGIT = -1e30


class LossTerms(NamedTuple):
    """Losses of a batch and what they were made of.

    Parameters
    ----------
    losses : Tensor of shape (*members, n_tasks)
        Weighted means over the batch's rows, in nats.
    totals : Tensor of shape ([*members,] n_tasks), or None
        Sums of the weights; None without weights.
    gradient : Tensor, shaped as the outputs
        Derivative of each task's loss by that task's outputs.
    objective : Tensor of shape (*members, n_tasks), optional
        What the parameters of the loss itself learn from, with a graph to them; None
        for a loss without parameters.

    Examples
    --------
    >>> import torch
    >>> from skmtl.tasks import MultiTaskLoss, TaskSpec
    >>> criterion = MultiTaskLoss([TaskSpec("size", "continuous")])
    >>> outputs, codes = torch.zeros(1, 2, 1), torch.tensor([[1.0], [3.0]])
    >>> terms = criterion.terms(outputs, codes)
    >>> terms.losses  # the mean of 1 / 2 and 9 / 2
    tensor([2.5000])
    >>> terms.gradient.flatten()
    tensor([-0.5000, -1.5000])
    """

    losses: Tensor
    totals: Tensor | None
    gradient: Tensor
    objective: Tensor | None = None


class MultiTaskLoss(nn.Module):
    """Cross-entropies and half squared errors, in nats, per task.

    Parameters
    ----------
    specs : sequence of TaskSpec
        Kind and classes of each task. Continuous tasks cost half the squared error
        of the standardised target (nats of a unit Gaussian, up to a constant).

    Raises
    ------
    ValueError
        For a kind of task without a row-wise loss.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmtl.tasks import MultiTaskLoss, TaskSpec
    >>> binary = TaskSpec("ripe", "binary", np.array(["no", "yes"]))
    >>> criterion = MultiTaskLoss([binary, TaskSpec("size", "continuous")])
    >>> outputs = torch.zeros(2, 3, 1)  # 2 tasks, 3 rows, 1 output
    >>> codes = torch.tensor([[0.0, 1.0], [1.0, 2.0], [1.0, 0.0]])
    >>> weight = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    >>> criterion(outputs, codes, weight)
    tensor([0.6931, 1.2500])
    """

    valid: Tensor
    _restore: Tensor

    def __init__(self, specs: Sequence[TaskSpec]) -> None:
        super().__init__()
        for spec in specs:
            if spec.kind not in ROW_LOSSES:
                raise ValueError(
                    f"Task {spec.name!r} is of kind {spec.kind!r}, which has no "
                    f"row-wise loss; allowed are {sorted(ROW_LOSSES)}."
                )
        self.specs = tuple(specs)
        kinds = [spec.kind for spec in specs]
        widest = max(spec.n_outputs for spec in specs)
        outputs = torch.tensor([spec.n_outputs for spec in specs])
        self.register_buffer("valid", torch.arange(widest) < outputs[:, None])
        self.kinds = [kind for kind in ROW_LOSSES if kind in kinds]
        self.n_tasks = len(kinds)
        self._ragged = {}
        order: list[int] = []
        for kind in self.kinds:
            members = [task for task, own in enumerate(kinds) if own == kind]
            order += members
            self.register_buffer(f"_{kind}", torch.tensor(members))
            self._ragged[kind] = kind == "multiclass" and bool(
                (outputs[members] < widest).any()
            )
        self.register_buffer("_restore", torch.tensor(order).argsort())

    def forward(
        self,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None = None,
        task_of_row: Tensor | None = None,
    ) -> Tensor:
        """Compute differentiable losses.

        Parameters
        ----------
        outputs, codes, weight, task_of_row : Tensor
            As in :meth:`terms`.

        Returns
        -------
        Tensor of shape (*members, n_tasks)
            Weighted mean over each task's rows, in nats; zero without a row.
        """
        losses: Tensor = _Losses.apply(outputs, self, codes, weight, task_of_row)
        return losses

    @torch.no_grad()
    def terms(
        self,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None = None,
        task_of_row: Tensor | None = None,
    ) -> LossTerms:
        """Compute the loss of every task and its gradient.

        Parameters
        ----------
        outputs : Tensor of shape (*members, n_tasks, batch, n_outputs_max)
            Or (*members, batch, n_outputs_max) with ``task_of_row``.
        codes : Tensor of shape ([*members,] batch, n_tasks)
            Encoded targets, any finite value where unobserved; ([*members,] batch)
            with ``task_of_row``.
        weight : Tensor, shaped as ``codes``, optional
            Zero where unobserved. None means that everything is observed once.
        task_of_row : Tensor of shape ([*members,] batch), optional
            The one task each row is labelled for.

        Returns
        -------
        LossTerms
            Losses in nats, sums of the weights, and derivatives by the outputs.
        """
        if task_of_row is not None:
            return self._one_task_per_row(outputs, codes, weight, task_of_row)
        codes = codes.transpose(-1, -2).expand(outputs.shape[:-1])
        rows, gradient = self._by_kind(outputs, codes)
        if weight is None:
            return LossTerms(rows.mean(-1), None, gradient.div_(rows.shape[-1]))
        weight = weight.transpose(-1, -2)
        totals = weight.sum(-1)
        share = weight / totals.clamp_min(torch.finfo(totals.dtype).tiny).unsqueeze(-1)
        return LossTerms((rows * share).sum(-1), totals, gradient * share.unsqueeze(-1))

    def _by_kind(self, outputs: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        if len(self.kinds) == 1:
            return self._rows(self.kinds[0], outputs, codes, self.valid)
        losses, gradients = [], []
        for kind in self.kinds:
            tasks = getattr(self, f"_{kind}")
            rows, gradient = self._rows(
                kind,
                outputs.index_select(-3, tasks),
                codes.index_select(-2, tasks),
                self.valid[tasks],
            )
            losses.append(rows)
            gradients.append(gradient)
        return (
            torch.cat(losses, -2).index_select(-2, self._restore),
            torch.cat(gradients, -3).index_select(-3, self._restore),
        )

    def _rows(
        self, kind: str, outputs: Tensor, codes: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensor]:
        if self._ragged[kind]:
            outputs = outputs.masked_fill(~valid[:, None, :], _INVALID_LOGIT)
        return ROW_LOSSES[kind](outputs, codes)

    def _one_task_per_row(
        self,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None,
        task_of_row: Tensor,
    ) -> LossTerms:
        codes = codes.expand(outputs.shape[:-1])
        rows, gradient = torch.zeros_like(codes), torch.zeros_like(outputs)
        for kind in self.kinds:
            own = torch.isin(task_of_row, getattr(self, f"_{kind}"))
            # Rows of other kinds get a harmless target, so that no branch of the
            # selection can become NaN.
            safe = torch.where(own, codes, 0.0)
            logits = outputs
            if self._ragged[kind]:
                logits = outputs.masked_fill(~self.valid[task_of_row], _INVALID_LOGIT)
            own_rows, own_gradient = ROW_LOSSES[kind](logits, safe)
            rows = torch.where(own, own_rows, rows)
            gradient = torch.where(own.unsqueeze(-1), own_gradient, gradient)
        tasks = torch.arange(self.n_tasks, device=outputs.device)
        share = (task_of_row.unsqueeze(-2) == tasks[:, None]).to(rows.dtype)
        if weight is not None:
            share = share * weight.unsqueeze(-2)
        totals = share.sum(-1)
        floor = torch.finfo(totals.dtype).tiny
        share = share / totals.clamp_min(floor).unsqueeze(-1)
        return LossTerms(
            (share * rows.unsqueeze(-2)).sum(-1),
            totals,
            gradient * share.sum(-2).unsqueeze(-1),
        )


class _Losses(torch.autograd.Function):
    """Autograd's view of :meth:`MultiTaskLoss.terms`."""

    @staticmethod
    def forward(
        ctx: Any,
        outputs: Tensor,
        criterion: MultiTaskLoss,
        codes: Tensor,
        weight: Tensor | None,
        task_of_row: Tensor | None,
    ) -> Tensor:
        terms = criterion.terms(outputs, codes, weight, task_of_row)
        ctx.save_for_backward(terms.gradient, task_of_row)
        return terms.losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradient, task_of_row = ctx.saved_tensors
        factors = task_factors(upstream[0], task_of_row)
        return gradient * factors, None, None, None, None


def task_factors(per_task: Tensor, task_of_row: Tensor | None) -> Tensor:
    """Spread one factor per task over the outputs' axes.

    Parameters
    ----------
    per_task : Tensor of shape ([*members,] n_tasks)
        The factors.
    task_of_row : int Tensor of shape ([*members,] batch), or None
        The one task each row is labelled for, if that is how the data are.

    Returns
    -------
    Tensor
        Broadcasts against the outputs of :meth:`MultiTaskLoss.terms`.

    Examples
    --------
    >>> import torch
    >>> from skmtl.tasks import task_factors
    >>> task_factors(torch.tensor([1.0, 5.0]), None).shape  # tasks, rows, outputs
    torch.Size([2, 1, 1])
    >>> task_factors(torch.tensor([1.0, 5.0]), torch.tensor([1, 1, 0])).flatten()
    tensor([5., 5., 1.])
    """
    if task_of_row is None:
        return per_task[..., None, None]
    if task_of_row.dim() == 1:
        return per_task.index_select(-1, task_of_row).unsqueeze(-1)
    leading = torch.broadcast_shapes(per_task.shape[:-1], task_of_row.shape[:-1])
    tasks = task_of_row.expand(*leading, task_of_row.shape[-1])
    return per_task.expand(*leading, -1).gather(-1, tasks).unsqueeze(-1)
