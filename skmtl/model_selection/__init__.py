"""Splits, predictions and scores that know about tasks and missing labels."""

from ._split import MultiTaskStratifiedKFold, check_multitask_cv

__all__ = ["MultiTaskStratifiedKFold", "check_multitask_cv"]
