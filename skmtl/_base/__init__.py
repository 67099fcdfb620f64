"""The beam every estimator hangs on."""

from ._context import NetworkContext, encoder_of, heads_of
from ._documentation import multitask_estimator
from ._evidence import read_tasks
from ._jobs import FitJob, fit_jobs
from ._multitask import MultiTaskEstimator
from ._parameters import BATCH_NORM
from ._relations import (
    cause_of_groups,
    fault_of_clustering,
    task_attributes,
    warn_of_silent_tasks,
)
from ._resolve import resolve_settings
from ._rules import LayerSizes
from ._shells import ClassifierShell, MixedShell, RankerShell, RegressorShell
from ._tables import Parameter, parameter_table, stackable_parameters
from ._warn import name_tasks, warn_user

__all__ = [
    "BATCH_NORM",
    "ClassifierShell",
    "FitJob",
    "LayerSizes",
    "MixedShell",
    "MultiTaskEstimator",
    "NetworkContext",
    "Parameter",
    "RankerShell",
    "RegressorShell",
    "cause_of_groups",
    "encoder_of",
    "fault_of_clustering",
    "fit_jobs",
    "heads_of",
    "multitask_estimator",
    "name_tasks",
    "parameter_table",
    "read_tasks",
    "resolve_settings",
    "stackable_parameters",
    "task_attributes",
    "warn_of_silent_tasks",
    "warn_user",
]
