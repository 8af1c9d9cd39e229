"""One process at a time changes a model's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infill_ls.errors import ModelFileError
from infill_ls.models.catalogue import Model


@contextmanager
def locked(model: Model, folder: Path) -> Iterator[None]:
    """Keep other processes away from the model's files, or raise ModelFileError at once.

    The operating system holds the lock, so that a killed process leaves none behind.
    """
    # Takes 40 ms, which a server that only looks for the file need not spend.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    try:
        lock = FileLock(folder / f"{model.file}.lock", blocking=False).acquire()
    except Timeout:
        raise ModelFileError(
            f"Another process is pulling or removing {model.name}", hint="wait until it is done"
        ) from None
    with lock:
        yield
