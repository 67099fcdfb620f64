"""Losses of every epoch: from the rows of a net to columns, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["RECORDED", "columns_of", "joined_columns", "rows_of"]

_PARTS = ("train", "valid")
# Where a row of the net's history holds what a method has recorded, by name.
RECORDED = "recorded"
_LOSSES = tuple(f"{part}_loss" for part in _PARTS)


def columns_of(
    rows: Sequence[dict[str, Any]],
    names: Sequence[str],
    places: Sequence[tuple[int, ...]],
    n_iter: Sequence[int],
) -> dict[str, np.ndarray]:
    """Collect the losses of one fit.

    Parameters
    ----------
    rows : sequence of dict
        Rows of the net's history.
    names : sequence of str
        Task names.
    places : sequence of tuple of int
        Index of each member of the fit.
    n_iter : sequence of int
        Epochs that each member ran.

    Returns
    -------
    dict of str to ndarray of shape (n_epochs,) or (n_epochs, n_members)
        NaN after a member's last epoch.
    """
    columns = {
        "epoch": np.arange(1, len(rows) + 1),
        "seconds": np.array([row.get("dur", np.nan) for row in rows]),
    }
    over = np.arange(len(rows))[:, None] >= np.array(n_iter)
    for part in _PARTS:
        if f"{part}_loss" not in rows[0]:
            continue
        totals = np.array([row[f"{part}_loss"] for row in rows])
        tasks = np.array([row[f"{part}_task_losses"] for row in rows])
        total = _of_members(totals, places)
        by_task = _of_members(tasks, places)
        columns[f"{part}_loss"] = _squeezed(total, over)
        for name, column in zip(names, np.moveaxis(by_task, -1, 0), strict=True):
            columns[f"{part}_loss_{name}"] = _squeezed(column, over)
    recorded = [row.get(RECORDED, {}) for row in rows]
    for name in dict.fromkeys(name for own in recorded for name in own):
        shape = np.shape(next(own[name] for own in recorded if name in own))
        missing = np.full(shape, np.nan)
        values = np.array([own.get(name, missing) for own in recorded], dtype=float)
        columns[name] = _squeezed(_of_members(values, places), over)
    return columns


def _of_members(values: np.ndarray, places: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Pick members out of ``(n_epochs, *members, ...)``."""
    index: list[Any] = [(slice(None), *place) for place in places]
    return np.stack([values[own] for own in index], axis=1)


def _squeezed(column: np.ndarray, over: np.ndarray) -> np.ndarray:
    """Drop the axis of a single member; blank the epochs after a member's last."""
    if column.shape[1] == 1:
        return column[:, 0]
    return np.where(over, np.nan, column)


def joined_columns(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put the losses of the members of several stacks side by side.

    Parameters
    ----------
    parts : sequence of dict of str to ndarray
        As from :func:`columns_of`.

    Returns
    -------
    dict of str to ndarray of shape (n_epochs,) or (n_epochs, n_members)
        The seconds of an epoch are the sum over the stacks.
    """
    n_epochs = max(len(part["epoch"]) for part in parts)
    joined = {"epoch": np.arange(1, n_epochs + 1)}
    for name in parts[0]:
        if name == "epoch":
            continue
        columns = [_padded(part[name], n_epochs) for part in parts]
        side_by_side = np.concatenate(columns, axis=1)
        joined[name] = side_by_side
        if name == "seconds":
            joined[name] = np.nansum(side_by_side, axis=1)
    return joined


def _padded(column: np.ndarray, n_epochs: int) -> np.ndarray:
    table = column.reshape(len(column), -1)
    missing = ((0, n_epochs - len(table)), (0, 0))
    return np.pad(table, missing, constant_values=np.nan)


def rows_of(
    columns: dict[str, np.ndarray], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Write columns as the rows of a net's history.

    Parameters
    ----------
    columns : dict of str to ndarray
        As from :func:`joined_columns`.
    names : sequence of str
        Task names.

    Returns
    -------
    list of dict
        One per epoch.
    """
    rows: list[dict[str, Any]] = [
        {"batches": [], "epoch": int(epoch), "dur": float(seconds)}
        for epoch, seconds in zip(columns["epoch"], columns["seconds"], strict=True)
    ]
    for part in _PARTS:
        if f"{part}_loss" not in columns:
            continue
        totals = columns[f"{part}_loss"].tolist()
        by_task = [columns[f"{part}_loss_{name}"] for name in names]
        tasks = np.stack(by_task, axis=-1).tolist()
        for row, total, own in zip(rows, totals, tasks, strict=True):
            row[f"{part}_loss"], row[f"{part}_task_losses"] = total, own
    for name in columns:
        if name not in ("epoch", "seconds") and not name.startswith(_LOSSES):
            for row, value in zip(rows, columns[name].tolist(), strict=True):
                row.setdefault(RECORDED, {})[name] = value
    return rows
