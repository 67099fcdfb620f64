"""Which labels of a complete target matrix stay observed."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from skmtl.datasets._checks import check_boolean, check_real
from skmtl.exceptions import InputError


def ranks(keys: NDArray) -> NDArray[np.intp]:
    """Return the rank of each entry in its column."""
    return np.argsort(np.argsort(keys, axis=0, kind="stable"), axis=0, kind="stable")


def hide(
    values: NDArray,
    strata: NDArray[np.intp],
    missing: float,
    one_task_per_row: bool,
    random_state: np.random.RandomState,
) -> NDArray:
    """Set values to NaN; without holes, return them as they are."""
    missing = check_real("missing", missing, 0.0, 1.0, closed="left")
    if check_boolean("one_task_per_row", one_task_per_row):
        if missing > 0:
            raise InputError(
                "Parameter `missing` must be 0 when `one_task_per_row=True`, which "
                f"leaves one label in each row. Found {missing!r}."
            )
        return np.where(_observe_one_per_row(strata, random_state), values, np.nan)
    if missing == 0:
        return values
    return np.where(_observe_share(strata, missing, random_state), values, np.nan)


def _observe_share(
    strata: NDArray[np.intp], missing: float, random_state: np.random.RandomState
) -> NDArray[np.bool_]:
    """Hide the share `missing` of each column, but never a whole stratum.

    Parameters
    ----------
    strata : ndarray of int, shape (n_samples, n_tasks)
        Of each value that occurs in a column at least one row stays observed.
    missing : float
        Share of labels to hide, rounded to whole rows per task.

    Returns
    -------
    observed : ndarray of bool, shape (n_samples, n_tasks)
    """
    n_samples, n_tasks = strata.shape
    keys = random_state.random_sample(strata.shape)
    n_observed = np.full(n_tasks, n_samples - round(missing * n_samples))
    n_kept = np.zeros(n_tasks, dtype=np.intp)
    for stratum in np.unique(strata):
        # The row with the smallest key of its stratum is as random as any.
        first = np.argmin(np.where(strata == stratum, keys, np.inf), axis=0)
        tasks = np.flatnonzero((strata == stratum).any(axis=0))
        keys[first[tasks], tasks] = -1.0
        n_kept[tasks] += 1
    return ranks(keys) < np.maximum(n_observed, n_kept)


def _observe_one_per_row(
    strata: NDArray[np.intp], random_state: np.random.RandomState
) -> NDArray[np.bool_]:
    """Observe one task in each row; numbers of rows per task differ by one at most.

    Parameters
    ----------
    strata : ndarray of int, shape (n_samples, n_tasks)
        Of each value that occurs in a column at least one row stays observed.

    Returns
    -------
    observed : ndarray of bool, shape (n_samples, n_tasks)

    Raises
    ------
    InputError
        If the rows do not suffice for every stratum of every task.
    """
    n_samples, n_tasks = strata.shape
    order = random_state.permutation(n_samples)
    task_of_row = np.full(n_samples, -1)
    reserved, task_of_slot = _reserve_rows(strata[order])
    task_of_row[order[reserved]] = task_of_slot
    quota = np.bincount(np.arange(n_samples) % n_tasks, minlength=n_tasks)
    left = np.repeat(
        np.arange(n_tasks), quota - np.bincount(task_of_slot, minlength=n_tasks)
    )
    task_of_row[task_of_row < 0] = random_state.permutation(left)
    return task_of_row[:, np.newaxis] == np.arange(n_tasks)


def _reserve_rows(
    strata: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Match each stratum of each task with a row of its own."""
    n_samples, n_tasks = strata.shape
    values = np.unique(strata)
    # Slot (task, value) may take any row in which the task has that value.
    fits = (strata.T[:, np.newaxis, :] == values[:, np.newaxis]).reshape(-1, n_samples)
    task_of_slot = np.repeat(np.arange(n_tasks), len(values))
    occurs = fits.any(axis=1)
    fits, task_of_slot = fits[occurs], task_of_slot[occurs]
    reserved = maximum_bipartite_matching(csr_array(fits), perm_type="column")
    n_needed = np.bincount(task_of_slot, minlength=n_tasks).max() * n_tasks
    if n_samples < n_needed or (reserved < 0).any():
        raise InputError(
            "Parameter `n_samples` must be large enough to give each task its own row "
            f"of each class when `one_task_per_row=True`: at least {n_needed}, more if "
            f"a class is rare. Found {n_samples}."
        )
    return reserved, task_of_slot
