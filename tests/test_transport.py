"""No connection is lost, at whatever step a request is cancelled."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import httpx
import pytest

from infill_ls.backends.http.transport import Transport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

STEPS = 60
"""More than such a request takes; the first of each two has to connect."""


class Counting:
    """A server of this machine that knows how many are connected."""

    def __init__(self) -> None:
        self.open = 0
        self._changed = asyncio.Condition()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request after the other."""
        await self._count(1)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            await self._count(-1)

    async def left_at(self, number: int) -> None:
        """Wait until so many are connected."""
        async with asyncio.timeout(2), self._changed:
            await self._changed.wait_for(lambda: self.open == number)

    async def _count(self, change: int) -> None:
        async with self._changed:
            self.open += change
            self._changed.notify_all()


@pytest.mark.parametrize("steps", range(1, STEPS))
async def test_a_cancel_at_any_step_costs_no_connection(steps: int) -> None:
    """No more than one is open for the next request, and none after the client is closed."""
    counting = Counting()
    async with await asyncio.start_server(counting.serve, "127.0.0.1", 0) as server:
        address, port = server.sockets[0].getsockname()
        url = f"http://{address}:{port}"
        async with httpx.AsyncClient(transport=Transport(), timeout=2) as client:

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
            await counting.left_at(1)
        await counting.left_at(0)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n", httpx.RemoteProtocolError),
    ],
    ids=["nothing", "no HTTP", "half a body", "no chunk"],
)
async def test_what_is_no_answer_is_an_error_on_one_line(
    sent: bytes, error: type[httpx.TransportError]
) -> None:
    """It is one of httpx's, like those of its own transport."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address, port = server.sockets[0].getsockname()
        async with httpx.AsyncClient(transport=Transport(), timeout=2) as client:
            with pytest.raises(error) as raised:
                await client.get(f"http://{address}:{port}")

    assert str(raised.value)
    assert "\n" not in str(raised.value)
