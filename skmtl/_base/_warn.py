"""Warnings that point to the line of the user's."""

import sys
import warnings

__all__ = ["warn_user"]

# Packages whose lines are not the user's, though they call on the way.
_INNER = ("skmtl", "sklearn", "joblib", "contextlib")


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
