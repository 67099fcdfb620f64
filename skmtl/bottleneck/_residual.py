"""What regression heads leave over: a learned Gaussian."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from skmtl.nn import DirectPass, MultiTaskNetwork, TaskHeads
from skmtl.tasks import LossTerms, MultiTaskLoss, task_factors

__all__ = ["Residual", "ResidualNetwork"]

# Share of independent noise that keeps covariances away from singular ones.
_FLOOR = 1e-6


class Residual(nn.Module):
    """Gaussian residual of the regression tasks, with learned covariance.

    Tasks of other kinds have a place in all tensors and are left alone.

    Parameters
    ----------
    continuous : bool Tensor of shape (n_tasks,)
        Which tasks are regressions.
    correlated : bool
        Whether residuals of different tasks may be correlated.
    dtype : torch.dtype
    """

    member_buffers = ("continuous",)
    continuous: Tensor

    def __init__(
        self, continuous: Tensor, correlated: bool, dtype: torch.dtype
    ) -> None:
        super().__init__()
        n_tasks = len(continuous)
        self.register_buffer("continuous", continuous)
        self.log_variance = nn.Parameter(torch.zeros(n_tasks, dtype=dtype))
        self.correlated = correlated
        if correlated:
            # The correlations are the products of these rows, scaled to length one.
            self.directions = nn.Parameter(torch.eye(n_tasks, dtype=dtype))

    def correlation(self) -> Tensor:
        """Correlations of the residuals, ``(*members, n_tasks, n_tasks)``."""
        if not self.correlated:
            return torch.diag_embed(torch.ones_like(self.log_variance))
        length = self.directions.square().sum(-1, keepdim=True).sqrt()
        rows = self.directions / length
        own = torch.eye(rows.shape[-1], dtype=rows.dtype, device=rows.device)
        return (1 - _FLOOR) * rows @ rows.transpose(-1, -2) + _FLOOR * own

    def covariance(self) -> Tensor:
        """Covariance of the standardised residuals, ``(*members, n_tasks, n_tasks)``.

        NaN for tasks that are no regressions.
        """
        deviation = (0.5 * self.log_variance).exp()
        deviation = deviation.masked_fill(~self.continuous, torch.nan)
        return deviation.unsqueeze(-1) * self.correlation() * deviation.unsqueeze(-2)

    def judge(
        self,
        terms: LossTerms,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None,
        task_of_row: Tensor | None,
    ) -> LossTerms:
        """Put likelihoods in the place of half squared errors."""
        if self.correlated and task_of_row is None:
            return self._jointly(terms, outputs, codes, weight)
        # The error's row sums are the plain losses, so that these suffice.
        seen = self.continuous
        if terms.totals is not None:
            seen = seen & (terms.totals > 0)
        precision = (-self.log_variance).exp()
        likelihood = precision * terms.losses + 0.5 * self.log_variance
        objective = torch.where(seen, likelihood, 0.0)
        factor = torch.where(self.continuous, precision.detach(), 1.0)
        return terms._replace(
            losses=torch.where(seen, objective.detach(), terms.losses),
            gradient=terms.gradient * task_factors(factor, task_of_row),
            objective=objective,
        )

    def _jointly(
        self, terms: LossTerms, outputs: Tensor, codes: Tensor, weight: Tensor | None
    ) -> LossTerms:
        """Likelihood of each row's observed regression labels together.

        A row whose labels weigh unequally stands for several rows of equal weights.
        Each counts by the mean share that it has in the losses of its tasks.
        """
        error = (outputs.detach()[..., 0] - codes.transpose(-1, -2)).transpose(-1, -2)
        seen = self.continuous.unsqueeze(-2)
        if weight is None:
            share = torch.full_like(error, 1 / error.shape[-2])
            parts = [self._likelihood(error, share, seen, whole=True)]
        else:
            assert terms.totals is not None
            floor = torch.finfo(weight.dtype).tiny
            totals = terms.totals.clamp_min(floor).unsqueeze(-2)
            parts = [
                self._likelihood(error, own / totals, seen & (own > 0), whole=False)
                for own in _equal_parts(weight, seen)
            ]
        objective, by_error = (sum(own[1:], own[0]) for own in zip(*parts, strict=True))
        kept = torch.where(self.continuous[..., None, None], 0.0, terms.gradient)
        kept[..., 0] += by_error
        regression = self.continuous.expand_as(terms.losses)
        return terms._replace(
            losses=torch.where(regression, objective.detach(), terms.losses),
            gradient=kept,
            objective=objective,
        )

    def _likelihood(
        self, error: Tensor, share: Tensor, seen: Tensor, whole: bool
    ) -> tuple[Tensor, Tensor]:
        """Summed over rows by task, and its derivative by the outputs."""
        count = seen.sum(-1, keepdim=True).clamp_min(1)
        share = torch.where(seen, share, 0.0).sum(-1, keepdim=True) / count
        error = torch.where(seen, error, 0.0)
        factor = torch.linalg.cholesky_ex(self._observed_covariance(seen)).L
        if whole:
            solved = torch.cholesky_solve(error.transpose(-1, -2), factor.squeeze(-3))
            solved = solved.transpose(-1, -2)
        else:
            solved = torch.cholesky_solve(error.unsqueeze(-1), factor).squeeze(-1)
        half_log = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1, keepdim=True)
        likelihood = 0.5 * error * solved + torch.where(seen, half_log / count, 0.0)
        objective = (share * likelihood).sum(-2)
        return objective, (share * solved.detach()).transpose(-1, -2)

    def _observed_covariance(self, seen: Tensor) -> Tensor:
        """Covariances with those of unseen labels replaced by unit ones.

        Of shape (*members, batch or 1, n_tasks, n_tasks).
        """
        deviation = (0.5 * self.log_variance).exp()
        whole = deviation.unsqueeze(-1) * self.correlation() * deviation.unsqueeze(-2)
        both = seen.unsqueeze(-1) & seen.unsqueeze(-2)
        own = torch.diag_embed((~seen).to(whole.dtype))
        return torch.where(both, whole.unsqueeze(-3), own)


def _equal_parts(weight: Tensor, seen: Tensor) -> list[Tensor]:
    """Weights that add up to these, each equal or 0 within every row.

    As a row seen twice with one label, and once with another too, is weighed (2, 1).
    """
    own = torch.where(seen, weight, 0.0)
    if not bool(((own > 0) & (own < own.amax(-1, keepdim=True))).any()):
        return [weight]
    levels = own.sort(-1).values
    steps = levels.diff(dim=-1, prepend=torch.zeros_like(levels[..., :1]))
    return [
        torch.where(own >= level, step, 0.0)
        for level, step in zip(levels.split(1, -1), steps.split(1, -1), strict=True)
    ]


class ResidualNetwork(MultiTaskNetwork):
    """Hard sharing whose regression heads may learn their residual.

    Parameters
    ----------
    encoder : Module
    heads : TaskHeads
    residual : Residual, optional
        None counts half squared errors.
    residual_lr_multiplier : float
        Learning rate of the residual's variances, in multiples of the rate.
    """

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        residual: Residual | None = None,
        residual_lr_multiplier: float = 1.0,
    ) -> None:
        super().__init__(encoder, heads)
        self.residual = residual
        self.residual_lr_multiplier = residual_lr_multiplier

    def judge(
        self,
        criterion: MultiTaskLoss,
        outputs: Tensor,
        codes: Tensor,
        weight: Tensor | None = None,
        task_of_row: Tensor | None = None,
    ) -> LossTerms:
        """Compute the losses; those of regression tasks under the learned residual."""
        terms = criterion.terms(outputs, codes, weight, task_of_row)
        if self.residual is None:
            return terms
        return self.residual.judge(terms, outputs, codes, weight, task_of_row)

    def direct_pass(self) -> DirectPass | None:
        """A pass without a graph, where the encoder is plain."""
        if not DirectPass.supports(self.encoder):
            return None
        return DirectPass(self.encoder, self.heads)

    def learning_rate_multipliers(self) -> list[tuple[Iterable[nn.Parameter], float]]:
        """The residual's variances learn as fast as the noise."""
        if self.residual is None:
            return []
        return [([self.residual.log_variance], self.residual_lr_multiplier)]

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """Biases and the residual."""
        residual = [] if self.residual is None else [*self.residual.parameters()]
        return [*super().undecayed_parameters(), *residual]

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Covariance of the residuals, where it is learned."""
        if self.residual is None:
            return {}
        return {"residual_covariance": self.residual.covariance().detach()}
