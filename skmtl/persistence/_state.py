"""What an estimator hands over to be kept, and which estimators there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from torch import Tensor

from ..exceptions import PersistenceError

__all__ = ["State", "Storable", "damaged", "register", "registered"]


@dataclass
class State:
    """A fitted estimator in plain values.

    Attributes
    ----------
    parameters : dict of str to object
        Constructor parameters.
    attributes : dict of str to object
        Fitted attributes but for the net.
    net : dict of str to object
        What the net needs beside the weights.
    network : dict of str to Tensor
        Weights and buffers of the network.
    """

    parameters: dict[str, Any]
    attributes: dict[str, Any]
    net: dict[str, Any]
    network: dict[str, Tensor]


class Storable(Protocol):
    """The hooks of an estimator that can be kept."""

    def _to_state(self) -> State:
        """Return the fitted state."""

    @classmethod
    def _from_state(cls, state: State, what: str) -> Any:
        """Make a fitted estimator; messages name the file as ``what``."""


StorableT = TypeVar("StorableT", bound=type[Storable])

_CLASSES: dict[str, type[Storable]] = {}


def register(cls: StorableT) -> StorableT:
    """Make a class known by its name; a file can name no other."""
    _CLASSES[cls.__name__] = cls
    return cls


def registered() -> dict[str, type[Storable]]:
    """Copy the table of known classes."""
    return dict(_CLASSES)


@contextmanager
def damaged(what: str) -> Iterator[None]:
    """Turn whatever a malformed value raises into one error.

    Parameters
    ----------
    what : str
        Begins the message: the file and, if known, the part of it.

    Raises
    ------
    PersistenceError
    """
    try:
        yield
    except PersistenceError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise PersistenceError(
            f"{what} is damaged or was not written by skmtl: {error!r}. Use another "
            "copy, or save the estimator anew."
        ) from error
