"""Which tasks are related, and which belong together.

A representation that never saw the targets, here random features, is enough to see
which tasks need the same directions of it. Two tasks on the first feature, one of them
negated, two on the second, and one of coin flips:

>>> import numpy as np
>>> from skmtl.similarity import group_tasks, random_trunk, target_relatedness
>>> random = np.random.default_rng(0)
>>> X = random.normal(size=(1000, 6))
>>> first, second = X[:, 0], X[:, 1]
>>> y = np.column_stack(
...     [first > 0, second > 0, first < 0.3, second < 0.1, random.random(1000) < 0.5]
... )
>>> found = target_relatedness(random_trunk(X, random_state=0), y, random_state=0)
>>> found.passed
array([ True,  True,  True,  True, False])

A similarity of 0 means no more related than unrelated tasks are, 1 means the same
task. :func:`group_tasks` cuts the tree of tasks in its largest gap, so the number of
groups is found; a task without a signal of its own stays alone:

>>> groups = group_tasks(found.similarity)
>>> groups.labels
array([0, 1, 0, 1, 2])

Agreement with known groups, and with what groups of equal sizes reach by luck:

>>> from skmtl.similarity import adjusted_rand, matched_random_groups
>>> adjusted_rand(groups.labels, [0, 1, 0, 1, 2])
1.0
>>> lucky = matched_random_groups(groups.labels, random_state=0)
>>> adjusted_rand(lucky, [0, 1, 0, 1, 2]) < 1
True

Methods with evidence of their own turn it into distances and similarities by
:func:`channel_overlap`, :func:`capacity_overlap`, :func:`capacity_distance`,
:func:`log_variance_distance`, :func:`mask_overlap` and :func:`information_correlation`,
and pass the same gate with :func:`apply_gate`.
"""

from ._agreement import (
    adjusted_rand,
    co_association,
    matched_random_groups,
    pairwise_separation,
)
from ._channels import channel_overlap
from ._grouping import TaskGroups, group_tasks
from ._masks import information_correlation, mask_overlap
from ._measures import (
    apply_gate,
    capacity_distance,
    capacity_overlap,
    label_correlation,
    log_variance_distance,
)
from ._relatedness import Relatedness, target_relatedness
from ._trunk import random_trunk

__all__ = [
    "Relatedness",
    "TaskGroups",
    "adjusted_rand",
    "apply_gate",
    "capacity_distance",
    "capacity_overlap",
    "channel_overlap",
    "co_association",
    "group_tasks",
    "information_correlation",
    "label_correlation",
    "log_variance_distance",
    "mask_overlap",
    "matched_random_groups",
    "pairwise_separation",
    "random_trunk",
    "target_relatedness",
]
