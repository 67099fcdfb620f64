"""Learn many related tasks at once, the scikit-learn way."""

from . import datasets, display, inspection, metrics, model_selection, similarity
from .baselines import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
)
from .bottleneck import (
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
    MTVIBClassifier,
    MTVIBMixed,
    MTVIBRegressor,
)
from .persistence import load
from .selective import (
    SelectiveSharingClassifier,
    SelectiveSharingMixed,
    SelectiveSharingRanker,
    SelectiveSharingRegressor,
)
from .sparse import (
    FisherSparseMTLClassifier,
    FisherSparseMTLMixed,
    FisherSparseMTLRegressor,
    MaximumRoamingClassifier,
    MaximumRoamingMixed,
    MaximumRoamingRegressor,
    RandomSparseMTLClassifier,
    RandomSparseMTLMixed,
    RandomSparseMTLRegressor,
    TaskRoutingClassifier,
    TaskRoutingMixed,
    TaskRoutingRegressor,
)

__version__ = "0.1.0"

__all__ = [
    "FisherSparseMTLClassifier",
    "FisherSparseMTLMixed",
    "FisherSparseMTLRegressor",
    "HardSharingClassifier",
    "HardSharingMixed",
    "HardSharingRanker",
    "HardSharingRegressor",
    "HierarchicalIBClassifier",
    "HierarchicalIBMixed",
    "HierarchicalIBRegressor",
    "MTVIBClassifier",
    "MTVIBMixed",
    "MTVIBRegressor",
    "MaximumRoamingClassifier",
    "MaximumRoamingMixed",
    "MaximumRoamingRegressor",
    "RandomSparseMTLClassifier",
    "RandomSparseMTLMixed",
    "RandomSparseMTLRegressor",
    "SelectiveSharingClassifier",
    "SelectiveSharingMixed",
    "SelectiveSharingRanker",
    "SelectiveSharingRegressor",
    "TaskRoutingClassifier",
    "TaskRoutingMixed",
    "TaskRoutingRegressor",
    "datasets",
    "display",
    "inspection",
    "load",
    "metrics",
    "model_selection",
    "similarity",
]
