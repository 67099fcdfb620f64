"""Fits and scores of many candidates and folds, in one process."""

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from inspect import signature
from traceback import format_exception
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from skmtl._base import FitJob, fit_jobs

from ._compatibility import MultimetricScorer, check_method_params, safe_split, score
from ._pipeline import assemble, final_step, fit_head, step_params
from ._progress import Progress

__all__ = ["Cell", "Common", "candidate_of", "evaluate"]


@dataclass(frozen=True, eq=False)
class Cell:
    """One candidate in one fold.

    Attributes
    ----------
    candidate, fold : int
    parameters : dict of str to object
    head : int
        Equal where candidates share the fitted steps before the last.
    context : CallbackContext or None
    """

    candidate: int
    fold: int
    parameters: dict
    head: int
    context: Any


@dataclass(frozen=True, eq=False)
class Common:
    """What all cells of a search have in common.

    Attributes
    ----------
    search : BaseSearchCV
        Gives its parameters, and itself to callbacks.
    estimator : estimator
        To be cloned.
    X, y : array-like
    scorer : callable
    fit_params, score_params : dict of str to object
        For all rows.
    splits : list of (train, test)
        Indices of rows.
    progress : Progress
    """

    search: Any
    estimator: Any
    X: Any
    y: Any
    scorer: Any
    fit_params: dict
    score_params: dict
    splits: tuple = ()
    progress: Progress | None = None


@dataclass(frozen=True, eq=False)
class _Rows:
    X: Any
    y: Any
    fit_params: dict
    score_params: dict


def candidate_of(estimator, parameters):
    """A clone with the parameters of a candidate, which may hold estimators too."""
    return clone(estimator).set_params(**clone(parameters, safe=False))


def evaluate(cells, common):
    """Fit the estimators of all cells together, then score each.

    Parameters
    ----------
    cells : list of Cell
    common : Common

    Returns
    -------
    list of dict
        What scikit-learn's searches make their results of, one for each cell.
    """
    work, progress = _Work(common), common.progress
    estimators = [candidate_of(common.estimator, cell.parameters) for cell in cells]
    pairs = list(zip(cells, estimators, strict=True))
    results = []
    with ExitStack() as stack:
        for cell, estimator in pairs:
            stack.enter_context(_callbacks(cell, estimator, work))
            progress.begin(cell)
        start = time.time()
        outcomes = _fit(pairs, work)
        seconds = time.time() - start
        progress.together(len(cells), seconds)
        for (cell, estimator), outcome in zip(pairs, outcomes, strict=True):
            result = work.result(cell, estimator, outcome, seconds / len(cells))
            progress.end(cell, result)
            results.append(result)
    return results


def _fit(pairs, work):
    jobs = [work.job(cell, estimator) for cell, estimator in pairs]
    ready = [job for job in jobs if isinstance(job, FitJob)]
    fitted = iter(fit_jobs(ready, max_stack=work.common.search.max_stack))
    return [next(fitted) if isinstance(job, FitJob) else job for job in jobs]


@contextmanager
def _callbacks(cell, estimator, work):
    """Tell the callbacks of the search about a cell.

    They are not handed on to the estimator, for one that reports its epochs cannot
    train with others; but one with callbacks of its own shows where it belongs.
    """
    if cell.context is None:
        yield
        return
    rows = work.rows(cell, estimator, train=True)
    weight = rows.fit_params.get("sample_weight")
    told = {
        "estimator": work.common.search,
        "X": rows.X,
        "y": rows.y,
        "metadata": None if weight is None else {"sample_weight": weight},
    }
    final = final_step(estimator)
    with ExitStack() as stack:
        if hasattr(final, "_skl_callbacks"):
            stack.enter_context(cell.context.propagate_callback_context(final))
        cell.context.call_on_fit_task_begin(**told)
        try:
            yield
        finally:
            cell.context.call_on_fit_task_end(**told)


class _Work:
    """Jobs and scores of cells; what several cells need is made once."""

    def __init__(self, common):
        self.common = common
        self._rows = {}
        self._heads = {}

    def rows(self, cell, estimator, *, train):
        """Data of a fold."""
        # Only the steps before the last can ask for a square of X.
        key = cell.fold, cell.head if _is_pairwise(estimator) else None, train
        if key not in self._rows:
            self._rows[key] = self._cut(estimator, cell.fold, train)
        return self._rows[key]

    def _cut(self, estimator, fold, train):
        common = self.common
        fitted_on, held_out = map(np.asarray, common.splits[fold])
        taken = fitted_on if train else held_out
        X, y = safe_split(
            estimator, common.X, common.y, taken, None if train else fitted_on
        )
        return _Rows(
            X,
            y,
            check_method_params(common.X, params=common.fit_params, indices=taken),
            check_method_params(common.X, params=common.score_params, indices=taken),
        )

    def job(self, cell, estimator):
        """The job of a cell, or the exception that stands in its way."""
        rows = self.rows(cell, estimator, train=True)
        final = final_step(estimator)
        try:
            for_head, params = step_params(estimator, rows.fit_params)
            key = cell.fold, cell.head
            if key not in self._heads:
                self._heads[key] = _outcome(
                    fit_head, estimator, rows.X, rows.y, for_head
                )
            if isinstance(self._heads[key], Exception):
                return self._heads[key]
            X = self._heads[key][1]
            # Names a parameter that `fit` does not take.
            signature(final.fit).bind(X, rows.y, **params)
            return FitJob(final, X, rows.y, **params)
        except Exception as error:
            return error

    def result(self, cell, estimator, outcome, fit_time):
        """Times and scores of a cell, in scikit-learn's form."""
        if isinstance(outcome, Exception):
            return self._failure(outcome, fit_time)
        steps = self._heads[cell.fold, cell.head][0]
        fitted = assemble(estimator, steps, outcome)
        start = time.time()
        result = {
            "fit_error": None,
            "test_scores": self._score(cell, fitted, train=False),
            "fit_time": fit_time,
            "score_time": time.time() - start,
        }
        if self.common.search.return_train_score:
            result["train_scores"] = self._score(cell, fitted, train=True)
        return result

    def _score(self, cell, estimator, *, train):
        rows, common = self.rows(cell, estimator, train=train), self.common
        error_score = common.search.error_score
        return score(
            estimator, rows.X, rows.y, common.scorer, rows.score_params, error_score
        )

    def _failure(self, error, fit_time):
        search, scorer = self.common.search, self.common.scorer
        if search.error_score == "raise":
            raise error
        scores = search.error_score
        if isinstance(scorer, MultimetricScorer):
            scores = dict.fromkeys(scorer._scorers, search.error_score)
        result = {
            "fit_error": "".join(format_exception(error)),
            "test_scores": scores,
            "fit_time": fit_time,
            "score_time": 0.0,
        }
        if search.return_train_score:
            result["train_scores"] = scores
        return result


def _is_pairwise(estimator):
    return get_tags(estimator).input_tags.pairwise


def _outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return error
