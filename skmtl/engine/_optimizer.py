"""Adam with little between the step and its kernel."""

from typing import Any

import torch
from torch import Tensor

from ..exceptions import InputError
from ._settings import Settings

__all__ = [
    "LeanAdam",
    "WeightDecay",
    "make_optimizer",
    "set_rates",
    "set_scheduled_rates",
]


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
        self._limits: dict[int, int] = {}

    def limit(self, limits: dict[Tensor, int]) -> None:
        """Move only so many first rows of these parameters, and all of the others."""
        self._limits = {id(parameter): count for parameter, count in limits.items()}
        self._collected = None

    def _part(self, value: Tensor, parameter: Tensor) -> Tensor:
        return value[: self._limits.get(id(parameter), len(value))]

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
            if self._limits:
                own = list(map(self._part, own, group["params"]))
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
            params = group["params"]
            if self._limits:
                lists = [list(map(self._part, own, params)) for own in lists]
                params = list(map(self._part, params, params))
            collected.append([list(params), *lists, counts, [count]])
        self._collected = collected
        return True

    def load_state_dict(self, state_dict: Any) -> None:
        """Load a state; the tensors are collected anew."""
        super().load_state_dict(state_dict)
        self._collected = None

    def forget_lists(self) -> None:
        """Collect the tensors anew at the next step."""
        self._collected = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._collected, self._limits = None, {}


class WeightDecay:
    """Decoupled decay, by hand, since members may differ in it.

    Parameters
    ----------
    module : MultiTaskNetwork
    decay : float or Tensor of shape (*members,)
        One value per member of a stack.
    """

    def __init__(self, module: Any, decay: float | Tensor) -> None:
        exempt = {id(parameter) for parameter in module.undecayed_parameters()}
        self._decay = decay
        self._decayed = [
            parameter
            for parameter in module.parameters()
            if parameter.requires_grad and id(parameter) not in exempt
        ]
        self._by_member: list[Tensor] = []
        if isinstance(decay, Tensor):
            self._by_member = [
                decay.to(parameter).view(
                    *decay.shape, *[1] * (parameter.dim() - decay.dim())
                )
                for parameter in self._decayed
            ]

    @torch.no_grad()
    def __call__(self, lr: float) -> None:
        """Multiply the weights that learn in this step by ``1 - lr * decay``."""
        learning = [
            place
            for place, parameter in enumerate(self._decayed)
            if parameter.grad is not None
        ]
        decayed = [self._decayed[place] for place in learning]
        if not decayed:
            return
        if self._by_member:
            factors = [1 - lr * self._by_member[place] for place in learning]
            torch._foreach_mul_(decayed, factors)
        elif not isinstance(self._decay, Tensor) and self._decay:
            torch._foreach_mul_(decayed, 1 - lr * self._decay)


def set_rates(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set every group's learning rate to its multiple of ``lr``."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["multiplier"]


def set_scheduled_rates(
    optimizer: torch.optim.Optimizer, settings: Settings, step: int, n_steps: int
) -> float:
    """Let the rates fall to zero over the last steps of a run.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Made by :func:`make_optimizer`.
    settings : Settings
        Says at which rate to start and over which fraction of the steps it falls.
    step, n_steps : int
        Steps taken, and steps of the whole run.

    Returns
    -------
    float
        The rate of this step.
    """
    ramp = settings.lr_decay * n_steps
    left = n_steps - step
    factor = left / ramp if left < ramp else 1.0
    if factor < 1:
        set_rates(optimizer, settings.lr * factor)
    return settings.lr * factor


def make_optimizer(module: Any, settings: Settings) -> torch.optim.Optimizer:
    """Build the optimiser; weight decay stays apart.

    Parameters
    ----------
    module : MultiTaskNetwork
        Says which parameters learn at a multiple of the rate.
    settings : Settings

    Returns
    -------
    torch.optim.Optimizer
        Its groups carry their ``multiplier``.

    Raises
    ------
    InputError
        If the user's callable makes no optimiser.
    """
    groups = _groups(module, settings.lr)
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
    except (TypeError, ValueError) as error:
        raise InputError(f"{wanted}; {make!r} failed: {error}") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise InputError(f"{wanted}; {make!r} returned {made!r}.")
    return made


def _groups(module: Any, lr: float) -> list[dict[str, Any]]:
    named = list(module.learning_rate_multipliers())
    # Fused SGD fails where a part of a group has not learned before.
    place_of = {
        id(parameter): place
        for place, (parameters, _) in enumerate(named)
        for parameter in parameters
    }
    groups: dict[int, list[Tensor]] = {}
    for parameter in module.parameters():
        if parameter.requires_grad:
            place = place_of.get(id(parameter), len(named))
            groups.setdefault(place, []).append(parameter)
    multipliers = [*(multiplier for _, multiplier in named), 1.0]
    return [
        {"params": own, "lr": lr * multipliers[place], "multiplier": multipliers[place]}
        for place, own in groups.items()
    ]
