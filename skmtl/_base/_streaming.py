"""Fits to data that come in batches and need not fit into memory."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch.utils.data import DataLoader, Dataset, IterableDataset

from .._validation import check_features
from ..engine import Batch, TaskTensors, as_tensor
from ..exceptions import InputError, TargetError
from ..tasks import TargetEncoder
from ._context import Seeds
from ._data import FitData, factors_of
from ._doubt import warn_of_channels_last, warn_of_targets
from ._noise import follows_noise, noise_to_signal
from ._prepare import Prepared, make_plans
from ._resolve import auto_epochs, resolve_settings
from ._scale import warn_of_scale
from ._weights import check_task_totals, counted_labels, label_weights

__all__ = ["BatchSource", "TaskBatches", "prepare_batches"]

_SAMPLE_ROWS = 5000


class BatchSource:
    """The user's batches as something that can be run through again and again.

    Parameters
    ----------
    batches : torch Dataset, DataLoader, or iterable of (X, y)
    batch_size : int or "auto"
        Rows per batch of a torch Dataset.
    seed : int
        Of the order in which a map-style dataset is visited.
    """

    def __init__(self, batches, batch_size, seed):
        if isinstance(batches, Dataset):
            size = 128 if batch_size == "auto" else batch_size
            if isinstance(batches, IterableDataset):
                batches = DataLoader(batches, batch_size=size)
            else:
                generator = torch.Generator().manual_seed(seed)
                batches = DataLoader(
                    batches, batch_size=size, shuffle=True, generator=generator
                )
        if not isinstance(batches, Iterable) or isinstance(batches, Iterator):
            raise InputError(
                "`batches` must be a torch Dataset or an iterable of (X, y) that can "
                f"be run through many times; found {type(batches).__name__}. Pass a "
                "list, a DataLoader, or an object whose __iter__ starts anew."
            )
        self.batches = batches

    def __iter__(self):
        for place, batch in enumerate(self.batches):
            if not isinstance(batch, tuple | list) or len(batch) != 2:
                raise InputError(
                    f"`batches` must yield pairs (X, y); batch {place} is a "
                    f"{type(batch).__name__}"
                    + (f" of {len(batch)}." if hasattr(batch, "__len__") else ".")
                )
            yield batch


class TaskBatches:
    """Encoded batches for the engine, each batch of the user one step.

    Parameters
    ----------
    source : BatchSource
    n_batches : int
        Those with a label.
    estimator : estimator
    encoder : TargetEncoder
    factors : list of ndarray or None
        Class weights per task.
    settings : Settings
    """

    def __init__(self, source, n_batches, estimator, encoder, factors, settings):
        self.source = source
        self.n_batches = n_batches
        self.estimator = estimator
        self.encoder = encoder
        self.factors = factors
        self.settings = settings

    def __len__(self):
        return self.n_batches

    def __iter__(self):
        settings = self.settings
        for X, y in self.source:
            X = _features(self.estimator, X, reset=False)
            codes, observed = self.encoder.transform(_plain(y))
            weight = label_weights(codes, observed, None, self.factors)
            used = counted_labels(observed, weight).any(1)
            if not used.all():
                # As in fit, rows without a label have no say, nor have such batches.
                X, codes = X[used], codes[used]
                weight = None if weight is None else weight[used]
            if not used.any():
                continue
            yield Batch(
                as_tensor(X, settings.device).to(settings.dtype),
                _tensor(codes, settings),
                None if weight is None else _tensor(weight, settings),
                None,
                None,
            )


def _tensor(array, settings):
    return torch.as_tensor(array, dtype=settings.dtype, device=settings.device)


def _plain(y):
    return y.numpy() if isinstance(y, torch.Tensor) else y


def _features(estimator, X, reset):
    return check_features(estimator, X, reset=reset, image=estimator.encoder != "mlp")


def prepare_batches(estimator, batches, classes):
    """Run through the batches once and plan the training.

    Parameters
    ----------
    estimator : estimator
    batches : torch Dataset, DataLoader, or iterable of (X, y)
    classes : array or list of arrays, or None

    Returns
    -------
    prepared : Prepared
        Holds a sample of the rows, for everything but training.
    batches : TaskBatches
    """
    if estimator.early_stopping:
        raise InputError(
            "`early_stopping=True` needs rows set aside, which `fit_batches` does not "
            "do. Set early_stopping=False, or use fit."
        )
    seeds = Seeds.draw(check_random_state(estimator.random_state))
    source = BatchSource(batches, estimator.batch_size, seeds.split)
    X, places, targets, sizes = _first_pass(estimator, source, seeds)
    warn_of_channels_last(estimator, X)
    warn_of_scale(X, getattr(estimator, "feature_names_in_", None))
    encoder = TargetEncoder(*estimator._task_rules()).fit(targets, classes=classes)
    codes, observed = encoder.transform(targets)
    warn_of_targets(encoder, observed, classes)
    factors = factors_of(estimator, encoder, codes, observed)
    labels = label_weights(codes, observed, None, factors)
    check_task_totals(labels, observed, encoder.task_names)
    all_counted = counted_labels(observed, labels)
    used = all_counted.any(1)
    n_batches = sum(own.any() for own in np.split(used, np.cumsum(sizes)[:-1]))
    codes, counted = codes[places], all_counted[places]
    noise = None
    if follows_noise(estimator):
        noise = noise_to_signal(X, codes, counted, encoder.specs, seeds.similarity)
    settings = resolve_settings(estimator, X.dtype, all_counted[used], noise=noise)
    if estimator.max_epochs == "auto":
        settings = replace(settings, max_epochs=auto_epochs(n_batches))
    rows = np.flatnonzero(counted.any(1))
    weight = None if labels is None else labels[places]
    sample = _sample(X, codes, weight, rows, settings)
    plans = make_plans(estimator, encoder, X.shape[1:], sample, None, settings, seeds)
    data = FitData(X, encoder, codes, counted, None, None, rows, {})
    prepared = Prepared(plans, data, seeds)
    return prepared, TaskBatches(
        source, n_batches, estimator, encoder, factors, settings
    )


def _sample(X, codes, weight, rows, settings):
    """Tensors of the rows that stand for all batches."""
    return TaskTensors(
        as_tensor(X, settings.device),
        _tensor(codes, settings),
        None if weight is None else _tensor(weight, settings),
        rows=torch.as_tensor(rows, device=settings.device),
    )


def _first_pass(estimator, source, seeds):
    """Collect all targets, an even sample of the rows of X, and the batches' sizes."""
    random_state = np.random.RandomState(seeds.similarity)
    kept, keys, places, targets, seen = [], [], [], [], 0
    for X, y in source:
        X, y = _features(estimator, X, reset=not targets), _plain(y)
        if len(X) != len(y):
            raise InputError(
                "X and y of a batch must have equally many rows; found "
                f"{len(X)} and {len(y)} in batch {len(targets)}."
            )
        # Rows with the smallest random keys form an even sample of any stream.
        keys.append(random_state.uniform(size=len(X)))
        kept.append(np.array(X))
        places.append(np.arange(seen, seen + len(X)))
        targets.append(y)
        seen += len(X)
        if sum(map(len, keys)) > 2 * _SAMPLE_ROWS:
            kept, keys, places = ([part] for part in _thin(kept, keys, places))
    if not targets:
        raise InputError("`batches` must yield at least one pair (X, y); found none.")
    X, _, places = _thin(kept, keys, places)
    return X, places, _join_targets(targets), list(map(len, targets))


def _thin(kept, keys, places):
    X, key, place = map(np.concatenate, (kept, keys, places))
    best = np.sort(np.argsort(key, kind="stable")[:_SAMPLE_ROWS])
    return X[best], key[best], place[best]


def _join_targets(targets):
    first = targets[0]
    if type(first).__module__.startswith("pandas"):
        import pandas as pd

        return pd.concat(targets, ignore_index=True)
    if type(first).__module__.startswith("polars"):
        import polars as pl

        return pl.concat(targets)
    if all(isinstance(own, list | tuple) for own in targets):
        # Read whole, as fit does: the types of a list are those of its columns.
        return list(chain.from_iterable(targets))
    arrays = [_as_array(own) for own in targets]
    if len({own.shape[1:] for own in arrays}) > 1:
        raise TargetError(
            "y must have the same number of tasks in every batch; found the shapes "
            f"{sorted({own.shape[1:] for own in arrays})} after the first axis."
        )
    if len({own.dtype.kind in "biuf" for own in arrays}) > 1:
        # Beside text numpy would make text of numbers, and of NaN.
        arrays = [own.astype(object) for own in arrays]
    if any(map(np.ma.isMaskedArray, arrays)):
        return np.ma.concatenate(arrays)
    return np.concatenate(arrays)


def _as_array(y):
    if isinstance(y, list | tuple):
        return np.array(y, dtype=object)
    return np.asanyarray(y)
