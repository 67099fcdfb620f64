"""Scorers: a metric of one task, applied to the observed labels of all tasks."""

from inspect import signature

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED

from .._base import warn_user
from .._validation import check_sample_weight
from ..exceptions import InputError, RareClassWarning, TargetError
from ..metrics import mean_score
from ..metrics._columns import check_one_type
from ..metrics._responses import align_scores, number_classes
from ..tasks._columns import display_value
from ..tasks._table import read_targets
from ._responses import (
    ask,
    check_tasks,
    classes_of_tasks,
    find_method,
    kinds_of_tasks,
)

__all__ = ["make_multitask_scorer"]

_TASK_TYPES = ("classification", "regression", "ranking", None)
_AVERAGES = ("macro", "weighted", None)


def make_multitask_scorer(
    metric,
    *,
    response_method="predict",
    task_type=None,
    greater_is_better=True,
    average="macro",
    metric_params=None,
):
    """Make a scorer of many tasks from a metric of one task.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, response)`` of one task, a function of :mod:`sklearn.metrics`
        or :mod:`skmtl.metrics` for instance; greater is better unless said otherwise.
        It sees the observed labels of a task only. If it has a parameter
        ``sample_weight``, it gets the weights.
    response_method : {"predict", "predict_proba", "decision_function"} or sequence of \
            these, default="predict"
        Method of the estimator that the metric judges; the first it has, of several.
        Of two classes the metric gets the scores of the greater, of shape
        (n_samples,); of more, a column for each, beside their numbers as ``classes``
        or ``labels`` if it has such a parameter.
    task_type : {"classification", "regression", "ranking"} or None, default=None
        Tasks to score; the others are left out without a warning. Labels of
        "classification" reach the metric as their numbers among the sorted classes of
        the task, so that 1 is the positive class. "ranking" is for metrics of orders:
        predictions of a regression are put into an order too. None means all tasks,
        with labels as they are; where the response is a score for each class, it means
        "classification".
    greater_is_better : bool, default=True
        Whether greater values of the metric are better; if not, the scorer turns the
        sign.
    average : {"macro", "weighted"} or None, default="macro"
        "macro" is the mean over tasks, "weighted" the mean by number of observed
        labels (by their total weight, if they have weights), None an array of shape
        (n_tasks,) with NaN where there is no score, which searches do not take.
    metric_params : dict, default=None
        Further parameters of the metric.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, *, sample_weight=None)``, for ``scoring=`` in
        scikit-learn. A task without observed labels, or whose metric is NaN, is left
        out with an UnlabelledTaskWarning. A label that the estimator never saw counts
        as a class of its own, which has score 0; where the metric judges scores, a
        RareClassWarning names it.

    See Also
    --------
    get_multitask_scorer : Scorers ready for use.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import f1_score
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.model_selection import make_multitask_scorer
    >>> scorer = make_multitask_scorer(f1_score, task_type="classification")
    >>> X = np.linspace(-1, 1, 40).reshape(-1, 1)
    >>> y = np.where(X > [0, 0.5], "yes", "no").astype(object)
    >>> y[::4, 1] = None
    >>> est = HardSharingClassifier(random_state=0).fit(X, y)
    >>> 0 < scorer(est, X, y) <= 1
    True
    """
    scorer = MultiTaskScorer(
        metric,
        response_method=response_method,
        task_type=task_type,
        greater_is_better=greater_is_better,
        average=average,
        metric_params=metric_params,
    )
    scorer.check_parameters()
    return scorer


class MultiTaskScorer(BaseEstimator):
    """What `make_multitask_scorer` returns; it has its parameters.

    It is an estimator for the sake of `clone`, `set_params` and metadata routing.
    """

    # The estimator to score is no metadata.
    __metadata_request__score = {"estimator": UNUSED}

    def __init__(
        self,
        metric,
        *,
        response_method="predict",
        task_type=None,
        greater_is_better=True,
        average="macro",
        metric_params=None,
    ):
        self.metric = metric
        self.response_method = response_method
        self.task_type = task_type
        self.greater_is_better = greater_is_better
        self.average = average
        self.metric_params = metric_params

    def __call__(self, estimator, X, y, *, sample_weight=None):
        """As `score`."""
        return self.score(estimator, X, y, sample_weight=sample_weight)

    def __repr__(self):
        changed = [
            f", {name}={getattr(self, name)!r}"
            for name, parameter in signature(type(self)).parameters.items()
            if name != "metric" and getattr(self, name) != parameter.default
        ]
        metric = getattr(self.metric, "__name__", repr(self.metric))
        return f"make_multitask_scorer({metric}{''.join(changed)})"

    def check_parameters(self):
        """Raise InputError if a parameter does not fit the rules."""
        if not callable(self.metric):
            raise InputError(
                "`metric` must be a function of y_true and a response; found "
                f"{self.metric!r}. For a name use get_multitask_scorer."
            )
        for name, allowed in (("task_type", _TASK_TYPES), ("average", _AVERAGES)):
            value = getattr(self, name)
            if value not in allowed:
                shown = ", ".join(map(repr, allowed))
                raise InputError(f"`{name}` must be one of {shown}; found {value!r}.")

    def score(self, estimator, X, y, sample_weight=None):
        """Score the tasks of a fitted estimator, averaged as `average` says."""
        self.check_parameters()
        table = read_targets(y)
        names, shape = table.names, (table.n_samples, len(table.columns))
        weight = self._check_weight(sample_weight, shape, names)
        method = find_method(estimator, self.response_method)
        classes = classes_of_tasks(estimator, shape[1])
        kinds = kinds_of_tasks(estimator, classes)
        chosen = self._choose_tasks(kinds, method, names)
        check_tasks(estimator, table)
        responses = ask(estimator, method, X, y, shape)
        scores, total = np.full(shape[1], np.nan), np.zeros(shape[1])
        for task in chosen:
            column = table.columns[task]
            rows = column.observed & (weight[:, task] > 0)
            if rows.any() and responses[task] is not None:
                total[task] = weight[rows, task].sum()
                pair, kwargs = self._prepare(
                    column, rows, responses[task], classes[task], method
                )
                if sample_weight is not None:
                    kwargs["sample_weight"] = weight[rows, task]
                scores[task] = self._measure(names[task], *pair, **kwargs)
        if self.average is None:
            return scores
        return mean_score(
            scores[chosen],
            [names[task] for task in chosen],
            total[chosen] if self.average == "weighted" else None,
        )

    def _check_weight(self, sample_weight, shape, names):
        if sample_weight is None:
            return np.ones(shape)
        if not self._accept_sample_weight():
            raise InputError(
                f"`sample_weight` must be None for {self}, whose metric knows no "
                f"weights; found {type(sample_weight).__name__}."
            )
        weight = check_sample_weight(sample_weight, *shape, np.float64, names)
        return np.broadcast_to(weight if weight.ndim == 2 else weight[:, None], shape)

    def _accept_sample_weight(self):
        # scikit-learn asks for it by this name
        return "sample_weight" in signature(self.metric).parameters

    def _choose_tasks(self, kinds, method, names):
        """Return the tasks of the type that the metric is for."""
        task_type = self.task_type
        if task_type is None and method != "predict":
            task_type = "classification"
        if task_type is None:
            return list(range(len(kinds)))
        wanted = {task_type}
        if task_type == "ranking":
            wanted.add("regression")
        chosen = [task for task, kind in enumerate(kinds) if kind in wanted]
        if not chosen:
            raise TargetError(
                f"{self} is for tasks of {task_type}; none of the tasks of the "
                f"estimator is ({', '.join(names)}). Use another scorer."
            )
        return chosen

    def _prepare(self, column, rows, response, classes, method):
        """Return what the metric compares, and what it is told besides."""
        true = column.values[rows]
        if method != "predict":
            codes, table = align_scores(true, response, rows, classes, column.name)
            _warn_of_unseen(true[codes >= len(classes)], column.name)
            n_classes = table.shape[1]
            known = signature(self.metric).parameters
            told = [name for name in ("classes", "labels") if name in known][:1]
            scores = table[:, 1] if n_classes == 2 else table
            return (codes, scores), {name: np.arange(n_classes) for name in told}
        pred = response[rows]
        check_one_type(true, pred, column.name, "y_pred")
        if self.task_type == "classification":
            both = np.concatenate([true, pred])
            codes, _ = number_classes(both, classes)
            true, pred = np.split(codes, 2)
        return (true, pred), {}

    def _measure(self, name, true, response, **kwargs):
        kwargs |= self.metric_params or {}
        try:
            value = np.asarray(self.metric(true, response, **kwargs))
        except TargetError as error:
            # Our measures see one column, and number it.
            text = str(error).replace("task 'task_0'", f"task {name!r}")
            raise TargetError(text) from error
        if value.size != 1:
            raise InputError(
                f"`metric` must return one number for a task; {self} returned an array "
                f"of shape {value.shape}. Set its average in `metric_params`."
            )
        return value.item() if self.greater_is_better else -value.item()


def _warn_of_unseen(labels, name):
    if len(labels):
        warn_user(
            f"Task {name!r} has labels to be scored that the estimator never saw, for "
            f"example {display_value(labels[0])}; they count as a class of score 0. "
            "Fit with all classes, for example by folds of MultiTaskStratifiedKFold.",
            RareClassWarning,
        )
