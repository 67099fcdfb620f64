"""Texts that the docstrings of the searches share."""

import inspect

__all__ = ["with_common_text"]

_ESTIMATOR = """\
estimator : estimator
    An estimator of skmtl, or a :class:`~sklearn.pipeline.Pipeline` that ends with
    one."""

_PARAMETERS = """\
scoring : str, callable, list, tuple or dict, default=None
    One score, or several: names of scorers, or functions of (estimator, X, y). None:
    the score of the estimator, a mean over tasks of their observed labels.
n_jobs : int, default=None
    Number of processes of one thread that the fits are spread over; -1 means all
    processors. None means the number that :func:`joblib.parallel_config` has set; else
    all processors for a search on the CPU that is long enough to be worth the start
    of processes, about 100,000 steps of single networks, and 1 otherwise.
refit : bool, str, or callable, default=True
    Whether to fit the best candidate to all rows. With several scores the name of the
    one that decides, or False. A function gets `cv_results_` and returns
    `best_index_`.
cv : int, splitter, or iterable of (train, test), default=None
    Number of folds, None for 5. They are stratified and in the order of the rows as
    in scikit-learn; :class:`~sklearn.model_selection.KFold` is used where `y` has
    missing labels, several columns or mixed kinds.
verbose : int, default=0
    1 prints the number of fits, 2 a line for each, 3 their scores, 10 their starts.
pre_dispatch : int or str, default='2*n_jobs'
    Number of chunks of fits sent to the processes ahead of time.
error_score : 'raise' or float, default=nan
    Score of a fit that fails, with a warning; 'raise' raises its error.
return_train_score : bool, default=False
    Whether `cv_results_` has scores on the training rows too.
max_stack : int or 'auto', default='auto'
    Most fits that train as one network, which bounds the memory it takes. 1 trains
    them one after another."""

_ATTRIBUTES = """\
cv_results_ : dict of str to ndarray of shape (n_candidates,)
    As in scikit-learn, ready for ``pandas.DataFrame``; times are in seconds. The time
    of a fit is its equal share of the time in which it trained together with others,
    the fits of earlier steps of a pipeline included.
best_estimator_ : estimator
    The best candidate, fitted to all rows. Absent with refit=False; its
    ``task_groups_`` and the like are there.
best_score_ : float
    Mean score of the best candidate over the folds. Absent if `refit` is a function.
best_params_ : dict of str to object
    Parameters of the best candidate.
best_index_ : int
    Its place in `cv_results_`.
scorer_ : callable, or dict of str to callable
    What computed the scores.
n_splits_ : int
    Number of folds.
refit_time_ : float
    Seconds that the fit to all rows took.
multimetric_ : bool
    Whether there are several scores.
classes_ : ndarray, or list of ndarray
    Classes of `best_estimator_`.
n_features_in_ : int
    Number of features that `best_estimator_` saw.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where X had string column names."""


def with_common_text(cls):
    """Fill ``{estimator}``, ``{parameters}`` and ``{attributes}`` of a docstring."""
    if cls.__doc__:
        cls.__doc__ = (
            inspect.cleandoc(cls.__doc__)
            .replace("{estimator}", _ESTIMATOR)
            .replace("{parameters}", _PARAMETERS)
            .replace("{attributes}", _ATTRIBUTES)
            + "\n"
        )
    return cls
