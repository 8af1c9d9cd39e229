"""Whether completions can be had, told to the editor when it changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

from infill_ls.completion.hosts.chain import Trouble
from infill_ls.errors import InfillError, NotYet
from infill_ls.lsp.protocol import Health, StatusParams

logger = logging.getLogger(__name__)

BUSY_AFTER_S = 0.1
"""An answer that comes sooner is not announced: it would make a flicker of each keystroke."""


class Status:
    """The newest status; each change is sent once."""

    def __init__(self, send: Callable[[StatusParams], None]) -> None:
        self._send = send
        self._lasting: set[object] = set()
        self._health: Health = "ok"
        self._message = ""
        self._model = ""
        self._until: int | None = None
        self._logged: type[InfillError] | None = None
        self._sent: StatusParams | None = None

    @contextmanager
    def busy(self, model: str) -> Iterator[None]:
        """Tell the editor which model is being asked, and that it is, once that has lasted."""
        self._model = model
        work = object()
        announcing = asyncio.get_running_loop().call_later(BUSY_AFTER_S, self._announce, work)
        try:
            yield
        finally:
            announcing.cancel()
            self._lasting.discard(work)
            self._tell()

    def answered(self, trouble: Trouble | None) -> None:
        """Tell the editor that completions can be had, and from whom if not from the preferred."""
        if trouble is None:
            self._logged = None
            self._change("ok", "")
        elif trouble.instead is not None:
            message = f"{trouble.error}; {trouble.instead} answers instead"
            self._log_once(trouble.error, message)
            self._change("warning", message, trouble.until)

    def failed(self, error: InfillError, until: float | None = None) -> None:
        """Tell the editor why there is no completion, and until when, in Unix time."""
        self._log_once(error, f"no completion: {error.sentence()}")
        health: Health = "warning" if isinstance(error, NotYet) else "error"
        self._change(health, error.sentence(), until)

    def _announce(self, work: object) -> None:
        self._lasting.add(work)
        self._tell()

    def _log_once(self, error: InfillError, message: str) -> None:
        """Write one line for all failures of a kind, until the host answers again."""
        if type(error) is not self._logged:
            self._logged = type(error)
            logger.warning("%s", message)

    def _change(self, health: Health, message: str, until: float | None = None) -> None:
        self._health, self._message = health, message
        self._until = None if until is None else ceil(until)
        self._tell()

    def _tell(self) -> None:
        status = StatusParams(
            self._health, bool(self._lasting), self._message, self._until, self._model
        )
        if status != self._sent:
            self._sent = status
            self._send(status)
