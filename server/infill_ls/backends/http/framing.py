"""How a streamed answer is divided into pieces of JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource


@dataclass(frozen=True, slots=True)
class Framing:
    """One way, and the content type that announces it."""

    media_type: str
    split: Callable[[httpx.Response], AsyncGenerator[str | bytes, None]]
    done: str | None = None
    """The piece, if any, that only says that the answer is complete."""


async def _events_of(response: httpx.Response) -> AsyncGenerator[str | bytes, None]:
    async with aclosing(EventSource(response).aiter_sse()) as events:
        async for sent in events:
            if sent.data:
                yield sent.data


async def _lines_of(response: httpx.Response) -> AsyncGenerator[str | bytes, None]:
    """Divide at LF alone: JSON may hold, unescaped, what `aiter_lines` takes for a line's end.

    What no LF ends may be half a line, so it does not count.
    """
    rest = b""
    chunks = response.aiter_bytes()
    assert isinstance(chunks, AsyncGenerator)  # httpx says less of it than it is.
    async with aclosing(chunks):
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line


EVENTS = Framing("text/event-stream", _events_of, done="[DONE]")
"""Server-sent events, up to the `[DONE]` of OpenAI's kind, where there is one."""

LINES = Framing("application/x-ndjson", _lines_of)
"""One object a line."""
