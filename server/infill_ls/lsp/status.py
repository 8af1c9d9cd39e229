"""Whether completions can be had, told to the editor when it changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infill_ls.errors import InfillError, Loading, Overloaded
from infill_ls.lsp.protocol import Health, StatusParams

logger = logging.getLogger(__name__)


class Status:
    """The newest status; each change is sent once."""

    def __init__(self, send: Callable[[StatusParams], None]) -> None:
        self._send = send
        self._running = 0
        self._health: Health = "ok"
        self._message = ""
        self._sent: StatusParams | None = None

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Tell the editor that a host is being asked."""
        self._running += 1
        self._tell()
        try:
            yield
        finally:
            self._running -= 1
            self._tell()

    def well(self) -> None:
        """Tell the editor that completions can be had."""
        self._change("ok", "")

    def failed(self, error: InfillError) -> None:
        """Tell the editor why there is no completion, and log it once."""
        if error.sentence() != self._message:
            logger.warning("no completion: %s", error.sentence())
        passing = isinstance(error, Loading | Overloaded)
        self._change("warning" if passing else "error", error.sentence())

    def _change(self, health: Health, message: str) -> None:
        self._health, self._message = health, message
        self._tell()

    def _tell(self) -> None:
        status = StatusParams(self._health, self._running > 0, self._message)
        if status != self._sent:
            self._sent = status
            self._send(status)
