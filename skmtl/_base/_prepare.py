"""First step of a fit: from the user's arrays to plans for the engine."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..engine import Plan, Settings, TaskTensors, can_vectorise
from ..exceptions import EnsembleWarning, InputError
from ..tasks import TargetEncoder
from ._context import Seeds, build_network
from ._data import FitData, read_data
from ._noise import follows_noise, noise_to_signal
from ._ranking import check_ranked_batches
from ._resolve import resolve_settings
from ._warn import warn_user
from ._weights import task_weights

__all__ = ["Prepared", "make_plans", "prepare"]


@dataclass
class Prepared:
    """A validated, encoded fit.

    Attributes
    ----------
    plans : list of Plan
        One per member of the ensemble, one without.
    data : FitData
    seeds : Seeds
    """

    plans: list[Plan]
    data: FitData
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
) -> Prepared | None:
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
    Prepared or None
        None if no row has a label, where known tasks go on.
    """
    data = read_data(estimator, X, y, sample_weight, classes, fitted_encoder)
    if not len(data.rows):
        return None
    seeds = Seeds.draw(random_state)
    return plan_fit(estimator, data, seeds, network, one_epoch)


def plan_fit(
    estimator: Any,
    data: FitData,
    seeds: Seeds,
    network: Any = None,
    one_epoch: bool = False,
) -> Prepared:
    """Plan the training of one fit to data that have been read.

    Parameters
    ----------
    estimator : estimator
    data : FitData
    seeds : Seeds
    network, one_epoch : optional
        As in :func:`prepare`.

    Returns
    -------
    Prepared
    """
    counted = data.counted[data.rows]
    noise = _noise_of(estimator, data, seeds.similarity)
    settings = resolve_settings(estimator, data.X.dtype, counted, one_epoch, noise)
    if estimator.batch_size == 1:
        check_ranked_batches(data.encoder.specs)
    train, valid = data.tensors(settings, estimator.validation_fraction, seeds.split)
    plans = make_plans(
        estimator,
        data.encoder,
        data.X.shape[1:],
        train,
        valid,
        settings,
        seeds,
        network,
    )
    return Prepared(plans, data, seeds)


def _noise_of(estimator: Any, data: FitData, seed: int) -> float | None:
    """Measure the noise once for all fits to the same data with the same seed."""
    if not follows_noise(estimator):
        return None
    if seed not in data.noise:
        data.noise[seed] = noise_to_signal(
            data.X, data.codes, data.counted, data.encoder.specs, seed
        )
    return data.noise[seed]


def make_plans(
    estimator: Any,
    encoder: TargetEncoder,
    row_shape: tuple[int, ...],
    train: TaskTensors,
    valid: TaskTensors | None,
    settings: Settings,
    seeds: Seeds,
    network: Any = None,
) -> list[Plan]:
    """Put together what the engine needs, for every member of an ensemble.

    Members share their batches and differ in initial weights and noise.
    """
    given = task_weights(estimator.task_weight, encoder.task_names)
    weights = None
    if given is not None:
        weights = torch.as_tensor(given, dtype=settings.dtype, device=settings.device)
    plan = Plan(
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
    plans = []
    for own in seeds.of_members(estimator.n_estimators):
        module = network
        if module is None:
            module = build_network(
                estimator,
                row_shape,
                encoder.specs,
                settings.dtype,
                own.init,
                settings.device,
            )
        plans.append(replace(plan, network=module, noise_seed=own.noise))
    if network is None:
        _check_ensemble(plans)
        _warn_of_equal_encoders(estimator)
    elif math.prod(network.members) != len(plans):
        raise InputError(
            f"`n_estimators` must stay that of the first call, "
            f"{math.prod(network.members)}; found {len(plans)}."
        )
    return plans


def _check_ensemble(plans: list[Plan]) -> None:
    if len(plans) > 1 and not can_vectorise(plans[0]):
        raise InputError(
            f"`n_estimators={len(plans)}` needs an encoder whose members can train as "
            "one; this one has random layers, running statistics, weights that go by "
            "two names, or operations that torch.func cannot vectorise. Use `dropout` "
            "and normalisation without running statistics, or average estimators with "
            "n_estimators=1."
        )


def _warn_of_equal_encoders(estimator: Any) -> None:
    encoder = estimator.encoder
    if estimator.n_estimators == 1 or not isinstance(encoder, torch.nn.Module):
        return
    if any(parameter.requires_grad for parameter in encoder.parameters()):
        warn_user(
            "The members of this ensemble start from the same `encoder`, weights "
            "included, and may disagree less than they should; only their heads and "
            "noise differ. Pass a callable that makes the module: it is called for "
            "each member under a seed of its own.",
            EnsembleWarning,
        )
