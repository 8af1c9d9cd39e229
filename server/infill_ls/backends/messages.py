"""The Messages API, for hosts that put a conversation into their model's template themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from infill_ls.backends.http.host import NO_HEADERS, Host
from infill_ls.backends.openai_chunks import COUNTED, Chunk, deltas_of
from infill_ls.backends.sampling import OPENAI, Table, spelled
from infill_ls.types import Delta, Message, Sampling

ROUTE = "/v1/chat/completions"


def turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return a conversation as all hosts take it."""
    return [{"role": each.role, "content": each.text} for each in messages]


@asynccontextmanager
async def answered(
    host: Host,
    model: str,
    messages: Sequence[Message],
    sampling: Sampling,
    *,
    path: str = ROUTE,
    table: Table = OPENAI,
    more: Mapping[str, object] = COUNTED,
    headers: Mapping[str, str] = NO_HEADERS,
) -> AsyncIterator[AsyncIterator[Delta]]:
    """Open the answer to a conversation; raises NotFound where the host has no such route.

    A template that refuses the conversation is a RequestRejected. `table` is how the host spells
    the generation parameters, and `more` are further fields of the request.
    """
    body: dict[str, object] = {
        "model": model,
        "messages": turns(messages),
        "stream": True,
        **more,
        **spelled(table, sampling, host.url),
    }
    async with (
        host.events(path, body, Chunk, headers) as chunks,
        aclosing(deltas_of(chunks, host.url)) as deltas,
    ):
        yield deltas
