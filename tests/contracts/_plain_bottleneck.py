"""The bottlenecks written by hand in plain torch."""

import math

import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from tests.contracts._reference import PlainHardSharing, copy_of


class PlainBottleneck(PlainHardSharing):
    """Noise on the representation, and its price as a divergence of Gaussians."""

    def __init__(self, plan):
        super().__init__(plan)
        network = plan.network
        self.log_variance = _copied(network.noise_log_variance)
        self.marginal = _copied(network.marginal_log_variance)
        self.beta, self.gamma = network.beta.tolist(), float(network.gamma)
        self.warmup, self.noise = network.warmup, network.noise
        self.multiplier = network.noise_lr_multiplier
        residual = network.residual
        self.residual = None if residual is None else _copied(residual.log_variance)
        full = residual is not None and residual.correlated
        self.directions = _copied(residual.directions) if full else None
        self.encoder_rests = self.noise_rests = False

    def objective(self, x, codes, weight, row_weight, progress):
        if self.noise == "fixed":
            self.noise_rests, self.encoder_rests = progress < 0.5, progress >= 0.5
        return super().objective(x, codes, weight, row_weight, progress)

    def encode(self, x):
        z = super().encode(x)
        return z.detach() if self.encoder_rests else z

    def levels(self):
        """Log-variances of the noise, one vector for each channel."""
        return self.log_variance.detach() if self.noise_rests else self.log_variance

    def read(self, z):
        levels = self.levels()
        shape = (len(levels), *z.shape)
        noise = torch.empty(shape).normal_(generator=self.generator).to(z.dtype)
        received = [
            z + own.exp().sqrt() * draw for own, draw in zip(levels, noise, strict=True)
        ]
        return received * (len(self.heads) // len(received))

    def penalty(self, z, share, progress):
        price = min(1.0, progress / self.warmup) if self.warmup else 1.0
        mean = (share[:, None] * z).sum(0)
        variance = (share[:, None] * (z - mean) ** 2).sum(0)
        levels = self.levels()
        payers = [[beta] for beta in self.beta]
        if self.noise == "shared":
            payers = [self.beta]
        total, precision = 0.0, 0.0
        for channel, (betas, own) in enumerate(zip(payers, levels, strict=True)):
            marginal = Normal(mean, (own.exp() + variance).sqrt())
            if self.marginal is not None:
                marginal = Normal(0 * mean, self.marginal[channel].exp().sqrt())
            divergence = kl_divergence(Normal(z, own.exp().sqrt()), marginal)
            total = total + sum(betas) * (share[:, None] * divergence).sum()
            precision = precision + 1 / own.exp()
        # All channels together are one Gaussian channel of the summed precision.
        together = kl_divergence(
            Normal(z, precision.rsqrt()),
            Normal(mean, (1 / precision + variance).sqrt()),
        )
        mean_beta = sum(self.beta) / len(self.beta)
        joint = self.gamma * mean_beta * (share[:, None] * together).sum()
        return price * (total + joint) / (1 + self.gamma)

    def losses(self, outputs, codes, weight):
        if self.directions is None:
            return super().losses(outputs, codes, weight)
        correlation = torch.nn.functional.normalize(self.directions)
        correlation = correlation @ correlation.T
        floor = 1e-6 * torch.eye(len(correlation), dtype=correlation.dtype)
        deviation = (self.residual / 2).exp()
        whole = deviation.outer(deviation) * ((1 - 1e-6) * correlation + floor)
        error = torch.cat(outputs, 1) - codes
        share = weight / weight.sum(0).clamp_min(1e-300)
        total = 0.0
        for row, seen in enumerate(weight > 0):
            if seen.any():
                normal = MultivariateNormal(0 * error[row, seen], whole[seen][:, seen])
                likelihood = _bare(normal.log_prob(error[row, seen]), int(seen.sum()))
                total = total - share[row, seen].mean() * likelihood
        return total

    def task_loss(self, task, outputs, codes, weight):
        if self.residual is None or self.specs[task].kind != "continuous":
            return super().task_loss(task, outputs, codes, weight)
        seen, own = weight[:, task] > 0, weight[:, task]
        normal = Normal(outputs[seen, 0], (self.residual[task] / 2).exp())
        likelihood = _bare(normal.log_prob(codes[seen, task]), 1)
        return -(likelihood * own[seen]).sum() / own[seen].sum()

    def _fast(self):
        found = (self.log_variance, self.marginal, self.residual)
        return [parameter for parameter in found if parameter is not None]

    def groups(self, lr, weight_decay):
        rate = {"lr": lr * self.multiplier, "weight_decay": 0.0}
        groups = [*super().groups(lr, weight_decay), {"params": self._fast(), **rate}]
        if self.directions is not None:
            own = {"params": [self.directions], "lr": lr, "weight_decay": 0.0}
            groups.append(own)
        return groups

    def trained(self):
        channels = [self.log_variance, self.marginal]
        residual = [self.residual, self.directions]
        parameters = [*channels, *super().trained(), *residual]
        return [own for own in parameters if own is not None]


class PlainMTVIB(PlainHardSharing):
    """A Gaussian representation, and losses weighted by learned precisions."""

    def __init__(self, plan):
        network = plan.network
        encoder = network.encoder
        super().__init__(plan, encoder.body)
        self.mean = copy_of(encoder.mean)
        self.spread = copy_of(encoder.log_variance)
        self.beta = float(network.beta)
        self.logarithms = _copied(network.loss_log_variance)

    def encode(self, x):
        features = super().encode(x)
        return Normal(self.mean(features), (self.spread(features) / 2).exp())

    def read(self, z):
        noise = torch.empty(z.mean.shape).normal_(generator=self.generator)
        return [z.mean + z.stddev * noise.to(z.mean.dtype)] * len(self.heads)

    def penalty(self, z, share, progress):
        prior = Normal(torch.zeros_like(z.mean), torch.ones_like(z.stddev))
        divergence = (share[:, None] * kl_divergence(z, prior)).sum()
        weights = (-self.logarithms).exp()
        return (weights * self.beta / len(weights) * divergence).sum()

    def task_loss(self, task, outputs, codes, weight):
        own = self.logarithms[task]
        plain = super().task_loss(task, outputs, codes, weight)
        return plain / own.exp() + own / 2

    def groups(self, lr, weight_decay):
        own = {"params": [self.logarithms], "lr": lr, "weight_decay": 0.0}
        return [*super().groups(lr, weight_decay), own]

    def trained(self):
        *encoder, weight, bias = super().trained()
        layers = [self.mean.weight, self.mean.bias, self.spread.weight]
        return [self.logarithms, *encoder, *layers, self.spread.bias, weight, bias]


def _copied(parameter):
    if parameter is None:
        return None
    return nn.Parameter(parameter.detach().clone())


def _bare(log_probability, n_tasks):
    """Without the constant of the normal density."""
    return log_probability + n_tasks * math.log(2 * math.pi) / 2
