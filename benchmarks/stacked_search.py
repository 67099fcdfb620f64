"""Search over ten prices and five folds: as stacks, and one fit after the other.

Questions: how much faster is StackedGridSearchCV than GridSearchCV over the same
estimator, and over a stock skorch net of the same architecture, with two processes of
one thread each? What does an ensemble of 16 cost beside one network?

Every contender trains for the same number of epochs with batches of 128. Ratios are
medians over repeats in which the contenders follow each other; wall time, since they
work in processes. Run

    python benchmarks/stacked_search.py [--repeats 5] [--only search|ensemble] [--fresh]
"""

import argparse
import os
import warnings

# Workers inherit it: groups of tasks are not the question here.
os.environ["PYTHONWARNINGS"] = "ignore"

import numpy as np
import torch
from _digit_tasks import BATCH, bottleneck, load, prices, seconds
from _rows import Rows
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV, KFold
from skorch import NeuralNet
from threadpoolctl import threadpool_limits
from torch import nn

from skmtl.model_selection import StackedGridSearchCV

EPOCHS = {"digits": 40, "mnist": 3}


class StockNetwork(nn.Module):
    """The same architecture in plain torch: encoder, channels, heads."""

    def __init__(self, n_features, n_tasks=4, n_classes=4, latent=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_features, 32),
            nn.ReLU(),
            nn.Linear(32, 32),
            nn.ReLU(),
            nn.Linear(32, latent),
        )
        self.log_variance = nn.Parameter(0.1 * torch.randn(n_tasks, latent))
        self.heads = nn.ModuleList(nn.Linear(latent, n_classes) for _ in range(n_tasks))

    def forward(self, X):
        """Logits of all tasks, and the representation."""
        z = self.encoder(X)
        logits = []
        for level, head in zip(self.log_variance, self.heads, strict=True):
            w = z
            if self.training:
                w = z + (0.5 * level).exp() * torch.randn_like(z)
            logits.append(head(w))
        return torch.stack(logits, 1), z


class StockNet(NeuralNet):
    """A skorch net with the loss of the bottleneck."""

    def __init__(self, *args, beta=0.05, **kwargs):
        self.beta = beta
        super().__init__(*args, **kwargs)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Cross-entropies and the price of information."""
        logits, z = y_pred
        loss = sum(
            nn.functional.cross_entropy(logits[:, task], y_true[:, task])
            for task in range(logits.shape[1])
        )
        ratio = z.var(0, correction=0) / self.module_.log_variance.exp()
        return loss + self.beta * 0.5 * ratio.log1p().sum()

    def score(self, X, y):
        """Mean accuracy over tasks."""
        logits = self.forward(X)[0]
        return float((logits.argmax(-1).numpy() == y).mean())


def stock_net(epochs, n_features):
    """A skorch net as it comes."""
    return StockNet(
        StockNetwork,
        module__n_features=n_features,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=3e-3,
        batch_size=BATCH,
        max_epochs=epochs,
        train_split=None,
        verbose=0,
    )


def searches(name):
    """The contenders, as functions of nothing."""
    X, y = load(name)
    own, stock = bottleneck(EPOCHS[name]), stock_net(EPOCHS[name], X.shape[1])
    grid = {"beta": prices(10)}
    settings = {"cv": KFold(5), "n_jobs": 2, "refit": False, "error_score": "raise"}
    alone = {**settings, "n_jobs": 1}
    single = X.astype(np.float32)
    return {
        "stacked": lambda: StackedGridSearchCV(own, grid, **settings).fit(X, y),
        "stacked, one process": lambda: StackedGridSearchCV(own, grid, **alone).fit(
            X, y
        ),
        "grid": lambda: GridSearchCV(own, grid, **settings).fit(X, y),
        "grid of stock nets": lambda: GridSearchCV(stock, grid, **settings).fit(
            single, y
        ),
    }


def warm_up():
    """Start the worker processes and let them import what they need."""
    X, y = load("digits")
    Parallel(n_jobs=2)(delayed(bottleneck(1).fit)(X, y) for _ in range(8))


def compare_searches(rows, repeats):
    """Time all contenders, interleaved."""
    warm_up()
    for name in EPOCHS:
        taken = {}
        for repeat in range(repeats):
            for contender, run in searches(name).items():
                row = rows.get(
                    lambda run=run: {"seconds": seconds(run)},
                    part="search",
                    data=name,
                    contender=contender,
                    repeat=repeat,
                )
                taken.setdefault(contender, []).append(row["seconds"])
        for contender, own in taken.items():
            ratio = np.median(np.array(own) / taken["stacked"])
            print(
                f"{name:8s}{contender:22s}{np.median(own):8.2f} s, "
                f"{ratio:6.2f} times the stacked search",
                flush=True,
            )


def one_and_many(repeat):
    """Time and accuracy of one network and of 16, defaults, two threads."""
    torch.set_num_threads(2)
    X, y = load("digits")
    order = np.random.RandomState(repeat).permutation(len(X))
    train, test = order[:1200], order[1200:]
    found = {}
    for count in (1, 16):
        est = bottleneck("auto", n_estimators=count, random_state=repeat)
        found[f"seconds_{count}"] = seconds(lambda est=est: est.fit(X[train], y[train]))
        found[f"accuracy_{count}"] = est.score(X[test], y[test])
    torch.set_num_threads(1)
    return found


def ensembles(rows, repeats):
    """Cost and gain of 16 members on digits."""
    found = [
        rows.get(lambda r=repeat: one_and_many(r), part="ensemble", repeat=repeat)
        for repeat in range(repeats)
    ]
    ratio = np.median([row["seconds_16"] / row["seconds_1"] for row in found])
    one, many = (np.mean([row[f"accuracy_{n}"] for row in found]) for n in (1, 16))
    print(
        f"digits, 16 members on two threads: {ratio:.2f} times the time of one, "
        f"accuracy {many:.4f} beside {one:.4f}"
    )


def main():
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    rows = Rows("stacked_search", options.fresh)
    print(f"threads: {torch.get_num_threads()}, processes: 2")
    if options.only in ("", "search"):
        compare_searches(rows, options.repeats)
    if options.only in ("", "ensemble"):
        ensembles(rows, 2 * options.repeats)


if __name__ == "__main__":
    main()
