"""What fitted networks let through, and what that is worth.

The price of information, `beta`, decides how much each task reads of the shared
representation. The path over prices shows what this does to its score:

>>> from skmtl import HierarchicalIBClassifier
>>> from skmtl.datasets import load_grouped_digits
>>> from skmtl.inspection import information_path
>>> X, y = load_grouped_digits(return_X_y=True)
>>> est = HierarchicalIBClassifier(max_epochs=30, random_state=0)
>>> path = information_path(
...     est, X[:900], y[:900], [0.01, 0.1], X_test=X[900:], y_test=y[900:]
... )
>>> path.information.shape
(2, 4)
>>> bool((path.information[0] > path.information[1]).all())
True
"""

from ._activation_map import class_activation_map
from ._information_path import information_path

__all__ = ["class_activation_map", "information_path"]
