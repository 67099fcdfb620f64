"""The beam every estimator hangs on."""

from ._context import NetworkContext
from ._documentation import multitask_estimator
from ._multitask import MultiTaskEstimator
from ._parameters import Parameter, parameter_table
from ._shells import ClassifierShell, MixedShell, RegressorShell

__all__ = [
    "ClassifierShell",
    "MixedShell",
    "MultiTaskEstimator",
    "NetworkContext",
    "Parameter",
    "RegressorShell",
    "multitask_estimator",
    "parameter_table",
]
