"""No connection is lost, at whatever step a request is cancelled."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

import httpx
import pytest

from infill_ls.backends import locks

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

STEPS = 120
"""More than such a request takes; the first of each two has to connect."""


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Serve on a port of this machine."""
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address, port = server.sockets[0].getsockname()
        yield f"http://{address}:{port}"


@pytest.mark.parametrize("steps", range(1, STEPS))
async def test_a_cancel_at_any_step_costs_no_connection(url: str, steps: int) -> None:
    """A client that may have only one still has it for the next request."""
    locks.install()
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(limits=limits, timeout=2, trust_env=False) as client:

        async def ask_twice() -> None:
            for _ in range(2):
                async with client.stream("GET", url) as response:
                    await response.aread()

        asking = asyncio.create_task(ask_twice())
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])

        assert (await client.get(url)).text == "ok"
