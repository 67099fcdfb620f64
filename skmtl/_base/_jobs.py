"""Many fits at once: as members of as few networks as their shapes allow."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from sklearn.utils import check_random_state

from ..engine import Trained, stack_capacity, stack_key, train_fits
from ..engine._layout import even_cuts
from ..exceptions import InputError
from ._context import Seeds
from ._data import FitData, data_key, read_data
from ._evidence import check_grouping
from ._prepare import Prepared, plan_fit

__all__ = ["FitJob", "fit_jobs"]

# A job's place in the list of jobs, and what became of it.
_Planned = tuple[int, Prepared]


@dataclass(frozen=True, eq=False)
class FitJob:
    """One fit to be done.

    Attributes
    ----------
    estimator : estimator
        Of this job only.
    X, y, sample_weight : array-like
        As in ``fit``; jobs that share data hold the same objects.
    """

    estimator: Any
    X: Any
    y: Any
    sample_weight: Any = None


def fit_jobs(jobs: Sequence[FitJob], *, max_stack: int | str = "auto") -> list[Any]:
    """Fit the estimators of all jobs, as if each had been fitted alone.

    Parameters
    ----------
    jobs : sequence of FitJob
    max_stack : int or "auto"
        Most networks that train as one; "auto" bounds them by memory.

    Returns
    -------
    list
        For each job its fitted estimator, or the exception that its fit raised.

    Raises
    ------
    InputError
        If `max_stack` is neither a number of networks nor "auto".
    """
    bound = _check_bound(max_stack)
    results: list[Any] = [None] * len(jobs)
    # Jobs hold their data all the while, so that addresses tell them apart.
    shared: dict[Hashable, FitData] = {}
    stacks: dict[Hashable, list[_Planned]] = {}
    for index, job in enumerate(jobs):
        try:
            prepared = _prepare(job, shared)
            if prepared is None:
                weight = job.sample_weight
                results[index] = job.estimator.fit(job.X, job.y, sample_weight=weight)
            else:
                key = stack_key(prepared.plans[0])
                # What cannot share a network trains by itself.
                own = (index,) if key is None else key
                stacks.setdefault(own, []).append((index, prepared))
        except Exception as error:
            results[index] = error
    for group in stacks.values():
        most = _capacity(group) if bound is None else bound
        for part in _parts(group, most):
            trained = _train([prepared for _, prepared in part], most)
            if any(isinstance(own, Trained) and own.interrupted for own in trained):
                # One fit keeps what it has; of many, some would be half trained.
                raise KeyboardInterrupt
            for (index, prepared), outcome in zip(part, trained, strict=True):
                results[index] = _finish(jobs[index].estimator, prepared, outcome)
    return results


def _check_bound(max_stack: Any) -> int | None:
    if isinstance(max_stack, str) and max_stack == "auto":
        return None
    whole = isinstance(max_stack, Integral) and not isinstance(max_stack, bool)
    if not whole or max_stack < 1:
        raise InputError(
            f"`max_stack` must be 'auto' or an int of at least 1; found {max_stack!r}."
        )
    return int(max_stack)


def _capacity(group: list[_Planned]) -> int:
    plans = group[0][1].plans
    return 1 if len(group) * len(plans) == 1 else stack_capacity(plans[0])


def _prepare(job: FitJob, shared: dict[Hashable, FitData]) -> Prepared | None:
    """Plan a job; None if it has to go through its own ``fit``."""
    estimator = job.estimator
    before = vars(estimator).copy()
    try:
        return _plan(job, shared)
    finally:
        # Reading X leaves its width on an estimator that may yet fail to fit.
        vars(estimator).clear()
        vars(estimator).update(before)


def _plan(job: FitJob, shared: dict[Hashable, FitData]) -> Prepared | None:
    estimator = job.estimator
    estimator._validate_params()
    heard = getattr(estimator, "_skl_callbacks", None) or estimator.callbacks
    if heard or (estimator.warm_start and hasattr(estimator, "net_")):
        return None
    parts = (job.X, job.y, job.sample_weight)
    key = (type(estimator), data_key(estimator), *map(id, parts))
    if key not in shared:
        data = read_data(estimator, *parts)
        # Fits to other targets of the same X see one copy of it on an accelerator.
        data.placed = next((own.placed for own in shared.values()), data.placed)
        shared[key] = data
    data = shared[key]
    check_grouping(estimator, len(data.encoder.specs))
    seeds = Seeds.draw(check_random_state(estimator.random_state))
    return plan_fit(estimator, data, seeds)


def _parts(group: list[_Planned], most: int) -> list[list[_Planned]]:
    """Cut jobs into stacks of bounded size.

    Jobs that see the same rows stay together, since they share batches; a stack
    holds equally many jobs of each set of rows. An ensemble of more members than a
    stack may have is one by itself, which the engine cuts.
    """
    streams: dict[tuple[int, int, int], list[_Planned]] = {}
    for job in group:
        plan = job[1].plans[0]
        key = (id(plan.train), plan.shuffle_seed, len(job[1].plans))
        streams.setdefault(key, []).append(job)
    by_size: dict[tuple[int, int], list[Sequence[_Planned]]] = {}
    for (*_, members), stream in streams.items():
        for piece in even_cuts(stream, max(most // members, 1)):
            by_size.setdefault((members, len(piece)), []).append(piece)
    return [
        [job for piece in pieces for job in piece]
        for (members, length), alike in by_size.items()
        for pieces in even_cuts(alike, max(most // (members * length), 1))
    ]


def _train(group: list[Prepared], most: int) -> list[Any]:
    """Train a stack; one that fails is halved, so that a job fails for itself."""
    try:
        return list(train_fits([own.plans for own in group], max_stack=most))
    except Exception as error:
        if len(group) == 1:
            return [error]
    # Out of the handler, whose traceback would hold the memory of what failed.
    half = len(group) // 2
    return _train(group[:half], most) + _train(group[half:], most)


def _finish(estimator: Any, prepared: Prepared, outcome: Any) -> Any:
    if not isinstance(outcome, Trained):
        return outcome
    features = prepared.data.features
    try:
        with estimator._all_or_nothing():
            # An earlier fit may have seen names that these data lack.
            vars(estimator).pop("feature_names_in_", None)
            vars(estimator).update(features)
            estimator._finish(prepared, outcome)
    except Exception as error:
        return error
    return estimator
