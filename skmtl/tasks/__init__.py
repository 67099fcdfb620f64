"""What is predicted: kinds of tasks, encoding of targets, losses, splits of rows."""

from skmtl.tasks._encoding import TargetEncoder
from skmtl.tasks._losses import LossTerms, MultiTaskLoss, task_factors
from skmtl.tasks._spec import TaskSpec
from skmtl.tasks._split import assign_folds, validation_split

__all__ = [
    "LossTerms",
    "MultiTaskLoss",
    "TargetEncoder",
    "TaskSpec",
    "assign_folds",
    "task_factors",
    "validation_split",
]
