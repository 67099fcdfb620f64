"""Many estimators fitted at once."""

import numpy as np
from sklearn.utils import _safe_indexing

from .._base import FitJob, MultiTaskEstimator, fit_jobs
from ..exceptions import InputError

__all__ = ["fit_stack"]


def fit_stack(estimators, X, y, sample_weight=None, rows=None, *, max_stack="auto"):
    """Fit many estimators at once, with the results of fitting each alone.

    Estimators whose networks have the same shape train as members of one network,
    which takes a fraction of the time; the rest falls into further stacks.

    Parameters
    ----------
    estimators : sequence of estimators
        Estimators of skmtl, each of them another object. They are fitted in place.
    X : array-like of shape (n_samples, n_features)
        Features, or pictures as in ``fit``.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks), or list of such
        Targets: one table for all estimators, or a list of arrays or data frames,
        one per estimator.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or list \
of such, default=None
        Weights as in ``fit``: one array for all estimators, or a list with an array or
        None per estimator.
    rows : array-like of int or bool, or list of such, default=None
        Rows to fit to: one array for all estimators, or a list of arrays, one per
        estimator. None fits to all rows.
    max_stack : int or 'auto', default='auto'
        Most networks that train as one; an ensemble of more trains in parts. 'auto'
        fills at most half of the free memory.

    Returns
    -------
    estimators : list of estimators
        The same objects, fitted, in the same order.

    Raises
    ------
    InputError
        If `estimators` are not estimators of skmtl, a list has another length, or
        `rows` or `max_stack` are not what they should be.
    Exception
        What the first fit that failed raises, with its place in the list as a note;
        that estimator stays as it was, the others are fitted.

    See Also
    --------
    StackedGridSearchCV : The same for candidates and folds of a search.

    Notes
    -----
    Members of one network have equally many batches an epoch and equal settings but
    for the parameters that a stack may vary: ``random_state``, ``weight_decay``,
    ``task_weight``, and those that a method adds, such as ``beta`` and ``gamma``.

    Examples
    --------
    >>> from skmtl import HierarchicalIBClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.model_selection import fit_stack
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> priced = [HierarchicalIBClassifier(beta=b, random_state=0) for b in (0.01, 0.1)]
    >>> cheap, dear = fit_stack(priced, X[:600], y[:600])
    >>> bool((cheap.information_ > dear.information_).all())
    True
    """
    estimators = list(estimators)
    _check_estimators(estimators)
    n_fits = len(estimators)
    columns = {
        "y": _one_each(y, n_fits, "y"),
        "sample_weight": _one_each(sample_weight, n_fits, "sample_weight"),
        "rows": _rows_of_each(rows, n_fits),
    }
    taken = {}
    jobs = []
    for estimator, *parts in zip(estimators, *columns.values(), strict=True):
        own = [_take(part, parts[-1], taken) for part in (X, *parts[:-1])]
        jobs.append(FitJob(estimator, *own))
    for place, outcome in enumerate(fit_jobs(jobs, max_stack=max_stack)):
        if isinstance(outcome, Exception):
            outcome.add_note(f"This is the fit of estimators[{place}].")
            raise outcome
    return estimators


def _check_estimators(estimators):
    for place, estimator in enumerate(estimators):
        if not isinstance(estimator, MultiTaskEstimator):
            raise InputError(
                "`estimators` must be estimators of skmtl; found "
                f"{type(estimator).__name__} at place {place}. Fit it by itself."
            )
    if len({id(estimator) for estimator in estimators}) < len(estimators):
        raise InputError(
            "`estimators` must be different objects, since they are fitted in place; "
            "found one of them twice. Use sklearn.base.clone."
        )


def _one_each(value, n_fits, name):
    """Spread one value over all fits, or take a list of arrays as it is."""
    several = isinstance(value, list | tuple) and (
        any(map(_is_array, value))
        # None among labels is one that is missing, among weights that there are none.
        or (name == "sample_weight" and any(own is None for own in value))
    )
    if not several:
        return [value] * n_fits
    if len(value) != n_fits:
        raise InputError(
            f"`{name}` as a list of arrays needs one per estimator; found {len(value)} "
            f"for {n_fits} estimators."
        )
    return list(value)


def _rows_of_each(rows, n_fits):
    """Rows of every fit, those of equal fits as one object."""
    several = isinstance(rows, list | tuple) and any(
        own is None or np.ndim(own) > 0 for own in rows
    )
    if not several:
        rows = [rows] * n_fits
    elif len(rows) != n_fits:
        raise InputError(
            f"`rows` as a list of arrays needs one per estimator; found {len(rows)} "
            f"for {n_fits} estimators."
        )
    arrays = {id(own): None if own is None else _row_array(own) for own in rows}
    return [arrays[id(own)] for own in rows]


def _row_array(rows):
    array = np.asarray(rows)
    if array.ndim != 1 or array.dtype.kind not in "bui":
        raise InputError(
            "`rows` must hold places (int) or a mask (bool), in one dimension; found "
            f"{array.dtype} of shape {array.shape}."
        )
    return array


def _is_array(value):
    return hasattr(value, "shape") and np.ndim(value) > 0


def _take(part, rows, taken):
    """Rows of an array; the same object for the same array and rows."""
    if part is None or rows is None:
        return part
    key = (id(part), id(rows))
    if key not in taken:
        taken[key] = _safe_indexing(part, rows)
    return taken[key]
