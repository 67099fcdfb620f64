"""Several tasks made from the classes of one multi-class data set."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.utils import Bunch, check_consistent_length

from skmtl.datasets._checks import is_missing
from skmtl.exceptions import InputError, TargetError


def make_grouped_tasks(X: Any, y: Any, groups: Sequence[Sequence[Hashable]]) -> Bunch:
    """Make one task from each subset of the classes of a multi-class set.

    The label of task t is the position of the row's class in `groups[t]`, or
    `len(groups[t])` ("none") where the class is not in the subset. Tasks whose
    subsets share classes must tell the same things apart and are related;
    tasks whose subsets are disjoint are not, but for the parts of the features
    that all classes have in common.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
        Features, handed on unchanged.
    y : array-like of shape (n_samples,)
        Class of each row, numbers or strings, without missing values.
    groups : sequence of sequences of classes
        The subset of each task, each class at most once per subset.

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : `X`
            The features, the same object.
        target : ndarray of int, shape (n_samples, n_tasks)
            Position of the row's class in the task's subset, or its length.
        task_names : list of str
            The classes of the task, joined by "-".
        classes_of_task : list of tuples
            `groups`, as tuples.
        n_shared : ndarray of int, shape (n_tasks, n_tasks)
            Number of classes two tasks share.
        groups : ndarray of int, shape (n_tasks,)
            Tasks joined by a chain of shared classes have the same number,
            counted in order of first appearance.

    Raises
    ------
    InputError
        If `groups` is empty, or a subset is empty, repeats a class or names a
        class that `y` does not hold; if `X` and `y` differ in length.
    TargetError
        If `y` is not one-dimensional or has missing values.

    See Also
    --------
    make_one_vs_rest_tasks : One binary task per class.
    load_grouped_digits : This function on scikit-learn's digits.

    Examples
    --------
    >>> from skmtl.datasets import make_grouped_tasks
    >>> X = [[0.0], [0.1], [0.2], [0.3]]
    >>> tasks = make_grouped_tasks(X, ["a", "b", "c", "d"], [("a", "b"), ("b", "c")])
    >>> tasks.target
    array([[0, 2],
           [1, 0],
           [2, 1],
           [2, 2]])
    >>> tasks.n_shared
    array([[2, 1],
           [1, 2]])
    >>> tasks.groups
    array([0, 0])
    """
    codes, code_of_class = encode_classes(X, y)
    subsets = _check_subsets(groups)
    label_of_code = np.empty((len(code_of_class), len(subsets)), dtype=np.intp)
    for task, subset in enumerate(subsets):
        members = _codes_of(subset, code_of_class, f"groups[{task}]")
        label_of_code[:, task] = len(subset)
        label_of_code[members, task] = np.arange(len(subset))
    sizes = np.array([len(subset) for subset in subsets])
    is_member = (label_of_code < sizes).astype(np.intp)
    n_shared = is_member.T @ is_member
    return Bunch(
        data=X,
        target=label_of_code[codes],
        task_names=_unique_names("-".join(map(str, subset)) for subset in subsets),
        classes_of_task=subsets,
        n_shared=n_shared,
        groups=_chained_groups(n_shared > 0),
    )


def make_one_vs_rest_tasks(
    X: Any, y: Any, classes: Sequence[Hashable] | None = None
) -> Bunch:
    """Make one binary task per class: this class against all others.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
        Features, handed on unchanged.
    y : array-like of shape (n_samples,)
        Class of each row, numbers or strings, without missing values.
    classes : sequence of classes, default=None
        The classes that get a task, in this order; None takes every class of
        `y`, sorted.

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : `X`
            The features, the same object.
        target : ndarray of int, shape (n_samples, n_tasks)
            1 where the row is of the task's class, 0 elsewhere.
        task_names : list of str
            The class of each task.
        classes_of_task : list of tuples
            The class of each task, as a tuple of length one.

    Raises
    ------
    InputError
        If `classes` is empty, repeats a class or names a class that `y` does
        not hold; if `X` and `y` differ in length.
    TargetError
        If `y` is not one-dimensional, has missing values or a single class.

    See Also
    --------
    make_grouped_tasks : Tasks that ask for several classes each.

    Examples
    --------
    >>> from skmtl.datasets import make_one_vs_rest_tasks
    >>> tasks = make_one_vs_rest_tasks([[0.0], [0.1], [0.2]], [3, 1, 2])
    >>> tasks.task_names
    ['1', '2', '3']
    >>> tasks.target
    array([[0, 0, 1],
           [1, 0, 0],
           [0, 1, 0]])
    """
    codes, code_of_class = encode_classes(X, y)
    if len(code_of_class) < 2:
        raise TargetError(
            "`y` must hold at least two classes to tell one from the rest. "
            f"Found {list(code_of_class)}."
        )
    chosen = tuple(code_of_class) if classes is None else tuple(classes)
    members = _codes_of(chosen, code_of_class, "classes")
    return Bunch(
        data=X,
        target=(codes[:, np.newaxis] == members).astype(np.intp),
        task_names=_unique_names(map(str, chosen)),
        classes_of_task=[(label,) for label in chosen],
    )


def encode_classes(X: Any, y: Any) -> tuple[NDArray[np.intp], dict[Hashable, int]]:
    """Return the code of each row's class, and the code of each class."""
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise TargetError(
            "`y` must be one-dimensional, one class per row. "
            f"Found y.shape = {labels.shape}."
        )
    try:
        check_consistent_length(X, labels)
    except (TypeError, ValueError) as error:
        raise InputError(f"`X` and `y` must have one row per sample. {error}") from None
    missing = [row for row, label in enumerate(labels.tolist()) if is_missing(label)]
    if missing:
        raise TargetError(
            f"`y` must have a class in every row. Found {len(missing)} missing, the "
            f"first in row {missing[0]}; leave these rows out."
        )
    classes, codes = np.unique(labels, return_inverse=True)
    return codes, {label: code for code, label in enumerate(classes.tolist())}


def _check_subsets(groups: Any) -> list[tuple[Hashable, ...]]:
    subsets = []
    for task, subset in enumerate(groups):
        if isinstance(subset, str) or not isinstance(subset, Iterable):
            raise InputError(
                "Parameter `groups` must be a sequence of sequences of classes, one "
                f"per task. Found groups[{task}] = {subset!r}."
            )
        subsets.append(tuple(subset))
    if not subsets:
        raise InputError(
            "Parameter `groups` must name the classes of at least one task. "
            f"Found {groups!r}."
        )
    return subsets


def _codes_of(
    subset: tuple[Hashable, ...], code_of_class: dict[Hashable, int], name: str
) -> NDArray[np.intp]:
    """Look up the codes of a subset that is not empty and has no doubles."""
    if not subset:
        raise InputError(f"`{name}` must hold at least one class. Found {subset!r}.")
    unknown = [label for label in subset if label not in code_of_class]
    if unknown:
        raise InputError(
            f"`{name}` must hold classes of `y`, which are {list(code_of_class)}. "
            f"Found {unknown[0]!r}."
        )
    codes = np.array([code_of_class[label] for label in subset], dtype=np.intp)
    if len(np.unique(codes)) < len(codes):
        raise InputError(
            f"`{name}` must hold each class at most once. Found {subset!r}."
        )
    return codes


def _chained_groups(related: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Number the connected components in order of first appearance."""
    _, component = connected_components(related, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _unique_names(names: Iterable[str]) -> list[str]:
    """Append _2, _3, ... to names that were given before."""
    unique: list[str] = []
    for name in names:
        candidate, count = name, 1
        while candidate in unique:
            count += 1
            candidate = f"{name}_{count}"
        unique.append(candidate)
    return unique
