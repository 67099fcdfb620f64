"""Tasks that turn out to be related share a branch of the network.

>>> from skmtl.selective import SelectiveSharingClassifier
>>> SelectiveSharingClassifier(window=40)
SelectiveSharingClassifier(window=40)
"""

from ._selective_sharing import (
    SelectiveSharingClassifier,
    SelectiveSharingMixed,
    SelectiveSharingRanker,
    SelectiveSharingRegressor,
)

__all__ = [
    "SelectiveSharingClassifier",
    "SelectiveSharingMixed",
    "SelectiveSharingRanker",
    "SelectiveSharingRegressor",
]
