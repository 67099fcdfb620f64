"""How the fits of a search are spread over processes."""

import math
from collections import defaultdict
from multiprocessing import current_process

import numpy as np
from joblib import cpu_count, effective_n_jobs

from skmtl._base import resolve_settings

from ._pipeline import final_step

__all__ = ["count_workers", "share_out"]

# Steps of single networks that take about as long as it takes to start processes
# that import torch; with fewer, one process is done sooner.
_WORTH_A_START = 100_000


def count_workers(n_jobs, n_fits, estimator, X):
    """Count the processes that a search is spread over.

    Parameters
    ----------
    n_jobs : int or None
        As in joblib. None without a joblib configuration means one process per core
        where the work is worth their start: on a CPU, two processes of one thread
        each train stacks in about half the time of one process.
    n_fits : int
        Candidates times folds.
    estimator : estimator
        The searched one.
    X : array-like of shape (n_samples, ...)
        All rows.

    Returns
    -------
    n_workers : int
    """
    configured = effective_n_jobs(n_jobs)
    in_worker = current_process().name != "MainProcess"
    if n_jobs is not None or configured > 1 or in_worker:
        return configured
    final = final_step(estimator)
    n_rows = getattr(X, "shape", (len(X),))[0]
    # how many labels there are decides about the weight decay only
    labelled = np.ones((n_rows, 1), dtype=bool)
    try:
        final._validate_params()
        settings = resolve_settings(final, np.dtype(np.float32), labelled)
    except ValueError:
        return 1  # each fit will say what is wrong with its parameters
    if settings.device.type != "cpu":
        return 1
    n_steps = settings.max_epochs * math.ceil(n_rows / settings.batch_size)
    worth = n_fits * final.n_estimators * n_steps >= _WORTH_A_START
    return min(cpu_count(), n_fits) if worth else 1


def share_out(cells, n_workers, whole):
    """Places of the cells in equal parts, one per process.

    Parameters
    ----------
    cells : sequence of Cell
    n_workers : int
    whole : bool
        Whether cells that share their data stay side by side, since steps before the
        estimator are then fitted once. Otherwise every process gets its share of each
        fold, whose members make one stack.

    Returns
    -------
    list of sequences of int
    """
    streams = defaultdict(list)
    for place, cell in enumerate(cells):
        streams[cell.fold, cell.head].append(place)
    ordered = [streams[key] for key in sorted(streams)]
    if whole or min(map(len, ordered)) < n_workers:
        return np.array_split(np.concatenate(ordered), min(n_workers, len(cells)))
    parts = zip(*(np.array_split(own, n_workers) for own in ordered), strict=True)
    return [np.concatenate(part) for part in parts]
