"""
When there is nothing to find
=============================

A clustering of tasks always returns clusters, if asked to; a heat map always shows
some pattern. Here we look at what skmtl says when there is no relation to be found:
tasks that have nothing to do with each other, and labels that are pure chance.
"""

# %%
# Three situations
# ----------------
#
# The same 20 features, six tasks, 1,000 rows. First, two groups of three related
# tasks. Then six tasks that are easy to learn but unrelated. At last, coins: three
# tasks that say "yes" in one row of ten, three in one row of two. Coins of one kind
# look alike in every summary of their labels, and yet have nothing in common.

import matplotlib.pyplot as plt
import numpy as np
import torch

from skmtl import HardSharingClassifier
from skmtl.datasets import make_multitask_classification
from skmtl.display import TaskSimilarityDisplay
from skmtl.exceptions import TaskGroupWarning

# so small a network is fastest on one thread
torch.set_num_threads(1)

related = make_multitask_classification(n_tasks=6, n_groups=2, random_state=0)
unrelated = make_multitask_classification(n_tasks=6, n_groups=6, random_state=0)
shares = [0.1, 0.1, 0.1, 0.5, 0.5, 0.5]
coins = (np.random.default_rng(0).random((1000, 6)) < shares).astype(int)
situations = {
    "related": (related.data, related.target),
    "unrelated": (unrelated.data, unrelated.target),
    "coins": (related.data, coins),
}
{name: y.mean(axis=0).round(2) for name, (_, y) in situations.items()}

# %%
# The same model for all three
# ----------------------------
#
# Where tasks show no signal, ``fit`` says so in a warning. We collect the warnings
# here to show them.

import warnings

fitted = {}
for name, (X, y) in situations.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TaskGroupWarning)
        est = HardSharingClassifier(max_epochs=40, random_state=0)
        fitted[name] = est.fit(X, y)
    print(f"{name}: groups {est.task_groups_}")
    for warning in caught:
        print(f"    {warning.message}")

# %%

figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="compressed")
for ax, (name, est) in zip(axes, fitted.items(), strict=True):
    TaskSimilarityDisplay.from_estimator(est, ax=ax, colorbar=False, values=False)
    ax.set_title(name)

# %%
# How it can tell
# ---------------
#
# Every task is first compared with itself. ``task_reliability_`` is the share of its
# signal that two disjoint halves of the rows agree on: near 1 for a clear task, near 0
# for chance. ``task_null_`` is what the same task reaches in 95 of 100 cases when its
# labels are shuffled. A task that stays below its null has shown nothing that could be
# shared, and stands alone.
#
# Unrelated tasks pass this test, each has a signal; they are kept apart by their
# similarities, which are near 0.

figure, axes = plt.subplots(1, 3, figsize=(10.5, 3), sharey=True, layout="constrained")
for ax, (name, est) in zip(axes, fitted.items(), strict=True):
    tasks = np.arange(est.n_tasks_)
    ax.bar(tasks, est.task_reliability_, color="#7bccc4", label="reliability")
    ax.hlines(est.task_null_, tasks - 0.4, tasks + 0.4, color="#24303b", label="null")
    ax.axhline(0, color="#24303b", linewidth=0.5)
    ax.set_title(name)
    ax.set_xlabel("task")
axes[2].legend()
_ = axes[0].set_ylabel("reliability")

# %%
# A null of 95 % lets one coin in twenty pass by luck. Such a task is not yet in a
# group: for that it would have to resemble another one as well.
