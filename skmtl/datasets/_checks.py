"""Parameter checks shared by the data set makers."""

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

from skmtl.exceptions import InputError

Closed = Literal["both", "left", "neither"]


def check_integer(name: str, value: Any, minimum: int) -> int:
    """Return `value` as int, or say that it is not an integer >= `minimum`."""
    is_integer = isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))
    if not is_integer or value < minimum:
        raise InputError(
            f"Parameter `{name}` must be an integer >= {minimum}. Found {value!r}."
        )
    return int(value)


def check_real(
    name: str, value: Any, low: float, high: float = np.inf, closed: Closed = "both"
) -> float:
    """Return `value` as float, or say that it lies outside the interval."""
    is_real = isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
    if not is_real or not _in_interval(float(value), low, high, closed):
        left = "[" if closed in ("both", "left") else "("
        right = "]" if closed == "both" and np.isfinite(high) else ")"
        raise InputError(
            f"Parameter `{name}` must be a number in {left}{low}, {high}{right}. "
            f"Found {value!r}."
        )
    return float(value)


def check_boolean(name: str, value: Any) -> bool:
    """Return `value` as bool; numbers and strings are refused."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"Parameter `{name}` must be True or False. Found {value!r}.")
    return bool(value)


def is_missing(value: Any) -> bool:
    """Tell whether a label is None, NaN, NaT or pandas NA (without pandas)."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Real) and bool(np.isnan(float(value)))


def _in_interval(value: float, low: float, high: float, closed: Closed) -> bool:
    above = value > low if closed == "neither" else value >= low
    below = value <= high if closed == "both" else value < high
    return bool(np.isfinite(value) and above and below)
