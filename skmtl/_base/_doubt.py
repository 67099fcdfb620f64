"""Data that can be learnt but may not be what the user means."""

from typing import Any

import numpy as np

from ..exceptions import RareClassWarning, SkmtlWarning, TaskTypeWarning
from ..tasks import TargetEncoder
from ._warn import warn_user

__all__ = ["warn_of_channels_last", "warn_of_targets"]

# Up to here, scikit-learn's own estimators see no reason to ask either.
_FEW_CLASSES = 20
# A picture three pixels wide is refused when the network is built.
_COLOURS = 4


def warn_of_targets(encoder: TargetEncoder, counted: np.ndarray, classes: Any) -> None:
    """Warn of all that may be wrong with targets, as the functions below do.

    Parameters
    ----------
    encoder : TargetEncoder
        Fitted.
    counted : bool ndarray of shape (n_samples, n_tasks)
        Labels of positive weight.
    classes : array or list of arrays, or None
        As in ``partial_fit``; who names them knows the targets.
    """
    warn_of_repeated_names(encoder)
    if classes is None:
        warn_of_many_classes(encoder)
        warn_of_single_labels(encoder, counted)


def warn_of_many_classes(encoder: TargetEncoder) -> None:
    """Warn where whole numbers given as classes look like a quantity.

    Parameters
    ----------
    encoder : TargetEncoder
        Fitted.

    Warns
    -----
    TaskTypeWarning
        If a task has more than 20 numeric classes and fewer than two labels each.
    """
    for spec, n_observed in zip(
        encoder.specs, encoder.task_table["n_observed"], strict=True
    ):
        if spec.classes is None or spec.classes.dtype.kind not in "iuf":
            continue
        if spec.n_classes > max(_FEW_CLASSES, n_observed / 2):
            warn_user(
                f"The number of unique classes of task {spec.name!r} is greater than "
                f"50% of its labels, {spec.n_classes} in {n_observed}: it looks like "
                "a quantity. Use a regressor, or name its kind in `task_types` of a "
                "Mixed estimator.",
                TaskTypeWarning,
            )


def warn_of_single_labels(encoder: TargetEncoder, counted: np.ndarray) -> None:
    """Warn where a column of many rows has one label, which teaches a constant.

    Parameters
    ----------
    encoder : TargetEncoder
        Fitted.
    counted : bool ndarray of shape (n_samples, n_tasks)
        Labels of positive weight.

    Warns
    -----
    RareClassWarning
        If a task without classes has a single label in more than one row.
    """
    n_rows = len(counted)
    for spec, n_counted in zip(encoder.specs, counted.sum(0).tolist(), strict=True):
        if n_counted == 1 < n_rows and not spec.is_classification:
            warn_user(
                f"Task {spec.name!r} has 1 label in {n_rows} rows, from which nothing "
                "but a constant can be learnt. Drop the task, or check how its labels "
                "were read.",
                RareClassWarning,
            )


def warn_of_repeated_names(encoder: TargetEncoder) -> None:
    """Warn where tasks are not called as their columns are, since a name occurs twice.

    Parameters
    ----------
    encoder : TargetEncoder
        Fitted.

    Warns
    -----
    SkmtlWarning
        Naming the tasks.
    """
    labels = list(map(str, encoder.column_labels))
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        warn_user(
            f"Columns of y repeat the name(s) {twice}; the tasks are called "
            f"{encoder.task_names}, which parameters that name tasks go by. Rename the "
            "columns.",
            SkmtlWarning,
        )


def warn_of_channels_last(estimator: Any, X: np.ndarray) -> None:
    """Warn where the colours of pictures seem to stand on the last axis.

    Parameters
    ----------
    estimator : estimator
        Only "conv" tells the axes of a picture apart.
    X : ndarray

    Warns
    -----
    SkmtlWarning
    """
    conv = isinstance(estimator.encoder, str) and estimator.encoder == "conv"
    if conv and X.ndim == 4 and X.shape[-1] == _COLOURS < X.shape[1]:
        warn_user(
            f"X of shape {X.shape} is read as {X.shape[1]} channels of "
            f"{X.shape[2]} x {X.shape[3]} pixels. If its last axis holds the colours, "
            "move it with np.moveaxis(X, -1, 1).",
            SkmtlWarning,
        )
