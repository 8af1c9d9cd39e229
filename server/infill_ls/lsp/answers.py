"""Answers that the editor opens as documents."""

from __future__ import annotations

import re
import tempfile
from itertools import count
from pathlib import Path


class Answers:
    """A folder for them that only the user can read; it goes with the server."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._numbers = count(1)

    def write(self, title: str, markdown: str) -> Path:
        """Write an answer, and return its path."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="infill-ls-")
        name = re.sub(r"\W+", "-", title).strip("-").lower() or "answer"
        path = Path(self._folder.name) / f"{name}-{next(self._numbers)}.md"
        path.write_text(markdown, encoding="utf-8", newline="")
        return path

    def close(self) -> None:
        """Delete them."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
