"""Predictions for rows that the predicting estimator did not see."""

import numpy as np
import scipy.sparse
from joblib import Parallel, delayed
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from .._base import MultiTaskEstimator
from ..exceptions import InputError
from ..tasks._columns import distinct_labels
from ..tasks._frames import frame_library
from ..tasks._table import read_targets
from ._split import check_multitask_cv

__all__ = ["cross_val_predict"]

_PER_CLASS = ("predict_proba", "predict_log_proba", "decision_function")
_METHODS = ("predict", *_PER_CLASS, "transform")


def cross_val_predict(
    estimator,
    X,
    y,
    *,
    groups=None,
    cv=None,
    n_jobs=None,
    verbose=0,
    params=None,
    pre_dispatch="2*n_jobs",
    method="predict",
):
    """Predict every row by an estimator fitted without it, missing labels or not.

    Parameters
    ----------
    estimator : estimator
        One of skmtl or scikit-learn, or a pipeline that ends in one; it is cloned.
    X : array-like of shape (n_samples, n_features)
        Features.
    y : array-like, Series or DataFrame of shape (n_samples,) or (n_samples, n_tasks)
        Targets; missing labels are NaN, None or a missing value of pandas or polars,
        as far as the estimator takes them.
    groups : array-like of shape (n_samples,), default=None
        Groups of rows, for a `cv` that keeps groups together. With metadata routing
        enabled they go into `params`.
    cv : int, splitter, iterable or None, default=None
        As in :func:`check_multitask_cv`: a number, 5 if None, balances the labels of
        all tasks. Each row must be in exactly one test set.
    n_jobs : int, default=None
        Number of folds at a time; None means 1, -1 one per processor.
    verbose : int, default=0
        How much joblib reports.
    params : dict, default=None
        Parameters of ``fit``, such as ``{"sample_weight": weight}``. Those with an
        entry for each row are cut to the rows of each fold.
    pre_dispatch : int or str, default="2*n_jobs"
        Number of folds handed out at once.
    method : {"predict", "predict_proba", "predict_log_proba", "decision_function", \
            "transform"}, default="predict"
        What to ask of the estimators. The representations that ``transform`` returns
        are comparable within a fold only.

    Returns
    -------
    predictions : ndarray, list of n_tasks (ndarray or None), or DataFrame
        What the method returns, in the order of the rows: a list of arrays of shape
        (n_samples, n_classes_t) for probabilities of 2-D y, None for real tasks. Their
        columns are all classes of the task in y, sorted. A class that a fold was not
        trained on has probability 0; the other methods give it the least number of
        the data type, as in scikit-learn. A DataFrame has the index of y.

    Raises
    ------
    InputError
        If `method` is unknown, or a row is in no test set or in several.

    See Also
    --------
    sklearn.model_selection.cross_val_predict : Makes missing labels a class.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.model_selection import cross_val_predict
    >>> X = np.linspace(-1, 1, 40).reshape(-1, 1)
    >>> y = np.column_stack([X[:, 0] > 0, X[:, 0] < 0]).astype(float)
    >>> y[::4, 1] = np.nan
    >>> est = HardSharingClassifier(random_state=0)
    >>> proba = cross_val_predict(est, X, y, method="predict_proba")
    >>> [own.shape for own in proba]
    [(40, 2), (40, 2)]
    """
    if method not in _METHODS:
        raise InputError(
            f"`method` must be one of {', '.join(_METHODS)}; found {method!r}."
        )
    X, y = indexable(X, y)
    table = read_targets(y)
    classes = [distinct_labels(column.labels) for column in table.columns]
    splitter = check_multitask_cv(cv, task_types=_task_types(estimator))
    routed = _route(estimator, splitter, groups, params or {})
    splits = list(splitter.split(X, y, **routed.splitter.split))
    tested = np.concatenate([test for _, test in splits])
    _check_partition(tested, table.n_samples)
    parallel = Parallel(n_jobs=n_jobs, verbose=verbose, pre_dispatch=pre_dispatch)
    parts = parallel(
        delayed(_fit_and_respond)(
            clone(estimator), X, y, train, test, routed.estimator.fit, method, classes
        )
        for train, test in splits
    )
    index = getattr(y, "index", None) if table.container == "pandas" else None
    return _join(parts, np.argsort(tested), index)


def _task_types(estimator):
    """Kinds of the tasks, as far as the estimator knows them before it is fitted."""
    final = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return final._task_rules()[0] if isinstance(final, MultiTaskEstimator) else "auto"


def _route(estimator, splitter, groups, params):
    """Say which parameters go to the estimator and which to the splitter."""
    if not get_config()["enable_metadata_routing"]:
        split = {} if groups is None else {"groups": groups}
        return Bunch(splitter=Bunch(split=split), estimator=Bunch(fit=params))
    if groups is not None:
        raise InputError(
            "`groups` must be None while metadata routing is enabled; found "
            f"{type(groups).__name__}. Write params={{'groups': ...}}."
        )
    router = (
        MetadataRouter(owner="cross_val_predict")
        .add(
            splitter=splitter,
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )
        .add(
            estimator=estimator,
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )
    )
    return process_routing(router, "fit", **params)


def _check_partition(tested, n_samples):
    times = np.bincount(tested, minlength=n_samples)
    wrong = np.flatnonzero(times != 1)
    if len(wrong):
        raise InputError(
            "`cv` must put each row into exactly one test set; found row "
            f"{wrong[0]} in {times[wrong[0]]} test sets, one of {len(wrong)} such "
            "rows. Use a splitter such as MultiTaskStratifiedKFold or KFold."
        )


def _fit_and_respond(estimator, X, y, train, test, fit_params, method, classes):
    X_train, y_train = _safe_split(estimator, X, y, train)
    X_test, _ = _safe_split(estimator, X, y, test, train)
    estimator.fit(X_train, y_train, **_check_method_params(X, fit_params, train))
    response = getattr(estimator, method)(X_test)
    if method not in _PER_CLASS:
        return response
    fill_lowest = method != "predict_proba"
    if isinstance(response, list):
        return [
            part if part is None else _align(part, own, every, fill_lowest)
            for part, own, every in zip(
                response, estimator.classes_, classes, strict=True
            )
        ]
    if len(classes) == 1:
        return _align(response, estimator.classes_, classes[0], fill_lowest)
    return response  # a column per task


def _align(response, own, every, fill_lowest):
    """Move the columns of the classes `own` to their places among all classes."""
    if len(own) == len(every):
        return response
    if response.ndim != 2 or response.shape[1] != len(own):
        raise InputError(
            f"Without a column per class, shape {response.shape}, every fold must be "
            f"trained on all classes, {every.tolist()}; found {list(own)}. Use fewer "
            "folds, or predict_proba."
        )
    place = {label: column for column, label in enumerate(every.tolist())}
    fill = np.finfo(response.dtype).min if fill_lowest else 0
    aligned = np.full((len(response), len(every)), fill, dtype=response.dtype)
    aligned[:, [place[label] for label in own.tolist()]] = response
    return aligned


def _join(parts, order, index):
    """Put the predictions of the folds together, in the order of the rows."""
    first = parts[0]
    if first is None:
        return None
    if isinstance(first, list):
        return [_join(own, order, index) for own in zip(*parts, strict=True)]
    library = frame_library(first)
    if library == "pandas":
        import pandas

        frame = pandas.concat(parts, ignore_index=True).iloc[order]
        return frame.set_axis(range(len(order)) if index is None else index)
    if library == "polars":
        import polars

        return polars.concat(parts)[order]
    if scipy.sparse.issparse(first):
        return scipy.sparse.vstack(parts, format="csr")[order]
    return np.concatenate(parts)[order]
