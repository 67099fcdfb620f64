"""Data of the regression study: real sets, whole or with few rows per task."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from skmtl.tasks import validation_split

DATA = Path(os.environ.get("SKMTL_DATA", Path(__file__).parents[2] / "shared" / "data"))
HELD_OUT = 0.2
# Names of the sets; a number is the count of training rows drawn per task.
SETS = (
    "mtr_atp1d",
    "student",
    "sarcos_small",
    "parkinsons",
    "school 30",
    "newsgroup 40",
    "landmine 60",
    "school",
    "landmine",
    "mtr_scm20d",
)


@dataclass
class Study:
    """One set.

    Attributes
    ----------
    X : float32 ndarray of shape (n_samples, n_features)
        Standardised by the rows to fit to.
    Y : float ndarray of shape (n_samples, n_tasks)
        NaN where a row has no label of a task.
    classification : bool
        Binary tasks, else regression.
    fit, judge : int ndarray
        Rows to fit to, and rows to judge on.
    one_unit : bool
        Whether the tasks are measured in one unit, so that pooled models read them as
        they are; else each is standardised.
    groups : int ndarray of shape (n_tasks,) or None
        Known groups of tasks.
    """

    X: np.ndarray
    Y: np.ndarray
    classification: bool
    fit: np.ndarray
    judge: np.ndarray
    one_unit: bool
    groups: np.ndarray | None = None
    seen: np.ndarray = field(init=False)

    def __post_init__(self):
        self.seen = ~np.isnan(self.Y)

    @property
    def n_tasks(self):
        """Number of tasks."""
        return self.Y.shape[1]

    @property
    def one_task_per_row(self):
        """Whether every row is labelled for one task only."""
        return self.n_tasks > 1 and bool((self.seen.sum(1) <= 1).all())

    def fit_rows(self, task):
        """Rows to fit to that are labelled for a task."""
        return self.fit[self.seen[self.fit, task]]

    def judge_rows(self, task):
        """Rows to judge on that are labelled for a task."""
        return self.judge[self.seen[self.judge, task]]


def load(name, seed, validation):
    """Load a set.

    Parameters
    ----------
    name : str
        One of `SETS`.
    seed : int
        Draws the few rows and what is set aside for validation.
    validation : bool
        Whether to hold a fifth of the training rows out, balanced over the tasks, to
        judge on; the test rows are then left out altogether.

    Returns
    -------
    Study
    """
    base, _, few = name.partition(" ")
    data = np.load(DATA / f"{base}.npz")
    X = np.asarray(data["X"], dtype=np.float32)
    if base == "newsgroup":
        X = np.log1p(X)
    Y = _table(data)
    train, test = np.asarray(data["train"]), np.asarray(data["test"])
    classification = base in ("newsgroup", "landmine")
    if few:
        train = _draw(Y, train, int(few), classification, seed)
    if validation:
        kinds = np.full(Y.shape[1], classification)
        table = Y[train]
        own, held = validation_split(
            np.nan_to_num(table), ~np.isnan(table), kinds, HELD_OUT, seed
        )
        train, test = train[own], train[held]
    groups = data["groups"] if "groups" in data.files else None
    return Study(
        _standardised(X, train), Y, classification, train, test, "task" in data, groups
    )


def _table(data):
    """Targets as one column per task, with holes."""
    if "task" not in data.files:
        return np.asarray(data["Y"], dtype=float)
    task = np.asarray(data["task"])
    n_rows, n_tasks = len(task), int(task.max()) + 1
    values = np.asarray(data["Y"] if "Y" in data.files else data["y"], dtype=float)
    values = values.reshape(n_rows, -1)
    Y = np.full((n_rows, n_tasks, values.shape[1]), np.nan)
    Y[np.arange(n_rows), task] = values
    return Y.reshape(n_rows, -1)


def _draw(Y, train, n_rows, classification, seed):
    """Rows per task; of a class at least two, so that both parts of a split see it."""
    random = np.random.RandomState(1000 + seed)
    drawn = []
    for column in Y.T:
        rows = random.permutation(train[~np.isnan(column[train])])
        if not classification:
            drawn.append(rows[:n_rows])
            continue
        positive = rows[column[rows] == 1]
        negative = rows[column[rows] == 0]
        share = max(2, round(n_rows * len(positive) / len(rows)))
        drawn.extend([positive[:share], negative[: n_rows - share]])
    return np.sort(np.concatenate(drawn))


def _standardised(X, rows):
    """Scale by the given rows; columns that rest there are left out."""
    mean, scale = X[rows].mean(0), X[rows].std(0)
    varies = scale > 1e-6 * np.maximum(np.abs(X[rows]).max(0), 1e-12)
    return np.clip((X[:, varies] - mean[varies]) / scale[varies], -5, 5)
