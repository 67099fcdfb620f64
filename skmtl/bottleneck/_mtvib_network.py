"""The network of MTVIB: one stochastic representation, weights of the losses."""

import torch
from torch import Tensor, nn

from skmtl.nn import MemberLinear, MemberRandom, MultiTaskNetwork, TaskHeads
from skmtl.tasks import LossTerms, MultiTaskLoss, task_factors

__all__ = ["GaussianEncoder", "MTVIBNetwork"]


class GaussianEncoder(nn.Module):
    """Mean of a Gaussian representation; its log-variance stands beside it.

    Parameters
    ----------
    body : Module
        Any encoder.
    latent_dim : int or None
        Width of the representation; None: that of the body's output.
    generator : torch.Generator
    dtype : torch.dtype
    """

    def __init__(
        self,
        body: nn.Module,
        latent_dim: int | None,
        generator: torch.Generator,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        width = int(body.out_features)  # type: ignore[arg-type]
        self.out_features = width if latent_dim is None else latent_dim
        self.body = body
        self.mean = MemberLinear(width, self.out_features, generator, dtype)
        self.log_variance = MemberLinear(width, self.out_features, generator, dtype)

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the mean; with ``random`` the log-variance beside it."""
        features = self.body(x, random)
        mean: Tensor = self.mean(features)
        if random is None:
            return mean
        return torch.cat([mean, self.log_variance(features)], -1)


class MTVIBNetwork(MultiTaskNetwork):
    """A Gaussian encoder, heads, and a weight for the loss of each task.

    In training the representation is a pair, means beside log-variances, of which the
    heads read one draw per row and step; without noise it is the mean.

    Parameters
    ----------
    encoder : GaussianEncoder
    heads : TaskHeads
    beta : float
        Price of information.
    weighted : bool
        Whether the tasks' losses have learned weights.
    """

    member_buffers = ("beta",)
    beta: Tensor

    def __init__(
        self, encoder: GaussianEncoder, heads: TaskHeads, beta: float, weighted: bool
    ) -> None:
        super().__init__(encoder, heads)
        n_tasks, dtype = heads.weight.shape[0], heads.weight.dtype
        self.register_buffer("beta", torch.tensor(float(beta), dtype=dtype))
        self.loss_log_variance: nn.Parameter | None = None
        if weighted:
            self.loss_log_variance = nn.Parameter(torch.zeros(n_tasks, dtype=dtype))

    def decode(
        self,
        z: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Compute the outputs from the mean, or from a draw of the representation."""
        if random is None:
            return super().decode(z, task_of_row)
        mean, log_variance = z.chunk(2, -1)
        noise = random.normal(mean.shape[-2:], mean.dtype)
        drawn = mean + (0.5 * log_variance).exp() * noise
        return super().decode(drawn, task_of_row)

    def penalty(self, z: Tensor, row_weight: Tensor | None = None) -> Tensor:
        """Price of the divergence from a standard normal, in nats.

        It is weighted as the losses are, by the mean of their weights.
        """
        mean, log_variance = z.chunk(2, -1)
        rows = mean.square() + log_variance.exp() - log_variance - 1
        divergence = 0.5 * rows.sum(-1)
        if row_weight is None:
            average = divergence.mean(-1)
        else:
            total = row_weight.sum(-1).clamp_min(torch.finfo(z.dtype).tiny)
            average = (row_weight * divergence).sum(-1) / total
        if self.loss_log_variance is not None:
            average = average * (-self.loss_log_variance).exp().mean(-1)
        return self.beta * average

    def judge(
        self,
        criterion: MultiTaskLoss,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None = None,
        task_of_row: Tensor | None = None,
    ) -> LossTerms:
        """Compute the plain losses, and gradients of the weighted ones."""
        terms = criterion.terms(outputs, codes, weight, task_of_row)
        if self.loss_log_variance is None:
            return terms
        factor = (-self.loss_log_variance).exp()
        objective = factor * terms.losses + 0.5 * self.loss_log_variance
        if terms.totals is not None:
            objective = torch.where(terms.totals > 0, objective, 0.0)
        gradient = terms.gradient * task_factors(factor.detach(), task_of_row)
        return terms._replace(gradient=gradient, objective=objective)

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """Biases and the weights of the losses."""
        own = [] if self.loss_log_variance is None else [self.loss_log_variance]
        return [*super().undecayed_parameters(), *own]

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Weights of the losses, ``(*members, n_tasks)``."""
        if self.loss_log_variance is None:
            return {}
        return {"loss_weight": (-self.loss_log_variance.detach()).exp()}
