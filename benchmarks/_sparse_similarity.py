"""Are tasks of known groups told apart by their masks, at every keep ratio?

domains  digits, pictures of clothes and kuzushiji, 2,000 rows each; three tasks per
         domain, each another grouping of its ten classes: all ten, five pairs, two
         halves, drawn by the seed. A row is labelled for the tasks of its domain.
digits   scikit-learn's digits, four tasks of three digits; two pairs share two digits,
         drawn by the seed.

Estimators as they come, but for the keep ratio and the number of steps. Pair AUC: how
often a pair within a group is more similar than a pair between groups; of
``task_similarity_`` ("auc"), of what masks or information say alone ("evidence"), of
masks less the mean of all tasks ("centred"), and of the reference measure on random
features, which knows no masks and is a factor of ``task_similarity_`` ("reference").
"""

import time
import warnings
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from _digit_tasks import FOLDER
from _sparse_runs import Options, each, find, rows_file
from _sparse_sets import flat
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from skmtl import FisherSparseMTLClassifier
from skmtl.datasets import make_grouped_tasks
from skmtl.model_selection import fit_stack
from skmtl.similarity import adjusted_rand, random_trunk, target_relatedness

RATIOS = (0.3, 0.5, 0.9)
WANTED = {"domains": 0.95, "digits": 1.0}
N_ROWS, N_STEPS, BATCH, N_SEEDS = 2000, 1000, 128, 5
FALLBACK = "information_correlation"


class Stack(NamedTuple):
    """Fits that train as one."""

    keys: list[dict[str, Any]]
    options: Options


@cache
def pictures():
    """Pictures and classes of each domain."""
    mnist, clothes, dkl = (
        np.load(FOLDER / f"{name}.npz")
        for name in ("mnist", "fashion_mnist", "dkl_mnist")
    )
    own = dkl["task_train"] == 1
    return (
        (flat(mnist["X_train"][:8000]), mnist["y_train"][:8000]),
        (flat(clothes["X_train"][:8000]), clothes["y_train"][:8000]),
        (flat(dkl["X_train"][own]), dkl["y_train"][own]),
    )


def domains(seed, quick):
    """Nine tasks of three domains; features, targets with holes, groups."""
    draw, n_rows = np.random.RandomState(seed), N_ROWS // (5 if quick else 1)
    X, parts = [], []
    for own, classes in pictures():
        rows = draw.permutation(len(own))[:n_rows]
        X.append(own[rows])
        pairs, halves = draw.permutation(10) // 2, draw.permutation(10) // 5
        labels = classes[rows]
        parts.append(np.column_stack([labels, pairs[labels], halves[labels]]))
    y = np.full((3 * n_rows, 9), np.nan)
    for place, part in enumerate(parts):
        columns = slice(3 * place, 3 * place + 3)
        y[n_rows * place : n_rows * (place + 1), columns] = part
    return np.concatenate(X), y, np.repeat([0, 1, 2], 3)


def digits(seed, quick):
    """Four tasks of three digits; features, targets, groups."""
    draw = np.random.RandomState(seed)
    X, classes = load_digits(return_X_y=True)
    d = draw.permutation(10)
    subsets = [d[[0, 1, 2]], d[[1, 2, 3]], d[[4, 5, 6]], d[[5, 6, 7]]]
    data = make_grouped_tasks((X / 16).astype(np.float32), classes, subsets)
    return data.data, data.target, np.array([0, 0, 1, 1])


PROBLEMS = {"domains": domains, "digits": digits}


def pair_auc(similarity, groups):
    """AUC of pairs within groups against pairs between them."""
    first, second = np.triu_indices(len(groups), 1)
    within = groups[first] == groups[second]
    return float(roc_auc_score(within, similarity[first, second]))


def reference_auc(X, y, groups, seed):
    """What the targets say of the groups without any training."""
    trunk = random_trunk(X, random_state=seed)
    found = target_relatedness(trunk, y, random_state=seed)
    return pair_auc(found.similarity, groups)


def judge(est, groups):
    """What the masks alone, and the similarity made of them, say of the groups."""
    masks = [own.reshape(own.shape[0], -1) for own in est.layer_masks().values()]
    flags = np.concatenate(masks, 1).astype(float)
    centred = flags - flags.mean(0)
    # A mask that is all tasks' mean has no direction.
    length = np.linalg.norm(centred, axis=1)
    power = np.maximum(np.outer(length, length), np.finfo(float).tiny)
    return {
        "evidence": est.similarity_evidence_,
        "auc": pair_auc(est.task_similarity_, groups),
        "auc_evidence": pair_auc(1 - est.task_distances_, groups),
        "auc_centred": pair_auc(centred @ centred.T / power, groups),
        "ari": adjusted_rand(est.task_groups_, groups),
        "similarity": est.task_similarity_.round(3).tolist(),
    }


def fit(stack):
    """Fit the ratios of one draw as one stack."""
    options, first = stack.options, stack.keys[0]
    X, y, groups = PROBLEMS[first["problem"]](first["seed"], options.quick)
    per_epoch, steps = -(-len(X) // BATCH), options.few(N_STEPS, 30)
    members = [
        FisherSparseMTLClassifier(
            keep_ratio=key["ratio"],
            batch_size=BATCH,
            max_epochs=max(round(steps / per_epoch), 2),
            random_state=key["seed"],
            device=options.device,
        )
        for key in stack.keys
    ]
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit_stack(members, X, y)
    seconds = round((time.perf_counter() - start) / len(members), 3)
    common = {
        "auc_reference": reference_auc(X, y, groups, first["seed"]),
        "seconds": seconds,
    }
    return [
        (key, {**judge(est, groups), **common})
        for key, est in zip(stack.keys, members, strict=True)
    ]


def similarity(options):
    """Pair AUC on three domains and on grouped digits."""
    rows, own = rows_file("similarity", options), Options(options.device, options.quick)
    problems = [name for name in PROBLEMS if name in options.choose(PROBLEMS)]
    names = ("mnist", "fashion_mnist", "dkl_mnist")
    if not all((FOLDER / f"{name}.npz").exists() for name in names):
        print("domains: files are not in the folder of the data; left out")
        problems = [name for name in problems if name != "domains"]
    stacks = []
    for problem in problems:
        for seed in range(options.few(max(options.seeds, N_SEEDS), 1)):
            keys = [
                {"problem": problem, "ratio": ratio, "seed": seed} for ratio in RATIOS
            ]
            missing = [key for key in keys if find(rows, key) is None]
            stacks += [Stack(missing, own)] if missing else []
    if not options.show:
        each(fit, stacks, rows, options)
    for problem in problems:
        for ratio in RATIOS:
            tell(rows, problem, ratio)


def tell(rows, problem, ratio):
    """Print one line of the table."""
    found = [
        row for row in rows.rows if (row["problem"], row["ratio"]) == (problem, ratio)
    ]
    if not found:
        return
    values = {
        name: [row[name] for row in found]
        for name in ("auc", "auc_evidence", "auc_centred", "auc_reference", "ari")
    }
    evidence = sorted({row["evidence"] for row in found})
    least = min(values["auc"])
    told = (
        "right" if np.mean(values["auc"]) >= WANTED[problem] else "under what is wanted"
    )
    if ratio > 0.7:
        told = f"fallback {'used' if evidence == [FALLBACK] else 'NOT used'}"
    means = "  ".join(f"{name} {np.mean(own):.3f}" for name, own in values.items())
    print(
        f"{problem}, keep ratio {ratio}, {len(found)} seeds: {means}  least auc "
        f"{least:.3f}, from {', '.join(evidence)}: {told}",
        flush=True,
    )
