"""The network of the hierarchical bottleneck: channels and their price."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from skmtl.nn import DirectPass, MemberRandom, TaskHeads, rows_of_tasks

from ._direct import DirectBottleneck
from ._price import Prices, closed_price, learned_price
from ._residual import Residual, ResidualNetwork

__all__ = ["HierarchicalIBNetwork"]

_INITIAL_SPREAD = 0.1
# Where training with noise="fixed" turns from the encoder to the noise.
_TURN = 0.5


class HierarchicalIBNetwork(ResidualNetwork):
    """Encoder, diagonal Gaussian channels, heads.

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
    noise : {"learned", "shared", "fixed"}
        A channel for each task; one channel that all tasks read; a channel for each
        task, whose noise rests until half of the steps are over, and then learns,
        with the heads, while the encoder rests.
    marginal : {"closed", "learned"}
        Whether what a channel puts out is measured against its best Gaussian, or
        against one of learned variance.
    noise_lr_multiplier : float
    generator : torch.Generator
        Source of the initial noise levels.
    residual : Residual, optional
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
        noise: str,
        marginal: str,
        noise_lr_multiplier: float,
        generator: torch.Generator,
        residual: Residual | None = None,
    ) -> None:
        super().__init__(encoder, heads, residual, noise_lr_multiplier)
        n_tasks, latent = heads.weight.shape[0], heads.weight.shape[-1]
        dtype = heads.weight.dtype
        n_channels = 1 if noise == "shared" else n_tasks
        start = torch.empty(n_channels, latent, dtype=dtype)
        self.noise_log_variance = nn.Parameter(
            start.normal_(0, _INITIAL_SPREAD, generator=generator)
        )
        self.marginal_log_variance: nn.Parameter | None = None
        if marginal == "learned":
            self.marginal_log_variance = nn.Parameter(torch.zeros_like(start))
        self.register_buffer("beta", beta.to(dtype))
        self.register_buffer("gamma", torch.tensor(float(gamma), dtype=dtype))
        self.warmup = warmup
        self.noise = noise
        self.marginal = marginal
        self.noise_lr_multiplier = noise_lr_multiplier
        self._price = 1.0
        self._noise_rests = self._encoder_rests = False

    def encode(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the representation; no gradient goes further while it rests."""
        z = super().encode(x, random)
        return z.detach() if self._encoder_rests else z

    def decode(
        self,
        z: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Pass the representation through the channels and the heads."""
        if random is None:
            return super().decode(z, task_of_row)
        level = self.noise_level()
        if self.noise == "shared":
            noise = random.normal(z.shape[-2:], z.dtype)
            return super().decode(torch.addcmul(z, level, noise), task_of_row)
        if task_of_row is None:
            noise = random.normal((level.shape[-2], *z.shape[-2:]), z.dtype)
            received = torch.addcmul(z.unsqueeze(-3), level.unsqueeze(-2), noise)
            return self.heads(received, per_task=True)
        noise = random.normal(z.shape[-2:], z.dtype)
        own_level = rows_of_tasks(level, task_of_row, trailing=1)
        return self.heads.rows(z + own_level * noise, task_of_row)

    def _log_variance(self) -> Tensor:
        level: Tensor = self.noise_log_variance
        return level.detach() if self._noise_rests else level

    def noise_level(self) -> Tensor:
        """Standard deviation of the noise, ``(*members, n_channels, latent)``."""
        return (0.5 * self._log_variance()).exp()

    def prices(self) -> Prices:
        """Present prices of a nat; the readers of one channel add up theirs."""
        scale = self._price / (1 + self.gamma)
        own = scale.unsqueeze(-1) * self.beta
        joint = self.gamma * own.mean(-1)
        if self.noise == "shared":
            own = own.sum(-1, keepdim=True)
        return Prices(own, joint)

    def penalty(self, z: Tensor, row_weight: Tensor | None = None) -> Tensor:
        """Price of the information the tasks take from Z, in nats."""
        level, prices = self._log_variance(), self.prices()
        if self.marginal_log_variance is None:
            return closed_price(z, level, row_weight, prices)
        return learned_price(z, level, self.marginal_log_variance, row_weight, prices)

    def direct_pass(self) -> DirectPass | None:
        """A pass without a graph, where encoder and channels are plain."""
        plain = self.noise == "learned" and self.marginal == "closed"
        if not (plain and DirectPass.supports(self.encoder)):
            return None
        return DirectBottleneck(
            self.encoder, self.heads, self.noise_log_variance, self.prices
        )

    def set_progress(self, fraction: float) -> None:
        """Raise the price of information, and change what rests.

        Without a schedule, where the fraction stays at 1, nothing rests.
        """
        self._price = 1.0 if self.warmup == 0 else min(1.0, fraction / self.warmup)
        if self.noise == "fixed":
            self._noise_rests = fraction < _TURN
            self._encoder_rests = _TURN <= fraction < 1

    def _channel_parameters(self) -> list[nn.Parameter]:
        found = (self.noise_log_variance, self.marginal_log_variance)
        return [parameter for parameter in found if parameter is not None]

    def learning_rate_multipliers(self) -> list[tuple[Iterable[nn.Parameter], float]]:
        """The noise and the residual's variances learn faster than the rest."""
        # One list each, since they may rest each by itself.
        own: list[tuple[Iterable[nn.Parameter], float]] = [
            ([parameter], self.noise_lr_multiplier)
            for parameter in self._channel_parameters()
        ]
        return [*own, *super().learning_rate_multipliers()]

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """Biases, the noise, and what belongs to no layer."""
        return [*super().undecayed_parameters(), *self._channel_parameters()]

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Log-variances and capacities, both ``(*members, n_tasks, latent)``."""
        level = self.noise_log_variance.detach().to(torch.float64, copy=True)
        level = level.expand(*self.beta.shape, level.shape[-1])
        evidence = {**super().task_evidence(), "noise_log_variance": level}
        if z_variance is not None:
            ratio = z_variance.to(level).unsqueeze(-2) * (-level).exp()
            evidence["capacity"] = 0.5 * torch.log1p(ratio)
        return evidence
