"""A request leaves no connection behind, at whatever step it is cancelled."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

import httpx
import pytest

from infill_ls.backends.sending import response_to

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Endless:
    """A host that begins each answer, and waits until the client leaves."""

    def __init__(self) -> None:
        self.url = ""
        self._open = 0
        self._closed = asyncio.Condition()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._open += 1
        try:
            while await reader.read(65_536):
                writer.write(STREAM)
        except ConnectionError:
            pass
        finally:
            writer.close()
            async with self._closed:
                self._open -= 1
                self._closed.notify_all()

    async def left(self) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(2), self._closed:
            await self._closed.wait_for(lambda: not self._open)


@pytest.fixture
async def host() -> AsyncIterator[Endless]:
    """Serve on a port of this machine."""
    host = Endless()
    async with await asyncio.start_server(host.serve, "127.0.0.1", 0) as server:
        address, port = server.sockets[0].getsockname()
        host.url = f"http://{address}:{port}"
        yield host


@pytest.mark.parametrize("steps", range(1, 61))
async def test_a_cancel_at_any_step_leaves_no_connection(host: Endless, steps: int) -> None:
    """The host sees each connection closed, though the client stays; and the next request works."""
    async with httpx.AsyncClient(trust_env=False) as client:

        async def ask() -> None:
            async with response_to(client, "POST", host.url, json={}) as response:
                await response.aread()

        asking = asyncio.create_task(ask())
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await host.left()

        async with response_to(client, "POST", host.url, json={}) as response:
            assert response.is_success
        assert asking.cancelled()
