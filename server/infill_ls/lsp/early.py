"""The first lines of a long answer at once, for editors that cannot be shown how it grows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace

from infill_ls.completion.ask import Grow
from infill_ls.types import Completion

_LAST_LINE = re.compile(r"[^\r\n]*\Z")

Complete = Callable[[Grow], Coroutine[object, object, Completion | None]]
"""Completes, and shows each longer state."""


class Early:
    """Answers that have been given, and go on growing until they are whole."""

    def __init__(self) -> None:
        self._growing: set[asyncio.Task[Completion | None]] = set()

    async def complete(self, complete: Complete, grew: Callable[[], None]) -> Completion | None:
        """Return the first lines as soon as they are complete, or the whole where it is no longer.

        After the former, `grew` is called once the whole is there, if it has more. Raises what
        `complete` raises; cancelling ends it.
        """
        # What was answered, or None once the whole is there before anything was.
        answered: asyncio.Future[Completion | None] = asyncio.get_running_loop().create_future()

        def grow(completion: Completion) -> None:
            lines = _LAST_LINE.sub("", completion.text).rstrip()
            # What is replaced may be written again only in what is still to come.
            replaces = completion.end > completion.start
            if lines and not replaces and not answered.done():
                answered.set_result(replace(completion, text=lines))

        def end(whole: asyncio.Task[Completion | None]) -> None:
            self._growing.discard(whole)
            if not answered.done():
                answered.set_result(None)
            elif not (answered.cancelled() or whole.cancelled() or whole.exception()):
                first, last = answered.result(), whole.result()
                if first and last and last.text != first.text:
                    grew()

        whole = asyncio.create_task(complete(grow), name="the whole answer")
        self._growing.add(whole)
        whole.add_done_callback(end)
        try:
            first = await answered
        except asyncio.CancelledError:
            whole.cancel()
            await asyncio.gather(whole, return_exceptions=True)
            raise
        return first or whole.result()
