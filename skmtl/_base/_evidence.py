"""Last step of a fit: how the tasks relate."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..engine import MultiTaskNet, as_tensor
from ..exceptions import ConvergenceError, InputError, TaskGroupWarning
from ..similarity import (
    Relatedness,
    apply_gate,
    group_tasks,
    random_trunk,
    target_relatedness,
)

__all__ = [
    "Evidence",
    "check_grouping",
    "read_tasks",
    "representation",
    "representation_variance",
]

_LABELS_PER_TASK = 5000
_MOST_ROWS = 20_000
_CHUNK = 8192
_CPU = torch.device("cpu")


@dataclass
class Evidence:
    """What a method may read the relations of its tasks from.

    Attributes
    ----------
    net : MultiTaskNet
    y : ndarray of shape (n_rows, n_tasks)
        Codes of a sample of the training rows, NaN where unobserved.
    classification : bool ndarray of shape (n_tasks,)
    representation : ndarray of shape (n_rows, latent)
        What the trained encoder makes of these rows.
    reference : Relatedness
        The reference measure on a random representation of the same rows.
    tensors : dict of str to ndarray
        The network's own evidence.
    random_state : RandomState
    """

    net: MultiTaskNet
    y: np.ndarray
    classification: np.ndarray
    representation: np.ndarray
    reference: Relatedness
    tensors: dict[str, np.ndarray]
    random_state: np.random.RandomState


def representation(net: MultiTaskNet, X: np.ndarray) -> np.ndarray:
    """Compute the shared representation in chunks, ``(n_samples, latent)``."""
    chunks = [
        net.outputs(as_tensor(X[start : start + _CHUNK], _CPU), representation=True)
        .cpu()
        .numpy()
        for start in range(0, len(X), _CHUNK)
    ]
    return np.concatenate(chunks)


def representation_variance(
    net: MultiTaskNet, X: np.ndarray, weights: np.ndarray | None, rows: np.ndarray
) -> Tensor:
    """Variance of the representation over the training rows, ``(latent,)``.

    Chunks are joined by their means and sums of squares about the mean, which stays
    exact where a plain sum of squares would cancel.

    Raises
    ------
    ConvergenceError
        If the representation overflows.
    """
    total, mean, scatter = 0.0, np.zeros(1), np.zeros(1)
    for start in range(0, len(rows), _CHUNK):
        places = rows[start : start + _CHUNK]
        z = representation(net, X[places]).astype(np.float64)
        w = np.ones(len(z)) if weights is None else weights[places]
        if w.sum() == 0:
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            own_mean = np.average(z, axis=0, weights=w)
            own_scatter = (w[:, None] * (z - own_mean) ** 2).sum(0)
            joined = total + w.sum()
            shift = own_mean - mean
            scatter = scatter + own_scatter + shift**2 * total * w.sum() / joined
            mean = mean + shift * w.sum() / joined
        total = joined
    if not np.isfinite(scatter).all():
        raise ConvergenceError(
            "The shared representation of the training rows is beyond 64 bits. Scale "
            "X (for example with StandardScaler)."
        )
    return torch.as_tensor(scatter / total)


def check_grouping(estimator: Any, n_tasks: int) -> None:
    """Refuse a number of groups before training rather than after.

    Parameters
    ----------
    estimator : estimator
    n_tasks : int

    Raises
    ------
    InputError
        If the number exceeds the tasks or does not suit the clustering.
    """
    n_groups = estimator.n_groups
    if n_groups is None:
        return
    if not (isinstance(estimator.clustering, str) and estimator.clustering == "gap"):
        raise InputError(
            f"`n_groups` needs clustering='gap'; found n_groups={n_groups} with "
            f"clustering={estimator.clustering!r}. Set the number on the clusterer."
        )
    if n_groups > n_tasks:
        raise InputError(
            f"`n_groups` must not exceed the {n_tasks} tasks; found {n_groups}."
        )


def sample_rows(
    observed: np.ndarray, rows: np.ndarray, random_state: np.random.RandomState
) -> np.ndarray:
    """Draw the rows that the evidence is read from, sorted."""
    labels_per_row = observed[rows].sum() / len(rows) / observed.shape[1]
    most = min(int(_LABELS_PER_TASK / max(labels_per_row, 1e-9)), _MOST_ROWS)
    if len(rows) <= most:
        return rows
    return np.sort(random_state.choice(rows, most, replace=False))


def read_tasks(
    estimator: Any,
    net: MultiTaskNet,
    X: np.ndarray,
    y: np.ndarray,
    task_names: Sequence[str],
    classification: np.ndarray,
    tensors: dict[str, np.ndarray],
    seed: int,
) -> dict[str, Any]:
    """Turn a trained network and its data into task similarity and groups.

    Parameters
    ----------
    estimator : estimator
        Its ``_similarity(evidence)`` returns similarities and distances.
    net : MultiTaskNet
    X : ndarray of shape (n_rows, *row)
    y : ndarray of shape (n_rows, n_tasks)
        Codes, NaN where unobserved.
    task_names : sequence of str
    classification : bool ndarray of shape (n_tasks,)
    tensors : dict of str to ndarray
    seed : int

    Returns
    -------
    dict of str to object
        Fitted attributes.
    """
    random_state = np.random.RandomState(seed)
    flat = np.asarray(X).reshape(len(X), -1)
    trunk = random_trunk(flat, random_state=random_state)
    reference = target_relatedness(
        trunk, y, classification=classification, random_state=random_state
    )
    evidence = Evidence(
        net=net,
        y=y,
        classification=classification,
        representation=representation(net, X),
        reference=reference,
        tensors=tensors,
        random_state=random_state,
    )
    if len(task_names) == 1:
        similarity, distances = np.ones((1, 1)), np.zeros((1, 1))
    else:
        similarity, distances = estimator._similarity(evidence)
    similarity = apply_gate(
        similarity, reference.reliability, reference.null, reference.passed
    )
    groups = group_tasks(
        similarity,
        method=estimator.clustering,
        min_similarity=estimator.min_similarity,
        n_groups=estimator.n_groups,
    )
    _warn_of_silence(reference, task_names)
    return {
        "task_similarity_": similarity,
        "task_distances_": distances,
        "task_groups_": groups.labels,
        "task_linkage_": groups.linkage,
        "task_reliability_": reference.reliability,
        "task_null_": reference.null,
    }


def _warn_of_silence(reference: Relatedness, task_names: Sequence[str]) -> None:
    silent = np.flatnonzero(~reference.passed)
    if len(task_names) < 2 or not len(silent):
        return
    shown = ", ".join(repr(task_names[task]) for task in silent[:5])
    more = f" and {len(silent) - 5} more" if len(silent) > 5 else ""
    warnings.warn(
        f"Task(s) {shown}{more} stand alone in `task_groups_`: the signal that two "
        "halves of their rows agree on does not exceed that of permuted labels "
        "(`task_reliability_` <= `task_null_`). More labelled rows may change that.",
        TaskGroupWarning,
        stacklevel=4,
    )
