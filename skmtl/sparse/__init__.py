"""Tasks that use a part of one network each.

>>> from skmtl.sparse import FisherSparseMTLClassifier
>>> FisherSparseMTLClassifier(keep_ratio=0.3)
FisherSparseMTLClassifier(keep_ratio=0.3)
"""

from ._fisher_sparse import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    FisherSparseMTLRegressor,
)
from ._maximum_roaming import (
    MaximumRoamingClassifier,
    MaximumRoamingMixed,
    MaximumRoamingRegressor,
)
from ._random_sparse import (
    RandomSparseMTLClassifier,
    RandomSparseMTLMixed,
    RandomSparseMTLRegressor,
)
from ._task_module import TaskModule, load_task
from ._task_routing import (
    TaskRoutingClassifier,
    TaskRoutingMixed,
    TaskRoutingRegressor,
)

__all__ = [
    "FisherSparseMTLClassifier",
    "FisherSparseMTLMixed",
    "FisherSparseMTLRegressor",
    "MaximumRoamingClassifier",
    "MaximumRoamingMixed",
    "MaximumRoamingRegressor",
    "RandomSparseMTLClassifier",
    "RandomSparseMTLMixed",
    "RandomSparseMTLRegressor",
    "TaskModule",
    "TaskRoutingClassifier",
    "TaskRoutingMixed",
    "TaskRoutingRegressor",
    "load_task",
]
