"""Many fits at once: as members of as few networks as their shapes allow."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sklearn.utils import check_random_state

from ..engine import Trained, stack_capacity, stack_key, train_fits
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
        Not fitted, and of this job only.
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
        Most networks that train as one; "auto" bounds them by memory and cache.

    Returns
    -------
    list
        For each job its fitted estimator, or the exception that its fit raised.
    """
    results: list[Any] = [None] * len(jobs)
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
                stacks.setdefault(key, []).append((index, prepared))
        except Exception as error:
            results[index] = error
    for group in stacks.values():
        for part in _parts(group, max_stack):
            trained = _train([prepared for _, prepared in part])
            for (index, prepared), outcome in zip(part, trained, strict=True):
                results[index] = _finish(jobs[index].estimator, prepared, outcome)
    return results


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
        shared[key] = read_data(estimator, *parts)
    data = shared[key]
    check_grouping(estimator, len(data.encoder.specs))
    seeds = Seeds.draw(check_random_state(estimator.random_state))
    prepared = plan_fit(estimator, data, seeds)
    return None if stack_key(prepared.plans[0]) is None else prepared


def _parts(group: list[_Planned], max_stack: int | str) -> list[list[_Planned]]:
    """Cut jobs into stacks of bounded size.

    Jobs that see the same rows stay together, since they share batches; a stack
    holds equally many jobs of each set of rows.
    """
    most = max_stack
    if not isinstance(most, int):
        most = stack_capacity(group[0][1].plans[0])
    streams: dict[Hashable, list[_Planned]] = {}
    for job in group:
        plan = job[1].plans[0]
        key = (id(plan.train), plan.shuffle_seed, len(job[1].plans))
        streams.setdefault(key, []).append(job)
    by_size: dict[tuple[int, int], list[list[_Planned]]] = {}
    for (*_, members), stream in streams.items():
        for piece in _even_cuts(stream, max(most // members, 1)):
            by_size.setdefault((members, len(piece)), []).append(piece)
    return [
        [job for piece in pieces for job in piece]
        for (members, length), alike in by_size.items()
        for pieces in _even_cuts(alike, max(most // (members * length), 1))
    ]


def _even_cuts(items: list[Any], most: int) -> list[list[Any]]:
    """Cut a list into as few pieces as can be, of nearly equal length."""
    n_pieces = -(-len(items) // most)
    bounds = [piece * len(items) // n_pieces for piece in range(n_pieces + 1)]
    return [items[start:stop] for start, stop in pairwise(bounds)]


def _train(group: list[Prepared]) -> list[Any]:
    try:
        return list(train_fits([prepared.plans for prepared in group]))
    except Exception as error:
        return [error] * len(group)


def _finish(estimator: Any, prepared: Prepared, outcome: Any) -> Any:
    if not isinstance(outcome, Trained):
        return outcome
    try:
        with estimator._all_or_nothing():
            vars(estimator).update(prepared.data.features)
            estimator._finish(prepared, outcome)
    except Exception as error:
        return error
    return estimator
