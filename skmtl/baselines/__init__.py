"""Methods that others are measured against.

>>> from skmtl.baselines import HardSharingClassifier
>>> HardSharingClassifier(max_epochs=5)
HardSharingClassifier(max_epochs=5)
"""

from ._hard_sharing import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
)

__all__ = [
    "HardSharingClassifier",
    "HardSharingMixed",
    "HardSharingRanker",
    "HardSharingRegressor",
]
