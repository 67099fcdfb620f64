"""The methods written by hand in plain torch: one network, loops over tasks."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class PlainHardSharing(nn.Module):
    """A list of linear layers, one linear head per task, losses one by one."""

    def __init__(self, plan, encoder=None):
        super().__init__()
        encoder, heads = encoder or plan.network.encoder, plan.network.heads
        self.layers = nn.ModuleList(map(copy_of, encoder.hidden))
        self.latent = None
        if encoder.latent is not None:
            self.latent = copy_of(encoder.latent)
        self.heads = nn.ModuleList(
            _linear(
                heads.weight[task, : spec.n_outputs], heads.bias[task, : spec.n_outputs]
            )
            for task, spec in enumerate(plan.specs)
        )
        for head, spec in zip(self.heads, plan.specs, strict=True):
            # Differences of scores do not depend on it.
            head.bias.requires_grad_(spec.kind != "ranking")
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
        """Sum of the tasks' losses, and the penalty."""
        z = self.encode(x)
        pairs = zip(self.heads, self.read(z), strict=True)
        outputs = [head(received) for head, received in pairs]
        share = row_weight / row_weight.sum()
        return self.losses(outputs, codes, weight) + self.penalty(z, share, progress)

    def before_step(self):
        """Hear of a step that is about to be taken."""

    def after_step(self, optimizer, step, n_steps):
        """Hear how many steps are taken."""

    def after_epoch(self, optimizer, epoch, n_epochs, data):
        """Hear of a finished epoch; ``data`` are rows, codes and weights."""

    def losses(self, outputs, codes, weight):
        """Sum of the tasks' mean losses over their observed rows."""
        total = 0.0
        for task in range(len(self.specs)):
            if (weight[:, task] > 0).any():
                total = total + self.task_loss(task, outputs[task], codes, weight)
        return total

    def task_loss(self, task, outputs, codes, weight):
        seen = weight[:, task] > 0
        own = weight[seen, task]
        if self.specs[task].kind == "ranking":
            return ranking_loss(outputs[seen, 0], codes[seen, task], own)
        rows = row_losses(self.specs[task], outputs[seen], codes[seen, task])
        return (rows * own).sum() / own.sum()

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


def ranking_loss(scores, codes, weight):
    """Mean over all pairs of rows, whose weight is the product of those of the rows."""
    upper, lower = torch.nonzero(codes[:, None] > codes, as_tuple=True)
    if not len(upper):
        return 0.0
    pairs = weight[upper] * weight[lower]
    margins = 1 - (scores[upper] - scores[lower])
    return (pairs * torch.relu(margins) ** 2).sum() / pairs.sum()


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
    # For methods that change what it remembers.
    plain.optimizer = optimizer
    rates = [group["lr"] for group in optimizer.param_groups]
    shuffle = torch.Generator().manual_seed(plan.shuffle_seed)
    weight = torch.ones_like(data.codes) if data.weight is None else data.weight
    row_weight = torch.ones_like(data.codes[:, 0])
    if data.row_weight is not None:
        row_weight = data.row_weight
    rows = torch.arange(len(data.x)) if data.rows is None else data.rows
    n_steps = settings.max_epochs * math.ceil(len(rows) / settings.batch_size)
    step = 0
    for epoch in range(1, settings.max_epochs + 1):
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
            plain.before_step()
            optimizer.step()
            step += 1
            plain.after_step(optimizer, step, n_steps)
        own = data.x[rows], data.codes[rows], weight[rows]
        plain.after_epoch(optimizer, epoch, settings.max_epochs, own)
    return plain.trained()


def copy_of(layer):
    """One of the package's layers as a layer of torch."""
    return _linear(layer.weight, layer.bias)


def _linear(weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def _pad(values, widest):
    padding = [0, 0] * (values.dim() - 1) + [0, widest - values.shape[0]]
    return F.pad(values, padding)
