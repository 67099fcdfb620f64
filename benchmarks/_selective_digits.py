"""MNIST as ten tasks, one digit against the rest, with the paper's kind of network.

A convolutional trunk (16 and 32 channels, each followed by a 2x2 maximum, and a dense
layer of 192 units) and branches of 256 and 128 units: 306,048 parameters, 82,304 for a
branch and 129 for an output layer. Ten branches have 1,130,378 parameters, five
718,858.
"""

from functools import partial

import numpy as np
import torch
from _bottleneck_runs import Job, digits, find, run_stack
from _selective_costs import quietly, search_time
from _selective_runs import (
    agreement,
    compare,
    epoch_after,
    groups_of,
    mean_and_seeds,
    rows_of,
)
from sklearn.metrics import f1_score

from skmtl import SelectiveSharingClassifier
from skmtl.model_selection import fit_stack

NETWORK = {
    "encoder": "conv",
    "hidden_layer_sizes": (192,),
    "branch_layer_sizes": (256, 128),
}
FIVE = {"n_groups": 5}
PAPER = {"representation": "mean", "clustering": "hdbscan", "min_similarity": 0.0}
VARIANTS = {
    "each": {"sharing": list(range(10))},
    "one": {"sharing": [0] * 10, "window": 1},
    "defaults": {},
    "similarity": FIVE,
    "dissimilarity": {"sharing": "dissimilarity", **FIVE},
    "variance": {"sharing": "variance"},
    "random": {"sharing": "random", **FIVE},
    "gradients": {"representation": "mean", **FIVE},
    "gradients-random": {"representation": "mean", "sharing": "random", **FIVE},
    "hdbscan": PAPER,
    "hdbscan-random": {"sharing": "random", **PAPER},
    "tensor-train": {"representation": "tensor_train", **FIVE},
}
OF_MANY_ROWS = ("each", "defaults", "similarity", "random", "gradients", "hdbscan")


def pictures(n_rows):
    """The first rows for training and their digits; all test rows and theirs."""
    X, y, X_test, y_test = digits("mnist")
    X, X_test = (part.reshape(-1, 28, 28) for part in (X, X_test))
    return X[:n_rows], y[:n_rows], X_test, y_test


def columns(y):
    """One column a digit: is it this one?"""
    return (y[:, None] == np.arange(10)).astype(int)


def logits_of(est, X):
    """Logit of every task, ``(n_rows, n_tasks)``."""
    logs = est.predict_log_proba(X)
    logs = logs if isinstance(logs, list) else [logs]
    return np.column_stack([own[:, 1] - own[:, 0] for own in logs])


def scores(logits, y):
    """Accuracy and macro F1 of the largest logit, and of the ten tasks on average."""
    digit, binary = logits.argmax(1), logits > 0
    truth = columns(y).astype(bool)
    return {
        "argmax_accuracy": float((digit == y).mean()),
        "macro_f1": float(f1_score(y, digit, average="macro")),
        "binary_accuracy": float((binary == truth).mean()),
        "binary_f1": float(f1_score(truth, binary, average="macro", zero_division=0)),
    }


def judge(X_test, y_test, est):
    """Scores, groups, parameters and the seconds of every epoch."""
    return {**scores(logits_of(est, X_test), y_test), **groups_of(est)}


def network(options, epochs, seed, **parameters):
    """The estimator under test."""
    trial = {"window": 4} if options.quick else {}
    return SelectiveSharingClassifier(
        max_epochs=options.few(epochs, 2),
        random_state=seed,
        device=options.device,
        **{**NETWORK, **trial, **parameters},
    )


def run(part, n_rows, epochs, n_seeds, variants, options):
    """Fit all seeds of each variant as one stack; returns the rows by variant."""
    rows, found = rows_of(part, options), {}
    X, y, X_test, y_test = pictures(options.few(n_rows, 512))
    targets = columns(y)
    for variant in filter(options.wants, variants):
        jobs = [
            Job(
                {"variant": variant, "seed": seed},
                network(options, epochs, seed, **VARIANTS[variant]),
                targets,
                partial(judge, X_test, y_test),
            )
            for seed in options.seeds_of(n_seeds)
        ]
        found[variant] = run_stack(rows, f"{part} {variant}", jobs, X)
        report(part, variant, found[variant])
    return found


def report(part, variant, rows):
    """Print what one variant reached."""
    agreed = "" if len(rows) < 2 else f", ARI between seeds {agreement(rows):.2f}"
    print(
        f"{part}, {variant}: argmax {mean_and_seeds(rows, 'argmax_accuracy')}, "
        f"macro F1 {mean_and_seeds(rows, 'macro_f1')}, "
        f"binary {mean_and_seeds(rows, 'binary_accuracy')}, "
        f"{np.mean([row['parameters'] for row in rows]):,.0f} parameters, "
        f"branches {[row['n_branches'] for row in rows]}, "
        f"{np.mean([epoch_after(row) for row in rows]):.3f} s an epoch{agreed}",
        flush=True,
    )
    for row in rows:
        print(f"    seed {row['seed']}: groups {row['groups']}", flush=True)


def single(X, y, X_test, y_test, epochs, options):
    """One network for each digit, of the same trunk and branch."""
    stack = [network(options, epochs, 0) for _ in range(10)]
    fit_stack(stack, X, [columns(y)[:, task] for task in range(10)])
    logits = np.hstack([logits_of(est, X_test) for est in stack])
    return {
        **scores(logits, y_test),
        "parameters": sum(est.n_parameters_ for est in stack),
        "epoch_seconds": np.round(stack[0].history_["seconds"], 4).tolist(),
    }


def mnist10k(options):
    """10,000 rows, 20 epochs: all criteria and baselines."""
    if options.wants("single"):
        rows, data = rows_of("mnist10k", options), pictures(options.few(10_000, 512))
        row = rows.get(lambda: single(*data, 20, options), variant="single", seed=0)
        figures = ", ".join(
            f"{name} {100 * row[name]:.2f}"
            for name in row
            if "ac" in name or "f1" in name
        )
        print(f"mnist10k, single: {figures}, {row['parameters']:,} parameters")
    found = run("mnist10k", 10_000, 20, 3, VARIANTS, options)
    compare("mnist10k, similarity", found, "argmax_accuracy")


def mnist50k(options):
    """50,000 rows, 10 epochs: one seed on a CPU, three on a GPU."""
    n_seeds = 3 if options.on_gpu else 1
    found = run("mnist50k", 50_000, 10, n_seeds, OF_MANY_ROWS, options)
    compare("mnist50k, similarity", found, "argmax_accuracy")
    for variant in found:
        if "each" not in found or variant == "each":
            continue
        pairs = list(zip(found[variant], found["each"], strict=True))
        saved = [100 - 100 * a["parameters"] / b["parameters"] for a, b in pairs]
        lost = [100 * (b["argmax_accuracy"] - a["argmax_accuracy"]) for a, b in pairs]
        print(
            f"mnist50k, {variant}: {np.mean(saved):.1f} % fewer parameters than one "
            f"branch each, {np.mean(lost):+.2f} points lost"
        )


def epochs(options):
    """Seconds of an epoch before and after a merge in the middle of a training.

    One network of 10,000 rows; the merge comes after four epochs, of eight. Its own
    epoch, and the first, which warms up, do not count.
    """
    rows, n_rows = rows_of("epochs", options), options.few(10_000, 512)
    X, y, *_ = pictures(n_rows)
    n_steps = -(-n_rows // 128)
    for repeat in options.seeds_of(3):
        for n_branches in (5, 1):
            key = {"repeat": repeat, "branches": n_branches}
            key["processor"] = "cuda" if options.on_gpu else "cpu"
            fresh = find(rows, key) is None
            groups = np.arange(10) % n_branches
            est = SelectiveSharingClassifier(
                sharing=groups,
                window=4 * n_steps,
                batch_size=128,
                max_epochs=8,
                random_state=repeat,
                device=options.device,
                **NETWORK,
            )
            if fresh:
                est.fit(X, columns(y))
            row = rows.get(lambda own=est: merged_in_the_middle(own), **key)
            print(
                f"epochs on {key['processor']}, to {n_branches} branches: "
                f"{row['before']:.2f} s before, "
                f"{row['after']:.2f} s after, {row['after'] / row['before']:.2f}",
                flush=True,
            )


def merged_in_the_middle(est):
    """Medians of the epochs on both sides of the merge."""
    seconds, lock = est.history_["seconds"], est.lock_epoch_
    return {
        "before": float(np.median(seconds[1 : lock - 1])),
        "after": float(np.median(seconds[lock:])),
        "parameters": est.n_parameters_,
        "threads": torch.get_num_threads(),
        "epoch_seconds": np.round(seconds, 4).tolist(),
    }


def search(options):
    """What the search for groups takes, of an epoch of the ten tasks.

    Of this network, and of a smaller one with branches of 64 units. The first epoch,
    in which the search is, warms up; it is set against the second.
    """
    rows = rows_of("search", options)
    X, y, *_ = pictures(options.few(10_000, 512))
    small = {"hidden_layer_sizes": (64,), "branch_layer_sizes": (64,)}
    for name, sizes in (("192, 256-128", {}), ("64, 64", small)):
        found = []
        for repeat in options.seeds_of(5):
            key = {"network": name, "repeat": repeat}
            est = network(options, 2, repeat, **sizes)
            found.append(rows.get(lambda own=est: searched(own, X, y), **key))
        shares = [100 * row["search_ms"] / row["epoch_ms"] for row in found]
        print(
            f"search, network {name}: {np.median(shares):.2f} % of an epoch "
            f"({min(shares):.2f} to {max(shares):.2f}), median of "
            f"{np.median([row['search_ms'] for row in found]):.0f} ms",
            flush=True,
        )


def searched(est, X, y):
    """Processor time of the search, and an epoch without it."""
    with search_time() as spent:
        quietly(lambda: est.fit(X, columns(y)))
    return {
        "search_ms": 1e3 * spent[0],
        "epoch_ms": 1e3 * float(est.history_["seconds"][1]),
        "threads": torch.get_num_threads(),
    }
