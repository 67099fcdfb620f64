"""What users call: classifier, regressor, ranker and mixed."""

from collections.abc import Mapping
from inspect import isfunction

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..exceptions import InputError
from ..metrics import accuracy_scores, kendall_tau_scores, mean_score, r2_scores
from ._truth import read_truth

__all__ = ["ClassifierShell", "MixedShell", "RankerShell", "RegressorShell"]

_MEASURES = {
    "binary": accuracy_scores,
    "multiclass": accuracy_scores,
    "continuous": r2_scores,
    "ranking": kendall_tau_scores,
}


def _with_plain_names(cls):
    """Let Python's own messages say ``predict()``, not the name of a private class."""
    for name, value in vars(cls).items():
        if isfunction(value):
            value.__qualname__ = name
    return cls


@_with_plain_names
class _Shell:
    """Scores shared by all shells."""

    def predict(self, X):
        """Predict every task.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_tasks)
            Shaped as the targets given to :meth:`fit`.
        """
        codes = self._predict_codes(X)
        return self._targets.inverse_transform(codes, as_frame=False)

    def score_tasks(self, X, y, sample_weight=None):
        """Score every task on its observed labels.

        In a pipeline, `X` must have gone through the steps before, or use
        ``get_multitask_scorer("accuracy", average=None)`` of
        :mod:`skmtl.model_selection`, which takes the pipeline.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Targets; a class not seen in fit counts as an error, with a warning.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            Weights of rows or labels.

        Returns
        -------
        scores : ndarray of shape (n_tasks,)
            Accuracy of classification tasks, R2 of regression tasks, Kendall's tau-b
            of ranking tasks; NaN without an observed label, and for a ranking without
            two different ones.
        """
        check_is_fitted(self, "net_")
        predicted = self._predict_codes(X)
        truth, weight = read_truth(self._targets, y, sample_weight, len(predicted))
        scores = np.empty(self.n_tasks_)
        measures = np.array([_MEASURES[spec.kind] for spec in self._targets.specs])
        for measure in dict.fromkeys(measures):
            tasks = measures == measure
            own = weight
            if weight is not None and weight.ndim == 2:
                own = weight[:, tasks]
            scores[tasks] = measure(
                truth[:, tasks], predicted[:, tasks], sample_weight=own
            )
        return scores

    def score(self, X, y, sample_weight=None):
        """Mean of :meth:`score_tasks` over the tasks that have a score.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Targets.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            Weights of rows or labels.

        Returns
        -------
        score : float
            Accuracy, R2, Kendall's tau-b, or their mean for mixed tasks.

        Raises
        ------
        TargetError
            If no task has a score.

        Warns
        -----
        UnlabelledTaskWarning
            If a task has no observed label, or is a ranking whose labels are all
            equal; it is left out.
        RareClassWarning
            If there are labels of classes not seen in fit.
        """
        scores = self.score_tasks(X, y, sample_weight=sample_weight)
        return mean_score(scores, self.task_names_)


@_with_plain_names
class ClassifierShell(_Shell, ClassifierMixin):
    """Every task is a classification."""

    def _task_rules(self):
        return "classification", ("classification",)

    def _shell_attributes(self, encoder):
        return {"classes_": encoder.class_list()}

    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such
            One array per task if y was 2-D, columns in the order of `classes_`.
        """
        found = self._probabilities(X)
        return found[0] if self._targets.one_dimensional else found

    def predict_log_proba(self, X):
        """Predict logarithms of class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), or list of such
            As in :meth:`predict_proba`.
        """
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            if isinstance(found, list):
                return [np.log(own) for own in found]
            return np.log(found)


@_with_plain_names
class RegressorShell(_Shell, RegressorMixin):
    """Every task is a regression."""

    def _task_rules(self):
        return "regression", ("regression",)

    def predict(self, X, return_std=False):
        """Predict every task.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.
        return_std : bool, default=False
            Whether to return how far the members of an ensemble disagree.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_tasks)
            Shaped as the targets given to :meth:`fit`; the mean over the members of
            an ensemble.
        std : ndarray, shaped as y
            Standard deviation over the members, in the units of the targets. It does
            not contain the noise of the targets themselves. Only with `return_std`.

        Raises
        ------
        InputError
            If `return_std` is asked of a single network.
        """
        if not return_std:
            return super().predict(X)
        check_is_fitted(self, "net_")
        if not self.net_.module_.members:
            raise InputError(
                "`return_std=True` needs an ensemble, whose members can disagree; "
                "found n_estimators=1. Fit with n_estimators=5 or more."
            )
        codes, deviations = self._predict_moments(X)
        scales = np.array([spec.scale for spec in self._targets.specs])
        mean = self._targets.inverse_transform(codes, as_frame=False)
        std = (deviations * scales).astype(mean.dtype, copy=False)
        return mean, std[:, 0] if self._targets.one_dimensional else std


@_with_plain_names
class RankerShell(_Shell):
    """Every task is a ranking: of the targets only the order counts.

    No regressor to scikit-learn, since scores are no estimates of the targets.
    """

    def _task_rules(self):
        return "ranking", ("ranking",)

    def predict(self, X):
        """Predict a score for every task; the greater, the higher the row ranks.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_tasks)
            Of no unit and any sign: only their order within a task tells. Shaped as
            the targets given to :meth:`fit`; the mean over the members of an
            ensemble.
        """
        return super().predict(X)


def _has_classes(estimator):
    targets = getattr(estimator, "_targets", None)
    if targets is not None:
        return any(spec.is_classification for spec in targets.specs)
    named = estimator.task_types
    # a dict leaves the kinds of tasks open that it does not name, as a Series does
    is_open = isinstance(named, str | Mapping) or hasattr(named, "iloc")
    return is_open or "classification" in list(named)


@_with_plain_names
class MixedShell(_Shell):
    """Classification, regression and ranking tasks side by side."""

    def _task_rules(self):
        return self.task_types, ("classification", "regression", "ranking")

    def _shell_attributes(self, encoder):
        return {"classes_": encoder.class_list()}

    def predict(self, X):
        """Predict every task.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        y : ndarray of object of shape (n_samples, n_tasks), or DataFrame
            A DataFrame with a dtype per task if y was one; 1-D if y was 1-D. Scores
            of ranking tasks are floats without a unit.
        """
        codes = self._predict_codes(X)
        return self._targets.inverse_transform(codes)

    @available_if(_has_classes)
    def predict_proba(self, X):
        """Predict class probabilities; absent if no task has classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such
            One entry per task if y was 2-D, None for a task without classes.
        """
        found = self._probabilities(X)
        return found[0] if self._targets.one_dimensional else found
