"""Searches whose candidates and folds train together."""

import numpy as np
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from ._documentation import with_common_text
from ._stacked_search import StackedSearch

__all__ = ["StackedGridSearchCV", "StackedRandomizedSearchCV"]


@with_common_text
class StackedGridSearchCV(StackedSearch, GridSearchCV):
    """Try every combination of parameters; candidates and folds train together.

    Splits, candidates, scores and attributes are those of
    :class:`sklearn.model_selection.GridSearchCV`. The fits differ in speed only: all
    folds, and all candidates that differ in no more than stackable parameters, are
    members of one batched network.

    Parameters
    ----------
    {estimator}
    param_grid : dict of str to list, or list of such dicts
        Values to try of each parameter. Those of a step of a pipeline are named
        ``<step>__<parameter>``.
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    StackedRandomizedSearchCV : Tries a number of random combinations.
    sklearn.model_selection.GridSearchCV : The same for any estimator.

    Notes
    -----
    Earlier steps of a pipeline are fitted once for each fold and each setting of
    their own parameters; all fits that follow share what they return.

    A callback of scikit-learn set on the search hears of every candidate and fold, not
    of their epochs: these pass together.

    Examples
    --------
    >>> from skmtl import HierarchicalIBClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.model_selection import StackedGridSearchCV
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = HierarchicalIBClassifier(max_epochs=30, lr=0.01, random_state=0)
    >>> grid = {"beta": [0.01, 0.05], "weight_decay": [0.1, 1.0]}
    >>> search = StackedGridSearchCV(est, grid, cv=2).fit(X[:600], y[:600])
    >>> bool(search.best_score_ > 0.8)
    True
    >>> sorted(search.best_params_)
    ['beta', 'weight_decay']
    """

    _parameter_constraints = {
        **GridSearchCV._parameter_constraints,
        **StackedSearch._stack_constraints,
    }

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
        max_stack="auto",
    ):
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_stack = max_stack


@with_common_text
class StackedRandomizedSearchCV(StackedSearch, RandomizedSearchCV):
    """Try random combinations of parameters; candidates and folds train together.

    Splits, candidates, scores and attributes are those of
    :class:`sklearn.model_selection.RandomizedSearchCV`. The fits differ in speed only:
    all folds, and all candidates that differ in no more than stackable parameters, are
    members of one batched network.

    Parameters
    ----------
    {estimator}
    param_distributions : dict of str to list or distribution, or list of such dicts
        What to draw each parameter from: a list, or an object with a method ``rvs``
        such as the distributions of scipy.stats.
    n_iter : int, default=10
        Number of candidates.
    random_state : int, RandomState instance or None, default=None
        Seed of the candidates. That of the fits is a parameter of the estimator.
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    StackedGridSearchCV : Tries every combination.
    sklearn.model_selection.RandomizedSearchCV : The same for any estimator.

    Notes
    -----
    As in :class:`StackedGridSearchCV`.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from skmtl import HierarchicalIBClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.model_selection import StackedRandomizedSearchCV
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = HierarchicalIBClassifier(max_epochs=5, random_state=0)
    >>> search = StackedRandomizedSearchCV(
    ...     est, {"beta": loguniform(0.001, 0.1)}, n_iter=3, cv=2, random_state=0
    ... ).fit(X[:600], y[:600])
    >>> search.cv_results_["mean_test_score"].shape
    (3,)
    """

    _parameter_constraints = {
        **RandomizedSearchCV._parameter_constraints,
        **StackedSearch._stack_constraints,
    }

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_iter=10,
        random_state=None,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
        max_stack="auto",
    ):
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            random_state=random_state,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_stack = max_stack
