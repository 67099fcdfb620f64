"""Splits, predictions and scores that know about tasks and missing labels."""

from ._prediction import cross_val_predict
from ._split import MultiTaskStratifiedKFold, check_multitask_cv

__all__ = ["MultiTaskStratifiedKFold", "check_multitask_cv", "cross_val_predict"]
