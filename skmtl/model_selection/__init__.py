"""Searches that train together, and splits, predictions and scores for many tasks.

They have the interface of their namesakes in scikit-learn, know about tasks and
missing labels, and go together with its tools. Two tasks, the second with a third of
its labels missing:

>>> import numpy as np
>>> from skmtl import HardSharingClassifier
>>> from skmtl.model_selection import MultiTaskStratifiedKFold, get_multitask_scorer
>>> from skmtl.model_selection import StackedGridSearchCV
>>> X = np.random.default_rng(0).normal(size=(90, 3))
>>> y = (X[:, :2] > 0).astype(float)
>>> y[::3, 1] = np.nan
>>> search = StackedGridSearchCV(
...     HardSharingClassifier(random_state=0),
...     {"weight_decay": [0.01, 1.0]},
...     cv=MultiTaskStratifiedKFold(3),
...     scoring=get_multitask_scorer("roc_auc"),
... ).fit(X, y)
>>> search.cv_results_["mean_test_score"].shape
(2,)

Predictions of rows by estimators that did not see them, one array per task:

>>> from skmtl.model_selection import cross_val_predict
>>> proba = cross_val_predict(search.best_estimator_, X, y, method="predict_proba")
>>> [own.shape for own in proba]
[(90, 2), (90, 2)]
"""

from ._fit_stack import fit_stack
from ._prediction import cross_val_predict
from ._ready_scorers import get_multitask_scorer, get_multitask_scorer_names
from ._scorer import make_multitask_scorer
from ._search import StackedGridSearchCV, StackedRandomizedSearchCV
from ._split import MultiTaskStratifiedKFold, check_multitask_cv

__all__ = [
    "MultiTaskStratifiedKFold",
    "StackedGridSearchCV",
    "StackedRandomizedSearchCV",
    "check_multitask_cv",
    "cross_val_predict",
    "fit_stack",
    "get_multitask_scorer",
    "get_multitask_scorer_names",
    "make_multitask_scorer",
]
