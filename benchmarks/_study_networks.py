"""Networks of the regression study: settings, and fits of many at once."""

import math
import time
import warnings

import numpy as np

import skmtl
from skmtl.model_selection import fit_stack

DECAYS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
BETAS = (0.0, 0.01, 0.05, 0.1)
SAME_SHAPE = {"hidden_layer_sizes": (32, 32), "latent_dim": 16}
# Steps of each single-task network where tasks are many.
_FEW_STEPS, _MANY_TASKS = 500, 20

PRICED = [
    {"weight_decay": decay, "beta": beta} for decay in DECAYS for beta in (0.01, 0.05)
]
DROPPED = [
    {"weight_decay": decay, "dropout": dropout}
    for decay in DECAYS
    for dropout in (0.0, 0.2)
]
# Twelve settings of each, so that every search has the same budget.
NETWORKS = {
    "HierarchicalIB": PRICED,
    "shared noise": PRICED,
    "HierarchicalIB, diagonal": PRICED,
    "shared noise, diagonal": PRICED,
    "HardSharing": DROPPED,
    "single tasks": DROPPED,
}


def make(study, method, seed, **setting):
    """An estimator of a method, not yet fitted.

    {"default": True} sets nothing, {"former": True} the defaults of before this study.
    """
    kind = "Classifier" if study.classification else "Regressor"
    default = setting.pop("default", False)
    if method in ("HardSharing", "single tasks"):
        estimator = getattr(skmtl, f"HardSharing{kind}")
        own = SAME_SHAPE
    else:
        estimator = getattr(skmtl, f"HierarchicalIB{kind}")
        own = {"noise": "shared" if method.startswith("shared") else "learned"}
        if not study.classification:
            learned = method.endswith("diagonal")
            own["residual"] = "diagonal" if learned else "unit"
    if default:
        own = {}
    if setting.pop("former", False):
        own = {name: own[name] for name in own if name == "residual"}
        own["weight_decay"] = float(np.clip(200 / len(study.fit), 0.01, 1))
    return estimator(random_state=seed, **{**own, **setting})


def fit_networks(study, method, settings, seed):
    """Fit one network per setting, or one per setting and task, as few stacks.

    Parameters
    ----------
    study : Study
    method : str
        A key of `NETWORKS`.
    settings : list of dict
    seed : int

    Returns
    -------
    fitted : list
        Per setting an estimator, or a list of them, one per task.
    seconds : float
    """
    start = time.perf_counter()
    with warnings.catch_warnings():
        # What the fits have to say on groups and closed channels is in the results.
        warnings.simplefilter("ignore")
        if method == "single tasks":
            fitted = _fit_single(study, settings, seed)
        else:
            fitted = [make(study, method, seed, **setting) for setting in settings]
            fit_stack(fitted, study.X, study.Y, rows=study.fit)
    return fitted, time.perf_counter() - start


def _fit_single(study, settings, seed):
    rows_of = [study.fit_rows(task) for task in range(study.n_tasks)]
    if all(len(rows) == len(study.fit) for rows in rows_of):
        rows_of = [study.fit] * study.n_tasks
    columns = [np.ascontiguousarray(column) for column in study.Y.T]
    estimators, targets, rows = [], [], []
    for setting in settings:
        for task in range(study.n_tasks):
            own = {**_steps(study, len(rows_of[task])), **setting}
            estimators.append(make(study, "single tasks", seed, **own))
            targets.append(columns[task])
            rows.append(rows_of[task])
    fit_stack(estimators, study.X, targets, rows=rows)
    cuts = range(0, len(estimators), study.n_tasks)
    return [estimators[first : first + study.n_tasks] for first in cuts]


def _steps(study, n_rows):
    """Batches of one size, so that tasks with other numbers of rows share stacks."""
    if not study.one_task_per_row:
        return {}
    size = 16 if n_rows < 150 else 64
    if study.n_tasks <= _MANY_TASKS:
        return {"batch_size": size}
    n_epochs = math.ceil(_FEW_STEPS / math.ceil(n_rows / size))
    return {"batch_size": size, "max_epochs": n_epochs}


def predict(study, fitted):
    """Predictions of each task on its rows to judge on."""
    if isinstance(fitted, list):
        return [
            _outputs(study, estimator, study.judge_rows(task))
            for task, estimator in enumerate(fitted)
        ]
    table = _outputs(study, fitted, study.judge)
    return [table[study.seen[study.judge, task], task] for task in range(study.n_tasks)]


def _outputs(study, estimator, rows):
    if not study.classification:
        return estimator.predict(study.X[rows])
    found = estimator.predict_proba(study.X[rows])
    if isinstance(found, list):
        return np.column_stack([own[:, 1] for own in found])
    return found[:, 1]
