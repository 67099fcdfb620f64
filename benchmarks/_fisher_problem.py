"""Networks of which the Fisher information is measured."""

import numpy as np
import torch
from torch import nn

from skmtl.nn import ConvEncoder, MLPEncoder, TaskHeads
from skmtl.tasks import TaskSpec

N_ROWS, N_CLASSES = 1024, 10
# Network, tasks, kind, factor of the heads' weights.
PROBLEMS = {
    "one task": ("mlp", 1, "predicted", 1),
    "ten tasks": ("mlp", 10, "predicted", 1),
    "exact": ("mlp", 1, "exact", 1),
    "CNN, ten tasks": ("cnn", 10, "predicted", 1),
    "one task, sure": ("mlp", 1, "predicted", 300),
}


class Problem:
    """An encoder with heads, and the same as modules of torch."""

    def __init__(self, network, n_tasks, kind, factor):
        random = torch.Generator().manual_seed(0)
        self.kind, self.n_tasks = kind, n_tasks
        self.x = torch.rand(N_ROWS, 784, generator=random)
        if network == "mlp":
            self.encoder = MLPEncoder(784, [256, 256], None, random)
            layers = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
        else:
            self.encoder = ConvEncoder((1, 28, 28), [64], None, random)
            self.x = self.x.reshape(-1, 1, 28, 28)
            layers = [
                *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Flatten(), nn.Linear(32 * 49, 64), nn.ReLU()),
            ]
        self.plain = nn.Sequential(*layers)
        width = self.encoder.out_features
        self.heads = TaskHeads(width, [N_CLASSES] * n_tasks, random)
        self.plain_heads = [nn.Linear(width, N_CLASSES) for _ in range(n_tasks)]
        with torch.no_grad():
            self.heads.weight *= factor
            pairs = zip(self.plain.parameters(), self.encoder.parameters(), strict=True)
            for own, other in pairs:
                own.copy_(other)
            for task, head in enumerate(self.plain_heads):
                head.weight.copy_(self.heads.weight[task])
                head.bias.copy_(self.heads.bias[task])
        classes = np.arange(N_CLASSES)
        self.specs = [
            TaskSpec(f"task {task}", "multiclass", classes) for task in range(n_tasks)
        ]
