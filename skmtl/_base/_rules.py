"""What a parameter is, and constraints that scikit-learn's vocabulary lacks."""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from sklearn.utils._param_validation import Options

__all__ = [
    "CallbackList",
    "LayerSizes",
    "NetParams",
    "Parameter",
    "PrecomputedClusterer",
]


@dataclass(frozen=True)
class Parameter:
    """One constructor parameter.

    Attributes
    ----------
    default : object
    constraint : list
        In scikit-learn's vocabulary.
    type : str
        The numpydoc type, without the default.
    text : str
        The description, one paragraph.
    stackable : bool
        Whether members of one network may have values of their own.
    settled : bool
        Whether networks, or what trains them, are built of it, so that it cannot change
        while one learns on in ``partial_fit``.
    """

    default: Any
    constraint: list[Any]
    type: str
    text: str
    stackable: bool = False
    settled: bool = False


class _Rule(Options):
    """A constraint in its own words; scikit-learn accepts its own classes only."""

    words = ""

    def __init__(self) -> None:
        self.hidden = False

    def __str__(self) -> str:
        return self.words


class LayerSizes(_Rule):
    """Widths of layers; none at all is allowed."""

    words = "a sequence of int, each at least 1"

    def is_satisfied_by(self, val: Any) -> bool:
        """Check a value."""
        if isinstance(val, str | bytes | dict) or not isinstance(val, Iterable):
            return False
        return hasattr(val, "__len__") and all(map(_is_width, val))


def _is_width(value: Any) -> bool:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and int(value) >= 1


class CallbackList(_Rule):
    """Callbacks as skorch takes them."""

    words = "a list of skorch callbacks or of tuples (name, callback)"

    def is_satisfied_by(self, val: Any) -> bool:
        """Check a value."""
        return isinstance(val, list | tuple) and all(map(_is_callback, val))


def _is_callback(item: Any) -> bool:
    if isinstance(item, tuple):
        if len(item) != 2 or not isinstance(item[0], str):
            return False
        item = item[1]
    return hasattr(item, "on_epoch_end") and hasattr(item, "initialize")


class NetParams(_Rule):
    """Arguments of the net that the estimator does not set itself."""

    words = (
        "a dict whose keys are 'callbacks__<name>', 'callbacks__<name>__<parameter>' "
        "or 'torch_load_kwargs' (all else the estimator sets from its own parameters)"
    )

    def is_satisfied_by(self, val: Any) -> bool:
        """Check a value."""
        return isinstance(val, dict) and all(
            isinstance(key, str)
            and (key.startswith("callbacks__") or key == "torch_load_kwargs")
            for key in val
        )


class PrecomputedClusterer(_Rule):
    """A clusterer that reads distances."""

    words = "a scikit-learn clusterer with metric='precomputed'"

    def is_satisfied_by(self, val: Any) -> bool:
        """Check a value."""
        methods = hasattr(val, "fit_predict") and hasattr(val, "get_params")
        return methods and getattr(val, "metric", None) == "precomputed"
