"""Many fits at once, each with its own estimator."""

from dataclasses import dataclass
from typing import Any

__all__ = ["FitJob", "fit_jobs"]


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


def fit_jobs(jobs: list[FitJob], *, max_stack: int | str = "auto") -> list[Any]:
    """Fit the estimators of all jobs.

    Parameters
    ----------
    jobs : list of FitJob
    max_stack : int or "auto"
        Most members of one network.

    Returns
    -------
    list
        For each job its fitted estimator, or the exception that its fit raised.
    """
    return [_outcome(job) for job in jobs]


def _outcome(job: FitJob) -> Any:
    try:
        return job.estimator.fit(job.X, job.y, sample_weight=job.sample_weight)
    except Exception as error:
        return error
