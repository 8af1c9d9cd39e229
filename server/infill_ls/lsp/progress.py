"""Slow work, shown by the editor as work done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager

from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from infill_ls.lsp.work_done import shown
from infill_ls.types import Progress

Reporting = Callable[[str], AbstractAsyncContextManager[Callable[[str], None]]]
"""Shows that something is under way, and gives what says how far it is."""


def progress_of(server: LanguageServer) -> Progress:
    """Return what shows progress in the editor, if the editor can show it.

    The task that enters it is cancelled when the user cancels the progress.
    """

    @asynccontextmanager
    async def progress(title: str) -> AsyncIterator[None]:
        async with reporting(server)(title):
            yield

    return progress


def reporting(server: LanguageServer) -> Reporting:
    """Return what shows progress likewise, and how far it is."""
    # Kept, since the loop does not keep tasks.
    asking: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def progress(title: str) -> AsyncIterator[Callable[[str], None]]:
        task = asyncio.current_task()
        assert task is not None
        work = _Work(server, title, task.cancel)
        begun = asyncio.create_task(work.begin(), name=f"show {title}")
        asking.add(begun)
        begun.add_done_callback(asking.discard)
        try:
            yield work.report
        finally:
            work.end()

    return progress


class _Work:
    """Work that goes on while the editor is asked to show it: Helix answers nothing until then."""

    def __init__(self, server: LanguageServer, title: str, stop: Callable[[], object]) -> None:
        self._server = server
        self._title = title
        self._stop = stop
        self._shown = ExitStack()
        self._report: Callable[[str], None] | None = None
        self._last = ""
        self._is_over = False

    async def begin(self) -> None:
        """Ask the editor to show it; from then on it is told how far it is."""
        token = str(uuid.uuid4())
        if await _is_created(self._server, token) and not self._is_over:
            work = shown(self._server, token, self._title, self._stop)
            self._report = self._shown.enter_context(work)
            if self._last:
                self._report(self._last)

    def report(self, message: str) -> None:
        """Say how far it is."""
        self._last = message
        if self._report is not None:
            self._report(message)

    def end(self) -> None:
        """Show it no longer, or not at all if the editor has not answered yet."""
        self._is_over = True
        self._shown.close()


async def _is_created(server: LanguageServer, token: str) -> bool:
    """Ask the editor to show progress; one that cannot, or refuses, must not be sent any."""
    window = server.client_capabilities.window
    if window is None or not window.work_done_progress:
        return False
    try:
        await server.work_done_progress.create_async(token)
    except JsonRpcException:
        return False
    return True
