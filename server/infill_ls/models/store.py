"""The folder where pulled models are kept.

Only a verified file ever gets its full name; until then it is `<file>.partial`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from infill_ls.errors import ModelFileError
from infill_ls.models.catalogue import CATALOGUE, Model
from infill_ls.models.lock import locked


def default_folder() -> Path:
    """Return the folder: INFILL_LS_MODELS where that is set, else the user's cache folder."""
    if chosen := os.environ.get("INFILL_LS_MODELS"):
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("infill-ls", appauthor=False) / "models"


def path(model: Model, folder: Path | None = None) -> Path | None:
    """Return where the model's verified file is, or None where it is not (fully) there."""
    complete = (folder or default_folder()) / model.file
    return complete if _size(complete) == model.size else None


def installed(folder: Path | None = None) -> tuple[Model, ...]:
    """Return the models of the catalogue that are there and verified."""
    return tuple(model for model in CATALOGUE if path(model, folder))


def partial_path(model: Model, folder: Path | None = None) -> Path:
    """Return where the model's bytes are gathered until they are complete and verified."""
    return (folder or default_folder()) / f"{model.file}.partial"


def partial_bytes(model: Model, folder: Path | None = None) -> int:
    """Return how many bytes an unfinished pull has left behind."""
    return _size(partial_path(model, folder))


def remove(model: Model, folder: Path | None = None) -> int:
    """Delete the model's file, also an unfinished one; return the bytes freed.

    Raises ModelFileError where the system forbids it: Windows does while the file is in use.
    """
    folder = folder or default_folder()
    files = [folder / model.file, partial_path(model, folder)]
    freed = sum(_size(file) for file in files)
    if freed == 0:
        return 0
    with disk_errors(folder), locked(model, folder):
        for file in files:
            file.unlink(missing_ok=True)
    return freed


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the system says of files in this folder into ModelFileError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(folder) from error
        raise ModelFileError(
            f"{error.filename or folder}: {error.strerror or error}",
            hint="see that no program uses the file and that you may write there, or set "
            "INFILL_LS_MODELS to another folder",
        ) from error


def no_space(folder: Path, missing: int | None = None) -> ModelFileError:
    """Return the error of a full disk; `missing` is in bytes."""
    amount = "" if missing is None else f" ({missing / 1e9:.1f} GB more are needed)"
    return ModelFileError(
        f"The disk of {folder} has too little room{amount}",
        hint="free some, or set INFILL_LS_MODELS to a folder on another disk",
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
