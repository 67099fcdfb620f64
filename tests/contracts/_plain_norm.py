"""Batch norm of each task by torch's own, on the rows that have a label of it."""

import torch
import torch.nn.functional as F

from tests.contracts._plain_sparse import PlainSparse
from tests.contracts._reference import PlainHardSharing

MOMENTUM, EPSILON = 0.1, 1e-5


class _Normed:
    """Norms between hidden layers and their activations."""

    def __init__(self, plan):
        super().__init__(plan)
        widths = [len(layer.bias) for layer in self.layers]
        self.scales, self.shifts, self.means, self.variances = (
            [[fill(width, dtype=torch.float64) for _ in self.heads] for width in widths]
            for fill in (torch.ones, torch.zeros, torch.zeros, torch.ones)
        )
        for own in self.affine():
            own.requires_grad_()
        for layer in self.layers:
            layer.bias.requires_grad_(False)
        self.evaluates = False

    def affine(self):
        return [own for layer in (*self.scales, *self.shifts) for own in layer]

    def groups(self, lr, weight_decay):
        own = {"params": self.affine(), "lr": lr, "weight_decay": 0.0}
        return [*super().groups(lr, weight_decay), own]

    def objective(self, x, codes, weight, row_weight, progress):
        self.seen = weight > 0
        return super().objective(x, codes, weight, row_weight, progress)

    def norm(self, x, place, task):
        own = self.scales[place][task], self.shifts[place][task]
        means, variances = self.means[place], self.variances[place]
        if self.evaluates:
            return F.batch_norm(x, means[task], variances[task], *own, eps=EPSILON)
        seen = self.seen[:, task]
        rows, found = x[seen], torch.zeros_like(x)
        found[seen] = F.batch_norm(rows, None, None, *own, True, eps=EPSILON)
        variance = rows.detach().var(0, correction=0)
        variance = torch.where(variance > 0, variance, variances[task])
        means[task] = torch.lerp(means[task], rows.detach().mean(0), MOMENTUM)
        variances[task] = torch.lerp(variances[task], variance, MOMENTUM)
        return found

    def trained(self):
        n_hidden = 2 * len(self.layers)
        plain = super().trained()
        pairs = zip(self.scales, self.shifts, strict=True)
        norms = [torch.stack(own) for pair in pairs for own in pair]
        return [*plain[:n_hidden], *norms, *plain[n_hidden:]]


class PlainNormedSharing(_Normed, PlainHardSharing):
    """Hard sharing, with a pass for each task."""

    def objective(self, x, codes, weight, row_weight, progress):
        self.seen, outputs = weight > 0, []
        for task, head in enumerate(self.heads):
            z = x
            for place, layer in enumerate(self.layers):
                z = torch.relu(self.norm(layer(z), place, task))
            outputs.append(head(z if self.latent is None else self.latent(z)))
        return self.losses(outputs, codes, weight)


class PlainNormedSparse(_Normed, PlainSparse):
    """Masks, and information by the running statistics."""

    def encode_task(self, x, task, weights):
        for place, _ in enumerate(self.layers):
            x = torch.relu(self.norm(x @ weights[place].T, place, task))
        if self.latent is not None:
            x = x @ weights[-1].T + self.latent.bias
        return x if self.units is None else x * self.units[task]

    def information(self, *args):
        self.evaluates = True
        found = super().information(*args)
        self.evaluates = False
        return found
