"""First step of a fit: from the user's arrays to a plan for the engine."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .._validation import check_features, check_sample_weight
from ..engine import (
    Plan,
    Settings,
    TaskTensors,
    as_tensor,
)
from ..exceptions import InputError
from ..tasks import TargetEncoder, validation_split
from ._context import Seeds, build_network
from ._continuation import check_classes
from ._prediction import check_row_shape
from ._resolve import resolve_settings
from ._weights import (
    check_task_totals,
    class_factors,
    label_weights,
    task_weights,
)

__all__ = ["Prepared", "factors_of", "make_plan", "prepare"]


@dataclass
class Prepared:
    """A validated, encoded fit.

    Attributes
    ----------
    plan : Plan
    encoder : TargetEncoder
    X : ndarray of shape (n_samples, *row)
    codes : ndarray of shape (n_samples, n_tasks)
    observed : bool ndarray of shape (n_samples, n_tasks)
    rows : int ndarray
        Rows with a label of positive weight.
    sample_weight : ndarray of shape (n_samples,), (n_samples, n_tasks), or None
    seeds : Seeds
    """

    plan: Plan
    encoder: TargetEncoder
    X: np.ndarray
    codes: np.ndarray
    observed: np.ndarray
    rows: np.ndarray
    sample_weight: np.ndarray | None
    seeds: Seeds


def prepare(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    random_state: np.random.RandomState,
    classes: Any = None,
    fitted_encoder: TargetEncoder | None = None,
    network: Any = None,
    one_epoch: bool = False,
) -> Prepared:
    """Validate and encode the data of one fit and plan its training.

    Parameters
    ----------
    estimator : estimator
        Gives parameters, and the network through ``_build_network(context)``.
    X, y, sample_weight
        As in ``fit``.
    random_state : RandomState
    classes : array or list of arrays, optional
        All classes that may occur, for incremental fits.
    fitted_encoder : TargetEncoder, optional
        Goes on with these tasks and classes.
    network : MultiTaskNetwork, optional
        Goes on with this network.
    one_epoch : bool
        Plan a single epoch at a constant rate.

    Returns
    -------
    Prepared
    """
    X = check_features(
        estimator, X, reset=fitted_encoder is None, image=estimator.encoder != "mlp"
    )
    if fitted_encoder is not None:
        check_row_shape(X, estimator._input_shape)
    encoder, codes, observed, weight = _encode(
        estimator, X, y, sample_weight, classes, fitted_encoder
    )
    seeds = Seeds.draw(random_state)
    factors = factors_of(estimator, encoder, codes, observed)
    labels = label_weights(codes, observed, weight, factors)
    check_task_totals(labels, observed, encoder.task_names)
    used = observed.any(1) if labels is None else (labels > 0).any(1)
    rows = np.flatnonzero(used)
    settings = resolve_settings(estimator, X.dtype, len(rows), one_epoch)
    data = _tensors(X, codes, labels, weight, rows, settings)
    train, valid = _split(settings, estimator, encoder, codes, observed, rows, seeds)
    if network is None:
        network = build_network(
            estimator, X.shape[1:], encoder.specs, settings.dtype, seeds.init
        )
    plan = make_plan(
        estimator,
        encoder,
        network,
        data.subset(train.to(settings.device)) if train is not None else data,
        data.subset(valid.to(settings.device)) if valid is not None else None,
        settings,
        seeds,
    )
    return Prepared(plan, encoder, X, codes, observed, rows, weight, seeds)


def make_plan(
    estimator: Any,
    encoder: TargetEncoder,
    network: Any,
    train: TaskTensors,
    valid: TaskTensors | None,
    settings: Settings,
    seeds: Seeds,
) -> Plan:
    """Put together what the engine needs."""
    weights = task_weights(estimator.task_weight, encoder.task_names)
    if weights is not None:
        weights = torch.as_tensor(weights, dtype=settings.dtype, device=settings.device)
    return Plan(
        network=network,
        specs=tuple(encoder.specs),
        train=train,
        valid=valid,
        task_weight=weights,
        settings=settings,
        shuffle_seed=seeds.shuffle,
        noise_seed=seeds.noise,
        torch_seed=seeds.torch,
        callbacks=tuple(estimator.callbacks or ()),
    )


def _encode(
    estimator: Any,
    X: np.ndarray,
    y: Any,
    sample_weight: Any,
    classes: Any,
    encoder: TargetEncoder | None,
) -> tuple[TargetEncoder, np.ndarray, np.ndarray, np.ndarray | None]:
    n_rows = len(X)
    n_tasks = _count_tasks(y)
    weight = check_sample_weight(sample_weight, n_rows, n_tasks, np.float64)
    if encoder is None:
        encoder = TargetEncoder(*estimator._task_rules())
        encoder.fit(y, sample_weight=weight, classes=classes)
    else:
        check_classes(encoder, classes)
    codes, observed = encoder.transform(y)
    if len(codes) != n_rows:
        raise InputError(
            f"X and y must have equally many rows; found inconsistent numbers of "
            f"samples: {n_rows} in X and {len(codes)} in y."
        )
    return encoder, codes, observed, weight


def _count_tasks(y: Any) -> int:
    shape = getattr(y, "shape", None)
    if shape is None:
        shape = np.shape(np.asarray(y, dtype=object)) if y is not None else ()
    return shape[1] if len(shape) == 2 else 1


def factors_of(
    estimator: Any, encoder: TargetEncoder, codes: np.ndarray, observed: np.ndarray
) -> list[np.ndarray | None]:
    """Class weights of an estimator that may know none."""
    setting = getattr(estimator, "class_weight", None)
    return class_factors(setting, encoder, codes, observed)


def _tensors(
    X: np.ndarray,
    codes: np.ndarray,
    labels: np.ndarray | None,
    weight: np.ndarray | None,
    rows: np.ndarray,
    settings: Settings,
) -> TaskTensors:
    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=settings.dtype, device=settings.device)

    task_of_row = one_task_per_row(labels, rows)
    if task_of_row is not None and labels is not None:
        places = np.arange(len(codes))
        codes, labels = codes[places, task_of_row], labels[places, task_of_row]
        labels = None if (labels[rows] == 1).all() else labels
    row_weight = None
    if weight is not None:
        row_weight = tensor(weight if weight.ndim == 1 else weight.mean(1))
    own_rows = None
    if len(rows) < len(codes):
        own_rows = torch.as_tensor(rows, device=settings.device)
    return TaskTensors(
        x=as_tensor(X, settings.device),
        codes=tensor(codes),
        weight=None if labels is None else tensor(labels),
        row_weight=row_weight,
        task_of_row=None
        if task_of_row is None
        else torch.as_tensor(task_of_row, device=settings.device),
        rows=own_rows,
    )


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


def _split(
    settings: Settings,
    estimator: Any,
    encoder: TargetEncoder,
    codes: np.ndarray,
    observed: np.ndarray,
    rows: np.ndarray,
    seeds: Seeds,
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    if not settings.early_stopping:
        return None, None
    kinds = np.array([spec.is_classification for spec in encoder.specs])
    train, valid = validation_split(
        codes[rows],
        observed[rows],
        kinds,
        estimator.validation_fraction,
        np.random.RandomState(seeds.split),
        task_names=encoder.task_names,
    )
    return torch.as_tensor(rows[train]), torch.as_tensor(rows[valid])
