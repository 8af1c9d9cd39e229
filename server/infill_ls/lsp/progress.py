"""Slow work, shown by the editor as work done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

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

    @asynccontextmanager
    async def progress(title: str) -> AsyncIterator[Callable[[str], None]]:
        token = str(uuid.uuid4())
        if not await _is_created(server, token):
            yield lambda _: None
            return
        task = asyncio.current_task()
        assert task is not None
        with shown(server, token, title, task.cancel) as report:
            yield report

    return progress


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
