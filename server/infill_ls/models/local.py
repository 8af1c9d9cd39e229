"""A copy of the model's file that the user already has."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infill_ls.models.catalogue import Model
from infill_ls.models.source import OnProgress, Unavailable

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def fetch(self, model: Model, file: BinaryIO, on_progress: OnProgress) -> None:
        """Copy the rest of the file."""
        try:
            self._require_size(model)
            original = self.path.open("rb")
        except OSError as error:
            raise Unavailable(str(error.strerror or error), hint="give another path") from error
        with original:
            original.seek(file.tell())
            shutil.copyfileobj(original, file, _CHUNK_BYTES)

    def _require_size(self, model: Model) -> None:
        size = self.path.stat().st_size
        if size != model.size:
            raise Unavailable(
                f"it has {size} bytes, but {model.file} has {model.size}",
                hint="to use a GGUF file of your own, set `backend.model` to its path",
            )
