"""Two pairs of tasks on MNIST: the paper's table V, and default parameters."""

import numpy as np
from _bottleneck_runs import Job, digits, rows_of, run_stack, share, tasks_of
from sklearn.metrics import mutual_info_score

from skmtl import HierarchicalIBClassifier
from skmtl.similarity import (
    adjusted_rand,
    capacity_overlap,
    log_variance_distance,
    pairwise_separation,
)

GROUPS = [0, 0, 1, 1]
# The paper's figures are said for three prices; the third is known to us as smaller
# than the second only, so two stand for it.
BETAS = (0.05, 0.01, 0.005, 0.001)
PAPER = {"learned": "96 / 88 / 68", "fixed": "32 / 40 / 56"}
VARIANTS = {
    "learned": {},
    "fixed": {"noise": "fixed"},
    "as printed": {"marginal": "learned", "beta_warmup": 0.0},
}
CRITERIA = ("capacity", "log_variance", "overlap", "similarity", "groups")
FRESH = 1000  # first of the draws of digits for the defaults; table V has 0 to 49


def two_pairs(state):
    """Four tasks of three digits; within a pair two digits are shared."""
    d = np.random.RandomState(state).permutation(10)
    return [d[[0, 1, 2]], d[[1, 2, 3]], d[[4, 5, 6]], d[[5, 6, 7]]]


def apart(distances):
    """The paper's success: no pair within a group is farther than one between."""
    return bool(pairwise_separation(distances, GROUPS) > 0)


def judge(est, X_test, y_test):
    """Accuracy, and success by every measure that the fit offers."""
    found = {
        "accuracy": float(est.score(X_test, y_test)),
        "similarity": apart(1 - est.task_similarity_),
        "groups": adjusted_rand(est.task_groups_, GROUPS) == 1.0,
        "found": est.task_groups_.tolist(),
    }
    if hasattr(est, "capacity_"):
        found["capacity"] = apart(est.task_distances_)
        found["log_variance"] = apart(log_variance_distance(est.noise_log_variance_))
        found["overlap"] = apart(1 - capacity_overlap(est.capacity_))
        found["information"] = est.information_.round(3).tolist()
    else:
        Z = est.transform(X_test)
        found["head_gram"] = apart(1 - head_gram(est, Z))
    return found


def head_gram(est, Z):
    """Cosine of the heads' Gram matrices in the whitened representation."""
    values, vectors = np.linalg.eigh(np.cov(Z, rowvar=False).reshape(Z.shape[1], -1))
    root = vectors * np.sqrt(np.maximum(values, 0))
    weight = est.net_.module_.heads.weight.detach().double().cpu().numpy()
    weight = weight - weight.mean(1, keepdims=True)
    grams = [(own @ root).T @ (own @ root) for own in weight]
    flat = np.array([gram.ravel() / np.linalg.norm(gram) for gram in grams])
    return flat @ flat.T


def label_information(y):
    """Mutual information of the tasks' labels, in nats."""
    return np.array([[mutual_info_score(a, b) for b in y.T] for a in y.T])


def stack_of(rows, title, variants, choices, options, name, split, **settings):
    """Jobs for all draws of digits and variants, fitted to one data set."""
    X, digit, X_test, digit_test = digits(name, split, options.quick)
    jobs = []
    for choice in choices:
        subsets = two_pairs(choice)
        y, y_test = tasks_of(digit, subsets), tasks_of(digit_test, subsets)
        for variant, parameters in variants.items():
            estimator = HierarchicalIBClassifier(
                random_state=split, device=options.device, **{**settings, **parameters}
            )
            key = {"variant": variant, "choice": choice, "data": name}
            for own in ("beta", "latent_dim"):
                if own in parameters:
                    key[own] = parameters[own]
            jobs.append(
                Job(
                    key,
                    estimator,
                    y,
                    lambda est, y_test=y_test: judge(est, X_test, y_test),
                )
            )
    return run_stack(rows, title, jobs, X)


def table5(options):
    """Success in the paper's setting: D = 4, 25 epochs, 50 draws of digits."""
    rows = rows_of("table5", options)
    choices = range(options.few(50, 4))
    settings = {"latent_dim": 4, "max_epochs": options.few(25, 2)}
    print(
        "table V: share of 50 draws of digits with all pairs of a group closer than "
        "any across, 95 % intervals\n"
        f"paper, three prices: ours {PAPER['learned']} %, fixed {PAPER['fixed']} %"
    )
    for variant, parameters in VARIANTS.items():
        if not options.wants(variant.replace(" ", "_")):
            continue
        priced = {f"{variant} {beta}": {**parameters, "beta": beta} for beta in BETAS}
        found = stack_of(
            rows, f"table5 {variant}", priced, choices, options, "mnist", 0, **settings
        )
        for beta in BETAS:
            own = [row for row in found if row["beta"] == beta]
            print_line(f"{variant}, beta {beta}", own, CRITERIA)
    if options.wants("none"):
        silent = {"none": {"noise": None}}
        found = stack_of(
            rows, "table5 no noise", silent, choices, options, "mnist", 0, **settings
        )
        print_line("no noise", found, ("head_gram", "similarity", "groups"))
        _, digit, _, _ = digits("mnist", 0, options.quick)
        tables = [
            label_information(tasks_of(digit, two_pairs(choice))) for choice in choices
        ]
        labels = [{"labels": apart(table.max() - table)} for table in tables]
        print(f"{'label mutual information':30s}labels {share(labels, 'labels')}")


def print_line(name, found, criteria):
    """Shares of success, mean accuracy and time of one variant."""
    shares = "  ".join(f"{own} {share(found, own)}" for own in criteria)
    accuracy = np.mean([row["accuracy"] for row in found])
    seconds = np.median([row["seconds"] for row in found])
    print(f"{name:30s}{shares}  accuracy {accuracy:.4f}  {seconds:.2f} s", flush=True)


def defaults(options):
    """Default parameters on fresh draws, beside the same network without noise."""
    rows = rows_of("defaults", options)
    names = [options.data] if options.data else ["digits", "mnist"]
    for name in names:
        n_splits = 5 if name == "digits" else 2
        choices = range(FRESH, FRESH + options.few(50, 4))
        short = {"max_epochs": 2} if options.quick else {}
        table = {}
        for variant in ({"default": {}}, {"no noise": {"noise": None}}):
            [own] = variant
            table[own] = []
            for split in range(n_splits):
                part = [choice for choice in choices if choice % n_splits == split]
                title = f"defaults {name} {own} {split}"
                table[own] += stack_of(
                    rows, title, variant, part, options, name, split, **short
                )
            measures = ("groups", "similarity")
            print_line(f"{name}, {own}", table[own], measures)
        gap = [
            a["accuracy"] - b["accuracy"]
            for a, b in zip(table["no noise"], table["default"], strict=True)
        ]
        right = sum(row["groups"] for row in table["default"])
        print(
            f"{name}: groups right in {right} of {len(gap)} (wanted 49 of 50), "
            f"{100 * np.mean(gap):.2f} points under no noise (wanted .3)"
        )
