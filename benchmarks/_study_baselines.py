"""Baselines of the regression study: ridge and boosted trees, pooled and per task."""

import time

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

# Most rows that pooled models read, since a row is repeated for every task it has.
_MOST_POOLED = 40_000
# Most rows that boosted trees read while they search.
_MOST_SEARCHED = 2_000

LINEAR = [{"alpha": float(alpha)} for alpha in np.logspace(-1, 5, 13)]
TREES = [
    {"learning_rate": rate, "max_leaf_nodes": leaves, "min_samples_leaf": least}
    for rate in (0.05, 0.15)
    for leaves in (4, 8, 31)
    for least in (5, 20)
]
BASELINES = {
    "pooled linear": LINEAR,
    "linear per task": LINEAR,
    "pooled trees": TREES,
    "trees per task": TREES,
}


def fit_baseline(study, method, setting, seed, search=False):
    """Fit and predict.

    Parameters
    ----------
    study : Study
    method : str
        A key of `BASELINES`.
    setting : dict
    seed : int
    search : bool
        Whether boosted trees make do with part of the rows.

    Returns
    -------
    predictions : list of ndarray
        Per task, of its rows to judge on.
    seconds : float
    """
    start = time.perf_counter()
    model = _linear if "linear" in method else _trees
    most = _MOST_SEARCHED if search and "trees" in method else _MOST_POOLED
    if method.startswith("pooled"):
        found = _pooled(study, model, setting, seed, 10 * most if search else most)
    else:
        found = [
            _one_task(study, task, model, setting, seed, most)
            for task in range(study.n_tasks)
        ]
    return found, time.perf_counter() - start


def _linear(study, setting):
    if study.classification:
        return LogisticRegression(C=1 / setting["alpha"], max_iter=300)
    return Ridge(alpha=setting["alpha"])


def _trees(study, setting):
    kind = HistGradientBoostingRegressor
    if study.classification:
        kind = HistGradientBoostingClassifier
    return kind(**{"max_iter": 150, "early_stopping": False, **setting})


def _some(rows, most, seed):
    if len(rows) <= most:
        return rows
    return np.random.RandomState(seed).choice(rows, most, replace=False)


def _one_task(study, task, model, setting, seed, most):
    rows = _some(study.fit_rows(task), most, seed)
    est = model(study, setting)
    mean, scale = 0.0, 1.0
    if not study.classification:
        mean, scale = study.Y[rows, task].mean(), study.Y[rows, task].std() or 1.0
    est.fit(study.X[rows], (study.Y[rows, task] - mean) / scale)
    return mean + scale * _outputs(study, est, study.X[study.judge_rows(task)])


def _pooled(study, model, setting, seed, most):
    """One model of all tasks, told by an indicator apart."""
    pairs = np.argwhere(study.seen[study.fit])
    pairs = pairs[_some(np.arange(len(pairs)), min(most, _MOST_POOLED), seed)]
    rows, tasks = study.fit[pairs[:, 0]], pairs[:, 1]
    mean, scale = _units(study)
    est = model(study, setting)
    y = (study.Y[rows, tasks] - mean[tasks]) / scale[tasks]
    est.fit(_with_task(study, rows, tasks), y)
    found = []
    for task in range(study.n_tasks):
        rows = study.judge_rows(task)
        X = _with_task(study, rows, np.full(len(rows), task))
        found.append(mean[task] + scale[task] * _outputs(study, est, X))
    return found


def _with_task(study, rows, tasks):
    return np.hstack([study.X[rows], np.eye(study.n_tasks, dtype=np.float32)[tasks]])


def _units(study):
    zero, one = np.zeros(study.n_tasks), np.ones(study.n_tasks)
    if study.classification:
        return zero, one
    Y = study.Y[study.fit]
    if study.one_unit:
        return zero + np.nanmean(Y), one * np.nanstd(Y)
    return np.nanmean(Y, 0), np.nanstd(Y, 0)


def _outputs(study, est, X):
    return est.predict_proba(X)[:, 1] if study.classification else est.predict(X)
