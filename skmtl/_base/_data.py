"""The data of a fit: validated, encoded, weighted, and cut into tensors."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .._validation import check_features, check_same_rows, check_sample_weight
from ..engine import Settings, TaskTensors, as_tensor
from ..tasks import TargetEncoder, validation_split
from ..tasks._table import names_for_weights
from ._continuation import check_classes
from ._doubt import warn_of_channels_last, warn_of_targets
from ._ranking import check_ranked_parts, codes_of_counted
from ._scale import warn_of_scale
from ._weights import (
    check_task_totals,
    class_factors,
    counted_labels,
    label_weights,
    one_task_per_row,
    scaled_weights,
)

__all__ = ["FitData", "data_key", "factors_of", "read_data"]

_NUMPY = {torch.float32: np.float32, torch.float64: np.float64}


@dataclass
class FitData:
    """Data of one fit, or of many fits to the same data.

    Attributes
    ----------
    X : ndarray of shape (n_samples, *row)
    encoder : TargetEncoder
    codes : ndarray of shape (n_samples, n_tasks)
    counted : bool ndarray of shape (n_samples, n_tasks)
        Where a label is observed and weighs more than zero: what all else reads.
    sample_weight : ndarray of shape (n_samples,), (n_samples, n_tasks), or None
    labels : ndarray of shape (n_samples, n_tasks), or None
        Weight of every label, the largest of a task between one and two; None if all
        are observed and weigh one.
    rows : int ndarray
        Rows with a label of positive weight.
    features : dict
        What scikit-learn keeps of X as fitted attributes.
    placed : dict
        X on devices; one for all fits that see the same X.
    """

    X: np.ndarray
    encoder: TargetEncoder
    codes: np.ndarray
    counted: np.ndarray
    sample_weight: np.ndarray | None
    labels: np.ndarray | None
    rows: np.ndarray
    features: dict[str, Any]
    placed: dict[Hashable, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tensors: dict[Hashable, TaskTensors] = {}
        self._splits: dict[Hashable, tuple[TaskTensors, TaskTensors | None]] = {}
        # What is read of the tasks before any network, by seed.
        self.samples: dict[int, Any] = {}
        self.noise: dict[int, float] = {}

    def tensors(
        self, settings: Settings, fraction: float, seed: int
    ) -> tuple[TaskTensors, TaskTensors | None]:
        """Training rows and, with early stopping, validation rows.

        Equal arguments return the same objects, so that members of a stack can tell
        that they see the same rows.

        Parameters
        ----------
        settings : Settings
        fraction : float
            Share of the rows for validation.
        seed : int
            Of the split.

        Returns
        -------
        train : TaskTensors
        valid : TaskTensors or None
        """
        place = (settings.dtype, settings.device)
        if place not in self._tensors:
            self._tensors[place] = self._make_tensors(settings)
        data = self._tensors[place]
        if not settings.early_stopping:
            return data, None
        key = (*place, fraction, seed)
        if key not in self._splits:
            train, valid = self._split(fraction, seed)
            self._splits[key] = (
                data.subset(train.to(settings.device)),
                data.subset(valid.to(settings.device)),
            )
        return self._splits[key]

    def row_weight(self) -> np.ndarray | None:
        """Weights of the rows in statistics of the representation; at most two."""
        if self.sample_weight is None:
            return None
        weight = scaled_weights(self.sample_weight, None)
        return weight if weight.ndim == 1 else weight.mean(1)

    def _split(self, fraction: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        specs = self.encoder.specs
        kinds = np.array([spec.is_classification for spec in specs])
        codes, counted = self.codes[self.rows], self.counted[self.rows]
        train, valid = validation_split(
            codes,
            counted,
            kinds,
            fraction,
            np.random.RandomState(seed),
            task_names=self.encoder.task_names,
        )
        check_ranked_parts(specs, codes, counted, (train, valid), fraction)
        rows = torch.as_tensor(self.rows)
        return rows[train], rows[valid]

    def _make_tensors(self, settings: Settings) -> TaskTensors:
        def tensor(array: np.ndarray) -> torch.Tensor:
            return torch.as_tensor(array, dtype=settings.dtype, device=settings.device)

        codes, labels, row_weight = self.codes, self.labels, self.row_weight()
        task_of_row = one_task_per_row(labels, self.rows)
        if task_of_row is not None and labels is not None:
            places = np.arange(len(codes))
            codes, labels = codes[places, task_of_row], labels[places, task_of_row]
            labels = None if (labels[self.rows] == 1).all() else labels
        own_rows = None
        if len(self.rows) < len(codes):
            own_rows = torch.as_tensor(self.rows, device=settings.device)
        return TaskTensors(
            x=self._place(settings.device),
            codes=tensor(codes),
            weight=None if labels is None else tensor(labels),
            row_weight=None if row_weight is None else tensor(row_weight),
            task_of_row=None
            if task_of_row is None
            else torch.as_tensor(task_of_row, device=settings.device),
            rows=own_rows,
        )

    def _place(self, device: torch.device) -> torch.Tensor:
        """X on a device, as one tensor for all fits that see the same memory."""
        memory = self.X.__array_interface__["data"][0]
        key = (device, memory, self.X.shape, self.X.strides, self.X.dtype)
        if key not in self.placed:
            self.placed[key] = as_tensor(self.X, device)
        return self.placed[key]


def data_key(estimator: Any) -> Hashable:
    """Parameters on which the reading of the data depends.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    hashable
        Equal for estimators that read equal data equally.
    """
    rules, allowed = estimator._task_rules()
    class_weight = getattr(estimator, "class_weight", None)
    # Of a long array, repr shows the ends only, and a Series has names too.
    if not isinstance(rules, str | Mapping):
        rules = list(rules.items() if hasattr(rules, "items") else rules)
    return (repr(rules), allowed, estimator.encoder == "mlp", repr(class_weight))


def read_data(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    classes: Any = None,
    fitted_encoder: TargetEncoder | None = None,
) -> FitData:
    """Validate and encode the data of a fit.

    Parameters
    ----------
    estimator : estimator
        Gets the fitted attributes that describe X.
    X, y, sample_weight
        As in ``fit``.
    classes : array or list of arrays, optional
        All classes that may occur, for incremental fits.
    fitted_encoder : TargetEncoder, optional
        Goes on with these tasks and classes.

    Returns
    -------
    FitData
    """
    going_on = fitted_encoder is not None
    X = check_features(
        estimator,
        X,
        reset=not going_on,
        image=estimator.encoder != "mlp",
        row_shape=estimator._input_shape if going_on else None,
    )
    if not going_on:
        warn_of_channels_last(estimator, X)
    warn_of_scale(X, getattr(estimator, "feature_names_in_", None))
    encoder, codes, observed, weight = _encode(
        estimator, len(X), y, sample_weight, classes, fitted_encoder
    )
    weighed = counted_labels(observed, weight)
    if not going_on:
        warn_of_targets(encoder, weighed, classes)
    factors = factors_of(estimator, encoder, codes, weighed)
    labels = label_weights(codes, observed, weight, factors)
    check_task_totals(labels, observed, encoder.task_names)
    counted = counted_labels(observed, labels)
    if not np.array_equal(counted, observed):
        codes = codes_of_counted(encoder.specs, codes, counted)
    if X.dtype == np.float32:
        # Half the memory, and shared with the tensors that are made of it.
        codes = codes.astype(np.float32)
    names = ("n_features_in_", "feature_names_in_")
    features = {
        name: vars(estimator)[name] for name in names if name in vars(estimator)
    }
    rows = np.flatnonzero(counted.any(1))
    return FitData(X, encoder, codes, counted, weight, labels, rows, features)


def _encode(
    estimator: Any,
    n_rows: int,
    y: Any,
    sample_weight: Any,
    classes: Any,
    encoder: TargetEncoder | None,
) -> tuple[TargetEncoder, np.ndarray, np.ndarray, np.ndarray | None]:
    check_same_rows(n_rows, y)
    fitted = None if encoder is None else encoder.task_names
    names = names_for_weights(sample_weight, y, fitted)
    weight = check_sample_weight(
        sample_weight, n_rows, _count_tasks(y), np.float64, names
    )
    if encoder is None:
        encoder = TargetEncoder(*estimator._task_rules())
        encoder.fit(y, sample_weight=weight, classes=classes)
    else:
        check_classes(encoder, classes)
    codes, observed = encoder.transform(y)
    check_same_rows(n_rows, codes)
    return encoder, codes, observed, weight


def _count_tasks(y: Any) -> int:
    shape = getattr(y, "shape", None)
    if shape is None:
        shape = np.shape(np.asarray(y, dtype=object)) if y is not None else ()
    return shape[1] if len(shape) == 2 else 1


def factors_of(
    estimator: Any, encoder: TargetEncoder, codes: np.ndarray, counted: np.ndarray
) -> list[np.ndarray | None]:
    """Class weights of an estimator that may know none."""
    setting = getattr(estimator, "class_weight", None)
    return class_factors(setting, encoder, codes, counted)
