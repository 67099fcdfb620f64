"""What an estimator answers, task by task."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._base import MultiTaskEstimator
from .._naming import columns_like
from ..exceptions import InputError, TargetError
from ..metrics._responses import split_classes, split_scores
from ..tasks._table import check_same_tasks, read_targets

__all__ = [
    "ask",
    "check_tasks",
    "classes_of_tasks",
    "find_method",
    "kinds_of_tasks",
]

_METHODS = ("predict", "predict_proba", "decision_function")


def find_method(estimator, response_method):
    """Return the name of the first method that the estimator has."""
    single = isinstance(response_method, str)
    names = [response_method] if single else list(response_method)
    for name in names:
        if name not in _METHODS:
            raise InputError(
                f"`response_method` must be one of {', '.join(_METHODS)}, or several; "
                f"found {name!r}."
            )
        if hasattr(estimator, name):
            return name
    raise InputError(
        f"The estimator must have the method {' or '.join(names)}; "
        f"{type(estimator).__name__} has none. Use another scorer."
    )


def classes_of_tasks(estimator, n_tasks):
    """Return the classes of each task, None for real tasks."""
    classes = getattr(estimator, "classes_", None)
    if n_tasks > 1 and isinstance(classes, np.ndarray):
        return [np.arange(2)] * n_tasks  # a table of indicators
    if isinstance(classes, list) and len(classes) != n_tasks:
        raise TargetError(
            f"y must have one column per task of the estimator, {len(classes)}; found "
            f"{n_tasks}."
        )
    return split_classes(classes, n_tasks)


def kinds_of_tasks(estimator, classes):
    """Return "classification", "regression" or "ranking" for each task."""
    kinds = ["regression" if own is None else "classification" for own in classes]
    known = getattr(estimator, "task_types_", None)
    if known is None or len(known) != len(kinds):
        return kinds
    return [
        "ranking" if own == "ranking" else kind
        for own, kind in zip(known, kinds, strict=True)
    ]


def check_tasks(estimator, table):
    """Raise TargetError if the tasks are those of fit in another order."""
    while not isinstance(estimator, MultiTaskEstimator):
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return
    check_is_fitted(estimator, "net_")
    known = estimator._targets
    if sorted(table.names) == sorted(known.task_names):
        check_same_tasks(table, known.task_names, known.container)


def ask(estimator, method, X, y, shape):
    """Return the response of each task of y, whose names it may bear too."""
    response = getattr(estimator, method)(X)
    if method != "predict":
        return split_scores(response, *shape)
    table = read_targets(response)
    if (table.n_samples, len(table.columns)) != shape:
        raise TargetError(
            f"y must have the shape of the predictions, {table.n_samples} rows of "
            f"{len(table.columns)} tasks; found {shape[0]} rows of {shape[1]} tasks."
        )
    places = columns_like(y, response, "predict") or range(shape[1])
    return [table.columns[place].values for place in places]
