"""How the body of a complete answer ends, so that its connection serves the next request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

_PROMPTLY_S = 0.05
_MOST_BYTES = 4096
"""Hosts end the body at once; what takes more is not worth the wait."""


@dataclass(slots=True)
class Ending:
    """How far the answer was read."""

    is_near: bool = False
    """True once nothing but the body's end is to come."""


@asynccontextmanager
async def read_to_end(
    response: httpx.Response, pieces: AsyncIterator[object]
) -> AsyncIterator[Ending]:
    """Read on to the body's end, on leaving, if that is near and comes promptly.

    A connection is kept only if the whole body has come. No failure is raised, for
    the answer is complete: the connection is then closed with the response.
    """
    ending = Ending()
    yield ending
    if not ending.is_near or not _is_kept(response):
        return
    most = response.num_bytes_downloaded + _MOST_BYTES
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_PROMPTLY_S):
            async for _ in pieces:
                if response.num_bytes_downloaded > most:
                    return


def _is_kept(response: httpx.Response) -> bool:
    """Return whether neither side has said that it closes the connection."""
    sides = (response.request.headers, response.headers)
    return all(side.get("connection", "").lower() != "close" for side in sides)
