"""Targets of many tasks as one matrix of centred indicator columns."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InputError, TargetError

Float = NDArray[np.float64]


class TargetColumns(NamedTuple):
    """Centred output columns of all tasks side by side.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_outputs)
        Each column has mean 0 over the rows its task observed, is divided by their
        number, and is 0 elsewhere, so that ``a.T @ values`` holds covariances.
    first : ndarray of shape (n_tasks + 1,)
        Task t owns the columns ``first[t]:first[t + 1]``; none where its observed
        labels do not vary.
    observed : ndarray of shape (n_samples, n_tasks)
        Which labels were observed.
    """

    values: Float
    first: NDArray[np.intp]
    observed: NDArray[np.bool_]

    def blocks(self) -> list[slice]:
        """Column range of each task."""
        return [slice(a, b) for a, b in pairwise(self.first)]

    def sum_by_task(self, per_column: Float) -> Float:
        """Sums of (..., n_outputs) over the columns of each task."""
        return per_column @ self._membership()

    def sum_blocks(self, per_pair: Float) -> Float:
        """Sums of (n_outputs, n_outputs) over the block of each pair of tasks."""
        membership = self._membership()
        return membership.T @ per_pair @ membership

    def _membership(self) -> Float:
        n_tasks = len(self.first) - 1
        return np.repeat(np.eye(n_tasks), np.diff(self.first), axis=0)


def target_columns(
    y: ArrayLike, classification: bool | ArrayLike, n_samples: int
) -> TargetColumns:
    """Expand targets into centred columns, one-hot for classification tasks.

    Two classes give one column (the other is its negative); K > 2 classes give K.
    """
    table, observed = _as_floats(y, classification)
    if len(table) != n_samples:
        raise InputError(
            f"`y` has {len(table)} rows but `representation` has {n_samples}; "
            "pass one row of targets per row of the representation."
        )
    is_class = np.broadcast_to(
        np.asarray(classification, dtype=bool), (table.shape[1],)
    )
    blocks = [
        _centred(_outputs(column, seen, bool(kind)), seen)
        for column, seen, kind in zip(table.T, observed.T, is_class, strict=True)
    ]
    first = np.concatenate([[0], np.cumsum([block.shape[1] for block in blocks])])
    return TargetColumns(np.hstack(blocks), first.astype(np.intp), observed)


def _outputs(column: Float, observed: NDArray[np.bool_], is_class: bool) -> Float:
    values = column[observed]
    levels, codes = np.unique(values, return_inverse=True)
    if len(levels) < 2:
        return np.zeros((len(column), 0))
    if not is_class:
        # Dividing by the largest magnitude first keeps the variance from overflowing.
        scaled = values / np.abs(values).max()
        scaled -= scaled.mean()
        out = np.zeros((len(column), 1))
        out[observed, 0] = scaled / np.maximum(scaled.std(), np.finfo(float).tiny)
        return out
    one_hot = np.zeros((len(column), len(levels)))
    one_hot[np.flatnonzero(observed), codes] = 1.0
    return one_hot[:, 1:] if len(levels) == 2 else one_hot


def _centred(outputs: Float, observed: NDArray[np.bool_]) -> Float:
    count = max(int(observed.sum()), 1)
    return (outputs - outputs.sum(0) / count) * observed[:, None] / count


def _as_floats(
    y: ArrayLike, classification: bool | ArrayLike
) -> tuple[Float, NDArray[np.bool_]]:
    """Targets as floats with their observed mask; text becomes arbitrary codes."""
    table = np.asarray(y)
    if np.ma.isMaskedArray(y):
        is_number = table.dtype.kind in "biuf"
        table = table.astype(np.float64 if is_number else object)
        table[np.ma.getmaskarray(y)] = np.nan
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or 0 in table.shape:
        raise TargetError(
            "`y` must be a table of shape (n_samples, n_tasks) with at least one row "
            f"and one task; got shape {table.shape}."
        )
    mask = np.asarray(classification, dtype=bool)
    if mask.ndim and mask.shape != (table.shape[1],):
        raise InputError(
            f"`classification` must be one bool or {table.shape[1]} of them, one per "
            f"task; got shape {mask.shape}."
        )
    if table.dtype.kind in "biuf":
        numbers = table.astype(np.float64)
    else:
        mask = np.broadcast_to(mask, (table.shape[1],))
        numbers = np.column_stack(
            [_column_as_floats(table[:, t], bool(m), t) for t, m in enumerate(mask)]
        )
    if np.isinf(numbers).any():
        task = int(np.flatnonzero(np.isinf(numbers).any(0))[0])
        raise TargetError(
            f"Task {task} of `y` holds an infinite value; mark missing labels as NaN."
        )
    return numbers, ~np.isnan(numbers)


def _column_as_floats(column: NDArray[Any], is_class: bool, task: int) -> Float:
    missing = np.array([_is_missing(value) for value in column])
    numbers = np.full(len(column), np.nan)
    if is_class:
        codes: dict[Any, int] = {}
        numbers[~missing] = [codes.setdefault(v, len(codes)) for v in column[~missing]]
        return numbers
    try:
        numbers[~missing] = column[~missing].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TargetError(
            f"Task {task} of `y` is not marked as classification but holds values that "
            "are no numbers; set its entry of `classification` to True."
        ) from error
    return numbers


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA refuses to be a truth value
        return True
