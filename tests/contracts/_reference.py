"""The methods written by hand in plain torch: one network, loops over tasks."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal, kl_divergence


class PlainHardSharing(nn.Module):
    """A list of linear layers, one linear head per task, losses one by one."""

    def __init__(self, plan):
        super().__init__()
        network = plan.network
        encoder, heads = network.encoder, network.heads
        self.layers = nn.ModuleList(
            _linear(own.weight, own.bias) for own in encoder.hidden
        )
        self.latent = None
        if encoder.latent is not None:
            self.latent = _linear(encoder.latent.weight, encoder.latent.bias)
        self.heads = nn.ModuleList(
            _linear(
                heads.weight[task, : spec.n_outputs], heads.bias[task, : spec.n_outputs]
            )
            for task, spec in enumerate(plan.specs)
        )
        self.specs = plan.specs
        self.generator = torch.Generator().manual_seed(plan.noise_seed)

    def encode(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x if self.latent is None else self.latent(x)

    def read(self, z):
        """What each task's head reads."""
        return [z] * len(self.heads)

    def penalty(self, z, share, progress):
        return 0.0

    def objective(self, x, codes, weight, row_weight, progress):
        """Sum of the tasks' mean losses, and the penalty."""
        z = self.encode(x)
        total = 0.0
        inputs = self.read(z)
        for task, (spec, head) in enumerate(zip(self.specs, self.heads, strict=True)):
            seen = weight[:, task] > 0
            if seen.any():
                rows = row_losses(spec, head(inputs[task][seen]), codes[seen, task])
                own = weight[seen, task]
                total = total + (rows * own).sum() / own.sum()
        share = row_weight / row_weight.sum()
        return total + self.penalty(z, share, progress)

    def groups(self, lr, weight_decay):
        """Parameter groups for AdamW."""
        named = dict(self.named_parameters())
        weights = [named[name] for name in named if name.endswith("weight")]
        biases = [named[name] for name in named if name.endswith("bias")]
        return [
            {"params": weights, "lr": lr, "weight_decay": weight_decay},
            {"params": biases, "lr": lr, "weight_decay": 0.0},
        ]

    def trained(self):
        """The parameters, laid out as those of the package's network."""
        layers = [*self.layers, *([] if self.latent is None else [self.latent])]
        encoder = [own for layer in layers for own in (layer.weight, layer.bias)]
        widest = max(spec.n_outputs for spec in self.specs)
        weight = [_pad(head.weight, widest) for head in self.heads]
        bias = [_pad(head.bias, widest) for head in self.heads]
        return [*encoder, torch.stack(weight), torch.stack(bias)]


class PlainBottleneck(PlainHardSharing):
    """Noise on the representation, and its price as a divergence of Gaussians."""

    def __init__(self, plan):
        super().__init__(plan)
        network = plan.network
        self.log_variance = nn.Parameter(network.noise_log_variance.detach().clone())
        self.beta, self.gamma = network.beta.tolist(), float(network.gamma)
        self.warmup = network.warmup
        self.multiplier = network.noise_lr_multiplier

    def read(self, z):
        shape = (len(self.heads), *z.shape)
        noise = torch.empty(shape).normal_(generator=self.generator).to(z.dtype)
        return [
            z + own.exp().sqrt() * draw
            for own, draw in zip(self.log_variance, noise, strict=True)
        ]

    def penalty(self, z, share, progress):
        price = min(1.0, progress / self.warmup) if self.warmup else 1.0
        mean = (share[:, None] * z).sum(0)
        variance = (share[:, None] * (z - mean) ** 2).sum(0)
        total = 0.0
        precision = 0.0
        for beta, own in zip(self.beta, self.log_variance, strict=True):
            channel = Normal(z, own.exp().sqrt())
            marginal = Normal(mean, (own.exp() + variance).sqrt())
            total = (
                total + beta * (share[:, None] * kl_divergence(channel, marginal)).sum()
            )
            precision = precision + 1 / own.exp()
        # All tasks together are one Gaussian channel of the summed precision.
        together = kl_divergence(
            Normal(z, precision.rsqrt()),
            Normal(mean, (1 / precision + variance).sqrt()),
        )
        mean_beta = sum(self.beta) / len(self.beta)
        joint = self.gamma * mean_beta * (share[:, None] * together).sum()
        return price * (total + joint) / (1 + self.gamma)

    def groups(self, lr, weight_decay):
        noise = {
            "params": [self.log_variance],
            "lr": lr * self.multiplier,
            "weight_decay": 0.0,
        }
        return [*super().groups(lr, weight_decay), noise]

    def trained(self):
        return [self.log_variance, *super().trained()]


def row_losses(spec, outputs, codes):
    """Loss of every row of one task."""
    if spec.kind == "multiclass":
        return F.cross_entropy(outputs, codes.long(), reduction="none")
    if spec.kind == "binary":
        share = torch.sigmoid(outputs[:, 0])
        return F.binary_cross_entropy(share, codes, reduction="none")
    return F.mse_loss(outputs[:, 0], codes, reduction="none") / 2


def fit_plainly(plain, plan):
    """Train with torch's own AdamW on the batches that the engine would see."""
    settings, data = plan.settings, plan.train
    optimizer = torch.optim.AdamW(plain.groups(settings.lr, settings.weight_decay))
    rates = [group["lr"] for group in optimizer.param_groups]
    shuffle = torch.Generator().manual_seed(plan.shuffle_seed)
    weight = torch.ones_like(data.codes) if data.weight is None else data.weight
    row_weight = torch.ones_like(data.codes[:, 0])
    if data.row_weight is not None:
        row_weight = data.row_weight
    rows = torch.arange(len(data.x)) if data.rows is None else data.rows
    n_steps = settings.max_epochs * math.ceil(len(rows) / settings.batch_size)
    step = 0
    for _ in range(settings.max_epochs):
        order = rows[torch.randperm(len(rows), generator=shuffle)]
        for at in order.split(settings.batch_size):
            factor = min(1.0, (n_steps - step) / (settings.lr_decay * n_steps))
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimizer.zero_grad()
            loss = plain.objective(
                data.x[at], data.codes[at], weight[at], row_weight[at], step / n_steps
            )
            loss.backward()
            optimizer.step()
            step += 1
    return plain.trained()


def _linear(weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def _pad(values, widest):
    padding = [0, 0] * (values.dim() - 1) + [0, widest - values.shape[0]]
    return F.pad(values, padding)
