"""Scores and densities of fitted estimators, for ``fisher_sparse.py``."""

import numpy as np
from sklearn.metrics import roc_auc_score


def judge(est, X, y, metric):
    """Mean and values of the tasks' scores, and the least of the masks' densities."""
    if metric == "auc":
        outputs = [own[:, -1] for own in est.predict_proba(X)]
    else:
        outputs = est.predict(X).T
    scores = [
        one(own, column, metric) for own, column in zip(outputs, y.T, strict=True)
    ]
    return {**summary(scores), **densities(est)}


def judge_apart(estimators, X, y, metric):
    """The same for one estimator per task."""
    scores = []
    for est, column in zip(estimators, y.T, strict=True):
        output = est.predict_proba(X)[:, -1] if metric == "auc" else est.predict(X)
        scores.append(one(output, column, metric))
    return summary(scores)


def one(output, column, metric):
    """Score of one task on its labelled rows."""
    seen = ~np.isnan(column)
    if metric == "auc":
        return float(roc_auc_score(column[seen], output[seen]))
    return float((output[seen].astype(float) == column[seen]).mean())


def summary(scores):
    """Score over all tasks, and of each."""
    return {
        "score": round(float(np.mean(scores)), 5),
        "tasks": [round(own, 5) for own in scores],
    }


def densities(est):
    """Of all tasks and layers the least density and the fewest units that live.

    A unit lives if it has a path to the inputs over weights that its task uses.
    """
    if not hasattr(est, "layer_masks"):
        return {}
    masks = list(est.layer_masks().values())
    least = min(float(own.reshape(len(own), -1).mean(1).min()) for own in masks)
    live, fewest = np.ones((len(masks[0]), masks[0].shape[2]), bool), []
    for mask in masks:
        live = (mask & live[:, None, :]).any(2)
        fewest.append(int(live.sum(1).min()))
    return {"least_density": round(least, 5), "fewest_units": min(fewest)}
