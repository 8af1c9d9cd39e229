"""One suggestion: a text for a place, known or still being written, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import replace
from functools import partial

from infill_ls.completion.cursor.place import Lines
from infill_ls.completion.latest import Superseded
from infill_ls.types import Completion, CompletionRequest, Source


class Unfit(Exception):
    """What is suggested does not go on as the request does."""


Fit = Callable[[], Completion | None]
"""Returns as much as there is of a completion."""

Write = Callable[["Suggestion"], Coroutine[object, object, None]]
"""Asks the host, and lets the suggestion grow with the answer."""


class Suggestion:
    """What is suggested where a request was made; it may grow while it is read.

    It knows nothing of hosts: what writes it is a task of its own, so that a keystroke which goes
    on with it can read where the one before has left off.
    """

    def __init__(
        self,
        request: CompletionRequest,
        lines: Lines,
        completion: Completion | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        """Take the place, how much is wanted there, and what is suggested if it is known."""
        # The neighbours have no part in it, and would be kept for as long as it is.
        self.request = replace(request, neighbours=())
        self.lines = lines
        self.ahead = ahead
        """Whether it is written before anybody has asked."""
        self._fit: Fit = partial(_known, completion)
        self.readers = 0
        self._changed = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        """None once it has ended: a task keeps all that it worked with, suggestions are many."""
        self._failure: Exception | None = None
        """What the writing ended with before it was complete."""

    @property
    def completion(self) -> Completion | None:
        """As much as there is; None while, or if, there is nothing to insert."""
        completion = self._fit()
        self._fit = partial(_known, completion)
        return completion

    @property
    def is_running(self) -> bool:
        """Whether it may still grow."""
        writing = self._writing
        return writing is not None and not writing.done() and not writing.cancelling()

    @property
    def source(self) -> Source:
        """What it is to a request that goes on with it."""
        if self.ahead:
            return "ahead"
        return "joined" if self.is_running else "cache"

    @property
    def is_broken(self) -> bool:
        """Whether it ended before it was complete."""
        if self.is_running:
            return False
        return self._failure is not None or _failure_of(self._writing) is not None

    def raise_if_unwanted(self) -> None:
        """Raise Superseded if nobody reads it any more, for whom a host would be asked now."""
        if not self.readers:
            raise Superseded

    def begin(self, write: Write) -> asyncio.Task[None]:
        """Have it written from now on; return the task that does it."""
        self._writing = asyncio.create_task(write(self), name=f"for {self.request.document.uri}")
        self._writing.add_done_callback(self._end)
        return self._writing

    def grow(self, fit: Fit) -> None:
        """Take a longer state, which is fitted to its place once somebody looks at it.

        Of the pieces that come at once, that is the last.
        """
        self._fit = fit
        self._tell()

    def close(self) -> None:
        """Have it written no further; whoever reads it is superseded."""
        # A second time would break off the closing of the connection.
        if self._writing is not None and not self._writing.cancelling():
            self._writing.cancel()

    async def states(self) -> AsyncGenerator[None, None]:
        """Yield at once, then whenever it has grown, the last time when it is complete.

        Raises what the writing failed with, and Superseded if it was closed.
        """
        self.readers += 1
        try:
            while self.is_running:
                changed = self._changed
                yield
                await changed.wait()
            if failure := self._failure or _failure_of(self._writing):
                raise failure
            yield
        finally:
            self.readers -= 1

    def fits(self, request: CompletionRequest, end: int) -> bool:
        """Tell whether a request goes on with it, its text to replace all up to `end`.

        So it is if what was typed since is the beginning of it, as far as it is written, and all
        around is as it was. What stands between the cursor and `end` must be in it.
        """
        if not self._is_around(request, end) or self.is_broken:
            return False
        typed, whole = self._typed(request), self._whole()
        if self.is_running:
            # What stands between may be in what is still to come.
            return typed.startswith(whole) or whole.startswith(typed)
        if not whole.startswith(typed):
            return False
        left = whole[len(typed) :]
        return _holds(left, _between(request, end)) and (
            bool(left.strip()) or self._is_known_to_end(typed)
        )

    def left(self, request: CompletionRequest, end: int) -> Completion | None:
        """Return what is left of it at the cursor; None if nothing, or not yet."""
        typed, whole = self._typed(request), self._whole()
        left = whole[len(typed) :]
        if self.completion is None or not whole.startswith(typed) or not left.strip():
            return None
        if not _holds(left, _between(request, end)):
            return None
        if not typed and end == self.completion.end:
            return self.completion
        return replace(self.completion, text=left, start=request.offset, end=end)

    def is_against(self, request: CompletionRequest) -> bool:
        """Tell whether the user typed something else where it stood."""
        if request.document.uri != self.request.document.uri or not self._whole():
            return False
        typed = self._typed(request)
        return not (self._whole().startswith(typed) or typed.startswith(self._whole()))

    def _is_known_to_end(self, typed: str) -> bool:
        """Tell whether there is nothing left because there is nothing to insert.

        Where the answer was cut off, the model had more to say.
        """
        return not typed or (self.completion is not None and self.completion.finish != "length")

    def _is_around(self, request: CompletionRequest, end: int) -> bool:
        """Tell whether the document before the place, and behind `end`, is as it was."""
        old, new = self.request.document.text, request.document.text
        start, after = self.request.offset, len(old) - self.request.offset
        return (
            start <= request.offset
            and len(new) - end == after
            and new.begins_like(old, start)
            and new.ends_like(old, after)
        )

    def _typed(self, request: CompletionRequest) -> str:
        return request.document.text.slice(self.request.offset, request.offset)

    def _whole(self) -> str:
        return self.completion.text if self.completion else ""

    def _end(self, writing: asyncio.Task[None]) -> None:
        self._failure, self._writing = _failure_of(writing), None
        # What it would be fitted from is not needed any more.
        self._fit = partial(_known, self.completion)
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _failure_of(writing: asyncio.Task[None] | None) -> Exception | None:
    """Return what a task has ended with, or is about to; without all that it worked with."""
    if writing is None:
        return None
    if writing.cancelling() or writing.cancelled():
        return Superseded()
    failure = writing.exception()
    return failure.with_traceback(None) if isinstance(failure, Exception) else None


def _known(completion: Completion | None) -> Completion | None:
    return completion


def _between(request: CompletionRequest, end: int) -> str:
    return request.document.text.slice(request.offset, end)


def _holds(text: str, characters: str) -> bool:
    """Tell whether a text has some characters, in their order."""
    found = iter(text)
    return all(character in found for character in characters)
