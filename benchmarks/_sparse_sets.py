"""Data of ``fisher_sparse.py``: rows to fit and rows to judge, by seed and by part.

Settings are judged on rows of the training parts ("validation"), methods on the test
rows of the sets ("test"); no test row is read for a choice.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from _digit_tasks import FOLDER, SUBSETS
from sklearn.preprocessing import StandardScaler
from tox21 import load as load_tox21

from skmtl.datasets import make_grouped_tasks
from skmtl.tasks import validation_split

RATIOS = (0.1, 0.3, 0.5, 0.7, 0.9)
# Validation rows for each row that is fitted, where there are rows enough.
_SHARE = 4


class Setting(NamedTuple):
    """What is fixed for a set before anything is tried.

    Attributes
    ----------
    hidden : tuple of int
        Widths of the encoder's layers.
    steps : tuple of int
        Short and long training, in steps of 128 rows.
    ratios : tuple of float
        Keep ratios.
    metric : {"accuracy", "auc"}
        What choices and ranks go by: mean over the tasks.
    masking : {"forward", "gradient"}
    """

    hidden: tuple[int, ...]
    steps: tuple[int, int]
    ratios: tuple[float, ...]
    metric: str
    masking: str = "forward"


SETS = {
    "dkl_mnist": Setting((128, 128), (400, 1200), RATIOS, "accuracy"),
    "ml_scene": Setting((64, 64), (400, 1200), RATIOS, "auc"),
    "ml_yeast": Setting((64, 64), (400, 1200), RATIOS, "auc"),
    "grouped_mnist": Setting((64, 64), (400, 1200), (0.1, 0.5, 0.9), "accuracy"),
    "tox21": Setting((64, 64), (200, 600), (0.1, 0.5), "auc", "gradient"),
}


class Table(NamedTuple):
    """A whole set.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features), float32
    y : ndarray of shape (n_rows, n_tasks), float64
        NaN where a row has no label.
    train, test : ndarray of int
        Rows.
    n_fit : int or None
        Rows to draw of the training part, for each task where a row has one task
        alone; None takes them all.
    """

    X: np.ndarray
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray
    n_fit: int | None


def flat(pictures):
    """Pictures as rows of numbers in [0, 1]."""
    return pictures.reshape(len(pictures), -1).astype(np.float32) / np.float32(255)


def one_per_row(labels, task, n_tasks):
    """Labels of one task per row, as a table with holes."""
    y = np.full((len(labels), n_tasks), np.nan)
    y[np.arange(len(labels)), task] = labels
    return y


def _dkl_mnist():
    data = np.load(FOLDER / "dkl_mnist.npz")
    X = flat(np.concatenate([data["X_train"], data["X_test"]]))
    task = np.concatenate([data["task_train"], data["task_test"]])
    labels = np.concatenate([data["y_train"], data["y_test"]])
    places, n_train = np.arange(len(X)), len(data["X_train"])
    y = one_per_row(labels, task, 3)
    return Table(X, y, places[:n_train], places[n_train:], 2000)


def _grouped_mnist():
    data = np.load(FOLDER / "mnist.npz")
    X = np.concatenate([data["X_train"][:20_000], data["X_test"][:5000]])
    labels = np.concatenate([data["y_train"][:20_000], data["y_test"][:5000]])
    tasks = make_grouped_tasks(flat(X), labels, SUBSETS)
    places, y = np.arange(len(X)), tasks.target.astype(float)
    return Table(tasks.data, y, places[:20_000], places[20_000:], 10_000)


def _tox21():
    X, y, train, test = load_tox21()
    return Table(X.astype(np.float32), y, train, test, 2000)


def _multi_label(name):
    data = np.load(FOLDER / f"{name}.npz")
    train, test = data["train"], data["test"]
    X = StandardScaler().fit(data["X"][train]).transform(data["X"])
    return Table(X.astype(np.float32), data["Y"].astype(float), train, test, None)


@cache
def table(name):
    """The set of a name."""
    if name.startswith("ml_"):
        return _multi_label(name)
    readers = {
        "dkl_mnist": _dkl_mnist,
        "grouped_mnist": _grouped_mnist,
        "tox21": _tox21,
    }
    return readers[name]()


def available(name):
    """Whether the files of a set are there."""
    file = {"grouped_mnist": "mnist"}.get(name, name)
    return (FOLDER / f"{file}.npz").exists()


@cache
def rows_of(name, part, seed, quick=False):
    """Rows to fit and rows to judge.

    Parameters
    ----------
    name : str
        Of the set.
    part : {"validation", "test"}
    seed : int
        Of the draw of rows.
    quick : bool
        Whether a tenth of the rows will do.

    Returns
    -------
    fit_rows, judge_rows : ndarray of int
    """
    own = table(name)
    draw = np.random.RandomState(seed)
    single = (~np.isnan(own.y[own.train])).sum(1).max() == 1
    if own.n_fit is None:
        fit, held = _split(own, seed)
    elif single:
        parts = [
            _drawn(own.train[~np.isnan(own.y[own.train, task])], own.n_fit, draw)
            for task in range(own.y.shape[1])
        ]
        fit, held = (np.concatenate(each) for each in zip(*parts, strict=True))
    else:
        fit, held = _drawn(own.train, own.n_fit, draw)
    if part == "test":
        fit, held = (own.train if own.n_fit is None else fit), own.test
    if quick:
        fit, held = (draw.permutation(each)[: len(each) // 4] for each in (fit, held))
    return np.sort(fit), np.sort(held)


def _drawn(rows, n_fit, draw):
    shuffled = draw.permutation(rows)
    return shuffled[:n_fit], shuffled[n_fit : n_fit + n_fit // _SHARE]


def _split(own, seed):
    y = own.y[own.train]
    observed, kinds = ~np.isnan(y), np.ones(y.shape[1], bool)
    fit, held = validation_split(
        np.nan_to_num(y).astype(int), observed, kinds, 1 / (1 + _SHARE), seed
    )
    return own.train[fit], own.train[held]
