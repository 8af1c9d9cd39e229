"""What every source of a model's bytes has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol

from infill_ls.errors import ModelFileError
from infill_ls.models.catalogue import Model

OnProgress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes there are."""


class Source(Protocol):
    """A place that has the bytes of a model's file.

    All sources have the same bytes, so one goes on where another stopped.
    """

    @property
    def name(self) -> str:
        """What the user calls it."""

    def fetch(self, model: Model, file: BinaryIO, on_progress: OnProgress) -> None:
        """Append to the file, which stands at its end, what it lacks of the model.

        What is written counts as progress by itself; `on_progress` is for what is on its way.
        Raises Unavailable, and OSError as it comes from the disk. Bytes written before that stay.
        """


class Unavailable(ModelFileError):
    """The source cannot give the bytes, or not all of them; another may."""
