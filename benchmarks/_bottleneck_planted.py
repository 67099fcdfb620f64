"""Planted groups, data without groups, and copies of one task."""

import warnings

import numpy as np
from _bottleneck_runs import Job, rows_of, run_stack
from sklearn.datasets import load_digits

from skmtl import HierarchicalIBClassifier
from skmtl.datasets import make_grouped_tasks, make_multitask_classification
from skmtl.exceptions import TaskGroupWarning
from skmtl.similarity import adjusted_rand

N_TEST = 3000
PLANTED = {
    "48 tasks, n=5000": {
        "n_samples": 5000,
        "n_features": 40,
        "n_tasks": 48,
        "n_groups": 8,
    },
    "6 tasks, n=200": {"n_samples": 200, "n_features": 20, "n_tasks": 6, "n_groups": 2},
    "12 tasks, n=2000": {
        "n_samples": 2000,
        "n_features": 20,
        "n_tasks": 12,
        "n_groups": 4,
    },
}
FLIPPED = 0.1  # share of the training labels; test labels are clean


def planted(options):
    """Groups found and accuracy beside no noise, then the data without groups."""
    rows = rows_of("planted", options)
    for name, parameters in PLANTED.items():
        if options.wants("planted"):
            planted_one(rows, name, parameters, options)
    if options.wants("null"):
        null_data(rows, options)


def planted_one(rows, name, parameters, options):
    """Five seeds of one planted problem."""
    table = {"default": [], "no noise": []}
    for seed in range(options.few(10 if name.endswith("n=200") else 5, 2)):
        n_train = parameters["n_samples"]
        sizes = {**parameters, "n_samples": n_train + N_TEST}
        data = make_multitask_classification(
            **sizes, label_flip=FLIPPED, random_state=seed
        )
        X, y = data.data[:n_train], data.target[:n_train]
        X_test, y_test = data.data[n_train:], data.clean_target[n_train:]

        def judge(est, X_test=X_test, y_test=y_test, groups=data.groups):
            return {
                "accuracy": float(est.score(X_test, y_test)),
                "ari": adjusted_rand(est.task_groups_, groups),
                "n_groups": int(est.task_groups_.max()) + 1,
            }

        short = {"max_epochs": 2} if options.quick else {}
        for variant, noise in (("default", "learned"), ("no noise", None)):
            key = {"problem": name, "variant": variant, "seed": seed}
            est = HierarchicalIBClassifier(
                noise=noise, random_state=seed, device=options.device, **short
            )
            job = Job(key, est, y, judge)
            table[variant] += run_stack(rows, f"{name} {variant} {seed}", [job], X)
    ours, bare = table["default"], table["no noise"]
    gain = [
        100 * (own["accuracy"] - other["accuracy"])
        for own, other in zip(ours, bare, strict=True)
    ]
    error = np.std(gain, ddof=1) / np.sqrt(len(gain))
    print(
        f"{name}: ARI {[round(row['ari'], 2) for row in ours]}, without noise "
        f"{[round(row['ari'], 2) for row in bare]}; accuracy "
        f"{np.mean([row['accuracy'] for row in ours]):.4f}, {np.mean(gain):+.2f} +- "
        f"{error:.2f} points beside no noise",
        flush=True,
    )


def pixels(state, rows=None):
    """Digits, shuffled, and four related tasks on them."""
    X, y = load_digits(return_X_y=True)
    d = np.random.RandomState(state).permutation(10)
    order = np.random.RandomState(state).permutation(len(X))[:rows]
    subsets = [d[[0, 1, 2]], d[[1, 2, 3]], d[[4, 5, 6]], d[[5, 6, 7]]]
    data = make_grouped_tasks(X[order] / 16, y[order], subsets)
    return data.data, data.target


def coins(rates, rows=None):
    """Random binary labels with these base rates."""

    def make(state):
        X, _ = pixels(state, rows)
        random = np.random.RandomState(state)
        y = random.uniform(size=(len(X), len(rates))) < rates
        return X, y.astype(int), "alone"

    return make


def permuted(rows=None):
    """Labels of related tasks, each column permuted."""

    def make(state):
        X, y = pixels(state, rows)
        random = np.random.RandomState(state)
        return X, np.column_stack([random.permutation(own) for own in y.T]), "alone"

    return make


def unrelated(rows):
    """Learnable tasks on orthogonal directions."""

    def make(state):
        data = make_multitask_classification(
            rows, 20, n_tasks=10, n_groups=10, random_state=state
        )
        return data.data, data.target, "alone"

    return make


def copies(count):
    """One task several times."""

    def make(state):
        X, y = pixels(state)
        return X, np.repeat(y[:, :1], count, axis=1), "one"

    return make


NULLS = {
    "random, base rate .5": coins([0.5] * 6),
    "random, base rates .1 .1 .5 .5": coins([0.1, 0.1, 0.5, 0.5]),
    "permuted digits": permuted(),
    "random, base rate .5, 300 rows": coins([0.5] * 6, 300),
    "random, base rates .1 .1 .5 .5, 300 rows": coins([0.1, 0.1, 0.5, 0.5], 300),
    "permuted digits, 300 rows": permuted(300),
    "10 unrelated, 3,000 rows": unrelated(3000),
    "10 unrelated, 300 rows": unrelated(300),
    "two copies": copies(2),
    "twelve copies": copies(12),
}


def null_row(make, seed, options):
    """Fit, and keep what was found and what was said."""
    X, y, wanted = make(seed)
    short = {"max_epochs": 2} if options.quick else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        est = HierarchicalIBClassifier(
            random_state=seed, device=options.device, **short
        ).fit(X, y)
    said = [str(one.message) for one in caught if one.category is TaskGroupWarning]
    n_groups = int(est.task_groups_.max()) + 1
    upper = np.triu_indices(len(est.task_similarity_), 1)
    return {
        "right": n_groups == (1 if wanted == "one" else y.shape[1]),
        "n_groups": n_groups,
        "warned": len(said) > 0,
        "warning": said[0] if said else "",
        "similarity": [
            float(own(est.task_similarity_[upper]).round(3)) for own in (np.min, np.max)
        ],
    }


def null_data(rows, options):
    """Where no group is, none is found; copies are one group."""
    for name, make in NULLS.items():
        found = []
        for seed in range(options.few(5, 2)):
            key = {"problem": name, "seed": seed}
            found.append(
                rows.get(lambda m=make, s=seed: null_row(m, s, options), **key)
            )
        print(
            f"{name}: right in {sum(row['right'] for row in found)} of {len(found)}, "
            f"warned in {sum(row['warned'] for row in found)}, groups "
            f"{[row['n_groups'] for row in found]}",
            flush=True,
        )
