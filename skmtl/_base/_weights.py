"""Weights of labels, classes and tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._naming import values_by_name
from ..exceptions import InputError
from ..tasks import TargetEncoder, TaskSpec

__all__ = [
    "check_task_totals",
    "class_factors",
    "counted_labels",
    "label_weights",
    "one_task_per_row",
    "scaled_weights",
    "task_weights",
]


def counted_labels(observed: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Where labels count: one of weight zero is as good as missing, everywhere.

    Parameters
    ----------
    observed : bool ndarray of shape (n_samples, n_tasks)
    weights : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None
        Of rows or labels.

    Returns
    -------
    bool ndarray of shape (n_samples, n_tasks)
    """
    if weights is None:
        return observed
    counted: np.ndarray = observed & (weights.reshape(len(observed), -1) > 0)
    return counted


def label_weights(
    codes: np.ndarray,
    observed: np.ndarray,
    sample_weight: np.ndarray | None,
    factors: Sequence[np.ndarray | None],
) -> np.ndarray | None:
    """Weight of every label in its task's loss.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_tasks)
    observed : bool ndarray of shape (n_samples, n_tasks)
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None
    factors : sequence of ndarray of shape (n_classes,), or None
        As from :func:`class_factors`.

    Returns
    -------
    ndarray of shape (n_samples, n_tasks), or None
        Zero where unobserved; None if all labels are observed and weigh one. Only
        ratios within a task count, and each has its own scale.
    """
    by_class = {task: own for task, own in enumerate(factors) if own is not None}
    if observed.all() and sample_weight is None and not by_class:
        return None
    weights = observed.astype(np.float64)
    if sample_weight is not None:
        weights *= sample_weight.reshape(len(observed), -1)
        weights = scaled_weights(weights, 0)
    for task, own in by_class.items():
        weights[:, task] *= own[codes[:, task].astype(int)]
    return weights


def scaled_weights(weights: np.ndarray, axis: int | None) -> np.ndarray:
    """Bring the largest weights to between one and two.

    Losses and statistics are means, so that scale does not matter; but weights far
    from one, and more so their products, leave the range of a network's numbers. By
    powers of two, which round nothing: results stay what they are to the last bit.

    Parameters
    ----------
    weights : ndarray
        Of at least zero.
    axis : int or None
        Along which weights keep their ratios; None for all of them.

    Returns
    -------
    ndarray, shaped as `weights`
        Zeros stay zero.
    """
    largest = weights.max(axis)
    power = np.frexp(np.where(largest > 0, largest, 1.0))[1] - 1
    return np.ldexp(weights, -power) if np.any(power) else weights


def one_task_per_row(labels: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """The task of each row, if every row in use is labelled for exactly one.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, n_tasks), or None
        Weights of the labels; None if all are observed.
    rows : int ndarray

    Returns
    -------
    int ndarray of shape (n_samples,), or None
    """
    if labels is None or labels.shape[1] == 1:
        return None
    if (np.count_nonzero(labels[rows], axis=1) != 1).any():
        return None
    return labels.argmax(1)


def check_task_totals(
    weights: np.ndarray | None, observed: np.ndarray, task_names: Sequence[str]
) -> None:
    """Refuse weights that leave a labelled task nothing to learn from.

    Parameters
    ----------
    weights : ndarray of shape (n_samples, n_tasks), or None
    observed : bool ndarray of shape (n_samples, n_tasks)
    task_names : sequence of str

    Raises
    ------
    InputError
        Naming the task.
    """
    if weights is None:
        return
    empty = np.flatnonzero((weights.sum(0) == 0) & observed.any(0))
    if len(empty):
        raise InputError(
            "`sample_weight` and `class_weight` must leave every task a label of "
            f"positive weight; all labels of task {task_names[empty[0]]!r} weigh "
            "zero. Drop the task or weigh its rows."
        )


def class_factors(
    setting: Any, encoder: TargetEncoder, codes: np.ndarray, counted: np.ndarray
) -> list[np.ndarray | None]:
    """Weight of every class of every task.

    Parameters
    ----------
    setting : "balanced", dict of classes, or one of these (or None) per task; or None
        Per task as a list, or as a dict from names of tasks.
    encoder : TargetEncoder
    codes : ndarray of shape (n_samples, n_tasks)
    counted : bool ndarray of shape (n_samples, n_tasks)
        Labels that "balanced" classes are counted among.

    Returns
    -------
    list of ndarray of shape (n_classes,), or None
        One entry per task; None leaves the task's labels as they are.
    """
    specs = encoder.specs
    if isinstance(setting, Mapping) and any(map(_is_setting, setting.values())):
        named = values_by_name(setting, encoder.task_names, "class_weight") or {}
        setting = [named.get(name) for name in encoder.task_names]
    per_task = setting if isinstance(setting, list) else [setting] * len(specs)
    if len(per_task) != len(specs):
        raise InputError(
            f"`class_weight` as a list needs one entry per task; found "
            f"{len(per_task)} for {len(specs)} tasks."
        )
    if isinstance(setting, list):
        for own, spec in zip(setting, specs, strict=True):
            _check_keys(own, [spec])
    else:
        _check_keys(setting, specs)
    return [
        None
        if own is None or not spec.is_classification
        else _factors_of_task(own, spec, codes[counted[:, task], task].astype(int))
        for task, (spec, own) in enumerate(zip(specs, per_task, strict=True))
    ]


def _is_setting(value: Any) -> bool:
    """Whether it weighs the classes of a task, rather than being a weight."""
    return isinstance(value, Mapping) or (
        isinstance(value, str) and value == "balanced"
    )


def _factors_of_task(setting: Any, spec: TaskSpec, column: np.ndarray) -> np.ndarray:
    if isinstance(setting, str) and setting == "balanced":
        counts = np.bincount(column, minlength=spec.n_classes).astype(float)
        return len(column) / (spec.n_classes * np.maximum(counts, 1))
    if not isinstance(setting, Mapping):
        raise InputError(
            "`class_weight` must be 'balanced', a dict from class to weight, a list "
            f"with one of these per task, or None; found {setting!r} for task "
            f"{spec.name!r}."
        )
    assert spec.classes is not None, "only classification tasks get here"
    weights = [setting.get(label, 1) for label in spec.classes.tolist()]
    checked = checked_weights(weights, f"`class_weight` of task {spec.name!r}")
    return scaled_weights(checked, None)


def _check_keys(setting: Any, specs: Sequence[TaskSpec]) -> None:
    if not isinstance(setting, Mapping):
        return
    known = {s.name: s.classes.tolist() for s in specs if s.classes is not None}
    unknown = [key for key in setting if not any(key in own for own in known.values())]
    if unknown:
        raise InputError(
            f"`class_weight` names {unknown}; the classes of the tasks are {known}. A "
            "dict maps classes, of whichever task, to weights; where tasks differ, a "
            "list has such a dict, 'balanced' or None for each, or a dict names them."
        )


def checked_weights(values: Any, what: str) -> np.ndarray:
    """Convert weights of tasks or classes.

    Parameters
    ----------
    values : array-like
    what : str
        Start of the message.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        Unless they are finite numbers of at least 0, not all 0.
    """
    try:
        # A copy, since the memory of a Series is not writable, which torch wants.
        weights = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must hold numbers; found {values!r}.") from error
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise InputError(
            f"{what} must hold finite weights of at least 0, not all 0; found "
            f"{weights.tolist()}."
        )
    return weights


def task_weights(setting: Any, task_names: Sequence[str]) -> np.ndarray | None:
    """Weight of every task's loss.

    Parameters
    ----------
    setting : array-like of shape (n_tasks,), dict of task name to weight, or None
        A Series whose index holds names is read as such a dict.
    task_names : sequence of str

    Returns
    -------
    ndarray of shape (n_tasks,), or None

    Raises
    ------
    InputError
        For unknown names, a wrong length, or weights that are negative, not finite,
        or all zero.
    """
    if setting is None:
        return None
    named = values_by_name(setting, task_names, "task_weight")
    if named is not None:
        setting = [named.get(name, 1.0) for name in task_names]
    weights = checked_weights(setting, "`task_weight`")
    if weights.shape != (len(task_names),):
        raise InputError(
            f"`task_weight` must have one entry per task, shape ({len(task_names)},); "
            f"found shape {weights.shape}."
        )
    return weights
