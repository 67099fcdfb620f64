"""Two digits laid over each other (MultiMNIST): the paper's table IV."""

from itertools import product

import numpy as np
from _bottleneck_runs import Job, mnist_pictures, rows_of, run_stack

from skmtl import HierarchicalIBClassifier, MTVIBClassifier
from skmtl.datasets import make_overlaid_images

BETAS = (0.0, 1e-4, 1e-3, 1e-2)
LEAST = 0.75
METHODS = {"HierarchicalIB": HierarchicalIBClassifier, "MTVIB": MTVIBClassifier}


def pictures(state, options):
    """Training and test pictures in [0, 1], overlaid apart, and their digits."""
    X, y, X_test, y_test = mnist_pictures()
    n_train, n_test = options.few((None, None), (1000, 500))
    found = []
    for images, digit, count in ((X, y, n_train), (X_test, y_test, n_test)):
        tasks = make_overlaid_images(
            images, digit, n_samples=count, jitter=0.5, random_state=state
        )
        found += [tasks.data.astype(np.float32) / np.float32(255), tasks.target]
    return found


def multimnist(options):
    """Accuracy of both digits by method and price; five seeds of network and batches.

    The pictures are made once. All seeds and prices of a method are one stack.
    """
    rows = rows_of("multimnist", options)
    table = {pair: [] for pair in product(METHODS, BETAS)}
    X, y, X_test, y_test = pictures(0, options)
    for name, estimator in METHODS.items():
        if not options.wants(name):
            continue
        jobs = [
            Job(
                {"method": name, "beta": beta, "seed": seed},
                estimator(
                    beta=beta,
                    latent_dim=4,
                    encoder="conv",
                    hidden_layer_sizes=(128,),
                    max_epochs=options.few(25, 2),
                    random_state=seed,
                    device=options.device,
                ),
                y,
                lambda est: {
                    "accuracies": np.round(est.score_tasks(X_test, y_test), 4).tolist()
                },
            )
            for seed in range(options.few(5, 2))
            for beta in BETAS
        ]
        for row in run_stack(rows, f"multimnist {name}", jobs, X):
            table[name, row["beta"]].append(row["accuracies"])
    print("paper: no noise 87.9 / 86.8")
    for (name, beta), found in table.items():
        if not found:
            continue
        base = np.mean(table[name, BETAS[0]])
        low = sum(min(own) < LEAST for own in found)
        means = " / ".join(f"{100 * own:.1f}" for own in np.mean(found, axis=0))
        print(
            f"{name:16s}beta {beta:7g}: {means}, change "
            f"{100 * (np.mean(found) - base):+.2f} points, lowest digit "
            f"{100 * np.min(found):.1f}, runs under {LEAST}: {low} of {len(found)}",
            flush=True,
        )
