"""What is predicted: kinds of tasks, encoding of targets, losses, splits of rows."""

from skmtl.tasks._encoding import TargetEncoder
from skmtl.tasks._losses import MultiTaskLoss
from skmtl.tasks._spec import TaskSpec
from skmtl.tasks._split import assign_folds, validation_split
from skmtl.tasks._terms import LossTerms, task_factors

__all__ = [
    "LossTerms",
    "MultiTaskLoss",
    "TargetEncoder",
    "TaskSpec",
    "assign_folds",
    "task_factors",
    "validation_split",
]
