"""Local measurement, as long as the settings want it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from infill_ls.types import Completion, Document

if TYPE_CHECKING:
    from infill_ls.measurement.measurement import Measurement


class Measuring:
    """Tells the measurement of answers and changes; see there for what it makes of them."""

    def __init__(self, is_wanted: Callable[[], bool]) -> None:
        """Begin nothing; `is_wanted` is asked each time."""
        self._is_wanted = is_wanted
        self._running: Measurement | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def answered(self, document: Document, completion: Completion) -> None:
        """Take what the editor is given for a snapshot."""
        if measurement := self._measurement():
            measurement.answered(document, completion)

    def changed(self, document: Document) -> None:
        """Take the newest snapshot of an open document."""
        if measurement := self._measurement():
            measurement.changed(document)

    def closed(self, uri: str) -> None:
        """Forget a document."""
        if self._running is not None:
            self._running.closed(uri)

    async def aclose(self) -> None:
        """Wait until all is written."""
        self._end()
        await asyncio.gather(*self._closing)

    def _measurement(self) -> Measurement | None:
        if not self._is_wanted():
            self._end()
        elif self._running is None:
            # It takes 13 ms to import, which the answer to `initialize` need not wait for.
            self._running = import_module("infill_ls.measurement.measurement").Measurement()
        return self._running

    def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            closing = asyncio.create_task(running.aclose(), name="close the measurement")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
