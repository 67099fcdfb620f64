"""One file of named entries: written at once or not at all, read within bounds."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ..exceptions import PersistenceError

__all__ = ["read_entries", "write_entries"]


def write_entries(path: Path, entries: dict[str, bytes]) -> None:
    """Write a file beside its place, then move it there in one step.

    Equal entries make equal files.

    Parameters
    ----------
    path : Path
    entries : dict of str to bytes

    Raises
    ------
    OSError
        If it cannot be written; the message names `path`, not the file beside it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            with ZipFile(file, "w", ZIP_STORED) as archive:
                for name, data in entries.items():
                    # Without a date of its own, an entry is dated 1980.
                    archive.writestr(ZipInfo(name), data)
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
            raise PersistenceError(
                f"{str(path)!r} is truncated, damaged or was not written by skmtl: "
                f"{error}. Use another copy, or save the estimator anew."
            ) from error


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
