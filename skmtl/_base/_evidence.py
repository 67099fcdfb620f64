"""Last step of a fit: how the tasks relate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import MultiTaskNet
from ..exceptions import InputError
from ..similarity import (
    Relatedness,
    apply_gate,
    random_trunk,
    target_relatedness,
)
from ._data import FitData
from ._relations import cause_of_groups, task_attributes, warn_of_silent_tasks
from ._representation import representation

__all__ = [
    "Evidence",
    "Sample",
    "check_grouping",
    "read_tasks",
    "sample_of",
]

_LABELS_PER_TASK = 5000
_MOST_ROWS = 20_000


@dataclass
class Sample:
    """Rows that the relations of tasks are read from, whatever the network.

    Attributes
    ----------
    rows : int ndarray
        Places of these rows in X.
    y : ndarray of shape (n_rows, n_tasks)
        Codes, NaN where no label counts.
    classification : bool ndarray of shape (n_tasks,)
    reference : Relatedness
        The reference measure on a random representation of these rows.
    state : tuple
        Of the generator, after the reference was drawn.
    """

    rows: np.ndarray
    y: np.ndarray
    classification: np.ndarray
    reference: Relatedness
    state: Any


@dataclass
class Evidence:
    """What a method may read the relations of its tasks from.

    Attributes
    ----------
    y : ndarray of shape (n_rows, n_tasks)
        Codes of a sample of the training rows, NaN where no label counts.
    classification : bool ndarray of shape (n_tasks,)
    representation : ndarray of shape (n_rows, latent)
        What the trained encoder makes of these rows.
    reference : Relatedness
        The reference measure on a random representation of the same rows.
    tensors : dict of str to ndarray
        The network's own evidence.
    random_state : RandomState
    """

    y: np.ndarray
    classification: np.ndarray
    representation: np.ndarray
    reference: Relatedness
    tensors: dict[str, np.ndarray]
    random_state: np.random.RandomState


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


def _sample_rows(
    counted: np.ndarray, rows: np.ndarray, random_state: np.random.RandomState
) -> np.ndarray:
    labels_per_row = counted[rows].sum() / len(rows) / counted.shape[1]
    most = min(int(_LABELS_PER_TASK / max(labels_per_row, 1e-9)), _MOST_ROWS)
    if len(rows) <= most:
        return rows
    return np.sort(random_state.choice(rows, most, replace=False))


def sample_of(data: FitData, seed: int) -> Sample:
    """Draw rows and read the reference measure; once for all fits to the same data.

    Parameters
    ----------
    data : FitData
        Remembers the sample.
    seed : int

    Returns
    -------
    Sample
    """
    if seed not in data.samples:
        rows = _sample_rows(data.counted, data.rows, np.random.RandomState(seed))
        random_state = np.random.RandomState(seed)
        kinds = np.array([spec.is_classification for spec in data.encoder.specs])
        y = np.where(data.counted[rows], data.codes[rows], np.nan)
        flat = data.X[rows].reshape(len(rows), -1)
        trunk = random_trunk(flat, random_state=random_state)
        reference = target_relatedness(
            trunk, y, classification=kinds, random_state=random_state
        )
        state = random_state.get_state()
        data.samples[seed] = Sample(rows, y, kinds, reference, state)
    return data.samples[seed]


def read_tasks(
    estimator: Any,
    net: MultiTaskNet,
    data: FitData,
    tensors: Sequence[dict[str, np.ndarray]],
    seed: int,
    given: np.ndarray | None = None,
) -> dict[str, Any]:
    """Turn a trained network and its data into task similarity and groups.

    Parameters
    ----------
    estimator : estimator
        Its ``_similarity(evidence)`` returns similarities and distances.
    net : MultiTaskNet
    data : FitData
    tensors : sequence of dict of str to ndarray
        The network's own evidence, member by member.
    seed : int
    given : ndarray of shape (n_tasks,), optional
        Groups of the parameter `sharing`, in place of those of the similarity.

    Returns
    -------
    dict of str to object
        Fitted attributes.
    """
    sample = sample_of(data, seed)
    reference = sample.reference
    z = representation(net, data.X[sample.rows])
    by_member = z if net.module_.members else z[None]
    pairs = [
        _read_member(estimator, sample, own_z, own_tensors)
        for own_z, own_tensors in zip(by_member, tensors, strict=True)
    ]
    similarities = np.array([similarity for similarity, _ in pairs])
    distances = np.mean([distances for _, distances in pairs], axis=0)
    varies = np.array([len(np.unique(own[~np.isnan(own)])) > 1 for own in sample.y.T])
    found = task_attributes(
        estimator, similarities, distances, reference.reliability, reference.null
    )
    cause = cause_of_groups(estimator)
    if given is not None:
        found["task_groups_"], cause = given, "`sharing` gives the groups"
    names, labels = data.encoder.task_names, found["task_groups_"]
    warn_of_silent_tasks(~reference.passed, varies, names, labels, cause)
    return found


def _read_member(
    estimator: Any,
    sample: Sample,
    z: np.ndarray,
    tensors: dict[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Similarity, gated, and distances that one network tells."""
    n_tasks = sample.y.shape[1]
    if n_tasks == 1:
        return np.ones((1, 1)), np.zeros((1, 1))
    random_state = np.random.RandomState()
    random_state.set_state(sample.state)
    evidence = Evidence(
        y=sample.y,
        classification=sample.classification,
        representation=z,
        reference=sample.reference,
        tensors=tensors,
        random_state=random_state,
    )
    similarity, distances = estimator._similarity(evidence)
    reference = sample.reference
    gated = apply_gate(
        similarity, reference.reliability, reference.null, reference.passed
    )
    return gated, distances
