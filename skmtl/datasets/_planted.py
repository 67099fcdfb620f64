"""Planted directions: tasks of a group nearly parallel, groups orthogonal."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert
from sklearn.utils import Bunch, check_random_state

from skmtl.datasets._checks import check_integer, check_real
from skmtl.exceptions import InputError

# Share of the variance of a nonlinear response that a linear model explains.
_LINEAR_SHARE = 0.2


def plant(
    n_samples: int,
    n_features: int,
    n_tasks: int,
    n_groups: int,
    n_directions: int,
    spread: float,
    random_state: Any,
) -> tuple[Bunch, NDArray[np.float64], np.random.RandomState]:
    """Draw the features, the groups and the directions of the tasks."""
    n_samples = check_integer("n_samples", n_samples, 2)
    n_features = check_integer("n_features", n_features, 1)
    n_tasks = check_integer("n_tasks", n_tasks, 1)
    n_groups = check_integer("n_groups", n_groups, 1)
    if n_groups > n_tasks:
        raise InputError(
            f"Parameter `n_groups` must be at most `n_tasks` = {n_tasks}. "
            f"Found {n_groups}."
        )
    spread = check_real("spread", spread, 0.0)
    random_state = check_random_state(random_state)
    groups = _planted_groups(n_tasks, n_groups)
    frames = _planted_frames(groups, n_features, n_directions, spread, random_state)
    tasks = Bunch(
        data=random_state.standard_normal((n_samples, n_features)),
        groups=groups,
        task_names=[f"task_{task}" for task in range(n_tasks)],
    )
    return tasks, frames, random_state


def class_directions(frames: NDArray[np.float64], n_classes: int) -> NDArray:
    """Place `n_classes` unit vectors at equal angles in the span of each frame.

    The largest of the projections on them is uniformly distributed over the
    classes, whatever the frame: the classes are balanced by symmetry.
    """
    vertices = helmert(n_classes) * np.sqrt(n_classes / (n_classes - 1))
    return frames @ vertices


def task_signs(groups: NDArray[np.intp], negate: bool) -> NDArray[np.float64]:
    """Return +1, -1, +1, ... within each group, or +1 throughout."""
    position = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return np.where(negate & (position % 2 == 1), -1.0, 1.0)


def response(projection: NDArray[np.float64], nonlinear: bool) -> NDArray[np.float64]:
    """Return the projection itself, or a parabola of it with unit variance."""
    if not nonlinear:
        return projection
    # z and (z^2 - 1) / sqrt(2) are orthonormal for standard normal z.
    parabola = (projection**2 - 1.0) / np.sqrt(2.0)
    return np.sqrt(_LINEAR_SHARE) * projection + np.sqrt(1.0 - _LINEAR_SHARE) * parabola


def random_rotation(
    size: int, random_state: np.random.RandomState
) -> NDArray[np.float64]:
    """Draw an orthogonal matrix from the uniform distribution."""
    orthogonal, triangle = np.linalg.qr(random_state.standard_normal((size, size)))
    # Fixed signs make the draw uniform and the same for every LAPACK.
    return orthogonal * np.where(np.diagonal(triangle) < 0, -1.0, 1.0)


def _planted_groups(n_tasks: int, n_groups: int) -> NDArray[np.intp]:
    """Return the group of each task: runs whose lengths differ by one at most."""
    return np.arange(n_tasks) * n_groups // n_tasks


def _planted_frames(
    groups: NDArray[np.intp],
    n_features: int,
    n_directions: int,
    spread: float,
    random_state: np.random.RandomState,
) -> NDArray[np.float64]:
    """Draw orthonormal directions for each task.

    The feature space is cut into orthogonal blocks, one per group, and every
    direction of a task stays in the block of its group: projections of white
    Gaussian features on tasks of different groups are exactly independent.

    Returns
    -------
    frames : ndarray of shape (n_tasks, n_features, n_directions)
        Orthonormal columns. With one direction, `spread` is the tangent of
        the angle between a task and the centre of its group.
    """
    n_groups = int(groups.max()) + 1
    _check_room(len(groups), n_groups, n_features, n_directions, spread)
    basis = random_rotation(n_features, random_state)
    blocks = np.array_split(basis, n_groups, axis=1)
    frames = np.empty((len(groups), n_features, n_directions))
    for task, group in enumerate(groups):
        centre = blocks[group][:, :n_directions]
        room = blocks[group][:, n_directions:]
        tilt = random_state.standard_normal((room.shape[1], n_directions))
        if len(tilt):
            tilt /= np.linalg.norm(tilt, axis=0)
        frames[task] = _nearest_orthonormal(centre + spread * room @ tilt)
    return frames


def _check_room(
    n_tasks: int, n_groups: int, n_features: int, n_directions: int, spread: float
) -> None:
    tilted = spread > 0 and n_tasks > n_groups
    needed = n_groups * (n_directions + tilted)
    if n_features < needed:
        raise InputError(
            "Parameter `n_features` must leave each group directions of its own, "
            f"here at least {needed} (n_groups = {n_groups} times {n_directions} per "
            f"task{' plus one for `spread`' if tilted else ''}). Found {n_features}."
        )


def _nearest_orthonormal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right
