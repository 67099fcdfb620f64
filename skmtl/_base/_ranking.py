"""What rankings need beside a label: other labels to be compared with."""

from collections.abc import Sequence

import numpy as np

from ..exceptions import InputError
from ..tasks import TaskSpec
from ..tasks._fitting import standard_ranks

__all__ = ["check_ranked_batches", "check_ranked_parts", "codes_of_counted"]


def check_ranked_batches(specs: Sequence[TaskSpec]) -> None:
    """Refuse rankings where batches hold single rows, from which they learn nothing.

    Parameters
    ----------
    specs : sequence of TaskSpec

    Raises
    ------
    InputError
        Naming a ranking task.
    """
    ranked = [spec.name for spec in specs if spec.is_ranking]
    if ranked:
        raise InputError(
            "`batch_size` must be at least 2 for rankings, which compare the rows of a "
            f"batch; found 1 with the ranking task {ranked[0]!r}. Use "
            "batch_size='auto', or a larger number."
        )


def check_ranked_parts(
    specs: Sequence[TaskSpec],
    codes: np.ndarray,
    counted: np.ndarray,
    parts: Sequence[np.ndarray],
    fraction: float,
) -> None:
    """Refuse a split that leaves a part without a pair of rows to compare.

    Parameters
    ----------
    specs : sequence of TaskSpec
    codes : ndarray of shape (n_samples, n_tasks)
    counted : bool ndarray of shape (n_samples, n_tasks)
    parts : sequence of int ndarray
        Rows for training and for validation.
    fraction : float
        Share of the rows for validation.

    Raises
    ------
    InputError
        Naming the task. One whose labels are all equal is let pass.
    """
    for task, spec in enumerate(specs):
        if not spec.is_ranking:
            continue
        column = np.where(counted[:, task], codes[:, task], np.nan)
        if _n_distinct(column) < 2:
            continue
        found = [_n_distinct(column[rows]) for rows in parts]
        if min(found) < 2:
            raise InputError(
                "`validation_fraction` must leave every ranking task two different "
                f"labels in both parts; with {fraction} task {spec.name!r} has "
                f"{found[0]} for training and {found[1]} for validation. Choose "
                "another fraction, give more rows, or set early_stopping=False."
            )


def codes_of_counted(
    specs: Sequence[TaskSpec], codes: np.ndarray, counted: np.ndarray
) -> np.ndarray:
    """Encode the labels that count as if the others were missing.

    Parameters
    ----------
    specs : sequence of TaskSpec
    codes : ndarray of shape (n_samples, n_tasks)
        Of all observed labels.
    counted : bool ndarray of shape (n_samples, n_tasks)

    Returns
    -------
    ndarray of shape (n_samples, n_tasks)
        Zero where no label counts; ranks are those among the labels that do.
    """
    codes = np.where(counted, codes, 0.0)
    for task, spec in enumerate(specs):
        if spec.is_ranking:
            own = counted[:, task]
            codes[own, task] = standard_ranks(codes[own, task])
    return codes


def _n_distinct(column: np.ndarray) -> int:
    return len(np.unique(column[~np.isnan(column)]))
