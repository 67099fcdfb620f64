"""Groups of tasks on digits, on data without groups, and on copies of one task.

Every fit uses default parameters and one thread. Run with

    python benchmarks/grouped_digits.py [--states 20] [--first 0] [--fresh]
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from _rows import Rows
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import skmtl
from skmtl.datasets import make_grouped_tasks, make_multitask_classification
from skmtl.similarity import group_tasks, random_trunk, target_relatedness

ESTIMATORS = {
    "HierarchicalIB": skmtl.HierarchicalIBClassifier,
    "HardSharing": skmtl.HardSharingClassifier,
}
TRUE_GROUPS = [0, 0, 1, 1]


def digits(state):
    """Four tasks of three digits, two pairs that share two; the digits are drawn."""
    rng = np.random.RandomState(state)
    X, y = load_digits(return_X_y=True)
    d = rng.permutation(10)
    subsets = [d[[0, 1, 2]], d[[1, 2, 3]], d[[4, 5, 6]], d[[5, 6, 7]]]
    data = make_grouped_tasks(X / 16, y, subsets)
    return data.data, data.target, TRUE_GROUPS


def permuted_equal(state):
    """The same labels, each column permuted: nothing to learn, equal base rates."""
    X, y, _ = digits(state)
    rng = np.random.RandomState(state)
    y = np.column_stack([rng.permutation(column) for column in y.T])
    return X, y, [0, 1, 2, 3]


def permuted_unequal(state):
    """Random binary labels with base rates .1, .1, .5 and .5."""
    X, _, _ = digits(state)
    rng = np.random.RandomState(state)
    y = (rng.uniform(size=(len(X), 4)) < [0.1, 0.1, 0.5, 0.5]).astype(int)
    return X, y, [0, 1, 2, 3]


def unrelated(state):
    """Five learnable tasks on orthogonal directions."""
    data = make_multitask_classification(
        1500, 20, n_tasks=5, n_groups=5, random_state=state
    )
    return data.data, data.target, list(range(5))


def copies(n_copies):
    """One task several times."""

    def make(state):
        X, y, _ = digits(state)
        return X, np.repeat(y[:, :1], n_copies, axis=1), [0] * n_copies

    return make


PROBLEMS = {
    "digits": digits,
    "permuted, equal base rates": permuted_equal,
    "permuted, unequal base rates": permuted_unequal,
    "unrelated": unrelated,
    "five copies": copies(5),
    "two copies": copies(2),
}


def run_one(problem, estimator, state, parameters):
    """Fit once and judge accuracy, groups and time."""
    X, y, groups = PROBLEMS[problem](state)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=state)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = ESTIMATORS[estimator](random_state=state, **parameters).fit(X, y)
    seconds = time.perf_counter() - start
    return {
        "accuracy": float(est.score(X_test, y_test)),
        "groups": est.task_groups_.tolist(),
        "right": adjusted_rand_score(groups, est.task_groups_) == 1.0,
        "seconds": seconds,
        "similarity": est.task_similarity_.round(3).tolist(),
    }


def landmine():
    """Adjusted Rand index of the reference measure on the 29 fields."""
    path = Path(__file__).parents[2] / "shared" / "data" / "landmine.npz"
    if not path.exists():
        return None
    data = np.load(path)
    X, task = data["X"], data["task"]
    y = np.full((len(X), 29), np.nan)
    y[np.arange(len(X)), task] = data["y"]
    scores = []
    for state in range(10):
        trunk = random_trunk(X, random_state=state)
        related = target_relatedness(trunk, y, random_state=state)
        found = group_tasks(related.similarity).labels
        scores.append(adjusted_rand_score(data["groups"], found))
    return scores


def main():
    """Run all problems and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    rows = Rows("grouped_digits", options.fresh)
    print(f"threads: {torch.get_num_threads()}")
    print(
        f"{'problem':30s}{'estimator':16s}{'right':>8s}{'accuracy':>10s}{'s/fit':>7s}"
    )
    for problem in PROBLEMS:
        for estimator in ESTIMATORS:
            if options.only and options.only not in f"{problem} {estimator}":
                continue
            states = range(options.first, options.first + options.states)
            found = [
                rows.get(
                    lambda p=problem, e=estimator, s=state: run_one(p, e, s, {}),
                    problem=problem,
                    estimator=estimator,
                    state=state,
                )
                for state in states
            ]
            right = sum(row["right"] for row in found)
            accuracy = np.mean([row["accuracy"] for row in found])
            seconds = np.median([row["seconds"] for row in found])
            print(
                f"{problem:30s}{estimator:16s}{right:5d}/{len(found)}"
                f"{accuracy:10.4f}{seconds:7.2f}",
                flush=True,
            )
    scores = landmine()
    if scores is not None:
        print(f"landmine, ARI: median {np.median(scores):.2f}, {np.round(scores, 2)}")


if __name__ == "__main__":
    main()
