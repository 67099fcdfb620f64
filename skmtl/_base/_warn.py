"""Warnings that point to the line of the user's."""

import sys
import warnings
from collections.abc import Sequence

import numpy as np

__all__ = ["name_tasks", "warn_user"]

# Packages whose lines are not the user's, though they call on the way.
_INNER = ("skmtl", "sklearn", "joblib", "contextlib")
# Tasks that a message names, at most.
_MOST_NAMES = 5


def name_tasks(tasks: Sequence[int] | np.ndarray, task_names: Sequence[str]) -> str:
    """Name tasks in a message, the first few of many.

    Parameters
    ----------
    tasks : sequence of int, or int ndarray
    task_names : sequence of str
        Of all tasks.

    Returns
    -------
    str
    """
    shown = ", ".join(repr(task_names[task]) for task in tasks[:_MOST_NAMES])
    left = len(tasks) - _MOST_NAMES
    return f"{shown} and {left} more" if left > 0 else shown


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line that called into the package, however deep the call.

    Parameters
    ----------
    message : str
    category : type of Warning
    """
    # From Python 3.12 on, `skip_file_prefixes` does this.
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_inner(frame.f_globals):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inner(names: dict[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] in _INNER
