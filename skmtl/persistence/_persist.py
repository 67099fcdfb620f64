"""Save and load."""

import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import safetensors.numpy
import safetensors.torch
from safetensors import SafetensorError

from ..exceptions import PersistenceError
from ._archive import ESTIMATOR_ENTRIES, read_entries, write_entries
from ._nodes import Reader, Writer
from ._state import State, damaged, registered

__all__ = ["PROTOCOL", "load", "save"]

# Raise it when a file written now would mislead an older reader, and keep a reader
# for every number before.
PROTOCOL = 1

_DOCUMENT, _ARRAYS, _NETWORK = ESTIMATOR_ENTRIES
_PARTS = ("parameters", "attributes", "net")


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Save a fitted estimator to a file that runs no code when it is read.

    The same as the estimator's method ``save``.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of skmtl.
    path : str or path-like
        The file; an existing one is replaced in one step, or kept if saving fails.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    PersistenceError
        If the estimator holds what such a file cannot keep: a user's encoder,
        optimizer, callbacks or clusterer, a RandomState, or a class of the user's.

    See Also
    --------
    load : Read the file.

    Notes
    -----
    The state of the optimiser is not kept: ``partial_fit`` after :func:`load` starts
    with a fresh one. What ``set_fit_request`` and its like have asked for is kept, and
    so is ``set_output``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skmtl import HardSharingClassifier, load
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.persistence import save
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = HardSharingClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "digits.skmtl"
    ...     save(est, path)
    ...     same = load(path)
    >>> bool((same.predict(X) == est.predict(X)).all())
    True
    """
    cls = type(estimator)
    if registered().get(cls.__name__) is not cls:
        raise PersistenceError(
            f"Only skmtl's own estimators can be saved; {cls.__module__}."
            f"{cls.__qualname__} is none of them. Use joblib.dump or pickle instead."
        )
    state = estimator._to_state()
    writer = Writer()
    document = {
        "protocol": PROTOCOL,
        "skmtl": _version(),
        "class": cls.__name__,
        **{
            part: {
                name: writer.node(value, name if part != "net" else f"net_.{name}")
                for name, value in getattr(state, part).items()
            }
            for part in _PARTS
        },
    }
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    entries = {
        _DOCUMENT: text.encode("ascii"),
        _ARRAYS: safetensors.numpy.save(writer.arrays),
        _NETWORK: safetensors.torch.save(state.network),
    }
    write_entries(Path(path), entries)


def load(path: str | os.PathLike[str], device: Any = None) -> Any:
    """Load an estimator that was saved with its method ``save``.

    Nothing is unpickled, and nothing that the file names is imported.

    Parameters
    ----------
    path : str or path-like
        The file.
    device : str or torch.device, default=None
        Replaces the parameter `device` of the estimator, for example where it was
        trained on an accelerator that is absent here.

    Returns
    -------
    estimator : estimator
        Fitted, with equal parameters, attributes and predictions. The optimiser is a
        fresh one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    PersistenceError
        If the file is damaged, or was written by a newer skmtl.

    See Also
    --------
    skmtl.persistence.save : Write the file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import skmtl
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = skmtl.HardSharingClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "digits.skmtl"
    ...     est.save(path)
    ...     same = skmtl.load(path)
    >>> bool((same.task_similarity_ == est.task_similarity_).all())
    True
    """
    entries = read_entries(Path(path), ESTIMATOR_ENTRIES)
    what = repr(os.fspath(path))
    with damaged(what):
        document = json.loads(entries[_DOCUMENT])
        _check_protocol(document, what)
        cls = _find_class(document, what)
        state = _read_state(document, entries)
    if device is not None:
        state.parameters["device"] = device
    return cls._from_state(state, what)


def _read_state(document: dict[str, Any], entries: dict[str, bytes]) -> State:
    try:
        reader = Reader(safetensors.numpy.load(entries[_ARRAYS]))
        network = safetensors.torch.load(entries[_NETWORK])
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    parts = {part: reader.record(document[part]) for part in _PARTS}
    return State(**parts, network=network)


def _check_protocol(document: dict[str, Any], what: str) -> None:
    found = document["protocol"]
    if type(found) is int and found > PROTOCOL:
        raise PersistenceError(
            f"{what} has protocol {found}, written by skmtl "
            f"{document.get('skmtl')}; skmtl {_version()} reads protocols up to "
            f"{PROTOCOL}. Update skmtl."
        )
    if type(found) is not int or found < 1:
        raise ValueError(f"protocol {found!r}")


def _find_class(document: dict[str, Any], what: str) -> Any:
    classes, name = registered(), document["class"]
    if not isinstance(name, str) or name not in classes:
        raise PersistenceError(
            f"{what} names the class {name!r}, written by skmtl "
            f"{document.get('skmtl')}; skmtl {_version()} knows "
            f"{', '.join(sorted(classes))}. Update skmtl, or save the estimator anew."
        )
    return classes[name]


def _version() -> str:
    try:
        return metadata.version("skmtl")
    except metadata.PackageNotFoundError:  # a source tree that is not installed
        return "unknown"
