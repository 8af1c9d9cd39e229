"""A host that is getting ready, shown as progress and not as a failure."""

from __future__ import annotations

import asyncio

from infill_ls.types import Progress


class Waiting:
    """Shows at most one wait at a time."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: asyncio.Task[None] | None = None

    def show(self, title: str, seconds: float) -> None:
        """Show that it takes so long, unless that is shown already."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._shown(title, seconds), name="show waiting")

    async def end(self) -> None:
        """Show it no longer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _shown(self, title: str, seconds: float) -> None:
        async with self._progress(title):
            await asyncio.sleep(seconds)
