"""Scores of each task over its observed labels.

Targets may be arrays, lists, or Series and DataFrames of pandas or polars. A label is
missing where `y_true` holds NaN, None, pandas.NA, null or a masked entry.

>>> from skmtl.metrics import accuracy_scores, mean_score
>>> y_true = [["a", 1], ["b", None], [None, 0]]
>>> scores = accuracy_scores(y_true, [["a", 1], ["a", 1], ["a", 1]])
>>> scores
array([0.5, 0.5])
>>> mean_score(scores)
0.5

Scores of probabilities take one array per task, as ``predict_proba`` returns them:

>>> from skmtl.metrics import roc_auc_scores
>>> roc_auc_scores(y_true, [[0.2, 0.7, 0.5], [0.6, 0.9, 0.4]])
array([1., 1.])
"""

from skmtl.metrics._mean import mean_score
from skmtl.metrics._orders import (
    concordance_scores,
    kendall_tau_scores,
    ndcg_scores,
)
from skmtl.metrics._predictions import (
    accuracy_scores,
    balanced_accuracy_scores,
    mean_absolute_error_scores,
    r2_scores,
)
from skmtl.metrics._probabilities import (
    average_precision_scores,
    log_loss_scores,
    roc_auc_scores,
)

__all__ = [
    "accuracy_scores",
    "average_precision_scores",
    "balanced_accuracy_scores",
    "concordance_scores",
    "kendall_tau_scores",
    "log_loss_scores",
    "mean_absolute_error_scores",
    "mean_score",
    "ndcg_scores",
    "r2_scores",
    "roc_auc_scores",
]
