"""Digits and MNIST as four tasks of three digits each, and networks for them."""

import os
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from skmtl import HierarchicalIBClassifier
from skmtl.datasets import make_grouped_tasks

FOLDER = Path(os.environ.get("SKMTL_DATA", Path(__file__).parents[2] / "shared/data"))
SUBSETS = [[0, 1, 2], [1, 2, 3], [5, 6, 7], [6, 7, 8]]
BATCH = 128


def load(name):
    """Features and four columns of targets.

    "digits" of scikit-learn, 1,797 x 64 in double precision, or the first 20,000
    pictures of "mnist", 784 pixels in single precision.
    """
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        X = X / 16
    else:
        data = np.load(FOLDER / "mnist.npz")
        X = (data["X_train"][:20_000].reshape(20_000, -1) / 255).astype(np.float32)
        y = data["y_train"][:20_000]
    tasks = make_grouped_tasks(X, y, SUBSETS)
    return tasks.data, tasks.target


def bottleneck(epochs, **parameters):
    """The estimator under test."""
    settings = {"batch_size": BATCH, "random_state": 0, "device": "cpu"}
    return HierarchicalIBClassifier(max_epochs=epochs, **{**settings, **parameters})


def prices(count):
    """Values of beta from cheap to dear."""
    return np.geomspace(0.005, 0.2, count).tolist()


def seconds(function):
    """Wall time of a call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
