"""Splits, predictions and scores that know about tasks and missing labels."""

from ._prediction import cross_val_predict
from ._ready_scorers import get_multitask_scorer, get_multitask_scorer_names
from ._scorer import make_multitask_scorer
from ._split import MultiTaskStratifiedKFold, check_multitask_cv

__all__ = [
    "MultiTaskStratifiedKFold",
    "check_multitask_cv",
    "cross_val_predict",
    "get_multitask_scorer",
    "get_multitask_scorer_names",
    "make_multitask_scorer",
]
