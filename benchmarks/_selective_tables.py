"""Real tables: are the groups that selective sharing finds worth anything?"""

import warnings
from functools import partial

import numpy as np
from _bottleneck_runs import Job, run_stack
from _digit_tasks import FOLDER
from _selective_runs import agreement, compare, groups_of, mean_and_seeds, rows_of
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmtl import SelectiveSharingClassifier, SelectiveSharingRegressor
from skmtl.model_selection import fit_stack

DECAYS = ("auto", 0.3, 1.0, 3.0)

KINDS = {
    "ml_yeast": SelectiveSharingClassifier,
    "student": SelectiveSharingRegressor,
    "adult": SelectiveSharingClassifier,
    "school": SelectiveSharingRegressor,
    "mtr_scm20d": SelectiveSharingRegressor,
}


def read(name):
    """Standardised features and targets, NaN where unobserved, of both parts."""
    data = np.load(FOLDER / f"{name}.npz")
    train, test = data["train"], data["test"]
    X = StandardScaler().fit(data["X"][train]).transform(data["X"])
    y = data["Y"] if "Y" in data else data["y"][:, None]
    y = y.astype(float)
    if "task" in data:
        task, n_outputs = data["task"], y.shape[1]
        wide = np.full((len(y), task.max() + 1, n_outputs), np.nan)
        wide[np.arange(len(y)), task] = y
        y = wide.reshape(len(y), -1)
    return (X[train], y[train]), (X[test], y[test])


def judge(test, est):
    """Mean score over the tasks, groups and parameters."""
    X, y = test
    found = {"score": float(est.score(X, y)), **groups_of(est)}
    if isinstance(est, SelectiveSharingClassifier):
        areas = []
        for column, probability in zip(y.T, est.predict_proba(X), strict=True):
            seen = ~np.isnan(column)
            areas.append(roc_auc_score(column[seen], probability[seen, 1]))
        found["auc"] = float(np.mean(areas))
    else:
        error = (est.predict(X) - y)[~np.isnan(y)]
        found["rmse"] = float(np.sqrt(np.mean(error**2)))
    return found


def network(name, options, seed, parameters):
    """The estimator under test."""
    short = {"max_epochs": 2, "window": 4} if options.quick else {}
    given = {**short, **parameters}
    return KINDS[name](random_state=seed, device=options.device, **given)


def run(rows, name, variant, parameters, n_seeds, options):
    """Fit the seeds of one variant as a stack; returns their rows."""
    train, test = read(name)
    jobs = [
        Job(
            {"data": name, "variant": variant, "seed": seed},
            network(name, options, seed, parameters),
            train[1],
            partial(judge, test),
        )
        for seed in options.seeds_of(n_seeds)
    ]
    return run_stack(rows, f"{name} {variant}", jobs, train[0])


def choose(name, parameters, main, options):
    """Weight decay with the best mean score on a quarter of the training rows."""
    X, y = read(name)[0]
    X, X_valid, y, y_valid = train_test_split(X, y, test_size=0.25, random_state=0)
    seeds = options.seeds_of(3)
    stack = [
        network(name, options, seed, {**parameters, "weight_decay": decay})
        for decay in DECAYS
        for seed in seeds
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit_stack(stack, X, y)
    found = [judge((X_valid, y_valid), est)[main] for est in stack]
    means = np.reshape(found, (len(DECAYS), len(seeds))).mean(1)
    return {"scores": means.tolist(), "decay": DECAYS[int(means.argmax())]}


def tables(options):
    """Similarity beside one branch for all, one each, and random ones of its sizes."""
    for name in ("student", "ml_yeast", "adult", "school"):
        if options.wants(name):
            table(name, options)


def table(name, options):
    """All variants on one set of data, with default and with chosen weight decay."""
    rows, n_tasks = rows_of("tables", options), read(name)[0][1].shape[1]
    variants = {
        "similarity": {},
        "random": {"sharing": "random"},
        "each": {"sharing": list(range(n_tasks))},
        "one": {"sharing": [0] * n_tasks, "window": 1},
    }
    main = "auc" if KINDS[name] is SelectiveSharingClassifier else "score"
    for how in ("defaults", "chosen decay"):
        found = {}
        for variant, parameters in variants.items():
            title, given = f"{variant}, {how}", parameters
            if how == "chosen decay":
                choice = rows.get(
                    lambda own=parameters: choose(name, own, main, options),
                    data=name,
                    variant=f"{variant}, choice",
                )
                given = {**parameters, "weight_decay": choice["decay"]}
                title = f"{variant}, decay {choice['decay']}"
            own = run(rows, name, f"{variant}, {how}", given, 3, options)
            found[variant] = own
            print(
                f"{name}, {title}: {main} {mean_and_seeds(own, main, 1, 4)}, "
                f"branches {[row['n_branches'] for row in own]} of {n_tasks}, "
                f"{np.mean([row['parameters'] for row in own]):,.0f} parameters, "
                f"ARI between seeds {agreement(own):.2f}",
                flush=True,
            )
        compare(f"{name}, {how}, similarity", found, main, 1, 4)


def pairs_first(linkage):
    """How many of the pairs {0, 1}, {2, 3}, ... are among as many first merges."""
    count = (len(linkage) + 1) // 2
    merges = {tuple(sorted(map(int, row[:2]))) for row in linkage[:count]}
    return len(merges & {(2 * pair, 2 * pair + 1) for pair in range(count)})


def scm20d(options):
    """Whether the pairs of neighbours are the first merges of the tree."""
    rows, name = rows_of("scm20d", options), "mtr_scm20d"
    found = run(rows, name, "similarity", {}, 5, options)
    for row in found:
        first = pairs_first(row["linkage"])
        print(
            f"{name}, seed {row['seed']}: {first} of 8 pairs first, "
            f"R2 {row['score']:.4f}, groups {row['groups']}",
            flush=True,
        )
