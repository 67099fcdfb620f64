"""Time against the number of members, on an accelerator and on its host's CPU.

Question: how many networks train on a GPU in the time of one? 16,000 pictures of MNIST,
four tasks, the hierarchical bottleneck with a price of its own for each member, one
set of rows; the time of an epoch is the difference between fits of three epochs and of
one. Then the search over ten prices and five folds. Run on a machine with CUDA:

    python benchmarks/gpu_members.py [--most 1000] [--repeats 3]
"""

import argparse
import warnings

import numpy as np
import torch
from _digit_tasks import BATCH, bottleneck, load, prices, seconds
from sklearn.model_selection import GridSearchCV, KFold

from skmtl.model_selection import StackedGridSearchCV, fit_stack

N_ROWS = 16_000


def fit(device, members, epochs, X, y):
    """Fit members that differ in their price."""
    stack = [bottleneck(epochs, beta=own, device=device) for own in prices(members)]
    fit_stack(stack, X, y, max_stack=members)
    if device == "cuda":
        torch.cuda.synchronize()


def step_time(device, members, X, y, repeats):
    """Median milliseconds of a step of all members."""
    n_steps = -(-len(X) // BATCH)
    found = []
    for _ in range(repeats):
        short, long = (
            seconds(lambda e=epochs: fit(device, members, e, X, y)) for epochs in (1, 3)
        )
        found.append(1e3 * (long - short) / (2 * n_steps))
    return float(np.median(found))


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--most-cpu", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = load("mnist")
    X, y = X[:N_ROWS], y[:N_ROWS]
    print(f"torch {torch.__version__}, CPU threads: {torch.get_num_threads()}")
    devices = [("cpu", options.most_cpu)]
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
        devices.insert(0, ("cuda", options.most))
    for device, most in devices:
        fit(device, 1, 1, X, y)
        for members in (1, 10, 50, 100, 300, 1000):
            if members > most:
                break
            taken = step_time(device, members, X, y, options.repeats)
            print(
                f"{device:5s}{members:5d} members: {taken:8.3f} ms a step, "
                f"{taken / members:.4f} a member",
                flush=True,
            )
    device = devices[0][0]
    grid, folds = {"beta": prices(10)}, KFold(5)
    search = {"cv": folds, "refit": False}
    stacked, one_by_one = [], []
    for _ in range(options.repeats):
        own = bottleneck(3, device=device)
        stacked.append(
            seconds(lambda e=own: StackedGridSearchCV(e, grid, **search).fit(X, y))
        )
        one_by_one.append(
            seconds(lambda e=own: GridSearchCV(e, grid, **search).fit(X, y))
        )
    ratio = np.median(np.array(one_by_one) / stacked)
    print(
        f"{device} search, 50 fits of 3 epochs: stacked {np.median(stacked):.2f} s, "
        f"one after the other {np.median(one_by_one):.2f} s, ratio {ratio:.1f}"
    )


if __name__ == "__main__":
    main()
