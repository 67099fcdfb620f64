"""What the estimator costs beside a hand-written loop and its peers.

All on one thread, 10,000 rows of 100 features, hidden layers 64-64, ten classes.
Every figure is the median over interleaved repeats of a ratio within one repeat. Run

    python benchmarks/overhead.py [--repeats 9] [--epochs-64 13 --epochs-512 100]
"""

import argparse
import subprocess
import sys
import time
import warnings

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from threadpoolctl import threadpool_limits
from torch import nn

from skmtl import HardSharingClassifier

N_ROWS, N_FEATURES, N_CLASSES, LR = 10_000, 100, 10, 3e-3


def make_data(n_tasks=1, n_classes=N_CLASSES):
    """Learnable classes, float32."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)).astype(np.float32)
    directions = rng.normal(size=(N_FEATURES, n_tasks, n_classes))
    y = np.einsum("nf,ftc->ntc", X, directions).argmax(-1)
    return X, y[:, 0] if n_tasks == 1 else y


def make_network():
    """The network all contenders train."""
    return nn.Sequential(
        nn.Linear(N_FEATURES, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, N_CLASSES),
    )


def hand_written(X, y, batch_size, epochs):
    """A plain loop with fused Adam, decoupled decay and the same decaying rate."""
    torch.manual_seed(0)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    network, criterion = make_network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=LR, weight_decay=0.02, fused=True
    )
    n_steps = epochs * -(-len(X) // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (n_steps - step) / (n_steps / 4))
    )
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            optimizer.zero_grad()
            criterion(network(X[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()


def hand_written_constant(X, y, batch_size, epochs):
    """The barest loop: fused Adam at a constant rate, no decay, no schedule."""
    torch.manual_seed(0)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    network, criterion = make_network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=LR, fused=True)
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            optimizer.zero_grad()
            criterion(network(X[rows]), y[rows]).backward()
            optimizer.step()


def stock_skorch(X, y, batch_size, epochs):
    """A skorch classifier as it comes."""
    torch.manual_seed(0)
    NeuralNetClassifier(
        make_network(),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=LR,
        batch_size=batch_size,
        max_epochs=epochs,
        train_split=None,
        verbose=0,
    ).fit(X, y)


def sklearn_mlp(X, y, batch_size, epochs):
    """scikit-learn's MLPClassifier, without a stopping rule."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        MLPClassifier(
            (64, 64),
            batch_size=batch_size,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
            learning_rate_init=LR,
            random_state=0,
        ).fit(X, y)


def ours(X, y, batch_size, epochs):
    """The estimator, everything that fit does included."""
    HardSharingClassifier(
        hidden_layer_sizes=(64, 64),
        batch_size=batch_size,
        max_epochs=epochs,
        device="cpu",
        random_state=0,
    ).fit(X, y)


CONTENDERS = {
    "hand-written loop": hand_written,
    "bare loop, no decay or schedule": hand_written_constant,
    "stock skorch": stock_skorch,
    "MLPClassifier": sklearn_mlp,
}


def seconds(function, *args):
    """Processor time of one call: shared machines make wall time useless."""
    start = time.process_time()
    function(*args)
    return time.process_time() - start


def ratios(batch_size, epochs, repeats):
    """Median of ours over each contender's time, within each repeat."""
    X, y = make_data()
    ours(X, y, 512, 1)
    found = {name: [] for name in CONTENDERS}
    own = []
    for _ in range(repeats):
        own.append(seconds(ours, X, y, batch_size, epochs))
        for name, contender in CONTENDERS.items():
            share = 1.0
            # The slow one runs fewer epochs; its cost per epoch is constant.
            if name == "stock skorch":
                share = max(epochs // 5, 1) / epochs
            taken = seconds(contender, X, y, batch_size, round(epochs * share)) / share
            found[name].append(own[-1] / taken)
    return np.median(own), {name: np.median(own) for name, own in found.items()}


def many_tasks(batch_size, epochs, repeats):
    """Cost of a fit of 50 binary tasks over one of 5."""
    X, y = make_data(50, 2)
    found = []
    for _ in range(repeats):
        few = seconds(ours, X, y[:, :5], batch_size, epochs)
        found.append(seconds(ours, X, y, batch_size, epochs) / few)
    return np.median(found)


def import_time(repeats=7):
    """Seconds that ``import skmtl`` adds to torch, scikit-learn and skorch."""
    base = "import time, torch, sklearn.model_selection, skorch; t=time.perf_counter();"
    found = []
    for _ in range(repeats):
        code = base + "import skmtl; print(time.perf_counter() - t)"
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        found.append(float(out.stdout))
    return np.median(found)


def main():
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--epochs-64", type=int, default=13)
    parser.add_argument("--epochs-512", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    print(f"threads: {torch.get_num_threads()}, repeats: {options.repeats}")
    for batch_size, epochs in ((64, options.epochs_64), (512, options.epochs_512)):
        own, found = ratios(batch_size, epochs, options.repeats)
        print(f"batch {batch_size}, {epochs} epochs: {own:.2f} s", flush=True)
        for name, ratio in found.items():
            print(f"    ours / {name:34s}{ratio:6.2f}", flush=True)
        step = many_tasks(batch_size, max(epochs // 3, 1), options.repeats)
        print(f"    50 tasks / 5 tasks{'':19s}{step:6.2f}", flush=True)
    print(f"import skmtl adds {import_time():.2f} s")


if __name__ == "__main__":
    main()
