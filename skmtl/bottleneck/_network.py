"""The network of the hierarchical bottleneck: channels and their price."""

from typing import Any

import torch
from torch import Tensor, nn

from skmtl.nn import (
    DirectPass,
    MemberRandom,
    MultiTaskNetwork,
    TaskHeads,
    rows_of_tasks,
)

__all__ = ["HierarchicalIBNetwork"]

_INITIAL_SPREAD = 0.1


class HierarchicalIBNetwork(MultiTaskNetwork):
    """Encoder, one diagonal Gaussian channel per task, heads.

    Task j reads ``W_j = Z + sigma_j * eps`` with one draw of noise per row and step.

    Parameters
    ----------
    encoder : Module
    heads : TaskHeads
    beta : Tensor of shape (n_tasks,)
        Price of information, per task.
    gamma : float
        Weight of the joint information of all tasks.
    warmup : float
        Fraction of the steps over which the price rises to its full value.
    noise_lr_multiplier : float
    generator : torch.Generator
        Source of the initial noise levels.
    """

    member_buffers = ("beta", "gamma")
    beta: Tensor
    gamma: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        beta: Tensor,
        gamma: float,
        warmup: float,
        noise_lr_multiplier: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(encoder, heads)
        n_tasks, latent = heads.weight.shape[0], heads.weight.shape[-1]
        dtype = heads.weight.dtype
        start = torch.empty(n_tasks, latent, dtype=dtype)
        self.noise_log_variance = nn.Parameter(
            start.normal_(0, _INITIAL_SPREAD, generator=generator)
        )
        self.register_buffer("beta", beta.to(dtype))
        self.register_buffer("gamma", torch.tensor(float(gamma), dtype=dtype))
        self.warmup = warmup
        self.noise_lr_multiplier = noise_lr_multiplier
        self._price = 1.0

    def decode(
        self,
        z: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Pass the representation through each task's channel and head."""
        if random is None:
            return super().decode(z, task_of_row)
        level = self.noise_level()
        if task_of_row is None:
            return self.heads(self.channel(z, level, random)[0], per_task=True)
        noise = random.normal(z.shape[-2:], z.dtype)
        own_level = rows_of_tasks(level, task_of_row, trailing=1)
        return self.heads.rows(z + own_level * noise, task_of_row)

    def noise_level(self) -> Tensor:
        """Standard deviation of the noise, ``(*members, n_tasks, latent)``."""
        return (0.5 * self.noise_log_variance).exp()

    def channel(
        self, z: Tensor, level: Tensor, random: MemberRandom
    ) -> tuple[Tensor, Tensor]:
        """What each task receives, and the noise in it.

        Both are of shape ``(*members, n_tasks, batch, latent)``.
        """
        noise = random.normal((level.shape[-2], *z.shape[-2:]), z.dtype)
        return torch.addcmul(z.unsqueeze(-3), level.unsqueeze(-2), noise), noise

    def price(self) -> Tensor:
        """Present price of a nat, ``(*members, n_tasks)``."""
        return self._price * self.beta

    def penalty(self, z: Tensor, row_weight: Tensor | None = None) -> Tensor:
        """Price of the information the tasks take from Z, in nats."""
        penalty: Tensor = _InformationPrice.apply(
            z, self.noise_log_variance, row_weight, self.price(), self.gamma
        )
        return penalty

    def direct_pass(self) -> DirectPass | None:
        """A pass without a graph, where the encoder is plain."""
        return _DirectBottleneck(self) if DirectPass.supports(self.encoder) else None

    def set_progress(self, fraction: float) -> None:
        """Raise the price of information linearly over the warm-up."""
        self._price = 1.0 if self.warmup == 0 else min(1.0, fraction / self.warmup)

    def learning_rate_multipliers(self) -> list[tuple[list[nn.Parameter], float]]:
        """The noise learns faster than the rest."""
        return [([self.noise_log_variance], self.noise_lr_multiplier)]

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """Biases and the noise."""
        return [*super().undecayed_parameters(), self.noise_log_variance]

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Log-variances and capacities, both ``(*members, n_tasks, latent)``."""
        level = self.noise_log_variance.detach().to(torch.float64, copy=True)
        evidence = {"noise_log_variance": level}
        if z_variance is not None:
            ratio = z_variance.to(level).unsqueeze(-2) * (-level).exp()
            evidence["capacity"] = 0.5 * torch.log1p(ratio)
        return evidence


def _priced(
    z: Tensor,
    log_variance: Tensor,
    row_weight: Tensor | None,
    price: Tensor,
    gamma: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Capacities times their price, and the derivatives by z and the noise.

    The tensors are tiny and the formula long: built by autograd, it would cost a
    fifth of a training step.
    """
    centred, share, variance = _moments(z, row_weight)
    precision = (-log_variance).exp()
    ratio = variance.unsqueeze(-2) * precision
    joint = ratio.sum(-2)
    joint_price = gamma * price.mean(-1)
    scale = 0.5 / (1 + gamma)
    own = (price * ratio.log1p().sum(-1)).sum(-1)
    penalty = scale * (own + joint_price * joint.log1p().sum(-1))
    slope = price.unsqueeze(-1) / (1 + ratio)
    slope += (joint_price.unsqueeze(-1) / (1 + joint)).unsqueeze(-2)
    slope *= scale[..., None, None]
    by_variance = (slope * precision).sum(-2, keepdim=True)
    return penalty, centred * share * (2 * by_variance), -ratio * slope


class _InformationPrice(torch.autograd.Function):
    """Autograd's view of :func:`_priced`."""

    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        log_variance: Tensor,
        row_weight: Tensor | None,
        price: Tensor,
        gamma: Tensor,
    ) -> Tensor:
        penalty, *gradients = _priced(z, log_variance, row_weight, price, gamma)
        ctx.save_for_backward(*gradients)
        return penalty

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        by_z, by_log_variance = ctx.saved_tensors
        factor = upstream[0][..., None, None]
        return by_z * factor, by_log_variance * factor, None, None, None


class _DirectBottleneck(DirectPass):
    """The channels and their price without a graph.

    A head reads its channel as ``W (z + sigma * eps) = W z + (W * sigma) eps``: what
    a task receives is never formed, and members that share their noise pass it
    through one product.
    """

    def __init__(self, network: HierarchicalIBNetwork) -> None:
        super().__init__(network.encoder, network.heads)
        self.network = network

    def decode(self, z: Tensor, random: MemberRandom | None) -> Tensor:
        assert random is not None, "the direct pass is for training"
        weight = self.heads.weight
        self._level = self.network.noise_level()
        self._noise = random.normal((weight.shape[-3], *z.shape[-2:]), z.dtype)
        noisy = _task_products(
            weight * self._level.unsqueeze(-2), self._noise.transpose(-1, -2)
        )
        return (self.read(z) + noisy).transpose(-1, -2)

    def decode_gradient(
        self, z: Tensor, gradient: Tensor, row_weight: Tensor | None
    ) -> Tensor:
        by_z = super().decode_gradient(z, gradient, row_weight)
        weight, noise = self.heads.weight, self.network.noise_log_variance
        through_noise = _task_products(gradient.transpose(-1, -2), self._noise)
        assert weight.grad is not None
        weight.grad.addcmul_(through_noise, self._level.unsqueeze(-2))
        by_level = (weight * through_noise).sum(-2)
        _, price_by_z, price_by_noise = _priced(
            z, noise, row_weight, self.network.price(), self.network.gamma
        )
        noise.grad = price_by_noise.addcmul_(by_level, self._level, value=0.5)
        return by_z.add_(price_by_z)


def _task_products(own: Tensor, shared: Tensor) -> Tensor:
    """Products task by task, ``(*members, n_tasks, n, k)`` by ``(..., k, m)``.

    The second factor may be shared by the members of the last axis, whose products
    are then one.
    """
    members = own.shape[:-3]
    if not members or shared.shape[-4] == members[-1]:
        return own @ shared
    side_by_side = own.movedim(-4, -3).flatten(-3, -2)
    joint = side_by_side @ shared.squeeze(-4)
    return joint.unflatten(-2, (members[-1], -1)).movedim(-3, -4)


def _moments(
    z: Tensor, row_weight: Tensor | None
) -> tuple[Tensor, Tensor | float, Tensor]:
    """Centred rows, their shares (summing to one), and the variance."""
    if row_weight is None:
        centred = z - z.mean(-2, keepdim=True)
        share = 1 / z.shape[-2]
        return centred, share, centred.square().mean(-2)
    total = row_weight.sum(-1, keepdim=True).clamp_min(torch.finfo(z.dtype).tiny)
    shares = (row_weight / total).unsqueeze(-1)
    centred = z - (shares * z).sum(-2, keepdim=True)
    return centred, shares, (shares * centred.square()).sum(-2)
