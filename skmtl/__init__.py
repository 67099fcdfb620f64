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

__version__ = "0.1.0"

__all__ = [
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
    "datasets",
    "display",
    "inspection",
    "load",
    "metrics",
    "model_selection",
    "similarity",
]
