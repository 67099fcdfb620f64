"""Where noise filters help beyond regularisation, on real tasks; and which defaults.

Six regression sets, `landmine`, and three with few rows per task (drawn anew by every
seed). Every method chooses among 13 settings by its loss on a fifth of the training
rows of seed 0: twelve of a grid, then the best of them with early stopping, or a
thirteenth penalty. Test rows are read once, by the settings chosen and by the defaults
of the package, with three seeds. Defaults are compared on the held-out fifths of the
training rows alone. Networks have the same shape (32, 32, 16), but for the defaults of
HardSharing. Single tasks have a network each with as many steps as the others, 500
where there are more than 20 tasks; boosted trees search on at most 2,000 rows a task.
Run, within an hour of one core,

    python benchmarks/regression_study.py [--only SET] [--part PART] [--tables]
"""

import argparse
import time
from functools import partial

import torch
from _rows import Rows
from _study_baselines import BASELINES, TREES, fit_baseline
from _study_data import SETS, load
from _study_defaults import print_defaults
from _study_networks import BETAS, DECAYS, NETWORKS, fit_networks, predict
from _study_scores import loss, task_scores
from _study_tables import print_groups, print_scores
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

SEEDS = range(3)
GROUP_SEEDS = range(5)
GROUPED = ("sarcos_small", "landmine", "newsgroup 40")
_PRICED = [{"weight_decay": d, "beta": b} for d in DECAYS for b in BETAS]
_AT_DEFAULT = [{"weight_decay": d, "beta": 0.05} for d in DECAYS]
# What is fitted to settle defaults: method, settings, and whether for regression only.
STACKS = {
    "prices": ("HierarchicalIB", _PRICED, False),
    "stopping": (
        "HierarchicalIB",
        [{**own, "early_stopping": True} for own in _AT_DEFAULT],
        False,
    ),
    "hard": ("HardSharing", [{"weight_decay": d} for d in DECAYS], False),
    "hard, stopping": (
        "HardSharing",
        [{"weight_decay": d, "early_stopping": True} for d in DECAYS],
        False,
    ),
    "diagonal": (
        "HierarchicalIB",
        [{**own, "residual": "diagonal"} for own in _AT_DEFAULT],
        True,
    ),
    "diagonal, prices": (
        "HierarchicalIB",
        [
            {"weight_decay": d, "beta": b, "residual": "diagonal"}
            for d in DECAYS
            for b in (0.01, 0.1)
        ],
        True,
    ),
    "full": (
        "HierarchicalIB",
        [{**own, "residual": "full"} for own in _AT_DEFAULT],
        True,
    ),
}


def search_networks(study, method):
    """Losses of all settings, those of the grid as one stack."""
    fitted, seconds = fit_networks(study, method, NETWORKS[method], 0)
    cells = [
        {"setting": setting, "loss": loss(study, predict(study, own))}
        for setting, own in zip(NETWORKS[method], fitted, strict=True)
    ]
    best = min(cells, key=lambda cell: cell["loss"])["setting"]
    stopped = {**best, "early_stopping": True}
    (own,), more = fit_networks(study, method, [stopped], 0)
    cells.append({"setting": stopped, "loss": loss(study, predict(study, own))})
    return {"cells": cells, "seconds": seconds + more}


def search_baseline(study, method):
    """Losses of all settings, one after the other."""
    cells, seconds = [], 0.0
    settings = list(BASELINES[method])
    for setting in settings:
        found, more = fit_baseline(study, method, setting, 0, search=True)
        cells.append({"setting": setting, "loss": loss(study, found)})
        seconds += more
        if BASELINES[method] is TREES and len(cells) == len(TREES):
            best = min(cells, key=lambda cell: cell["loss"])["setting"]
            settings.append({**best, "early_stopping": True})
    return {"cells": cells, "seconds": seconds}


def compare_defaults(study, stack, seed):
    """Losses of one stack of settings."""
    method, settings, _ = STACKS[stack]
    fitted, seconds = fit_networks(study, method, settings, seed)
    cells = [
        {"setting": setting, "loss": loss(study, predict(study, own))}
        for setting, own in zip(settings, fitted, strict=True)
    ]
    rows = {"n_rows": len(study.fit), "n_labels": int(study.seen[study.fit].sum())}
    return {"cells": cells, "seconds": seconds, "n_tasks": study.n_tasks, **rows}


def judge(study, method, setting, seed):
    """Scores of every task on the test rows."""
    if method in BASELINES:
        found, seconds = fit_baseline(study, method, setting, seed)
    else:
        (own,), seconds = fit_networks(study, method, [setting], seed)
        found = predict(study, own)
    return {"scores": task_scores(study, found), "seconds": seconds}


def find_groups(study, seed):
    """Groups that a fit with default parameters finds."""
    (own,), _ = fit_networks(study, "HierarchicalIB", [{"default": True}], seed)
    found = {"groups": own.task_groups_.tolist()}
    if study.groups is not None:
        known = study.groups.tolist()
        found["agreement"] = adjusted_rand_score(known, found["groups"])
    return {**found, "similarity": own.task_similarity_.round(3).tolist()}


def run_search(rows, name):
    """Search the settings of every method."""
    study = load(name, 0, validation=True)
    for method in [*NETWORKS, *BASELINES]:
        if method.endswith("diagonal") and study.classification:
            continue
        look = search_networks if method in NETWORKS else search_baseline
        row = rows.get(
            lambda f=look, m=method: f(study, m), part="search", set=name, method=method
        )
        best = min(row["cells"], key=lambda cell: cell["loss"])
        print(f"{name:14s}{method:18s}{row['seconds']:7.1f} s  {best}", flush=True)


def run_defaults(rows, name, seed=0):
    """Fit what the comparison of defaults needs."""
    study = load(name, seed, validation=True)
    for stack, (_, _, regression) in STACKS.items():
        same = stack == "full" and study.one_task_per_row
        if same or (regression and study.classification):
            continue
        row = rows.get(
            lambda k=stack: compare_defaults(study, k, seed),
            part="defaults",
            set=name,
            stack=stack,
            seed=seed,
        )
        print(f"{name:14s}{stack:18s}{seed}{row['seconds']:7.1f} s", flush=True)


def run_test(rows, name):
    """Judge the chosen settings and the defaults on the test rows."""
    chosen = {
        row["method"]: min(row["cells"], key=lambda cell: cell["loss"])["setting"]
        for row in rows.rows
        if row["part"] == "search" and row["set"] == name
    }
    runs = [(method, method, setting) for method, setting in chosen.items()]
    runs += [
        (f"{method}, {label}", method, setting)
        for method in ("HierarchicalIB", "HardSharing")
        for label, setting in {
            "defaults": {"default": True},
            "former defaults": {"former": True},
        }.items()
    ]
    for seed in SEEDS:
        study = load(name, seed, validation=False)
        for label, method, setting in runs:
            if seed and method in BASELINES and " " not in name:
                continue  # the same rows give the same model
            row = rows.get(
                lambda m=method, p=setting, s=study, r=seed: judge(s, m, p, r),
                part="test",
                set=name,
                method=label,
                setting=setting,
                seed=seed,
            )
            mean = sum(row["scores"]) / len(row["scores"])
            print(f"{name:14s}{label:26s}{seed} {mean:.4f}", flush=True)


def run_groups(rows, name):
    """Groups of tasks over five seeds."""
    if name not in GROUPED:
        return
    for seed in GROUP_SEEDS:
        study = load(name, seed, validation=False)
        row = rows.get(
            lambda s=study, r=seed: find_groups(s, r),
            part="groups",
            set=name,
            seed=seed,
        )
        print(f"{name:14s}groups {row['groups']} {row.get('agreement', '')}")


PARTS = {
    "groups": run_groups,
    "search": run_search,
    "test": run_test,
    "defaults 0": run_defaults,
    "defaults 1": partial(run_defaults, seed=1),
}


def main():
    """Run what is not there yet, then print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SETS, nargs="*", default=SETS)
    parser.add_argument("--part", choices=list(PARTS), nargs="*", default=list(PARTS))
    parser.add_argument("--tables", action="store_true", help="fit nothing")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    rows = Rows("regression_study", options.fresh)
    start = time.perf_counter()
    for part in [] if options.tables else options.part:
        for name in options.only:
            PARTS[part](rows, name)
        print(f"{part}: {(time.perf_counter() - start) / 60:.1f} minutes", flush=True)
    print_scores(rows.rows)
    print_defaults(rows.rows)
    print_groups(rows.rows)


if __name__ == "__main__":
    main()
