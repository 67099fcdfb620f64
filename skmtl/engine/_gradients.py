"""Gradients of a step: with a graph, or by a direct pass where there is one."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..nn import MemberRandom, MultiTaskNetwork
from ..tasks import LossTerms, task_factors
from ._data import Batch
from ._device import encode_decode
from ._settings import Settings

__all__ = ["Gradients"]

Judge = Callable[[Tensor, Batch], LossTerms]


class Gradients:
    """Sets ``grad`` of every parameter that a step trains, and leaves None elsewhere.

    Parameters
    ----------
    module : MultiTaskNetwork
    settings : Settings
    parameters : sequence of Parameter
        Those that the optimiser knows.
    """

    def __init__(
        self,
        module: MultiTaskNetwork,
        settings: Settings,
        parameters: Sequence[Tensor],
    ) -> None:
        self._module, self._settings = module, settings
        self._parameters = parameters
        plain = not (settings.autocast or settings.compile)
        self._direct = module.direct_pass() if plain else None

    def __call__(
        self,
        batch: Batch,
        judge: Judge,
        task_weight: Tensor | None,
        random: MemberRandom | None,
    ) -> tuple[Tensor, LossTerms]:
        """Run a batch through the network and back.

        Parameters
        ----------
        batch : Batch
        judge : callable
            Losses of the outputs of a batch.
        task_weight : Tensor of shape ([*members,] n_tasks), or None
            Factors of the tasks' losses in their sum.
        random : MemberRandom, or None
            Source of the noise.

        Returns
        -------
        outputs : Tensor
            As the network returns them.
        terms : LossTerms
            Their losses.
        """
        direct = self._direct if batch.task_of_row is None else None
        if direct is not None:
            outputs = direct.forward(batch.x, random)
        else:
            self._drop()
            z, outputs = encode_decode(self._module, self._settings, batch, random)
        terms = judge(outputs, batch)
        gradient = terms.gradient
        if task_weight is not None:
            gradient = gradient * task_factors(task_weight, batch.task_of_row)
        if direct is None:
            penalty = self._module.penalty(z, batch.row_weight)
            ends = [(outputs, gradient), (penalty, None)]
            _run_backward([*ends, (terms.objective, task_weight)])
        else:
            if terms.objective is not None:
                self._drop()
                _run_backward([(terms.objective, task_weight)])
            direct.backward(gradient, batch.row_weight)
        return outputs, terms

    def _drop(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None


def _run_backward(ends: Sequence[tuple[Tensor | None, Tensor | None]]) -> None:
    """Add up the derivatives of several ends of a graph; None stands for all one."""
    values, gradients = [], []
    for value, gradient in ends:
        if value is not None and value.requires_grad:
            own = torch.ones_like(value) if gradient is None else gradient
            values.append(value)
            gradients.append(own.expand_as(value))
    if values:
        torch.autograd.backward(values, gradients)
