"""Writes rows in a thread of its own, so that no keystroke waits for a disk."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from infill_ls.errors import InfillError
from infill_ls.measurement import file
from infill_ls.measurement.row import Row

logger = logging.getLogger(__name__)


class Recorder:
    """Writes to one file; when that fails it says so once, and stops."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        """Take a path, at which nothing is opened or made before there is a row."""
        self.is_stopped = False
        """Whether nothing is written any more."""
        self._path = path
        self._now = now
        self._is_closed = False
        self._waiting: dict[str, Row] = {}
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="measurement")
        # What follows belongs to the thread.
        self._connection: sqlite3.Connection | None = None
        self._has_failed = False

    def put(self, row: Row) -> None:
        """Have a row written soon, in place of an earlier state of it."""
        if self.is_stopped:
            return
        with self._lock:
            is_scheduled = bool(self._waiting)
            self._waiting[row.id] = row
        if not is_scheduled:
            self._thread.submit(self._write_waiting)

    async def aclose(self) -> None:
        """Wait until all is written, and close the file."""
        self.is_stopped = True
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown(wait=False)

    def _write_waiting(self) -> None:
        with self._lock:
            rows = [*self._waiting.values()]
            self._waiting.clear()
        if self._has_failed:
            return
        try:
            self._write(rows)
        except InfillError as error:
            self.is_stopped = self._has_failed = True
            self._close()
            logger.warning("suggestions are not counted any more: %s", error.sentence())

    def _write(self, rows: list[Row]) -> None:
        try:
            file.write(self._opened(), self._path, rows)
        except file.FileBroken:
            self._close()
            aside = file.put_aside(self._path)
            logger.warning("the statistics were damaged; they are now %s", aside)
            file.write(self._opened(), self._path, rows)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = file.opened(self._path)
            file.drop_old(self._connection, self._path, self._now())
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
