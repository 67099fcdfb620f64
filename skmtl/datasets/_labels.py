"""Class labels from scores, and random flips of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skmtl.datasets._checks import check_real
from skmtl.datasets._holes import ranks
from skmtl.exceptions import InputError


def check_base_rate(
    base_rate: float | Sequence[float] | None, n_tasks: int, n_classes: int
) -> NDArray[np.float64]:
    """Return the share of label 1, one for all tasks or one per task."""
    if base_rate is None:
        return np.array(0.5)
    if n_classes > 2:
        raise InputError(
            f"Parameter `base_rate` must be None for n_classes = {n_classes}; it is "
            f"the share of label 1 in binary tasks. Found {base_rate!r}."
        )
    rates = np.ravel(np.asarray(base_rate, dtype=object)).tolist()
    if np.ndim(base_rate) > 0 and len(rates) != n_tasks:
        raise InputError(
            f"Parameter `base_rate` must be one number or one per task, {n_tasks}. "
            f"Found {len(rates)} numbers."
        )
    return np.array(
        [check_real("base_rate", rate, 0.0, 1.0, closed="neither") for rate in rates]
    )


def threshold(
    scores: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Give label 1 to the largest scores of each column, to at least one row."""
    n_samples = len(scores)
    n_positive = np.clip(np.rint(rates * n_samples), 1, n_samples - 1)
    return (ranks(scores) >= n_samples - n_positive).astype(np.intp)


def flip(
    labels: NDArray[np.intp],
    share: float,
    n_classes: int,
    random_state: np.random.RandomState,
) -> NDArray[np.intp]:
    """Give the share of rows, drawn per column, another class at random."""
    flipped = ranks(random_state.random_sample(labels.shape)) < round(
        share * len(labels)
    )
    other = labels + random_state.randint(1, n_classes, size=labels.shape)
    return np.where(flipped, other % n_classes, labels)


def check_every_class_occurs(labels: NDArray[np.intp], n_classes: int) -> None:
    """Refuse targets in which a task never shows one of the classes."""
    for label in range(n_classes):
        absent = np.flatnonzero((labels != label).all(axis=0))
        if len(absent):
            raise InputError(
                "Parameter `n_samples` must be large enough for each task to show each "
                f"of {n_classes} classes. Found {len(labels)}: task_{absent[0]} has no "
                f"row of class {label}."
            )
