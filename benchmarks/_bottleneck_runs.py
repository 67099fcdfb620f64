"""Data, stacks that resume and intervals, for the parts of ``hierarchical_ib.py``."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from _digit_tasks import FOLDER
from _rows import Rows
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split

from skmtl.datasets import make_grouped_tasks
from skmtl.model_selection import fit_stack

N_MNIST_TRAIN = 60_000


@dataclass
class Options:
    """What the command line asks for."""

    device: str = "auto"
    quick: bool = False
    only: str = ""
    data: str = ""
    figures: str = ""

    def few(self, full, quick):
        """A number that `quick` makes small."""
        return quick if self.quick else full

    def wants(self, name):
        """Whether a variant is to run."""
        return not self.only or name in self.only.split(",")


@dataclass
class Job:
    """One fit: what identifies its row, what is fitted, and how it is judged."""

    key: dict[str, Any]
    estimator: Any
    y: np.ndarray
    judge: Callable[[Any], dict[str, Any]]


def rows_of(part, options):
    """Rows of a part; those of a trial go into a file that is never kept."""
    if not options.quick:
        return Rows(f"hierarchical_ib_{part}")
    rows = Rows(f"hierarchical_ib_{part}_trial")
    rows.path, rows.rows = rows.path.with_suffix(".partial"), []
    return rows


def mnist_pictures():
    """Training pictures, their digits, test pictures and theirs; grey levels to 255."""
    path = FOLDER / "mnist.npz"
    if path.exists():
        data = np.load(path)
        return tuple(data[name] for name in ("X_train", "y_train", "X_test", "y_test"))
    X, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
    X, y = X.astype(np.uint8).reshape(-1, 28, 28), y.astype(int)
    cut = N_MNIST_TRAIN
    return X[:cut], y[:cut], X[cut:], y[cut:]


@cache
def digits(name, split=0, quick=False):
    """Rows and digits for training, rows and digits for testing; pixels in [0, 1].

    "mnist" has its own test pictures; scikit-learn's "digits" are split 70 to 30.
    """
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        X, X_test, y, y_test = train_test_split(
            X / 16, y, test_size=0.3, random_state=split
        )
        return X, y, X_test, y_test
    X, y, X_test, y_test = mnist_pictures()
    if quick:
        X, y, X_test, y_test = X[:2000], y[:2000], X_test[:500], y_test[:500]
    X, X_test = (
        part.reshape(len(part), -1).astype(np.float32) / np.float32(255)
        for part in (X, X_test)
    )
    return X, y, X_test, y_test


def tasks_of(y, subsets):
    """Targets of the tasks that subsets of the digits make, the same for all rows."""
    return make_grouped_tasks(np.empty((len(y), 0)), y, subsets).target


def find(rows, key):
    """The stored row with this key, or None."""
    for row in rows.rows:
        if all(row.get(name) == value for name, value in key.items()):
            return row
    return None


def run_stack(rows, title, jobs, X, max_stack="auto"):
    """Fit as one stack what has no row yet, and store a row for each job.

    Returns the rows of all jobs. Seconds are wall time per model, everything that
    ``fit`` does included.
    """
    missing = [job for job in jobs if find(rows, job.key) is None]
    if missing:
        print(f"{title}: {len(missing)} fits to {len(X):,} rows ...", flush=True)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit_stack(
                [job.estimator for job in missing],
                X,
                [job.y for job in missing],
                max_stack=max_stack,
            )
        taken = time.perf_counter() - start
        seconds = taken / len(missing)
        for job in missing:
            own = {"seconds": round(seconds, 4), "stack": len(missing)}
            own["threads"] = torch.get_num_threads()
            own["device"] = str(job.estimator.net_.settings.device)
            values = {**job.judge(job.estimator), **own}
            rows.get(lambda found=values: found, **job.key)
        total = time.perf_counter() - start
        print(
            f"{title}: {taken:.1f} s of fitting, {seconds:.2f} s a model, "
            f"{total:.1f} s with judging",
            flush=True,
        )
    return [find(rows, job.key) for job in jobs]


def wilson(right, total, z=1.96):
    """95 % interval of a share, in percent."""
    share = right / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    spread = share * (1 - share) / total + z**2 / (4 * total**2)
    half = z * np.sqrt(spread) / (1 + z**2 / total)
    return 100 * (centre - half), 100 * (centre + half)


def share(rows, name):
    """How many rows are right, as text with its interval."""
    right, total = sum(bool(row[name]) for row in rows), len(rows)
    low, high = wilson(right, total)
    return f"{100 * right / total:5.1f} % [{low:.0f}, {high:.0f}]"
