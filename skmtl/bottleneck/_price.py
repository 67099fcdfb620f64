"""What the information in the channels costs, in nats, and its derivatives."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["Prices", "closed_price", "closed_price_terms", "learned_price"]


class Prices(NamedTuple):
    """Present prices of a nat.

    Parameters
    ----------
    own : Tensor of shape (*members, n_channels)
        Of what each channel lets through.
    joint : Tensor of shape (*members,)
        Of what all channels let through together.
    """

    own: Tensor
    joint: Tensor


def closed_price_terms(
    z: Tensor, log_variance: Tensor, row_weight: Tensor | None, prices: Prices
) -> tuple[Tensor, Tensor, Tensor]:
    """Capacities times their price, and the derivatives by z and the noise.

    The tensors are tiny and the formula long: built by autograd, it would cost a
    fifth of a training step.
    """
    centred, share, variance = _moments(z, row_weight)
    precision = (-log_variance).exp()
    ratio = variance.unsqueeze(-2) * precision
    joint = ratio.sum(-2)
    own = (prices.own * ratio.log1p().sum(-1)).sum(-1)
    penalty = 0.5 * (own + prices.joint * joint.log1p().sum(-1))
    slope = prices.own.unsqueeze(-1) / (1 + ratio)
    slope += (prices.joint.unsqueeze(-1) / (1 + joint)).unsqueeze(-2)
    slope *= 0.5
    by_variance = (slope * precision).sum(-2, keepdim=True)
    return penalty, centred * share * (2 * by_variance), -ratio * slope


def closed_price(
    z: Tensor, log_variance: Tensor, row_weight: Tensor | None, prices: Prices
) -> Tensor:
    """Price under the best Gaussian marginals: that of the channels' capacities.

    Parameters
    ----------
    z : Tensor of shape (*members, batch, latent)
    log_variance : Tensor of shape (*members, n_channels, latent)
        Of the noise.
    row_weight : Tensor of shape ([*members,] batch), or None
    prices : Prices

    Returns
    -------
    Tensor of shape (*members,)
    """
    penalty: Tensor = _ClosedPrice.apply(z, log_variance, row_weight, *prices)
    return penalty


class _ClosedPrice(torch.autograd.Function):
    """Autograd's view of :func:`closed_price_terms`."""

    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        log_variance: Tensor,
        row_weight: Tensor | None,
        own: Tensor,
        joint: Tensor,
    ) -> Tensor:
        penalty, *gradients = closed_price_terms(
            z, log_variance, row_weight, Prices(own, joint)
        )
        ctx.save_for_backward(*gradients)
        return penalty

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        by_z, by_log_variance = ctx.saved_tensors
        factor = upstream[0][..., None, None]
        return by_z * factor, by_log_variance * factor, None, None, None


def learned_price(
    z: Tensor,
    log_variance: Tensor,
    marginal_log_variance: Tensor,
    row_weight: Tensor | None,
    prices: Prices,
) -> Tensor:
    """Price under Gaussian marginals of mean zero and learned variance.

    The divergence of channel and marginal, ``[log(xi^2 / sigma^2) + (sigma^2 + z^2) /
    xi^2 - 1] / 2`` in nats, averaged over the rows, bounds each channel's information
    from above. What all channels let through together keeps its closed form.

    Parameters
    ----------
    z : Tensor of shape (*members, batch, latent)
    log_variance, marginal_log_variance : Tensor of shape (*members, n_channels, latent)
        Of the noise, and of what a channel puts out.
    row_weight : Tensor of shape ([*members,] batch), or None
    prices : Prices

    Returns
    -------
    Tensor of shape (*members,)
    """
    centred, _, variance = _moments(z, row_weight)
    mean = (z - centred)[..., 0, :]
    power = (variance + mean.square()).unsqueeze(-2)
    spread = (log_variance.exp() + power) * (-marginal_log_variance).exp()
    divergence = 0.5 * (marginal_log_variance - log_variance + spread - 1)
    together = (variance.unsqueeze(-2) * (-log_variance).exp()).sum(-2)
    joint = 0.5 * prices.joint * together.log1p().sum(-1)
    return (prices.own * divergence.sum(-1)).sum(-1) + joint


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
