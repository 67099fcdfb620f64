"""Masked losses of all tasks at once, with their gradients in closed form.

The loss of a task is the weighted mean over its observed rows of the batch, or over
all pairs of them that it ranks; a task without an observed row, or without a pair,
contributes exactly zero, and so does its gradient. Every output belongs to one task,
so the gradient is as cheap as the loss, and the engine need not build a graph for it.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from skmtl.tasks._pair_losses import sum_pairs
from skmtl.tasks._row_losses import ROW_LOSSES, single_output
from skmtl.tasks._spec import TaskSpec
from skmtl.tasks._terms import LossTerms, task_factors

__all__ = ["MultiTaskLoss"]

_KINDS = (*ROW_LOSSES, "ranking")

# Finite on purpose: minus infinity turns one-hot losses and entropies into NaN.
_INVALID_LOGIT = -1e30


class MultiTaskLoss(nn.Module):
    """Cross-entropies and half squared errors, in nats, and ranking losses, per task.

    Parameters
    ----------
    specs : sequence of TaskSpec
        Kind and classes of each task. Continuous tasks cost half the squared error
        of the standardised target (nats of a unit Gaussian, up to a constant). A
        ranking task costs the mean of ``max(0, 1 - (f_i - f_j))^2`` over all pairs of
        rows with ``y_i > y_j``, each weighing the product of its rows' weights:
        squared margins, 1 for constant scores.

    Notes
    -----
    Equation 7 of the paper prints the same row twice; two rows are meant.

    References
    ----------
    G. Strezoski, N. van Noord, M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019, equation 7.

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
        self.specs = tuple(specs)
        kinds = [spec.kind for spec in specs]
        widest = max(spec.n_outputs for spec in specs)
        outputs = torch.tensor([spec.n_outputs for spec in specs])
        self.register_buffer("valid", torch.arange(widest) < outputs[:, None])
        self.kinds = [kind for kind in _KINDS if kind in kinds]
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
        codes = codes.transpose(-1, -2)
        if weight is not None:
            weight = weight.transpose(-1, -2)
        elif "ranking" in self.kinds:
            # Their pairs are counted, and so are the rows beside them.
            weight = torch.ones_like(codes)
        if len(self.kinds) == 1:
            return self._of_kind(self.kinds[0], outputs, codes, weight, self.valid)
        parts = []
        for kind in self.kinds:
            tasks = getattr(self, f"_{kind}")
            parts.append(
                self._of_kind(
                    kind,
                    outputs.index_select(-3, tasks),
                    codes.index_select(-2, tasks),
                    None if weight is None else weight.index_select(-2, tasks),
                    self.valid[tasks],
                )
            )
        losses, totals, gradient, _ = zip(*parts, strict=True)
        return LossTerms(
            torch.cat(losses, -1).index_select(-1, self._restore),
            None
            if weight is None
            else torch.cat(totals, -1).index_select(-1, self._restore),
            torch.cat(gradient, -3).index_select(-3, self._restore),
        )

    def _of_kind(
        self,
        kind: str,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None,
        valid: Tensor,
    ) -> LossTerms:
        if kind == "ranking":
            pairs = sum_pairs(outputs[..., 0], codes, weight)
            totals = pairs.weights.sum(-1)
            divisor = _divisible(totals)
            gradient = pairs.gradient / divisor.unsqueeze(-1)
            losses = pairs.losses.sum(-1) / divisor
            return LossTerms(losses, totals, single_output(outputs, gradient))
        if self._ragged[kind]:
            outputs = outputs.masked_fill(~valid[:, None, :], _INVALID_LOGIT)
        rows, gradient = ROW_LOSSES[kind](outputs, codes.expand(outputs.shape[:-1]))
        if weight is None:
            return LossTerms(rows.mean(-1), None, gradient.div_(rows.shape[-1]))
        totals = weight.sum(-1)
        share = weight / _divisible(totals).unsqueeze(-1)
        return LossTerms((rows * share).sum(-1), totals, gradient * share.unsqueeze(-1))

    def _one_task_per_row(
        self,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None,
        task_of_row: Tensor,
    ) -> LossTerms:
        if weight is None:
            weight = torch.ones_like(codes)
        # All of them weighted, not yet divided by the totals of the tasks.
        rows, gradient = torch.zeros_like(outputs[..., 0]), torch.zeros_like(outputs)
        counts = weight
        for kind in self.kinds:
            own = torch.isin(task_of_row, getattr(self, f"_{kind}"))
            # Rows of other kinds get a harmless target, so that no branch of the
            # selection can become NaN.
            safe = torch.where(own, codes, 0.0)
            if kind == "ranking":
                pairs = sum_pairs(outputs[..., 0], safe, weight, task_of_row)
                own_rows = pairs.losses
                own_gradient = single_output(outputs, pairs.gradient)
                counts = torch.where(own, pairs.weights, counts)
            else:
                logits = outputs
                if self._ragged[kind]:
                    padding = ~self.valid[task_of_row]
                    logits = outputs.masked_fill(padding, _INVALID_LOGIT)
                own_rows, own_gradient = ROW_LOSSES[kind](logits, safe.expand_as(rows))
                own_rows = own_rows * weight
                own_gradient = own_gradient * weight.unsqueeze(-1)
            rows = torch.where(own, own_rows, rows)
            gradient = torch.where(own.unsqueeze(-1), own_gradient, gradient)
        tasks = torch.arange(self.n_tasks, device=outputs.device)
        member = (task_of_row.unsqueeze(-2) == tasks[:, None]).to(rows.dtype)
        totals = (member * counts.unsqueeze(-2)).sum(-1)
        divisor = _divisible(totals)
        return LossTerms(
            (member * rows.unsqueeze(-2)).sum(-1) / divisor,
            totals,
            gradient / task_factors(divisor, task_of_row),
        )


def _divisible(totals: Tensor) -> Tensor:
    """What has no row or pair is zero, whatever it is divided by."""
    return torch.where(totals > 0, totals, 1.0)


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
