"""Macro AUC on tox21: 12 assays, 17 % of the labels missing, the given random split.

Settings of the networks are chosen by the macro AUC on a fifth of the training rows,
set aside balanced over the assays; the test rows are read once, at the end, by the
chosen settings, alone and as an ensemble. Baselines are fitted per assay on the same
features. Run

    python benchmarks/tox21.py [--seeds 3] [--members 16] [--fresh]
"""

import argparse
import warnings

import numpy as np
import torch
from _digit_tasks import FOLDER
from _rows import Rows
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

import skmtl
from skmtl.tasks import validation_split

METHODS = {
    "HierarchicalIB": skmtl.HierarchicalIBClassifier,
    "HardSharing": skmtl.HardSharingClassifier,
}
SETTINGS = {
    "defaults": {},
    "dropout .3": {"dropout": 0.3},
    "wide": {"hidden_layer_sizes": (256, 64), "dropout": 0.3},
    "wide, decay .1": {
        "hidden_layer_sizes": (256, 64),
        "dropout": 0.3,
        "weight_decay": 0.1,
    },
    "wide, decay .3": {
        "hidden_layer_sizes": (256, 64),
        "dropout": 0.3,
        "weight_decay": 0.3,
    },
    "wide, decay 1": {
        "hidden_layer_sizes": (256, 64),
        "dropout": 0.3,
        "weight_decay": 1.0,
    },
}


def load():
    """Features with counts on a logarithmic scale, and labels with holes."""
    path = FOLDER / "tox21.npz"
    data = np.load(path)
    X = np.log1p(np.hstack([data["X"], data["X_ngram"]]).astype(np.float32))
    X = np.hstack([X, data["X_desc"].astype(np.float32)])
    train, test = data["train"], data["test"]
    mean, scale = X[train].mean(0), X[train].std(0)
    blocks = scale > 0
    X = (X[:, blocks] - mean[blocks]) / scale[blocks]
    return np.clip(X, -5, 5), data["Y"], train, test


def macro_auc(y, probabilities):
    """Mean over assays of the AUC on observed labels."""
    scores = []
    for column, own in zip(y.T, probabilities, strict=True):
        seen = ~np.isnan(column)
        scores.append(roc_auc_score(column[seen], own[seen]))
    return float(np.mean(scores))


def network_auc(method, setting, seed, X, Y, train, test, members=1):
    """Fit on some rows and judge on others."""
    est = METHODS[method](n_estimators=members, random_state=seed, **SETTINGS[setting])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est.fit(X[train], Y[train])
    positive = [own[:, 1] for own in est.predict_proba(X[test])]
    return {"auc": macro_auc(Y[test], positive)}


def baseline_auc(model, X, Y, train, test):
    """One model per assay."""
    probabilities = []
    for column in Y.T:
        rows = train[~np.isnan(column[train])]
        own = model().fit(X[rows], column[rows])
        probabilities.append(own.predict_proba(X[test])[:, 1])
    return {"auc": macro_auc(Y[test], probabilities)}


BASELINES = {
    "logistic regression, C=.001": lambda: LogisticRegression(C=0.001, max_iter=500),
    "histogram gradient boosting": lambda: HistGradientBoostingClassifier(
        max_iter=80, random_state=0
    ),
}


def choose(rows, method, X, Y, own, held):
    """The setting with the best mean over two seeds on the rows held out."""
    found = {}
    for setting in SETTINGS:
        scores = [
            rows.get(
                lambda s=setting, r=seed: network_auc(method, s, r, X, Y, own, held),
                part="validation",
                method=method,
                setting=setting,
                seed=seed,
            )["auc"]
            for seed in range(2)
        ]
        found[setting] = np.mean(scores)
        print(f"{method:16s}{setting:16s} validation {found[setting]:.4f}", flush=True)
    return max(found, key=found.get)


def judge(rows, method, setting, data, options):
    """The chosen setting on the test rows, alone and as an ensemble."""
    key = {"part": "test", "method": method, "setting": setting}
    found = [
        rows.get(
            lambda r=seed: network_auc(method, setting, r, *data), seed=seed, **key
        )["auc"]
        for seed in range(options.seeds)
    ]
    spread = np.std(found)
    print(f"{method:16s}{setting:16s} test {np.mean(found):.4f} +- {spread:.4f}")
    row = rows.get(
        lambda: network_auc(method, setting, 0, *data, options.members),
        members=options.members,
        **key,
    )
    print(
        f"{method:16s}{options.members} members       test {row['auc']:.4f}", flush=True
    )


def main():
    """Choose settings on training rows, then read the test rows once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    rows = Rows("tox21", options.fresh)
    X, Y, train, test = load()
    codes, observed = np.nan_to_num(Y[train]), ~np.isnan(Y[train])
    own, held = validation_split(codes, observed, np.ones(12, bool), 0.2, 0)
    print(f"threads: {torch.get_num_threads()}, features: {X.shape[1]}")
    for method in METHODS:
        best = choose(rows, method, X, Y, train[own], train[held])
        judge(rows, method, best, (X, Y, train, test), options)
    for name, model in BASELINES.items():
        row = rows.get(
            lambda m=model: baseline_auc(m, X, Y, train, test), part="test", method=name
        )
        print(f"{name:32s} test {row['auc']:.4f}", flush=True)


if __name__ == "__main__":
    main()
