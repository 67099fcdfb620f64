"""Land mines: 29 fields of two kinds, each row labelled for one of them."""

from functools import partial

import numpy as np
from _bottleneck_runs import Job, rows_of, run_stack
from _digit_tasks import FOLDER
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from skmtl import HierarchicalIBClassifier
from skmtl.similarity import adjusted_rand

N_FIELDS = 29
VARIANTS = {
    "default": {},
    "no noise": {"noise": None},
    "shared noise": {"noise": "shared"},
    "ten members": {"n_estimators": 10},
    "beta .01": {"beta": 0.01},
    "decay .3": {"weight_decay": 0.3},
    "all rows": {},
}


def read(path):
    """Standardised features, labels, fields, and the rows of both parts."""
    data = np.load(path)
    found = {name: data[name] for name in ("y", "task", "train", "test", "groups")}
    found["X"] = StandardScaler().fit(data["X"][data["train"]]).transform(data["X"])
    return found


def mean_auc(data, scores):
    """Mean over the fields of the AUC on the test rows, from a score per row."""
    test = data["test"]
    y, task = data["y"][test], data["task"][test]
    return float(
        np.mean(
            [
                roc_auc_score(y[task == own], scores[test][task == own])
                for own in range(N_FIELDS)
            ]
        )
    )


def judge(data, est):
    """Agreement of the groups, and the mean AUC."""
    by_field = np.array([own[:, 1] for own in est.predict_proba(data["X"])])
    scores = by_field[data["task"], np.arange(len(data["y"]))]
    return {
        "ari": adjusted_rand(est.task_groups_, data["groups"]),
        "n_groups": int(est.task_groups_.max()) + 1,
        "auc": mean_auc(data, scores),
    }


def logistic(data, separate):
    """Mean AUC of one model with the field as a feature, or of one per field."""
    X, y, task = data["X"], data["y"], data["task"]
    if not separate:
        X = np.hstack([X, np.eye(N_FIELDS)[task]])
    scores = np.zeros(len(y))
    for own in range(N_FIELDS) if separate else [None]:
        mine = np.ones(len(y), dtype=bool) if own is None else task == own
        train = data["train"][mine[data["train"]]]
        model = LogisticRegression(max_iter=2000).fit(X[train], y[train])
        scores[mine] = model.decision_function(X[mine])
    return mean_auc(data, scores)


def landmine(options):
    """Agreement of the groups and mean AUC, beside pooled and separate models."""
    path = FOLDER / "landmine.npz"
    if not path.exists():
        print(f"landmine: no file {path.name} in the folder of the data; left out")
        return
    rows, data = rows_of("landmine", options), read(path)
    for name, separate in (("pooled", False), ("separate", True)):
        score = logistic(data, separate)
        print(f"landmine, {name} logistic regression: mean AUC {score:.4f}")
    places = np.arange(len(data["y"]))
    Y = np.full((len(places), N_FIELDS), np.nan)
    Y[places, data["task"]] = data["y"]
    short = {"max_epochs": 2} if options.quick else {}
    for variant, parameters in VARIANTS.items():
        chosen = places if variant == "all rows" else data["train"]
        y = Y[chosen]
        jobs = [
            Job(
                {"variant": variant, "seed": seed},
                HierarchicalIBClassifier(
                    random_state=seed, device=options.device, **parameters, **short
                ),
                y,
                partial(judge, data),
            )
            for seed in range(options.few(10, 2))
        ]
        found = run_stack(rows, f"landmine {variant}", jobs, data["X"][chosen])
        note = " (test rows are among them)" if variant == "all rows" else ""
        print(
            f"landmine, {variant}: ARI {[round(row['ari'], 2) for row in found]}, "
            f"mean AUC {np.mean([row['auc'] for row in found]):.4f}{note}",
            flush=True,
        )
