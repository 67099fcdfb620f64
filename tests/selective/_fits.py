"""Small networks of selective sharing, and plans to train them."""

import warnings

import numpy as np
import torch

from skmtl import SelectiveSharingClassifier
from skmtl._base._prepare import prepare
from skmtl.exceptions import TaskGroupWarning

QUICK = {
    "hidden_layer_sizes": (7,),
    "branch_layer_sizes": (6, 5),
    "max_epochs": 3,
    "batch_size": 16,
    "lr": 0.01,
    "window": 4,
    "random_state": 0,
    "device": "cpu",
}


BRIEF = {"max_epochs": 3, "window": 10, "batch_size": 64}


def fit(estimator, X, y, **parameters):
    """Fit, whatever tasks are said to stand alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        return estimator(**{**BRIEF, "random_state": 0, **parameters}).fit(X, y)


def tables(n_rows=48, n_classes=(2, 3, 2, 2), one_task_per_row=False):
    """Features, and classes that depend on them."""
    random = np.random.RandomState(0)
    X = random.normal(size=(n_rows, 5))
    scores = X @ random.normal(size=(5, len(n_classes)))
    y = np.column_stack(
        [
            np.digitize(score, np.quantile(score, np.arange(1, count) / count))
            for score, count in zip(scores.T, n_classes, strict=True)
        ]
    ).astype(float)
    if one_task_per_row:
        own = np.arange(n_rows) % len(n_classes)
        y[own[:, None] != np.arange(len(n_classes))] = np.nan
    return X, y


def make_plan(X, y, estimator=SelectiveSharingClassifier, **parameters):
    """Prepare a fit."""
    chosen = estimator(**{**QUICK, **parameters})
    return prepare(chosen, X, y, None, random_state=np.random.RandomState(0)).plans[0]


def scrambled(network, branch_of):
    """Give a network other weights, and branches to several tasks."""
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(
                0.3 * torch.randn(parameter.shape, generator=random).to(parameter)
            )
        network.heads.weight.mul_(network.valid.unsqueeze(-1))
        network.heads.bias.mul_(network.valid)
        network.branch_of.copy_(torch.tensor(branch_of))
    return network


def by_hand(network, x):
    """Hidden units of every task's branch, one row and task after the other."""
    z = network.encode(x)
    hidden = []
    for task in range(network.n_tasks):
        own = z
        for layer in network.branches.layers:
            slot = int(network.branch_of[task])
            own = torch.relu(own @ layer.weight[slot].T + layer.bias[slot])
        hidden.append(own)
    return hidden
