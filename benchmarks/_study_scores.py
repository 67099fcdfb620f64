"""How the regression study judges: losses to choose by, scores to report."""

import numpy as np
from sklearn.metrics import roc_auc_score

_SMALLEST = 1e-6


def loss(study, predictions):
    """Mean over tasks of what settings are chosen by.

    Parameters
    ----------
    study : Study
    predictions : list of ndarray
        For each task, of its rows to judge on: values, or probabilities of the class 1.

    Returns
    -------
    float
        Squared error over the variance of the rows fitted to, or log loss in nats.
    """
    losses = []
    for task, predicted in enumerate(predictions):
        truth = study.Y[study.judge_rows(task), task]
        if study.classification:
            p = np.clip(predicted, _SMALLEST, 1 - _SMALLEST)
            losses.append(-np.mean(np.where(truth == 1, np.log(p), np.log1p(-p))))
        else:
            variance = study.Y[study.fit_rows(task), task].var()
            losses.append(np.mean((truth - predicted) ** 2) / max(variance, 1e-12))
    return float(np.mean(losses))


def task_scores(study, predictions):
    """R2 or area under the ROC curve of every task.

    Parameters
    ----------
    study : Study
    predictions : list of ndarray
        As in :func:`loss`.

    Returns
    -------
    list of float
    """
    scores = []
    for task, predicted in enumerate(predictions):
        truth = study.Y[study.judge_rows(task), task]
        if study.classification:
            scores.append(float(roc_auc_score(truth, predicted)))
        else:
            spread = np.sum((truth - truth.mean()) ** 2)
            scores.append(float(1 - np.sum((truth - predicted) ** 2) / spread))
    return scores
