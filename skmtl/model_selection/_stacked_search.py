"""A search that trains its candidates together: the algorithm."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from numbers import Integral

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.parallel import Parallel, delayed

from ..exceptions import InputError
from ._compatibility import (
    MultimetricScorer,
    check_method_params,
    fit_context,
    insert_error_scores,
    warn_or_raise_about_fit_failures,
)
from ._evaluation import Cell, Common, candidate_of, evaluate
from ._pipeline import final_step, head_key
from ._progress import Progress
from ._ready_scorers import get_multitask_scorer_names
from ._workers import count_workers, share_out

__all__ = ["StackedSearch"]


class StackedSearch:
    """Base of the searches: scikit-learn's, but for how candidates are fitted.

    A leaf derives from a search of scikit-learn as well, which does the rest.
    """

    _stack_constraints = {
        "max_stack": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})]
    }

    def _validate_params(self):
        _check_names(self.scoring)
        super()._validate_params()

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Fit and score all candidates, then fit the best one to all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as the estimator or the pipeline takes them.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Targets, a column per task; NaN, None or NA where a label is missing.
        **params : dict of str to object
            As in :meth:`sklearn.model_selection.GridSearchCV.fit`: passed to the
            estimator's ``fit``, and where routed or named ``sample_weight`` to the
            scorer; ``groups`` goes to the splitter. What has an entry for each row is
            split with the rows.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        InputError
            If the estimator, or that of a candidate, is not one of skmtl.
        """
        final_step(self.estimator)
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        told = {"estimator": self, "X": X, "y": y, "metadata": _metadata(params)}
        context = self._init_callback_context(
            max_subtasks=1 + (self.refit is not False)
        )
        context.call_on_fit_task_begin(**told)
        self._prepare_splits(X, y, routed.splitter.split)
        common = Common(
            search=self,
            estimator=clone(self.estimator),
            X=X,
            y=y,
            scorer=scorers,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
        )
        evaluator = _Evaluator(common, routed.splitter.split)
        self._run_search(evaluator, callback_ctx=context)
        self._choose(evaluator, refit_metric)
        if self.refit:
            self._refit(common, context, told)
        several = isinstance(scorers, MultimetricScorer)
        self.scorer_ = scorers._scorers if several else scorers
        self.cv_results_ = evaluator.results
        context.call_on_fit_task_end(**told)
        return self

    def _prepare_splits(self, X, y, split_params):
        classifier = is_classifier(self.estimator)
        self._checked_cv_orig = _splitter(self.cv, y, classifier)
        self._check_input_parameters(X=X, y=y, split_params=split_params)
        self.n_splits_ = self._checked_cv_orig.get_n_splits(X, y, **split_params)

    def _choose(self, evaluator, refit_metric):
        """Set the attributes of the best candidate, where the scores allow one."""
        # What a callable scorer returns is known only now.
        first = evaluator.out[0]["test_scores"]
        self.multimetric_ = isinstance(first, dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(first)
            refit_metric = self.refit
        if not self.refit and self.multimetric_:
            return
        results = evaluator.results
        self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(self, common, context, told):
        best = candidate_of(common.estimator, self.best_params_)
        subcontext = context.subcontext(task_name="refit-with-best-params")
        with subcontext.propagate_callback_context(best):
            subcontext.call_on_fit_task_begin(**told)
            start = time.time()
            best.fit(common.X, common.y, **common.fit_params)
            self.refit_time_ = time.time() - start
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
        subcontext.call_on_fit_task_end(**told)


class _Evaluator:
    """What scikit-learn's searches call ``evaluate_candidates``.

    Attributes
    ----------
    out : list of dict
        Times and scores of all fits so far, those of a candidate side by side.
    results : dict
        ``cv_results_`` so far.
    """

    def __init__(self, common, split_params):
        self.common = common
        self.split_params = split_params
        self.out = []
        self.results = {}
        self._candidates = []
        self._more = defaultdict(list)

    def __call__(self, candidate_params, cv=None, more_results=None, callback_ctx=None):
        search = self.common.search
        candidates = list(candidate_params)
        splits = self._split(cv or search._checked_cv_orig)
        progress = Progress(search.verbose, len(splits), len(candidates))
        progress.announce()
        cells = self._cells(candidates, len(splits), callback_ctx)
        if not cells:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no "
                "candidates?"
            )
        common = replace(self.common, splits=splits, progress=progress)
        out = _spread(cells, common)
        warn_or_raise_about_fit_failures(out, search.error_score)
        if callable(search.scoring):
            insert_error_scores(out, search.error_score)
        self._candidates += candidates
        self.out += out
        for name, values in (more_results or {}).items():
            self._more[name].extend(values)
        self.results = search._format_results(
            self._candidates, len(splits), self.out, self._more
        )
        return self.results

    def _split(self, cv):
        common, announced = self.common, self.common.search.n_splits_
        splits = list(cv.split(common.X, common.y, **self.split_params))
        if len(splits) != announced:
            raise ValueError(
                "cv.split and cv.get_n_splits return inconsistent results. Expected "
                f"{announced} splits, got {len(splits)}"
            )
        return splits

    def _cells(self, candidates, n_splits, context):
        heads, cells = {}, []
        for number, parameters in enumerate(candidates):
            estimator = candidate_of(self.common.estimator, parameters)
            final_step(estimator)
            head = heads.setdefault(head_key(estimator, parameters), len(heads))
            cells += [
                Cell(number, fold, parameters, head, None) for fold in range(n_splits)
            ]
        if context is None:
            return cells
        name = "candidate-split-evaluation"
        return [
            replace(cell, context=context.subcontext(task_name=name, task_id=place))
            for place, cell in enumerate(cells)
        ]


def _spread(cells, common):
    """Evaluate the cells in as many processes as there are, a chunk in each."""
    search = common.search
    n_workers = count_workers(search.n_jobs, len(cells), common.estimator, common.X)
    chunks = share_out(cells, n_workers, whole=isinstance(common.estimator, Pipeline))
    parallel = Parallel(n_jobs=n_workers, pre_dispatch=search.pre_dispatch)
    parts = parallel(
        delayed(evaluate)([cells[place] for place in chunk], common) for chunk in chunks
    )
    found = dict(zip(chain(*chunks), chain(*parts), strict=True))
    return [found[place] for place in range(len(cells))]


def _check_names(scoring):
    """Point from names of our own metrics to the function that knows them."""
    several = scoring.values() if isinstance(scoring, dict) else scoring
    names = [scoring] if isinstance(scoring, str) else several
    if not isinstance(names, Iterable):
        return
    known = get_scorer_names()
    for name in names:
        if not isinstance(name, str) or name in known:
            continue
        own = get_multitask_scorer_names()
        remedy = f"The scorers of get_multitask_scorer are {', '.join(own)}."
        if name in own:
            remedy = f"Pass skmtl.model_selection.get_multitask_scorer({name!r})."
        raise InputError(
            "`scoring` must hold names of sklearn.metrics.get_scorer_names(), or "
            f"scorers; found {name!r}. {remedy}"
        )


def _splitter(cv, y, classifier):
    """scikit-learn's splitter, or folds without strata where it cannot read y."""
    try:
        # It casts NaN to integers before it finds it.
        with np.errstate(invalid="ignore"):
            return check_cv(cv, y, classifier=classifier)
    except (TypeError, ValueError):
        pass  # missing labels, or classes and numbers side by side
    return check_cv(cv, None, classifier=classifier)


def _metadata(params):
    weight = params.get("sample_weight")
    return None if weight is None else {"sample_weight": weight}
