"""Selective sharing of branches on MNIST: ten digits, one against the rest each.

Question: what do groups of tasks that share a branch cost in accuracy, and save in
parameters, and does it matter which tasks share? Network: a convolutional trunk (16 and
32 channels), branches of 64 units on its 1,568 features, one output for each task;
single precision, batches of 128, all else by default. 10,000 pictures for 20 epochs,
or 50,000 for 10, the first of the training set; all 10,000 test pictures; seeds 0 to 2,
which train as one stack. Nothing was chosen on these data.

    python benchmarks/selective_sharing.py [--rows 10000 50000] [--device cuda]
"""

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
from _rows import Rows
from sklearn.metrics import f1_score

from skmtl import HardSharingClassifier, SelectiveSharingClassifier
from skmtl.model_selection import fit_stack
from skmtl.similarity import adjusted_rand

FOLDER = Path(os.environ.get("SKMTL_DATA", Path(__file__).parents[2] / "shared/data"))
EPOCHS = {10_000: 20, 50_000: 10, 2_000: 2}
ARMS = {
    "similarity": {},
    "dissimilarity": {"sharing": "dissimilarity"},
    "variance": {"sharing": "variance"},
    "random": {"sharing": "random"},
    "tensor train": {"representation": "tensor_train"},
    "mean gradient": {"representation": "mean"},
    "five groups": {"n_groups": 5},
    "five groups, random": {"n_groups": 5, "sharing": "random"},
    "one branch each": {"sharing": list(range(10))},
    "one branch for all": {"sharing": [0] * 10},
}
OF_MANY_ROWS = (
    "similarity",
    "five groups",
    "five groups, random",
    "one branch each",
    "random",
    "one branch for all",
)
NETWORK = {"encoder": "conv", "hidden_layer_sizes": (), "batch_size": 128}


def load(n_rows):
    """Pictures and digits, to train on and to test on."""
    data = np.load(FOLDER / "mnist.npz")
    X, X_test = (
        (data[name] / 255).astype(np.float32) for name in ("X_train", "X_test")
    )
    pictures = [own.reshape(-1, 28, 28) for own in (X[:n_rows], X_test)]
    return (pictures[0], data["y_train"][:n_rows]), (pictures[1], data["y_test"])


def judged(probability, digit):
    """Argmax accuracy, macro F1, and mean accuracy of the ten binary tasks, in %."""
    found = probability.argmax(1)
    binary = (probability > 0.5) == (digit[:, None] == np.arange(10))
    return {
        "argmax": 100 * float((found == digit).mean()),
        "macro_f1": 100 * float(f1_score(digit, found, average="macro")),
        "binary": 100 * float(binary.mean()),
    }


def probabilities(est, X):
    """Probability of each digit, ``(n_rows, 10)``."""
    return np.column_stack([own[:, 1] for own in est.predict_proba(X)])


def run_arm(arm, n_rows, seeds, device):
    """One row per seed; all seeds train as one stack."""
    (X, digit), (X_test, digit_test) = load(n_rows)
    y = (digit[:, None] == np.arange(10)).astype(int)
    start = time.perf_counter()
    stack = [
        SelectiveSharingClassifier(
            max_epochs=EPOCHS[n_rows],
            random_state=seed,
            device=device,
            **NETWORK,
            **ARMS[arm],
        )
        for seed in seeds
    ]
    fits = fit_stack(stack, X, y)
    seconds = time.perf_counter() - start
    rows = []
    for seed, est in zip(seeds, fits, strict=True):
        rows.append(
            {
                "seed": seed,
                **judged(probabilities(est, X_test), digit_test),
                "n_parameters": est.n_parameters_,
                "groups": est.branch_of_.tolist(),
                "similarity": est.task_similarity_.round(3).tolist(),
                "merges": est.merge_history_,
            }
        )
    return {"rows": rows, "seconds": seconds}


def run_single(n_rows, device):
    """Ten networks, one task each, one seed."""
    (X, digit), (X_test, digit_test) = load(n_rows)
    start, columns, count = time.perf_counter(), [], 0
    for task in range(10):
        est = HardSharingClassifier(
            max_epochs=EPOCHS[n_rows],
            random_state=0,
            device=device,
            **{**NETWORK, "hidden_layer_sizes": (64,)},
        ).fit(X, digit == task)
        columns.append(est.predict_proba(X_test)[:, 1])
        count += sum(own.numel() for own in est.net_.module_.parameters())
    row = judged(np.column_stack(columns), digit_test)
    rows = [{"seed": 0, **row, "n_parameters": count}]
    return {"rows": rows, "seconds": time.perf_counter() - start}


def epoch_times(n_rows, device):
    """Seconds of an epoch with ten branches and with those that are left."""
    (X, digit), _ = load(n_rows)
    y = (digit[:, None] == np.arange(10)).astype(int)
    found = {}
    for arm in ("one branch each", "similarity", "tensor train"):
        est = SelectiveSharingClassifier(
            max_epochs=3, random_state=0, device=device, **NETWORK, **ARMS[arm]
        ).fit(X, y)
        found[arm] = est.history_["seconds"].tolist()
    return found


def show(arm, row):
    """Means over seeds, and how far groups agree."""
    rows = row["rows"]
    names = ("argmax", "macro_f1", "binary", "n_parameters")
    means = [np.mean([own[name] for own in rows]) for name in names]
    text = "argmax {:.2f}  F1 {:.2f}  binary {:.3f}  parameters {:.0f}".format(*means)
    groups = [own["groups"] for own in rows if "groups" in own]
    if len(groups) > 1:
        pairs = [
            adjusted_rand(one, other)
            for place, one in enumerate(groups)
            for other in groups[:place]
        ]
        text += f"  ARI of seeds {np.mean(pairs):.2f}  {groups}"
    print(f"{arm:20s} {text}  {row['seconds']:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--arms", nargs="+", default=list(ARMS))
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    store = Rows("selective_sharing", args.fresh)
    for n_rows in args.rows:
        print(f"\n{n_rows} pictures, {EPOCHS[n_rows]} epochs, on {args.device}")
        arms = [arm for arm in args.arms if n_rows < 50_000 or arm in OF_MANY_ROWS]
        for arm in arms:
            row = store.get(
                lambda own=arm, n=n_rows: run_arm(own, n, args.seeds, args.device),
                arm=arm,
                n_rows=n_rows,
                device=args.device,
                seeds=args.seeds,
            )
            show(arm, row)
        if args.single:
            row = store.get(
                lambda n=n_rows: run_single(n, args.device),
                arm="single tasks",
                n_rows=n_rows,
                device=args.device,
            )
            show("single tasks", row)
        if args.times:
            print(epoch_times(n_rows, args.device))


if __name__ == "__main__":
    main()
