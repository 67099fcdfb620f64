"""
Which tasks are related?
========================

Four tasks look at the same pictures of digits. Two of them ask about the small digits,
two about the large ones. Nobody tells the model; it learns all four at once and says
which belong together.
"""

# %%
# The pictures
# ------------
#
# 1,797 pictures of 8 x 8 pixels come with scikit-learn. Each task has three digits and
# asks which of them a picture shows, or whether it shows none of them.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.model_selection import train_test_split

from skmtl import HierarchicalIBClassifier
from skmtl.datasets import load_grouped_digits
from skmtl.display import (
    CapacityDisplay,
    InformationPlaneDisplay,
    TaskSimilarityDisplay,
)
from skmtl.inspection import information_path

# so small a network is fastest on one thread
torch.set_num_threads(1)

digits = load_grouped_digits()
figure, axes = plt.subplots(4, 8, figsize=(7.5, 4.4), layout="constrained")
for row, name, labels in zip(axes, digits.task_names, digits.target.T, strict=True):
    first_of_each = [np.flatnonzero(labels == label)[:2] for label in range(4)]
    for ax, picture in zip(row, np.concatenate(first_of_each), strict=True):
        ax.imshow(digits.data[picture].reshape(8, 8), cmap="gray_r")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_title(f"label {labels[picture]}", fontsize=8)
    row[0].set_ylabel(f"task {name}", fontsize=9)

# %%
# As everywhere in skmtl, the features are one table ``X`` and the targets are one
# table ``y`` with a column for each task.

X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=0.3, random_state=0
)
X_train.shape, y_train.shape

# %%
# One model for all tasks
# -----------------------
#
# All tasks share one representation of a picture. Each reads it through noise of its
# own, and has to pay for every bit of information it wants to see more clearly than
# the noise lets it. So a task opens only those dimensions that it needs.

est = HierarchicalIBClassifier(random_state=0).fit(X_train, y_train)

# %%
# Accuracy of each task on pictures the model has not seen, and that of always saying
# "none of them":

for name, accuracy, labels in zip(
    digits.task_names, est.score_tasks(X_test, y_test), y_test.T, strict=True
):
    print(f"task {name}   {accuracy:.3f}   against {np.mean(labels == 3):.3f}")

# %%
# What each task reads
# --------------------
#
# ``capacity_`` says how much each task takes from each dimension, in nats (1 nat is
# 1.44 bits). Tasks with digits in common open the same dimensions.

display = CapacityDisplay.from_capacity(
    est.capacity_, groups=est.task_groups_, task_names=digits.task_names
)

# %%
# Similarity and groups
# ---------------------
#
# What two tasks read in common, relative to all that either reads, is their
# similarity: 0 for unrelated tasks, 1 for one and the same. The groups are cut from
# it, and their number is found as well.

est.task_groups_

# %%

display = TaskSimilarityDisplay.from_similarity(
    est.task_similarity_, groups=est.task_groups_, task_names=digits.task_names
)

# %%
# What the information is worth
# -----------------------------
#
# The price is a parameter, ``beta``. Models at several prices train together, in about
# twice the time of one. Where the lines are level, tasks read more than they need;
# where they fall, they miss what they gave up.

path = information_path(
    HierarchicalIBClassifier(random_state=0),
    X_train,
    y_train,
    [0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7],
    X_test=X_test,
    y_test=y_test,
)
path.task_names = digits.task_names
display = InformationPlaneDisplay.from_path(path)

# %%
# From one fit to the next, with another ``random_state``, the blocks stay where they
# are but their values move: read them as strong, weak or none. Whether there is
# anything to share at all is measured apart from the network, see
# :ref:`sphx_glr_auto_examples_plot_nothing_to_find.py`.
