"""Jointly Gaussian features and targets, whose information curve is known."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch, check_random_state

from skmtl.datasets._checks import check_boolean, check_integer, check_real
from skmtl.datasets._planted import random_rotation
from skmtl.exceptions import InputError

_DESCRIPTION = """\
Jointly Gaussian features and targets: {n_samples} samples, {n_features} independent
standard normal features, {n_tasks} task(s) with {sizes} standard normal targets. Each
target correlates with one direction of the features, and no two with the same one, so
that the information bottleneck of each task has a closed form.
"""


def make_gaussian_tasks(
    n_samples: int = 1000,
    n_features: int = 8,
    *,
    correlations: Sequence[Sequence[float]] = ((0.9, 0.7, 0.5),),
    rotate: bool = False,
    random_state: Any = None,
) -> Bunch:
    """Generate Gaussian tasks whose information bottleneck is known exactly.

    Features and targets are jointly Gaussian, with variance one. Target k of a task is
    ``r_k u_k + sqrt(1 - r_k^2) e_k`` with a direction ``u_k`` of the features that no
    other target reads, and noise ``e_k``. The task of predicting its targets from a
    compressed W, at a price of `beta` for each nat of I(X; W), then has a best
    solution in closed form, which trained networks can be compared with.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=8
        Number of features, at least the number of targets.
    correlations : sequence of sequences of float, default=((0.9, 0.7, 0.5),)
        For each task the correlation of each of its targets with its direction of the
        features, in [0, 1). ``[[0.9, 0.6], [0.8]]`` makes two tasks with disjoint
        predictors, the first with two targets.
    rotate : bool, default=False
        If False, the first target reads the first feature, the second one the second,
        and so on. If True, the features are rotated at random: every target then
        reads all of them.
    random_state : int, RandomState instance or None, default=None
        Seed for all draws. With the same seed, `correlations` and `rotate` leave the
        draws of directions and noise as they are.

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_samples, n_features)
            The features.
        target : ndarray of shape (n_samples, n_targets)
            The targets of the first task, then those of the second, and so on.
        task_of_target : ndarray of int, shape (n_targets,)
            The task of each target.
        coef : ndarray of shape (n_targets, n_features)
            The expectation of the targets is ``data @ coef.T``; what remains is
            independent noise.
        eigenvalues : ndarray of shape (n_tasks, n_features)
            Of ``C_{X|Y} C_X^{-1}``, ascending: 1 - r^2, and 1 for the rest.
        entropy : ndarray of shape (n_tasks,)
            Differential entropy of each task's targets, in nats.
        curve : callable
            ``curve(beta)`` is the best a task can do at a price `beta` > 0. A Bunch of
            arrays of shape (n_tasks,), or with the axes of an array `beta` before it,
            in nats: `information`, I(X; W); `relevance`, I(W; Y); `objective`,
            ``beta * information - relevance``, to which `entropy` has to be added to
            make it the expected ``CE + beta * KL`` of a network.
        task_names : list of str
            "task_0", "task_1", ...
        DESCR : str
            Description of the data.

    Raises
    ------
    InputError
        If a parameter lies outside its range, or there are fewer features than
        targets.

    See Also
    --------
    make_multitask_regression : Tasks with planted groups.

    Notes
    -----
    A direction with eigenvalue a is open if ``beta < 1 - a``. It then contributes
    ``log((1 / beta - 1) (1 - a) / a) / 2`` to I(X; W), and ``log((1 - a) / beta) / 2``
    less to I(W; Y). Both are sums over the open directions. Since the tasks read
    disjoint directions, they attain their best side by side.

    References
    ----------
    Chechik, Globerson, Tishby, Weiss: "Information Bottleneck for Gaussian Variables",
    JMLR 2005, theorem 3.1 and section 5.

    Examples
    --------
    >>> from skmtl.datasets import make_gaussian_tasks
    >>> tasks = make_gaussian_tasks(500, 3, correlations=[[0.8], [0.6]], random_state=0)
    >>> tasks.eigenvalues.round(2)
    array([[0.36, 1.  , 1.  ],
           [0.64, 1.  , 1.  ]])
    >>> tasks.curve([0.1, 0.5]).information.round(3)
    array([[1.386, 0.811],
           [0.288, 0.   ]])
    """
    n_samples = check_integer("n_samples", n_samples, 1)
    n_features = check_integer("n_features", n_features, 1)
    sizes, correlation = _check_correlations(correlations, n_features)
    rotate = check_boolean("rotate", rotate)
    random_state = check_random_state(random_state)
    directions = random_rotation(n_features, random_state)
    if not rotate:
        directions = np.eye(n_features)
    data = random_state.standard_normal((n_samples, n_features))
    # As many columns as could be asked for, so that the features stay the same.
    noise = random_state.standard_normal((n_samples, n_features))[:, : len(correlation)]
    coef = correlation[:, np.newaxis] * directions[: len(correlation)]
    task_of_target = np.repeat(np.arange(len(sizes)), sizes)
    eigenvalues = np.ones((len(sizes), n_features))
    for task, own in enumerate(eigenvalues):
        own[: sizes[task]] = np.sort(1 - correlation[task_of_target == task] ** 2)
    return Bunch(
        data=data,
        target=data @ coef.T + noise * np.sqrt(1 - correlation**2),
        task_of_target=task_of_target,
        coef=coef,
        eigenvalues=eigenvalues,
        entropy=np.array(sizes) * 0.5 * np.log(2 * np.pi * np.e),
        curve=partial(_bottleneck_curve, eigenvalues),
        task_names=[f"task_{task}" for task in range(len(sizes))],
        DESCR=_DESCRIPTION.format(
            n_samples=n_samples,
            n_features=n_features,
            n_tasks=len(sizes),
            sizes=" and ".join(map(str, sizes)),
        ),
    )


def _bottleneck_curve(eigenvalues: NDArray[np.float64], beta: Any) -> Bunch:
    """Evaluate the best channels of Gaussian tasks at given prices."""
    prices = np.asarray(beta, dtype=float)
    if not (np.isfinite(prices) & (prices > 0)).all():
        raise InputError(
            "Parameter `beta` must be positive and finite, since a free channel takes "
            f"infinitely many nats. Found {beta!r}."
        )
    price = prices[..., np.newaxis, np.newaxis]
    gain = 1 - eigenvalues
    is_open = price < gain
    with np.errstate(divide="ignore", invalid="ignore"):
        taken = 0.5 * np.log((1 / price - 1) * gain / eigenvalues)
        missed = 0.5 * np.log(gain / price)
    information = np.where(is_open, taken, 0.0).sum(axis=-1)
    relevance = information - np.where(is_open, missed, 0.0).sum(axis=-1)
    return Bunch(
        information=information,
        relevance=relevance,
        objective=prices[..., np.newaxis] * information - relevance,
    )


def _check_correlations(
    correlations: Any, n_features: int
) -> tuple[list[int], NDArray[np.float64]]:
    """Number of targets of each task, and the correlations of all."""
    nested = np.iterable(correlations) and all(map(np.iterable, correlations))
    tasks = [list(own) for own in correlations] if nested else []
    if not tasks or not all(tasks):
        raise InputError(
            "Parameter `correlations` must be a sequence of sequences of numbers, one "
            f"per task, as in [[0.9, 0.6]]. Found {correlations!r}."
        )
    flat = [
        check_real(f"correlations[{task}]", value, 0.0, 1.0, "left")
        for task, own in enumerate(tasks)
        for value in own
    ]
    if n_features < len(flat):
        raise InputError(
            "Parameter `n_features` must leave each target a direction of its own, "
            f"here at least {len(flat)}. Found {n_features}."
        )
    return [len(own) for own in tasks], np.array(flat)
