"""One file of named entries: written at once or not at all, read within bounds."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from safetensors import SafetensorError, safe_open

from ..exceptions import PersistenceError

__all__ = [
    "ESTIMATOR_ENTRIES",
    "TASK_FORMAT",
    "holds_estimator",
    "read_entries",
    "write_entries",
    "write_file",
]

# What a file of `save` has in it.
ESTIMATOR_ENTRIES = ("document.json", "arrays.safetensors", "network.safetensors")
# How the metadata of a file with the network of one task begin.
TASK_FORMAT = "skmtl task"


def write_entries(path: Path, entries: dict[str, bytes]) -> None:
    """Write an archive, in one step. Equal entries make equal files.

    Parameters
    ----------
    path : Path
    entries : dict of str to bytes

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def write(file: IO[bytes]) -> None:
        with ZipFile(file, "w", ZIP_STORED) as archive:
            for name, data in entries.items():
                # Without a date of its own, an entry is dated 1980.
                archive.writestr(ZipInfo(name), data)

    write_file(path, write)


def write_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file beside its place, then move it there in one step.

    Parameters
    ----------
    path : Path
    write : callable
        Gets the open file.

    Raises
    ------
    OSError
        If it cannot be written; the message names `path`, not the file beside it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error)
        if not path.parent.is_dir():
            reason = f"There is no folder {str(path.parent)!r}; make it before saving"
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def read_entries(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Read a file that has exactly these entries.

    Parameters
    ----------
    path : Path
    names : tuple of str

    Returns
    -------
    entries : dict of str to bytes

    Raises
    ------
    OSError
        If the file cannot be read; FileNotFoundError if there is none.
    PersistenceError
        If it is no such file.
    """
    with open(path, "rb") as file:
        try:
            with ZipFile(file) as archive:
                _check_directory(path, archive, names)
                return {name: archive.read(name) for name in names}
        # A broken header may announce a password or an unknown version.
        except (BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
            if isinstance(error, PersistenceError):
                raise
            if _holds_task(path):
                raise PersistenceError(
                    f"{str(path)!r} holds the network of one task, no estimator. Read "
                    "it with `skmtl.sparse.load_task`."
                ) from error
            raise PersistenceError(
                f"{str(path)!r} is truncated, damaged or was not written by skmtl: "
                f"{error}. Use another copy, or save the estimator anew."
            ) from error


def holds_estimator(path: Any) -> bool:
    """Tell whether a file was written by ``save``, as far as its entries show.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    bool
        False for what cannot be read.
    """
    try:
        with ZipFile(path) as archive:
            return sorted(archive.namelist()) == sorted(ESTIMATOR_ENTRIES)
    except (BadZipFile, EOFError, OSError, RuntimeError, ValueError):
        return False


def _holds_task(path: Path) -> bool:
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError):
        return False
    return str(metadata.get("format")).startswith(TASK_FORMAT)


def _check_directory(path: Path, archive: ZipFile, names: tuple[str, ...]) -> None:
    if sorted(archive.namelist()) != sorted(names):
        raise PersistenceError(
            f"A file of skmtl has the entries {', '.join(names)}; {str(path)!r} has "
            f"{', '.join(sorted(archive.namelist())) or 'none'}. If it comes from "
            "joblib, pickle or torch, load it with these."
        )
    for entry in archive.infolist():
        stored = entry.compress_type == ZIP_STORED
        if not stored or entry.file_size != entry.compress_size:
            raise PersistenceError(
                f"Entries of a file of skmtl are not compressed; {entry.filename} of "
                f"{str(path)!r} is. Save the estimator anew with skmtl."
            )
