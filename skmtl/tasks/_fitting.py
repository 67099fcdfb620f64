"""Classes of a classification task, scaling of a real one, codes of labels."""

import math

import numpy as np
from scipy.stats import rankdata

from skmtl.exceptions import TargetError
from skmtl.tasks._columns import Column, ColumnLayout, display_value, distinct_labels
from skmtl.tasks._spec import TaskSpec

__all__ = [
    "class_codes",
    "classification_spec",
    "real_codes",
    "real_spec",
    "standard_ranks",
]


def classification_spec(
    column: Column, given: np.ndarray | None, weight: np.ndarray | None
) -> TaskSpec:
    """Find the classes of a column.

    Parameters
    ----------
    column : Column
        Labels.
    given : ndarray of shape (n_classes,) or None
        Classes known beforehand, sorted; one class or none may then be observed.
    weight : ndarray of shape (n_samples,) or None
        Sample weight.

    Returns
    -------
    spec : TaskSpec
        Of kind "binary" or "multiclass".

    Raises
    ------
    TargetError
        If labels are continuous, not among the given classes, or of one class only
        (also if all other classes have weight zero).
    """
    _check_discrete(column)
    if given is None:
        check_some_label(column, weight)
        classes = distinct_labels(column.labels)
        _check_two_classes(column, classes, weight)
    else:
        classes = given
        class_codes(column, classes)
    kind = "binary" if len(classes) == 2 else "multiclass"
    return TaskSpec(column.name, kind, classes)


def check_some_label(column: Column, weight: np.ndarray | None) -> None:
    """Raise TargetError unless a label is observed on a row of positive weight."""
    if column.n_observed == 0:
        raise TargetError(
            f"Every task needs a label: input y contains NaN only in task "
            f"{column.name!r} (0 of {len(column.observed)} labels observed). Drop the "
            "task, or give more rows."
        )
    if weight is not None and not np.any(weight[column.observed] > 0):
        raise TargetError(
            f"Every task needs a label of positive weight; sample_weight is zero on "
            f"all {column.n_observed} labels of task {column.name!r}. Drop the task, "
            "or weight its rows."
        )


def _check_discrete(column: Column) -> None:
    if column.family != "real":
        return
    check_finite(column)
    fractional = column.labels != np.rint(column.labels)
    if fractional.any():
        value = display_value(column.labels[fractional][0])
        raise TargetError(
            f"Unknown label type: continuous. Classes must be whole numbers, booleans "
            f"or text; task {column.name!r} of y holds {value}. Use a regressor, or "
            "bin the values."
        )


def check_finite(column: Column) -> None:
    """Raise TargetError if a real label is infinite."""
    if column.family == "real" and np.isinf(column.labels).any():
        raise TargetError(
            "Input y contains infinity or a value too large for dtype('float64') in "
            f"task {column.name!r}. Write NaN for a missing label."
        )


def _check_two_classes(
    column: Column, classes: np.ndarray, weight: np.ndarray | None
) -> None:
    present, rows = classes, "labels"
    if weight is not None:
        present = distinct_labels(column.values[column.observed & (weight > 0)])
        rows = "labels of positive weight"
    if len(present) < 2:
        raise TargetError(
            f"A classification task needs at least two classes; the {rows} of task "
            f"{column.name!r} have only one class, {display_value(present[0])}. Drop "
            "the task, give more rows, or name all classes in partial_fit."
        )


def class_codes(
    column: Column, classes: np.ndarray, unseen: str = "error"
) -> np.ndarray:
    """Return the index of each observed label among the classes.

    Parameters
    ----------
    column : Column
        Labels.
    classes : ndarray of shape (n_classes,)
        Sorted classes.
    unseen : {"error", "code"}, default="error"
        Raise on a label that is not a class, or give it the code -1.

    Returns
    -------
    codes : ndarray of shape (n_observed,), dtype int64

    Raises
    ------
    TargetError
        If a label is not a class, or if text meets numbers.
    """
    labels = column.labels
    if len(labels) == 0:
        return np.zeros(0, dtype=np.int64)
    if column.is_numeric != (classes.dtype.kind in "biuf"):
        raise TargetError(
            f"The classes of task {column.name!r} are {_listed(classes)}; found the "
            f"label {display_value(labels[0])} of another type. Convert the labels."
        )
    if column.is_numeric:
        position = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
        codes = np.where(classes[position] == labels, position, -1)
    else:
        index = {label: code for code, label in enumerate(classes.tolist())}
        found = (index.get(label, -1) for label in labels.tolist())
        codes = np.fromiter(found, dtype=np.int64, count=len(labels))
    if unseen == "error" and (codes < 0).any():
        label = display_value(labels[codes < 0][0])
        raise TargetError(
            f"Task {column.name!r} has the classes {_listed(classes)}; found the "
            f"unseen label {label}. Fit with all classes (name them in `classes=` of "
            "the first partial_fit), or write NaN or None for a missing label."
        )
    return codes


def _listed(classes: np.ndarray, most: int = 8) -> str:
    shown = ", ".join(map(display_value, classes[:most]))
    return shown if len(classes) <= most else f"{shown}, ... ({len(classes)} classes)"


def real_spec(column: Column, task_type: str, weight: np.ndarray | None) -> TaskSpec:
    """Find location and scale of a real target.

    Parameters
    ----------
    column : Column
        Labels.
    task_type : {"regression", "ranking"}
        What to make of them.
    weight : ndarray of shape (n_samples,) or None
        Sample weight; rows of weight zero have no influence.

    Returns
    -------
    spec : TaskSpec
        Location is the weighted mean, scale the weighted standard deviation
        (divided by the total weight; 1 for a constant target), in units of y. Scores
        of a ranking have no units: location 0, scale 1.

    Raises
    ------
    TargetError
        If a label is text or infinite, no label counts, or the labels are too far
        apart.
    """
    check_real(column)
    check_some_label(column, weight)
    if task_type == "ranking":
        return TaskSpec(column.name, "ranking")
    labels = column.labels.astype(np.float64)
    share = np.ones(len(labels))
    if weight is not None:
        share = weight[column.observed].astype(np.float64)
        labels, share = labels[share > 0], share[share > 0]
    low, high = float(labels.min()), float(labels.max())
    if low == high:
        return TaskSpec(column.name, "continuous", location=low, scale=1.0)
    span = high - low
    if not np.isfinite(span):
        raise TargetError(
            f"The values of task {column.name!r} of y range from {low!r} to {high!r}, "
            "too far for 64 bits. Rescale the target."
        )
    # Dividing by the range first keeps the squares of extreme values in range.
    # A power of two rounds nothing, and keeps the sum of large weights finite.
    share = np.ldexp(share, -np.frexp(share.max())[1])
    share = share / share.sum()
    relative = (labels - low) / span
    mean = float(share @ relative)
    # Of the smallest numbers there are, the product would be zero.
    scale = max(span * float(np.sqrt(share @ (relative - mean) ** 2)), math.ulp(0.0))
    location = low + span * mean
    return TaskSpec(column.name, "continuous", location=location, scale=scale)


def real_codes(column: Column, spec: TaskSpec) -> np.ndarray:
    """Standardise the observed labels, or their ranks if only their order counts.

    Parameters
    ----------
    column : Column
        Labels.
    spec : TaskSpec
        Of a real target.

    Returns
    -------
    codes : ndarray of shape (n_observed,)
        Ranks have mean 0 and, without ties, standard deviation 1; equal labels share
        the mean of their ranks.

    Raises
    ------
    TargetError
        If a label is text or infinite.
    """
    check_real(column)
    labels = column.labels.astype(np.float64)
    if not spec.is_ranking:
        return (labels - spec.location) / spec.scale
    return standard_ranks(labels)


def standard_ranks(labels: np.ndarray) -> np.ndarray:
    """Ranks of mean 0 and, without ties, standard deviation 1.

    Parameters
    ----------
    labels : ndarray of shape (n_labels,)

    Returns
    -------
    ndarray of shape (n_labels,)
        Equal labels share the mean of their ranks.
    """
    n_labels = len(labels)
    if n_labels < 2:
        return np.zeros(n_labels)
    ranks = rankdata(labels) - (n_labels + 1) / 2
    return np.asarray(ranks / np.sqrt((n_labels**2 - 1) / 12))


def check_real(column: Column) -> None:
    """Raise TargetError unless the labels are finite numbers."""
    if column.n_observed and not column.is_numeric:
        raise TargetError(
            f"A real target must hold numbers; task {column.name!r} of y holds text, "
            f"for example {display_value(column.labels[0])}. {_way_out(column.layout)}"
        )
    check_finite(column)


def _way_out(layout: ColumnLayout) -> str:
    """What to do with text where numbers are needed."""
    if layout.ordered:
        codes = "Its categories are in order: pass their codes, those of `.cat.codes`"
        return f"{codes}, with NaN in the place of -1."
    if layout.dtype == "Enum":
        return "Its categories are in order: pass their numbers, `.to_physical()`."
    return "Convert the column, or use a classifier."
