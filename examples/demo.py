"""Four tasks on handwritten digits: learn them together, see which are related.

Run by ``make demo``. The picture goes to ``demo_output/``, or to the path given:

    python examples/demo.py [picture.png]
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from skmtl import HierarchicalIBClassifier
from skmtl.datasets import load_grouped_digits
from skmtl.display import TaskSimilarityDisplay
from skmtl.model_selection import fit_stack

PICTURE = Path("demo_output", "task_similarity.png")


def main(picture=PICTURE):
    """Fit, compare, and say what the tasks have in common."""
    # Threads would wait for each other longer than such small steps take.
    torch.set_num_threads(1)
    digits = load_grouped_digits()
    print_story(digits)
    X_train, X_test, y_train, y_test = train_test_split(
        digits.data, digits.target, test_size=0.3, random_state=0
    )
    start = time.perf_counter()
    est = HierarchicalIBClassifier(random_state=0).fit(X_train, y_train)
    print(f"One network for all four tasks, trained in {seconds(start)}.")
    start = time.perf_counter()
    alone = separate_networks(est, X_train, y_train)
    print(f"Four networks to compare it with, one per task: {seconds(start)}.\n")
    print_accuracies(
        digits.task_names,
        {
            "most frequent\nclass": majority_accuracy(y_train, y_test),
            "logistic\nregression": logistic_accuracy(X_train, y_train, X_test, y_test),
            "one network\neach": accuracy_of_each(alone, X_test, y_test),
            "one network\nfor all": est.score_tasks(X_test, y_test),
        },
    )
    print("What this shows is one model for all tasks, and how they relate. It is no")
    print("gain in accuracy over a network for each: see the last two columns.\n")
    print_similarity(est, digits.task_names)
    print_groups(est.task_groups_, digits)
    draw(est, digits.task_names, picture)
    print(f"\nPicture: {picture}")


def print_story(digits):
    """Say what the tasks are."""
    n_samples, n_features = digits.data.shape
    print(f"{n_samples} pictures of handwritten digits, {n_features} pixels each.")
    print("Each task has classes for three digits and one for all the others:\n")
    for name, own in zip(digits.task_names, digits.classes_of_task, strict=True):
        others = ", ".join(map(str, own))
        print(f"  task {name}   is it {others}, or none of them?")
    print()


def majority_accuracy(y_train, y_test):
    """Accuracy of always saying each task's most frequent class."""
    most = [np.bincount(column).argmax() for column in y_train.T]
    return (y_test == most).mean(axis=0)


def separate_networks(est, X_train, y_train):
    """The same estimator once per task, each fitted to its own labels only."""
    alone = [clone(est) for _ in y_train.T]
    return fit_stack(alone, X_train, list(y_train.T))


def accuracy_of_each(estimators, X_test, y_test):
    """Accuracy of one fitted estimator per task."""
    pairs = zip(estimators, y_test.T, strict=True)
    return [own.score(X_test, truth) for own, truth in pairs]


def logistic_accuracy(X_train, y_train, X_test, y_test):
    """Accuracy of one logistic regression per task."""
    return [
        LogisticRegression(max_iter=1000).fit(X_train, own).score(X_test, truth)
        for own, truth in zip(y_train.T, y_test.T, strict=True)
    ]


def print_accuracies(task_names, columns):
    """Print a line per task and a column per method, its title on two lines."""
    print("Accuracy on pictures not trained on, in percent")
    upper, lower = zip(*(title.split("\n") for title in columns), strict=True)
    width = max(map(len, upper + lower)) + 3
    for first, titles in (("", upper), ("task", lower)):
        print(f"  {first:<8}" + "".join(f"{title:>{width}}" for title in titles))
    table = np.column_stack(list(columns.values()))
    for name, row in zip([*task_names, "mean"], [*table, table.mean(0)], strict=True):
        print(f"  {name:<8}" + "".join(f"{100 * value:>{width}.1f}" for value in row))
    print()


def print_similarity(est, task_names):
    """Print the similarity matrix with names on both sides."""
    print("Similarity of the tasks: 0 unrelated, 1 the same")
    print(f"  {'':<8}" + "".join(f"{name:>8}" for name in task_names))
    for name, row in zip(task_names, est.task_similarity_, strict=True):
        print(f"  {name:<8}" + "".join(f"{value:>8.2f}" for value in row))
    print()


def print_groups(groups, digits):
    """Say which tasks belong together, and what they share."""
    print("Which tasks belong together, found from pictures and labels alone:")
    for group in range(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        names = [digits.task_names[task] for task in members]
        if len(members) == 1:
            print(f"  {names[0]} stands alone")
            continue
        shared = set.intersection(*(set(digits.classes_of_task[t]) for t in members))
        in_common = " and ".join(map(str, sorted(shared))) or "nothing"
        print(f"  {', '.join(names)} form group {group}; digits in common: {in_common}")


def draw(est, task_names, picture):
    """Write the picture of the similarity and the groups."""
    display = TaskSimilarityDisplay.from_similarity(
        est.task_similarity_, groups=est.task_groups_, task_names=task_names
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    display.figure_.savefig(picture, dpi=130)


def seconds(start):
    """Time since then, in words."""
    return f"{time.perf_counter() - start:.1f} seconds"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
