"""Synthetic tasks with planted groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skmtl.datasets._checks import check_boolean, check_integer, check_real
from skmtl.datasets._holes import hide, ranks
from skmtl.datasets._labels import (
    check_base_rate,
    check_every_class_occurs,
    flip,
    threshold,
)
from skmtl.datasets._planted import (
    class_directions,
    plant,
    response,
    task_signs,
)

_DESCRIPTION = """\
Synthetic multi-task {kind}: {n_samples} samples, {n_features} independent
standard normal features, {n_tasks} tasks in {n_groups} planted groups. The tasks of a
group follow nearly parallel directions in the feature space; the directions of
different groups are orthogonal, so their noise-free targets are independent.
"""


def make_multitask_classification(
    n_samples: int = 1000,
    n_features: int = 20,
    *,
    n_tasks: int = 12,
    n_groups: int = 4,
    n_classes: int = 2,
    spread: float = 0.2,
    nonlinear: bool = False,
    negate: bool = False,
    base_rate: float | Sequence[float] | None = None,
    label_flip: float = 0.0,
    missing: float = 0.0,
    one_task_per_row: bool = False,
    random_state: Any = None,
) -> Bunch:
    """Generate classification tasks with planted groups.

    Features are independent standard normal. Each group of tasks has its own
    subspace, orthogonal to those of the other groups. A task scores each row
    along its directions in the subspace of its group: a binary task has label
    1 above a threshold, a task with more classes takes the class with the
    largest score. Tasks of different groups are independent; before `label_flip`,
    tasks of one group differ by `spread` and `negate` only.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=20
        Number of features, at least `n_groups * n_classes`, or
        `n_groups * (n_classes - 1)` when no group needs room for `spread`.
    n_tasks : int, default=12
        Number of tasks.
    n_groups : int, default=4
        Number of groups, at most `n_tasks`. The groups are runs of tasks whose
        lengths differ by one at most; `n_groups=n_tasks` gives unrelated tasks.
    n_classes : int, default=2
        Number of classes of every task.
    spread : float, default=0.2
        How far the tasks of a group differ: tangent of the angle between the
        direction of a binary task and the centre of its group. 0 gives
        identical copies.
    nonlinear : bool, default=False
        If True, the score is a parabola of the projection, not monotone; a
        linear model explains a fifth of its variance.
    negate : bool, default=False
        If True, every second task of a group has the sign of its scores and
        its direction turned. It stays in the group: the same features matter.
    base_rate : float or sequence of n_tasks floats, default=None
        Share of label 1, in (0, 1), in every binary task before flips. None
        balances the classes: exactly for binary tasks, in expectation for more
        classes.
    label_flip : float, default=0.0
        Share of rows, in [0, 1], in which a task shows another class, drawn
        uniformly. Rows are drawn for each task on its own.
    missing : float, default=0.0
        Share of labels, in [0, 1), set to NaN, drawn for each task on its own.
        A task keeps at least one label of each class.
    one_task_per_row : bool, default=False
        If True, each row has the label of one task only. The numbers of rows
        per task differ by one at most, and each task keeps at least one label
        of each class.
    random_state : int, RandomState instance or None, default=None
        Seed for all draws. The features and the clean labels do not depend on
        `label_flip`, `missing` and `one_task_per_row`.

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_samples, n_features)
            The features.
        target : ndarray of shape (n_samples, n_tasks)
            The labels 0, ..., n_classes - 1 after flips; int, or float with
            NaN for missing labels.
        clean_target : ndarray of int, shape (n_samples, n_tasks)
            The labels before flips and holes.
        groups : ndarray of int, shape (n_tasks,)
            The planted group of each task.
        coef : ndarray of shape (n_tasks, n_features[, n_classes])
            The unit vector along which a task (a class of a task, for more
            than two classes) scores the rows.
        task_names : list of str
            "task_0", "task_1", ...
        DESCR : str
            Description of the data.

    Raises
    ------
    InputError
        If a parameter lies outside its range, if the features have no room for
        the groups, or if there are too few rows for each task to show each
        class.

    See Also
    --------
    make_multitask_regression : The same with continuous targets.
    make_grouped_tasks : Related tasks from a real multi-class set.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.datasets import make_multitask_classification
    >>> tasks = make_multitask_classification(
    ...     n_samples=200, n_tasks=4, n_groups=2, label_flip=0.1, random_state=0
    ... )
    >>> tasks.groups
    array([0, 0, 1, 1])
    >>> (tasks.target != tasks.clean_target).mean(axis=0)
    array([0.1, 0.1, 0.1, 0.1])
    >>> np.abs(tasks.coef @ tasks.coef.T).round(1)
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [0., 0., 1., 1.],
           [0., 0., 1., 1.]])
    """
    n_classes = check_integer("n_classes", n_classes, 2)
    label_flip = check_real("label_flip", label_flip, 0.0, 1.0)
    tasks, frames, random_state = plant(
        n_samples, n_features, n_tasks, n_groups, n_classes - 1, spread, random_state
    )
    rates = check_base_rate(base_rate, n_tasks, n_classes)
    directions = class_directions(frames, n_classes)
    signs = task_signs(tasks.groups, check_boolean("negate", negate))[:, np.newaxis]
    projections = np.tensordot(tasks.data, directions, axes=(1, 1))
    scores = signs * response(projections, check_boolean("nonlinear", nonlinear))
    directions *= signs[:, :, np.newaxis]
    if n_classes == 2:
        tasks.coef = directions[:, :, 0]
        tasks.clean_target = threshold(scores[:, :, 0], rates)
    else:
        tasks.coef = directions
        tasks.clean_target = scores.argmax(axis=2)
    labels = flip(tasks.clean_target, label_flip, n_classes, random_state)
    check_every_class_occurs(labels, n_classes)
    tasks.target = hide(labels, labels, missing, one_task_per_row, random_state)
    tasks.DESCR = _describe(tasks, "classification")
    return tasks


def make_multitask_regression(
    n_samples: int = 1000,
    n_features: int = 20,
    *,
    n_tasks: int = 12,
    n_groups: int = 4,
    noise: float = 0.1,
    spread: float = 0.2,
    nonlinear: bool = False,
    negate: bool = False,
    missing: float = 0.0,
    one_task_per_row: bool = False,
    random_state: Any = None,
) -> Bunch:
    """Generate regression tasks with planted groups.

    Features are independent standard normal. Each group of tasks has its own
    subspace, orthogonal to those of the other groups. The noise-free target of
    a task is the projection on its direction in the subspace of its group, or
    a parabola of it, and has variance one. Tasks of different groups are exactly
    independent, tasks of one group differ by `spread` and by their noise.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=20
        Number of features, at least `2 * n_groups`, or `n_groups` when no
        group needs room for `spread`.
    n_tasks : int, default=12
        Number of tasks.
    n_groups : int, default=4
        Number of groups, at most `n_tasks`. The groups are runs of tasks whose
        lengths differ by one at most; `n_groups=n_tasks` gives unrelated tasks.
    noise : float, default=0.1
        Standard deviation of the Gaussian noise, in standard deviations of the
        noise-free target.
    spread : float, default=0.2
        How far the tasks of a group differ: tangent of the angle between the
        direction of a task and the centre of its group. 0 gives copies that
        differ by noise only.
    nonlinear : bool, default=False
        If True, the target is a parabola of the projection, not monotone; a
        linear model explains a fifth of its variance.
    negate : bool, default=False
        If True, every second task of a group has the sign of its target and
        its direction turned. It stays in the group: the same features matter.
    missing : float, default=0.0
        Share of values, in [0, 1), set to NaN, drawn for each task on its own.
        A task keeps at least two different values.
    one_task_per_row : bool, default=False
        If True, each row has the value of one task only. The numbers of rows
        per task differ by one at most, and each task keeps at least two
        different values.
    random_state : int, RandomState instance or None, default=None
        Seed for all draws. The features and the noise-free targets do not
        depend on `noise`, `missing` and `one_task_per_row`.

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_samples, n_features)
            The features.
        target : ndarray of shape (n_samples, n_tasks)
            The noisy targets; NaN where missing.
        clean_target : ndarray of shape (n_samples, n_tasks)
            The targets before noise and holes.
        groups : ndarray of int, shape (n_tasks,)
            The planted group of each task.
        coef : ndarray of shape (n_tasks, n_features)
            The unit direction of each task. Unless `nonlinear`,
            `clean_target` is `data @ coef.T`.
        task_names : list of str
            "task_0", "task_1", ...
        DESCR : str
            Description of the data.

    Raises
    ------
    InputError
        If a parameter lies outside its range, if the features have no room for
        the groups, or if there are too few rows for each task to show two
        values.

    See Also
    --------
    make_multitask_classification : The same with classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.datasets import make_multitask_regression
    >>> tasks = make_multitask_regression(n_tasks=4, n_groups=2, random_state=0)
    >>> tasks.target.shape
    (1000, 4)
    >>> np.allclose(tasks.clean_target, tasks.data @ tasks.coef.T)
    True
    """
    noise = check_real("noise", noise, 0.0)
    tasks, frames, random_state = plant(
        n_samples, n_features, n_tasks, n_groups, 1, spread, random_state
    )
    signs = task_signs(tasks.groups, check_boolean("negate", negate))
    projections = tasks.data @ frames[:, :, 0].T
    tasks.coef = signs[:, np.newaxis] * frames[:, :, 0]
    tasks.clean_target = signs * response(
        projections, check_boolean("nonlinear", nonlinear)
    )
    values = tasks.clean_target + noise * random_state.standard_normal(
        tasks.clean_target.shape
    )
    # A value from either half of the ranks: a task never looks constant.
    halves = (ranks(values) >= len(values) // 2).astype(np.intp)
    tasks.target = hide(values, halves, missing, one_task_per_row, random_state)
    tasks.DESCR = _describe(tasks, "regression")
    return tasks


def _describe(tasks: Bunch, kind: str) -> str:
    n_samples, n_features = tasks.data.shape
    return _DESCRIPTION.format(
        kind=kind,
        n_samples=n_samples,
        n_features=n_features,
        n_tasks=len(tasks.groups),
        n_groups=len(np.unique(tasks.groups)),
    )
