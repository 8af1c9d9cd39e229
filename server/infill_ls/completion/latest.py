"""Newest wins: of the requests for one document, the newest ends the older."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Superseded(Exception):
    """A newer request came while this one was under way; there is nothing to show for it."""


class Latest:
    """The work that is running, at most one for each key.

    Neovim never cancels what it superseded and eglot 1.17 cannot, so the server does it for all.
    """

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[object]] = {}
        # With those that newer work has ended, and that may still be closing connections.
        self._tasks: set[asyncio.Task[object]] = set()

    async def run(self, key: str, work: Coroutine[object, object, T]) -> T:
        """Return what the work returns; raises Superseded if newer work for the key comes.

        Cancelling the caller cancels the work, and is raised to it.
        """
        task = asyncio.create_task(work, name=f"newest for {key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if older := self._running.get(key):
            _end(older)
        self._running[key] = task
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise Superseded from None
        finally:
            if self._running.get(key) is task:
                del self._running[key]

    def end(self, key: str) -> None:
        """Cancel the work that is running for a key, if any."""
        if running := self._running.get(key):
            _end(running)

    async def aclose(self) -> None:
        """Cancel all work, and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            _end(task)
        await asyncio.gather(*tasks, return_exceptions=True)


def _end(task: asyncio.Task[object]) -> None:
    """Cancel a task, but only once: a second time would break off the closing of its connection."""
    if not task.cancelling():
        task.cancel()
