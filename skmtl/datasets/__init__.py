"""Data sets with several tasks whose relations are known.

A multi-task data set is one feature matrix `data (n, n_features)` and one
target matrix `target (n, n_tasks)`; a label that was not observed is NaN.
Every function here also says which tasks belong together (`groups`), so that
what a method finds can be compared with what was planted.

Related tasks from any multi-class set: each task asks for the position of the
class in a subset of the classes, and tasks whose subsets overlap are related.

>>> from skmtl.datasets import load_grouped_digits
>>> digits = load_grouped_digits()
>>> digits.task_names
['0-1-2', '1-2-3', '5-6-7', '6-7-8']
>>> digits.target.shape
(1797, 4)
>>> digits.groups
array([0, 0, 1, 1])

Synthetic tasks with planted groups, noisy labels and holes:

>>> from skmtl.datasets import make_multitask_classification
>>> planted = make_multitask_classification(
...     n_samples=500, n_tasks=6, n_groups=2, missing=0.5, random_state=0
... )
>>> planted.groups
array([0, 0, 0, 1, 1, 1])
>>> int((planted.target == planted.target).sum())
1500

Separate data sets with the same features, one per task:

>>> from skmtl.datasets import stack_tasks
>>> stacked = stack_tasks([[[0.0], [1.0]], [[2.0]]], [[3, 4], [5]])
>>> stacked.target
array([[ 3., nan],
       [ 4., nan],
       [nan,  5.]])

Two pictures laid over each other, a task for each:

>>> from sklearn.datasets import load_digits
>>> from skmtl.datasets import make_overlaid_images
>>> images, digit = load_digits().images, load_digits().target
>>> make_overlaid_images(images, digit, random_state=0).target.shape
(1797, 2)
"""

from skmtl.datasets._class_subsets import make_grouped_tasks, make_one_vs_rest_tasks
from skmtl.datasets._digits import load_grouped_digits
from skmtl.datasets._gaussian import make_gaussian_tasks
from skmtl.datasets._overlaid import make_overlaid_images
from skmtl.datasets._stack import stack_tasks
from skmtl.datasets._synthetic import (
    make_multitask_classification,
    make_multitask_regression,
)

__all__ = [
    "load_grouped_digits",
    "make_gaussian_tasks",
    "make_grouped_tasks",
    "make_multitask_classification",
    "make_multitask_regression",
    "make_one_vs_rest_tasks",
    "make_overlaid_images",
    "stack_tasks",
]
