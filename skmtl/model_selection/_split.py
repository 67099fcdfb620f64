"""Folds that hold every class of every task in proportion."""

import numbers
import warnings

import numpy as np
from sklearn.model_selection import BaseCrossValidator, check_cv
from sklearn.utils import check_random_state

from ..exceptions import InputError, RareClassWarning, TargetError
from ..tasks import assign_folds
from ..tasks._columns import display_value
from ..tasks._fitting import check_real
from ..tasks._kinds import named_types
from ..tasks._table import read_targets

__all__ = ["MultiTaskStratifiedKFold", "check_multitask_cv"]

# A column of numbers with more distinct values is spread by quantiles.
_MOST_CLASSES = 20
_FEWEST_LABELS_PER_CLASS = 2
# The seed of every deal that is not to depend on chance.
_SETTLED = 0
_MOST_NAMED = 5
_TYPES = ("classification", "regression", "ranking")


class MultiTaskStratifiedKFold(BaseCrossValidator):
    """K folds that balance the labels of all tasks at once, missing ones included.

    Every fold gets its share of each class of each task, and of small, middling and
    large values of real targets, as far as one row in one fold allows. It serves as
    ``cv`` wherever scikit-learn takes a splitter, and for data with one task per row.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether chance decides which rows of a label go to which fold. False deals the
        same way each time; neither keeps rows in blocks.
    random_state : int, RandomState or None, default=None
        Source of chance if `shuffle` is True; an int makes folds repeatable.
    task_types : str, list or dict, default="auto"
        "classification", "regression" or "ranking" for all tasks, a list of these in
        the order of the columns, or a dict from names of tasks to them, which leaves
        the others to "auto": guessed as the notes say.

    See Also
    --------
    sklearn.model_selection.StratifiedKFold : The same for a single complete task.
    skmtl.tasks.assign_folds : How rows are dealt.

    Notes
    -----
    Text, booleans and categories are classes. So are numbers where all are 0 or 1, and
    whole numbers with at most 20 distinct values that occur twice on average: this
    takes in all that ``task_types="auto"`` takes as classification, and whole numbers
    that became floats beside NaN. All else is balanced by quantiles.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.model_selection import MultiTaskStratifiedKFold
    >>> y = np.array([["a", 1.5], ["b", None]] * 4 + [[None, 2.5]] * 4, dtype=object)
    >>> folds = MultiTaskStratifiedKFold(n_splits=4)
    >>> for train, test in folds.split(y, y):
    ...     print(sorted(map(str, y[test, 0])))
    ['None', 'a', 'b']
    ['None', 'a', 'b']
    ['None', 'a', 'b']
    ['None', 'a', 'b']
    """

    def __init__(
        self, n_splits=5, *, shuffle=False, random_state=None, task_types="auto"
    ):
        _check_parameters(n_splits, shuffle, random_state)
        self.n_splits = int(n_splits)
        self.shuffle = shuffle
        self.random_state = random_state
        self.task_types = task_types

    def split(self, X, y=None, groups=None):
        """Generate the rows of each training and test set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; only their number of rows counts.
        y : array-like, Series or DataFrame of shape (n_samples,) or \
                (n_samples, n_tasks)
            Targets; missing labels are NaN, None or a missing value of pandas or
            polars.
        groups : None
            Ignored with a warning, as folds are made of rows.

        Yields
        ------
        train : ndarray of shape (n_train,), dtype int64
            Sorted row numbers.
        test : ndarray of shape (n_test,), dtype int64
            Sorted row numbers; each row is in one test set.

        Raises
        ------
        InputError
            If there are fewer rows than folds.
        TargetError
            If y is None or does not hold labels.

        Warns
        -----
        RareClassWarning
            If a class or a task has fewer labels than there are folds.
        """
        if groups is not None:
            warnings.warn(
                "`groups` is ignored by MultiTaskStratifiedKFold. Use GroupKFold to "
                "keep groups of rows together.",
                UserWarning,
                stacklevel=2,
            )
        yield from super().split(X, y)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored; here for compatibility.

        Returns
        -------
        n_splits : int
            Number of folds.
        """
        return self.n_splits

    def _iter_test_masks(self, X=None, y=None, groups=None):
        if y is None:
            raise TargetError(
                "MultiTaskStratifiedKFold balances labels and needs y; found None. "
                "Give y, or use KFold."
            )
        table = read_targets(y)
        if table.n_samples < self.n_splits:
            raise InputError(
                f"`n_splits` must not exceed the number of rows, {table.n_samples}; "
                f"found {self.n_splits}. Use fewer folds or give more rows."
            )
        codes, is_classification, rare = _code(
            table.columns, self.n_splits, self.task_types
        )
        if rare:
            _warn_of_rare(rare, self.n_splits)
        folds = assign_folds(
            codes,
            table.observed_matrix(),
            is_classification,
            np.ones(self.n_splits),
            check_random_state(self.random_state if self.shuffle else _SETTLED),
        )
        for fold in range(self.n_splits):
            yield folds == fold


def _check_parameters(n_splits, shuffle, random_state):
    whole = isinstance(n_splits, numbers.Integral) and not isinstance(n_splits, bool)
    if not whole or n_splits < 2:
        raise InputError(
            f"`n_splits` must be a whole number of at least 2; found {n_splits!r}."
        )
    if not isinstance(shuffle, bool):
        raise InputError(f"`shuffle` must be True or False; found {shuffle!r}.")
    if random_state is not None and not shuffle:
        raise InputError(
            f"`random_state` must be None without shuffling; found {random_state!r}. "
            "Set shuffle=True, or leave it out: folds are then the same each time."
        )


def _code(columns, n_splits, task_types):
    """Return codes, which columns hold classes, and what is too rare for the folds."""
    codes = np.zeros((len(columns[0].observed), len(columns)))
    is_classification = _are_classes(columns, task_types)
    rare = []
    for task, column in enumerate(columns):
        if is_classification[task]:
            classes, own = np.unique(column.labels, return_inverse=True)
            for label, count in zip(classes, np.bincount(own), strict=True):
                if count < n_splits:
                    name = f"class {display_value(label)} of task {column.name!r}"
                    rare.append((name, count))
        else:
            check_real(column)
            own = column.labels
            if 0 < len(own) < n_splits:
                rare.append((f"task {column.name!r}", len(own)))
        codes[column.observed, task] = own
    return codes, is_classification, rare


def _are_classes(columns, task_types):
    """Which columns hold classes, by guess where the user does not say."""
    named = named_types(task_types, [column.name for column in columns])
    found = []
    for column, one in zip(columns, named, strict=True):
        if one is not None and one not in _TYPES:
            raise InputError(
                f"`task_types` must be 'auto' or hold {', '.join(_TYPES)} only; found "
                f"{one!r} for task {column.name!r}."
            )
        guess = one is None and _holds_classes(column)
        found.append(guess or one == "classification")
    return np.array(found)


def _holds_classes(column):
    if column.categorical or column.family in ("boolean", "text"):
        return True
    distinct = np.unique(column.labels)
    if np.isin(distinct, (0, 1)).all():
        return True
    if len(distinct) > _MOST_CLASSES or not np.isfinite(distinct).all():
        return False
    repeated = _FEWEST_LABELS_PER_CLASS * len(distinct) <= column.n_observed
    return repeated and bool(np.all(distinct == np.rint(distinct)))


def _warn_of_rare(rare, n_splits):
    named = [f"{name} ({count})" for name, count in rare[:_MOST_NAMED]]
    more = f" and {len(rare) - _MOST_NAMED} more" if len(rare) > _MOST_NAMED else ""
    warnings.warn(
        f"Fewer labels than n_splits={n_splits}: {', '.join(named)}{more}. Some test "
        "sets are without them. Use fewer folds, or leave such labels out; name "
        "quantities and ranks in `task_types`.",
        RareClassWarning,
        stacklevel=2,
    )


def check_multitask_cv(cv=5, *, task_types="auto"):
    """Return a splitter, stratified over all tasks if only a number is given.

    Parameters
    ----------
    cv : int, splitter, iterable or None, default=5
        None means 5 folds, an int that many, of :class:`MultiTaskStratifiedKFold`; a
        splitter is returned as it is, and an iterable of pairs of train and test rows
        becomes one.
    task_types : str, list or dict, default="auto"
        As for :class:`MultiTaskStratifiedKFold`, where one is made.

    Returns
    -------
    cv : splitter
        Has the methods ``split`` and ``get_n_splits``.

    See Also
    --------
    sklearn.model_selection.check_cv : The same, but it refuses missing labels.

    Examples
    --------
    >>> from skmtl.model_selection import check_multitask_cv
    >>> check_multitask_cv(3)
    MultiTaskStratifiedKFold(n_splits=3, random_state=None, shuffle=False,
                             task_types='auto')
    """
    if cv is None or isinstance(cv, numbers.Number):
        return MultiTaskStratifiedKFold(5 if cv is None else cv, task_types=task_types)
    return check_cv(cv)
