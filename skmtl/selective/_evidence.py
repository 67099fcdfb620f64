"""From a sample of rows to what two halves of them agree on, member by member."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from skmtl.similarity import target_relatedness

__all__ = ["TaskEvidence", "gated", "member_tables", "read_evidence"]


class TaskEvidence(NamedTuple):
    """What is known of the tasks of one network.

    Attributes
    ----------
    similarity : ndarray of shape (n_tasks, n_tasks)
        Zero beside the diagonal for tasks that did not pass.
    reliability, null : ndarray of shape (n_tasks,)
    passed : bool ndarray of shape (n_tasks,)
    """

    similarity: np.ndarray
    reliability: np.ndarray
    null: np.ndarray
    passed: np.ndarray


def read_evidence(
    features: np.ndarray,
    y: np.ndarray,
    classification: np.ndarray,
    min_reliability: Any,
    seed: int,
) -> TaskEvidence:
    """Compare tasks by the reference measure, and tell which have a signal.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_units)
    y : ndarray of shape (n_rows, n_tasks)
        NaN where unobserved.
    classification : bool ndarray of shape (n_tasks,)
    min_reliability : "null", float or None
        What the reliability has to exceed: its null, a number, or nothing.
    seed : int
        Of the permutations.

    Returns
    -------
    TaskEvidence
    """
    n_tasks = y.shape[1]
    if not np.isfinite(features).all():
        # The training is about to fail; whatever tells why shall do so.
        nothing = np.zeros(n_tasks)
        alone = np.zeros(n_tasks, dtype=bool)
        return TaskEvidence(np.eye(n_tasks), nothing, nothing, alone)
    by_null = min_reliability == "null"
    found = target_relatedness(
        features,
        y,
        classification=classification,
        n_permutations=100 if by_null else 0,
        random_state=np.random.RandomState(seed),
    )
    null, passed = found.null, found.passed
    if not by_null:
        least = -np.inf if min_reliability is None else float(min_reliability)
        null = np.full(n_tasks, max(least, 0.0))
        passed = passed & (found.reliability > least)
    similarity = gated(found.similarity, passed)
    return TaskEvidence(similarity, found.reliability, null, passed)


def gated(similarity: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """Leave tasks alone that did not pass; what is not finite counts as zero."""
    table = np.nan_to_num((similarity + similarity.T) / 2)
    found: np.ndarray = np.where(np.outer(passed, passed), table, 0.0)
    np.fill_diagonal(found, 1.0)
    return found


def member_tables(
    batch: Any, members: tuple[int, ...], n_tasks: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut a batch of rows into the tables of the members.

    Parameters
    ----------
    batch : Batch
    members : tuple of int
    n_tasks : int

    Yields
    ------
    rows : bool ndarray of shape (n_rows,)
        Rows with a label.
    y : ndarray of shape (n_labelled_rows, n_tasks)
        Codes, NaN where unobserved.
    """
    codes, task_of_row = batch.codes.to(torch.float64), batch.task_of_row
    seen = torch.ones_like(codes, dtype=torch.bool)
    if batch.weight is not None:
        seen = batch.weight > 0
    if task_of_row is not None:
        tasks = torch.arange(n_tasks, device=codes.device)
        own = task_of_row.unsqueeze(-1) == tasks
        codes, seen = codes.unsqueeze(-1), seen.unsqueeze(-1) & own
    table = torch.where(seen, codes, torch.nan)
    n_axes = len(members)
    wide = table.expand(*members, *table.shape[max(table.dim() - 2, 0) :])
    for own_table in _flat(wide, n_axes):
        values = own_table.cpu().numpy()
        rows = ~np.isnan(values).all(1)
        yield rows, values[rows]


def _flat(values: Tensor, n_axes: int) -> Tensor:
    """Put the members along one first axis, also where there are none."""
    return values.flatten(0, n_axes - 1) if n_axes else values.unsqueeze(0)
