"""Time against the number of members, on an accelerator and on its host's CPU.

Question: how many networks train on a GPU in the time of one? 16,000 pictures of MNIST,
four tasks, one set of rows. The hierarchical bottleneck has a price of its own for each
member; Fisher masks, chosen anew every epoch, a keep ratio; selective sharing a seed.
The time of an epoch is the difference between fits of three epochs and of one. Then a
search over ten values and five folds. Run on a machine with CUDA:

    python benchmarks/gpu_members.py [--method NAME] [--most 1000] [--repeats 3]
"""

import argparse
import warnings

import numpy as np
import torch
from _digit_tasks import BATCH, load, prices, seconds
from sklearn.model_selection import GridSearchCV, KFold

from skmtl import (
    FisherSparseMTLClassifier,
    HierarchicalIBClassifier,
    SelectiveSharingClassifier,
)
from skmtl.model_selection import StackedGridSearchCV, fit_stack

N_ROWS = 16_000
SETTINGS = {"batch_size": BATCH, "random_state": 0}


def ratios(count):
    """Keep ratios from few to nearly all."""
    return np.linspace(0.1, 0.9, count).tolist()


# Estimator with its settings, the parameter in which members differ, and its values.
METHODS = {
    "bottleneck": (HierarchicalIBClassifier, {}, "beta", prices),
    "fisher": (
        FisherSparseMTLClassifier,
        {"warmup": 0, "update_every": 1},
        "keep_ratio",
        ratios,
    ),
    "selective": (
        SelectiveSharingClassifier,
        {"weight_decay": 1.0},  # "auto" measures noise for each seed, on the CPU
        "random_state",
        lambda count: list(range(count)),
    ),
}


def make(method, device, epochs, **own):
    """One estimator."""
    estimator, settings, *_ = METHODS[method]
    given = {**SETTINGS, **settings, **own}
    return estimator(max_epochs=epochs, device=device, **given)


def fit(method, device, members, epochs, X, y):
    """Fit members that differ in one parameter."""
    *_, name, values = METHODS[method]
    stack = [make(method, device, epochs, **{name: own}) for own in values(members)]
    fit_stack(stack, X, y, max_stack=members)
    if device == "cuda":
        torch.cuda.synchronize()


def step_time(method, device, members, X, y, repeats):
    """Median milliseconds of a step of all members."""
    n_steps = -(-len(X) // BATCH)
    found = []
    for _ in range(repeats):
        short, long = (
            seconds(lambda e=epochs: fit(method, device, members, e, X, y))
            for epochs in (1, 3)
        )
        found.append(1e3 * (long - short) / (2 * n_steps))
    return float(np.median(found))


def search(method, device, X, y, repeats):
    """Tell what a search over ten values and five folds takes in both ways."""
    *_, name, values = METHODS[method]
    grid, folds = {name: values(10)}, {"cv": KFold(5), "refit": False}
    stacked, one_by_one = [], []
    for _ in range(repeats):
        for way, taken in (
            (StackedGridSearchCV, stacked),
            (GridSearchCV, one_by_one),
        ):
            own = way(make(method, device, 3), grid, **folds)
            taken.append(seconds(lambda own=own: own.fit(X, y)))
    ratio = np.median(np.array(one_by_one) / stacked)
    print(
        f"{device} search, 50 fits of 3 epochs: stacked {np.median(stacked):.2f} s, "
        f"one after the other {np.median(one_by_one):.2f} s, ratio {ratio:.1f}",
        flush=True,
    )


def main():
    """Print a table for each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--most-cpu", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-search", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = load("mnist")
    X, y = X[:N_ROWS], y[:N_ROWS]
    print(f"torch {torch.__version__}, CPU threads: {torch.get_num_threads()}")
    devices = [("cpu", options.most_cpu)]
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
        devices.insert(0, ("cuda", options.most))
    for method in [options.method] if options.method else METHODS:
        print(f"== {method}")
        for device, most in devices:
            if most:
                fit(method, device, 1, 1, X, y)
            for members in (1, 10, 50, 100, 300, 1000):
                if members > most:
                    break
                taken = step_time(method, device, members, X, y, options.repeats)
                print(
                    f"{device:5s}{members:5d} members: {taken:8.3f} ms a step, "
                    f"{taken / members:.4f} a member",
                    flush=True,
                )
        if not options.no_search:
            search(method, devices[0][0], X, y, options.repeats)


if __name__ == "__main__":
    main()
