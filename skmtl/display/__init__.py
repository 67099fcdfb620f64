"""Figures that hold their numbers; they need matplotlib.

A display stores arrays, and draws them when asked, as scikit-learn's displays do: make
one from a fitted estimator or from a matrix, then read or change what it drew.

>>> import matplotlib
>>> matplotlib.use("Agg")
>>> from skmtl.display import TaskSimilarityDisplay
>>> display = TaskSimilarityDisplay.from_similarity(
...     [[1.0, 0.1, 0.8], [0.1, 1.0, 0.0], [0.8, 0.0, 1.0]],
...     groups=[0, 1, 0],
...     task_names=["heart", "eyes", "lungs"],
... )
>>> [label.get_text() for label in display.ax_.get_yticklabels()]
['heart', 'lungs', 'eyes']
"""

from ._activation_map import ActivationMapDisplay
from ._capacity import CapacityDisplay
from ._information_plane import InformationPlaneDisplay
from ._sharing_history import SharingHistoryDisplay
from ._sharing_mask import SharingMaskDisplay
from ._task_similarity import TaskSimilarityDisplay
from ._task_tree import TaskTreeDisplay

__all__ = [
    "ActivationMapDisplay",
    "CapacityDisplay",
    "InformationPlaneDisplay",
    "SharingHistoryDisplay",
    "SharingMaskDisplay",
    "TaskSimilarityDisplay",
    "TaskTreeDisplay",
]
