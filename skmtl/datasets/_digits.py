"""Grouped tasks on the handwritten digits bundled with scikit-learn."""

from collections.abc import Hashable, Sequence
from typing import Any

from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from skmtl.datasets._checks import check_boolean
from skmtl.datasets._class_subsets import make_grouped_tasks

# Two pairs of tasks; within a pair two of three digits are shared, between none.
_DEFAULT_GROUPS = ((0, 1, 2), (1, 2, 3), (5, 6, 7), (6, 7, 8))

_MAX_PIXEL = 16.0

_DESCRIPTION = """\
Grouped digits
--------------
{n_samples} images of 8x8 pixels (scikit-learn's bundled part of the UCI optical
recognition of handwritten digits), intensities divided by 16 into [0, 1].
{n_tasks} tasks; the label of a task is the position of the digit in the task's
subset, or the length of the subset for every other digit.
Subsets: {subsets}
"""


def load_grouped_digits(
    groups: Sequence[Sequence[Hashable]] | None = None,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Load scikit-learn's digits as several related tasks.

    No download: the 1,797 images of 8x8 pixels come with scikit-learn.

    Parameters
    ----------
    groups : sequence of sequences of int, default=None
        The digits of each task. None takes four tasks of three digits, two
        pairs that share two digits each:
        `((0, 1, 2), (1, 2, 3), (5, 6, 7), (6, 7, 8))`.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data` and `target` are pandas DataFrames.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        data : ndarray or DataFrame of shape (1797, 64)
            Pixel intensities in [0, 1], float64.
        target : ndarray or DataFrame of int, shape (1797, n_tasks)
            Position of the digit in the task's subset, or the subset's length.
        frame : DataFrame of shape (1797, 64 + n_tasks)
            `data` and `target` side by side; None unless `as_frame=True`.
        feature_names, task_names : list of str
            Names of the columns of `data` and of `target`.
        classes_of_task : list of tuples of int
            The digits of each task.
        n_shared : ndarray of int, shape (n_tasks, n_tasks)
            Number of digits two tasks share.
        groups : ndarray of int, shape (n_tasks,)
            Tasks joined by a chain of shared digits have the same number.
        DESCR : str
            Description of the data.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    InputError
        If a subset is empty, repeats a digit or names something else than a
        digit from 0 to 9.

    See Also
    --------
    make_grouped_tasks : The same for any multi-class data.

    Examples
    --------
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(groups=[(0, 8), (1, 7), (3, 8)], return_X_y=True)
    >>> X.shape, y.shape
    ((1797, 64), (1797, 3))
    >>> load_grouped_digits(groups=[(0, 8), (1, 7), (3, 8)]).groups
    array([0, 1, 0])
    """
    return_X_y = check_boolean("return_X_y", return_X_y)
    as_frame = check_boolean("as_frame", as_frame)
    source = load_digits()
    digits = make_grouped_tasks(
        source.data / _MAX_PIXEL,
        source.target,
        _DEFAULT_GROUPS if groups is None else groups,
    )
    digits.feature_names = list(source.feature_names)
    digits.frame = None
    digits.DESCR = _DESCRIPTION.format(
        n_samples=len(digits.data),
        n_tasks=len(digits.task_names),
        subsets=", ".join(map(str, digits.classes_of_task)),
    )
    if as_frame:
        _convert_to_frames(digits)
    return (digits.data, digits.target) if return_X_y else digits


def _convert_to_frames(tasks: Bunch) -> None:
    import pandas as pd

    tasks.data = pd.DataFrame(tasks.data, columns=tasks.feature_names)
    tasks.target = pd.DataFrame(tasks.target, columns=tasks.task_names)
    tasks.frame = pd.concat([tasks.data, tasks.target], axis=1)
