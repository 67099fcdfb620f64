"""Adam with little between the step and its kernel."""

from typing import Any

import torch
from torch import Tensor

from ..exceptions import InputError
from ._settings import Settings

__all__ = ["LeanAdam", "make_optimizer"]


class LeanAdam(torch.optim.Adam):
    """Fused Adam that keeps its lists of tensors from step to step.

    Equal in result to ``torch.optim.Adam(fused=True)``. On small networks most of a
    step is spent in collecting parameters and states, which do not change.

    Parameters
    ----------
    params : iterable
        Parameters or parameter groups.
    lr : float
    """

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, lr=lr, fused=True)
        self._collected: list[list[list[Tensor]]] | None = None

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step."""
        if closure is not None:
            return super().step(closure)
        return self.lean_step()

    @torch.no_grad()
    def lean_step(self) -> None:
        """Take a step past the hooks and records of ``step``."""
        gradients = self._gradients() if hasattr(torch, "_fused_adam_") else None
        if gradients is None or (self._collected is None and not self._collect()):
            super().step()
            return
        groups = zip(self.param_groups, gradients, self._collected or (), strict=True)
        for group, own, lists in groups:
            parameters, averages, squares, counts, count = lists
            count[0].add_(1)
            torch._fused_adam_(
                parameters,
                own,
                averages,
                squares,
                [],
                counts,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=0.0,
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )

    def _gradients(self) -> list[list[Tensor]] | None:
        """Gradients by group; None if a parameter has none."""
        gradients = []
        for group in self.param_groups:
            found = [parameter.grad for parameter in group["params"]]
            own = [gradient for gradient in found if gradient is not None]
            if len(own) < len(found):
                return None
            gradients.append(own)
        return gradients

    def _collect(self) -> bool:
        """Collect tensors once every parameter has a state."""
        collected = []
        for group in self.param_groups:
            states = [self.state.get(parameter) for parameter in group["params"]]
            if any(not state for state in states):
                return False
            names = ("exp_avg", "exp_avg_sq")
            lists = [[state[name] for state in states if state] for name in names]
            # The kernel wants a step count per parameter; as views of one tensor
            # they are raised by one operation.
            count = torch.stack([state["step"] for state in states if state])
            counts = list(count.unbind())
            for state, own in zip(states, counts, strict=True):
                if state:
                    state["step"] = own
            collected.append([list(group["params"]), *lists, counts, [count]])
        self._collected = collected
        return True

    def load_state_dict(self, state_dict: Any) -> None:
        """Load a state; the tensors are collected anew."""
        super().load_state_dict(state_dict)
        self._collected = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._collected = None


def make_optimizer(
    groups: list[dict[str, Any]], settings: Settings
) -> torch.optim.Optimizer:
    """Build the optimiser; weight decay stays with the net.

    Parameters
    ----------
    groups : list of dict
        Parameter groups with their learning rates.
    settings : Settings

    Returns
    -------
    torch.optim.Optimizer

    Raises
    ------
    InputError
        If the user's callable makes no optimiser.
    """
    if not isinstance(settings.optimizer, str):
        return _user_optimizer(settings.optimizer, groups, settings.lr)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            groups, lr=settings.lr, momentum=0.9, nesterov=True, fused=True
        )
    return LeanAdam(groups, settings.lr)


def _user_optimizer(
    make: Any, groups: list[dict[str, Any]], lr: float
) -> torch.optim.Optimizer:
    wanted = "`optimizer` must be a callable (parameter groups, lr=...) -> optimizer"
    try:
        made = make(groups, lr=lr)
    except TypeError as error:
        raise InputError(f"{wanted}; {make!r} failed: {error}") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise InputError(f"{wanted}; {make!r} returned {made!r}.")
    return made
