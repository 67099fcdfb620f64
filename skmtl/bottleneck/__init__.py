"""Task-specific noise under the information bottleneck.

>>> from skmtl.bottleneck import HierarchicalIBClassifier
>>> HierarchicalIBClassifier(beta=0.02)
HierarchicalIBClassifier(beta=0.02)
"""

from ._hierarchical_ib import (
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
)
from ._mtvib import MTVIBClassifier, MTVIBMixed, MTVIBRegressor

__all__ = [
    "HierarchicalIBClassifier",
    "HierarchicalIBMixed",
    "HierarchicalIBRegressor",
    "MTVIBClassifier",
    "MTVIBMixed",
    "MTVIBRegressor",
]
