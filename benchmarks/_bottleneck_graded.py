"""Tasks that share from none to three of four digits: similarity in degrees."""

from functools import partial
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from _bottleneck_groups import head_gram, label_information
from _bottleneck_runs import Job, digits, rows_of, run_stack, tasks_of
from scipy.stats import spearmanr

from skmtl import HierarchicalIBClassifier
from skmtl.similarity import (
    capacity_distance,
    capacity_overlap,
    log_variance_distance,
    random_trunk,
    target_relatedness,
)

N_TASKS = 6
JUDGING, CHOOSING = 2000, 3000  # first of the 20 draws of digits of each purpose
N_ROWS = 5000  # that similarities are read from
GAMMAS, LATENT = (0.0, 0.5, 1.0), (4, 8, 16, 32)
PICTURES = {
    "figure 2, 4 tasks of 3": [[0, 1, 2], [1, 2, 3], [5, 6, 7], [6, 7, 8]],
    "figure 3, 4 tasks of 4": [[0, 1, 2, 3], [1, 2, 3, 4], [5, 6, 7, 8], [6, 7, 8, 9]],
    "figure 4, 6 tasks of 4": [list(range(first, first + 4)) for first in range(6)],
}


def chain(state):
    """Windows of four along ten shuffled digits: neighbours share three."""
    d = np.random.RandomState(state).permutation(10)
    return [d[first : first + 4].tolist() for first in range(N_TASKS)]


def scattered(state):
    """Six different subsets of four digits, drawn from all."""
    subsets = list(combinations(range(10), 4))
    chosen = np.random.RandomState(state).choice(len(subsets), N_TASKS, replace=False)
    return [list(subsets[one]) for one in chosen]


DESIGNS = {"chain": chain, "scattered": scattered}


def rank_agreement(similarity, n_shared):
    """Spearman correlation over the pairs of tasks."""
    upper = np.triu_indices(len(n_shared), 1)
    return float(spearmanr(similarity[upper], n_shared[upper]).statistic)


def reference_of(representation, y):
    """The reference measure on the first 5,000 rows, without its gate."""
    return target_relatedness(
        representation[:N_ROWS], y[:N_ROWS], n_permutations=0
    ).similarity


def judge(est, known):
    """Agreement of every measure with the number of shared digits."""
    overlap = capacity_overlap(est.capacity_)
    Z = est.transform(known["X"][:N_ROWS])
    reference, trained = known["reference"], reference_of(Z, known["y"])
    heads = np.clip(head_gram(est, Z), 0, 1)
    measures = {
        "default": est.task_similarity_,
        "overlap": overlap,
        "overlap x reference": overlap * reference,
        "overlap x reference^3": overlap * reference**3,
        "overlap x own reference": overlap * trained,
        "overlap x heads": overlap * heads,
        "reference": reference,
        "own reference": trained,
        "heads": heads,
        "capacity": -capacity_distance(est.capacity_),
        "log_variance": -log_variance_distance(est.noise_log_variance_),
        "capacity cosine": cosine(est.capacity_),
        "labels alone": label_information(known["y"][:N_ROWS]),
    }
    return {
        "accuracy": float(est.score(known["X_test"], known["y_test"])),
        "spearman": {
            name: rank_agreement(own, known["n_shared"])
            for name, own in measures.items()
        },
        "groups": est.task_groups_.tolist(),
    }


def cosine(capacity):
    """Cosine between the tasks' capacities."""
    unit = capacity / np.maximum(np.linalg.norm(capacity, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


def run(rows, title, design, states, variants, name, options):
    """Fit all draws of digits and variants as one call."""
    X, digit, X_test, digit_test = digits(name, 0, options.quick)
    short = {"max_epochs": 2} if options.quick else {}
    trunk = random_trunk(X[:N_ROWS], random_state=0)
    jobs = []
    for state in states:
        subsets = DESIGNS[design](state)
        y, y_test = tasks_of(digit, subsets), tasks_of(digit_test, subsets)
        known = {"X": X, "y": y, "X_test": X_test, "y_test": y_test}
        known["n_shared"] = np.array(
            [[len({*a} & {*b}) for b in subsets] for a in subsets]
        )
        known["reference"] = reference_of(trunk, y)
        for gamma, latent_dim in variants:
            key = {"design": design, "state": state, "data": name, "gamma": gamma}
            estimator = HierarchicalIBClassifier(
                gamma=gamma,
                latent_dim=latent_dim,
                random_state=0,
                device=options.device,
                **short,
            )
            jobs.append(
                Job(
                    {**key, "latent_dim": latent_dim},
                    estimator,
                    y,
                    partial(judge, known=known),
                )
            )
    return run_stack(rows, title, jobs, X)


def print_measures(title, found):
    """Mean agreement of every measure."""
    names = found[0]["spearman"]
    means = {name: np.mean([row["spearman"][name] for row in found]) for name in names}
    accuracy = np.mean([row["accuracy"] for row in found])
    text = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    print(f"{title} (accuracy {accuracy:.4f}): {text}", flush=True)


def graded(options):
    """Judge the defaults, and compare gamma, D and measures on other digits."""
    rows = rows_of("graded", options)
    est = HierarchicalIBClassifier()
    usual = [(est.gamma, est.latent_dim)]
    names = [options.data] if options.data else ["digits", "mnist"]
    count = options.few(20, 2)
    for name, design in product(names, DESIGNS):
        if options.wants("judging"):
            states = range(JUDGING, JUDGING + count)
            title = f"{name} {design}, defaults"
            found = run(rows, title, design, states, usual, name, options)
            print_measures(title, found)
        if options.wants("choosing"):
            states = range(CHOOSING, CHOOSING + count)
            variants = list(product(GAMMAS, LATENT))
            title = f"{name} {design}, other digits"
            found = run(rows, title, design, states, variants, name, options)
            for gamma, latent_dim in variants:
                own = [
                    row
                    for row in found
                    if (row["gamma"], row["latent_dim"]) == (gamma, latent_dim)
                ]
                print_measures(f"{title}, gamma {gamma}, D {latent_dim}", own)
    if options.wants("pictures"):
        pictures(options)


def pictures(options):
    """The paper's figures 2 to 4 as tables, and as pictures where a folder is given."""
    X, digit, *_ = digits(options.data or "mnist", 0, options.quick)
    for title, subsets in PICTURES.items():
        names = ["".join(map(str, subset)) for subset in subsets]
        est = HierarchicalIBClassifier(
            random_state=0,
            device=options.device,
            max_epochs=options.few("auto", 2),
        ).fit(X, pd.DataFrame(tasks_of(digit, subsets), columns=names))
        print(f"{title}: groups {est.task_groups_.tolist()}, similarity")
        print(np.round(est.task_similarity_, 2), flush=True)
        if options.figures:
            save_pictures(est, title, options.figures)


def save_pictures(est, title, folder):
    """Write the capacities and the similarities as PNG files."""
    from skmtl.display import CapacityDisplay, TaskSimilarityDisplay

    stem = title.replace(",", "").replace(" ", "_")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for display in (CapacityDisplay, TaskSimilarityDisplay):
        drawn = display.from_estimator(est)
        own = f"{stem}_{display.__name__.removesuffix('Display').lower()}.png"
        drawn.figure_.savefig(target / own, dpi=120)
