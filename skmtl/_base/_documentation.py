"""Docstrings made from the parameter tables."""

import inspect
import textwrap
from typing import Any, TypeVar

from ._tables import Parameter, constraints_of

__all__ = ["multitask_estimator"]

ClassT = TypeVar("ClassT", bound=type)

_WIDTH = 80

_ATTRIBUTES = """\
classes_ : ndarray, or list of ndarray
    Class labels, one array per task for 2-D y; None for a regression or ranking task
    of a mixed estimator. Absent from regressors and rankers.
n_tasks_ : int
    Number of tasks.
task_names_ : list of str
    Column names of y, or task_0, task_1, ...
task_types_ : list of str
    "binary", "multiclass", "continuous" or "ranking", one per task.
task_table_ : dict of str to list
    What was understood of y, one entry per task in each column; ready for
    ``pandas.DataFrame``.
task_similarity_ : ndarray of shape (n_tasks, n_tasks)
    0: no more related than unrelated tasks; 1: the same task. Symmetric.
task_distances_ : ndarray of shape (n_tasks, n_tasks)
    Distances behind the similarity.
task_groups_ : ndarray of shape (n_tasks,)
    Group of each task, numbered in order of first appearance.
task_linkage_ : ndarray of shape (n_tasks - 1, 4)
    The whole tree of tasks in scipy's form.
task_similarity_std_ : ndarray of shape (n_tasks, n_tasks)
    Standard deviation of the similarity over the members of an ensemble, whose mean
    `task_similarity_` is. Only with n_estimators > 1, as is the following.
task_stability_ : ndarray of shape (n_tasks, n_tasks)
    Fraction of the members whose own groups hold both tasks: near 1 or near 0 for
    every pair where the groups can be trusted.
task_reliability_ : ndarray of shape (n_tasks,)
    Signal of each task that two halves of the rows agree on, at most 1; about 0, or
    below, where there is none.
task_null_ : ndarray of shape (n_tasks,)
    95 % quantile of that signal under permuted labels. A task that does not exceed
    it stays alone.
n_features_in_ : int
    Number of features (of pixels and channels, for pictures).
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where X had string column names.
n_iter_ : int
    Epochs run.
history_ : dict of str to ndarray of shape (n_iter_,)
    Per epoch: seconds and mean losses in nats (of rankings in squared margins), one
    column per task; ready for ``pandas.DataFrame``. Losses of an ensemble are of shape
    (n_iter_, n_estimators), NaN after the last epoch of a member.
weight_decay_ : float
    The weight decay that was used, also where `weight_decay` is "auto".
net_ : skorch net
    The trained net; ``net_.module_`` is the torch network."""


def multitask_estimator(cls: ClassT) -> ClassT:
    """Finish a public estimator: constraints and docstring from its table.

    The class docstring holds the markers ``{parameters}`` and ``{attributes}``.
    """
    estimator: Any = cls
    table: dict[str, Parameter] = estimator._parameter_table
    estimator._parameter_constraints = constraints_of(table)
    if cls.__doc__:
        attributes = getattr(cls, "_own_attributes", "")
        body = (
            inspect.cleandoc(cls.__doc__)
            .replace("{parameters}", _document(table))
            .replace("{attributes}", f"{_ATTRIBUTES}\n{attributes}".strip())
        )
        cls.__doc__ = body + "\n"
    return cls


def _document(table: dict[str, Parameter]) -> str:
    entries = []
    for name, parameter in table.items():
        text = textwrap.fill(parameter.text, _WIDTH, break_on_hyphens=False)
        entry = f"{name} : {parameter.type}, default={parameter.default!r}\n"
        entries.append(entry + textwrap.indent(text, "    "))
    return "\n".join(entries)
