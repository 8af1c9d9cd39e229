"""What is suggested: typing along it asks nobody, be it known or still being written."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager

from cachetools import TTLCache

from infill_ls.completion.cursor.place import Lines
from infill_ls.completion.suggested.suggestion import Suggestion, Write
from infill_ls.settings.tree import CacheSettings
from infill_ls.types import Completion, CompletionRequest, Trigger

LINGER_S = 0.15
"""So long the host goes on writing when nobody reads. VS Code cancels what it asked for at a key,
and asks again 50 ms later or more."""

_AFTER = 200
"""So many characters after the cursor are looked up; the rest is compared."""

_OF_ONE_PLACE = 8
"""So many suggestions are kept for the places before one and the same text."""

_CLOSERS = re.compile(r"[)\]}>\"'`]{0,3}")
"""What editors put behind the cursor by themselves."""


class Suggestions:
    """The newest suggestions, each for a limited time.

    One is found by what follows the cursor, which typing along leaves as it is; so a keystroke
    costs one look-up, however much has been typed. What other documents hold has no part in it.
    """

    def __init__(
        self,
        settings: CacheSettings,
        linger: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start empty; `linger` waits for seconds, which `clock` counts."""
        self._by_rest: TTLCache[tuple[str, str, str], tuple[Suggestion, ...]] = TTLCache(
            settings.entries, settings.ttl_s, timer=clock
        )
        self._linger = linger
        self._running: dict[asyncio.Task[None], Suggestion] = {}
        self._lingering: set[asyncio.Task[None]] = set()

    def fitting(
        self, request: CompletionRequest, model: str, lines: Lines
    ) -> Iterator[tuple[Suggestion, int]]:
        """Yield the suggestions that a request goes on with, the newest first.

        With each comes the end of what it replaces: the cursor, or a place behind closers that the
        editor may have put there. Who invokes a completion is not content with fewer lines.
        """
        for end in _ends(request):
            for suggestion in self._by_rest.get(self._key(request, model, end), ()):
                serves = request.trigger is Trigger.AUTOMATIC or suggestion.lines == lines
                if serves and suggestion.fits(request, end):
                    yield suggestion, end

    def begin(
        self,
        request: CompletionRequest,
        model: str,
        lines: Lines,
        write: Write,
        *,
        ahead: bool = False,
    ) -> Suggestion:
        """Return a new suggestion that is being written; those that nobody reads give way."""
        for running in self._running.values():
            if not running.readers:
                running.close()
        suggestion = Suggestion(request, lines, ahead=ahead)
        writing = suggestion.begin(write)
        self._running[writing] = suggestion
        writing.add_done_callback(self._running.pop)
        self._remember(suggestion, model)
        return suggestion

    def keep(
        self,
        request: CompletionRequest,
        model: str,
        lines: Lines,
        completion: Completion | None,
        *,
        ahead: bool = False,
    ) -> Suggestion:
        """Return a suggestion of what is known already."""
        suggestion = Suggestion(request, lines, completion, ahead=ahead)
        self._remember(suggestion, model)
        return suggestion

    @asynccontextmanager
    async def reading(self, suggestion: Suggestion) -> AsyncGenerator[AsyncGenerator[None, None]]:
        """Read a suggestion's states; if nobody else does then, the host goes on but shortly."""
        try:
            async with aclosing(suggestion.states()) as states:
                yield states
        finally:
            if suggestion.is_running and not suggestion.readers:
                lingering = asyncio.create_task(self._close_later(suggestion), name="lingering")
                self._lingering.add(lingering)
                lingering.add_done_callback(self._lingering.discard)

    def close_running(self, uri: str) -> None:
        """End what is being written for a document, where its newest request goes elsewhere."""
        for suggestion in self._running.values():
            if suggestion.request.document.uri == uri:
                suggestion.close()

    async def aclose(self) -> None:
        """End all that is being written, and wait until the connections are closed."""
        for suggestion in self._running.values():
            suggestion.close()
        for lingering in self._lingering:
            lingering.cancel()
        await asyncio.gather(*self._running, *self._lingering, return_exceptions=True)

    async def _close_later(self, suggestion: Suggestion) -> None:
        await self._linger(LINGER_S)
        if not suggestion.readers:
            suggestion.close()

    def _remember(self, suggestion: Suggestion, model: str) -> None:
        if not self._by_rest.maxsize:
            return  # Nothing is kept with `cache.entries` 0.
        key = self._key(suggestion.request, model, suggestion.request.offset)
        self._by_rest[key] = (suggestion, *self._by_rest.get(key, ()))[:_OF_ONE_PLACE]

    def _key(self, request: CompletionRequest, model: str, end: int) -> tuple[str, str, str]:
        return request.document.uri, model, request.document.text.after(end, _AFTER)


def _ends(request: CompletionRequest) -> Iterator[int]:
    """Yield the cursor, and the places behind closers that the editor may have put there."""
    text, offset = request.document.text, request.offset
    closers = _CLOSERS.match(text.after(offset, 3))
    return iter(range(offset, offset + (closers.end() if closers else 0) + 1))
