"""Selective sharing written by hand: a list of branches, some of which go away."""

import copy

import torch
from torch import nn

from tests.contracts._reference import PlainHardSharing, copy_of


class PlainSelective(PlainHardSharing):
    """A branch for each task; those of a group become one after the window."""

    def __init__(self, plan):
        super().__init__(plan)
        network = plan.network
        one = nn.ModuleList(copy_of(_First(layer)) for layer in network.branches.layers)
        self.branches = nn.ModuleList(copy.deepcopy(one) for _ in plan.specs)
        self.branch_of = list(range(len(plan.specs)))
        self.sharing = network.sharing
        self.n_steps = 0
        self.sums = torch.zeros(len(plan.specs), dtype=torch.float64)
        self.totals = torch.zeros_like(self.sums)

    def read(self, z):
        received = []
        for group in self.branch_of:
            own = z
            for layer in self.branches[group]:
                own = torch.relu(layer(own))
            received.append(own)
        return received

    def objective(self, x, codes, weight, row_weight, progress):
        if self.n_steps == self.sharing.window:
            self.merge()
        self.n_steps += 1
        return super().objective(x, codes, weight, row_weight, progress)

    def task_loss(self, task, outputs, codes, weight):
        loss = super().task_loss(task, outputs, codes, weight)
        if self.n_steps <= self.sharing.window:
            total = weight[:, task].sum()
            self.sums[task] += loss.detach() * total
            self.totals[task] += total
        return loss

    def merge(self):
        losses = self.sums / self.totals
        groups = self.sharing.sharing
        for group in sorted(set(groups)):
            tasks = [task for task, own in enumerate(groups) if own == group]
            kept = min(tasks, key=lambda task: float(losses[task]))
            if self.sharing.merge == "mean":
                self._to_mean(tasks, kept)
            for task in tasks:
                self.branch_of[task] = kept

    def _to_mean(self, tasks, kept):
        """Averages of the weights, and of what the optimiser remembers."""
        parameters = zip(
            *(self.branches[task].parameters() for task in tasks), strict=True
        )
        for place, own in enumerate(parameters):
            target = list(self.branches[kept].parameters())[place]
            with torch.no_grad():
                target.copy_(torch.stack(list(own)).mean(0))
            states = [self.optimizer.state[parameter] for parameter in own]
            means = {
                name: torch.stack([state[name] for state in states]).mean(0)
                for name in ("exp_avg", "exp_avg_sq")
            }
            self.optimizer.state[target].update(means)

    def trained(self):
        *encoder, weight, bias = super().trained()
        order = sorted(set(self.branch_of), key=self.branch_of.index)
        layers = []
        for depth in range(len(self.branches[0])):
            for name in ("weight", "bias"):
                own = [getattr(self.branches[group][depth], name) for group in order]
                layers.append(torch.stack(own))
        return [*encoder, weight, bias, *layers]


class _First:
    """The first of the stacked layers; all start alike."""

    def __init__(self, layer):
        self.weight, self.bias = layer.weight[0], layer.bias[0]
