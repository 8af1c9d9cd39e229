"""A connection serves one answer after the other, unless an answer was not read to its end."""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.types import Receive, Scope, Send

from fakes.asking import SECRET, deltas_of, opened, prompt, text_of
from fakes.dialects import DIALECTS
from fakes.host import FakeHost
from infill_ls.backends.base import Backend
from infill_ls.backends.http.host import Host
from infill_ls.settings.tree import BackendSettings

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST = b'data: {"token": {"text": "a", "special": false}}\n\n'
LAST = b'data: {"token": {"text": "b", "special": false}, "generated_text": "ab"}\n\n'
END = b"0\r\n\r\n"

CLOSING = {"llamacpp"}
"""Those whose host is asked to close, because it does so even where it says that it does not."""


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


ENDLESS = HEAD + chunk(FIRST + LAST)
WHOLE = ENDLESS + END


class CountedHost(FakeHost):
    """A host that notes over which connections it was asked."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._connections: set[object] = set()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._connections.add(scope["client"])
        await super()._app(scope, receive, send)

    @property
    def used(self) -> int:
        """Over so many connections it was asked."""
        return len(self._connections)


class RawHost:
    """A host of TGI's kind that sends these bytes to whoever asks."""

    def __init__(self) -> None:
        self.url = ""
        self.sends = WHOLE
        self.connections = 0
        self._writer: StreamWriter | None = None
        self._open = 0
        self._closed = asyncio.Condition()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        self._open += 1
        self._writer = writer
        try:
            while True:
                await _read_request(reader)
                writer.write(self.sends)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            async with self._closed:
                self._open -= 1
                self._closed.notify_all()

    def send(self, more: bytes) -> None:
        """Send more to who asked last."""
        assert self._writer is not None
        self._writer.write(more)

    async def left(self) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(30), self._closed:
            await self._closed.wait_for(lambda: not self._open)


async def _read_request(reader: StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length is not None
    await reader.readexactly(int(length[1]))


@pytest_asyncio.fixture
async def host() -> AsyncIterator[RawHost]:
    """Serve on a port of this machine."""
    host = RawHost()
    async with await asyncio.start_server(host.serve, "127.0.0.1", 0) as server:
        address, port = server.sockets[0].getsockname()
        host.url = f"http://{address}:{port}"
        yield host


@pytest_asyncio.fixture
async def backend(host: RawHost) -> AsyncIterator[Backend]:
    async with opened("tgi", host.url) as backend:
        yield backend


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name not in CLOSING])
async def test_ten_complete_answers_use_the_connections_of_the_first(dialect: str) -> None:
    """So it is in each dialect; some ask for several things at once before the first."""
    spoken = DIALECTS[dialect]
    with CountedHost(spoken.face, token=SECRET) as host:
        async with spoken.opened(host.url) as backend:
            used = []
            for _ in range(10):
                host.answers("a", "b")
                assert text_of(await deltas_of(backend)) == "ab"
                used.append(host.used)

        assert len(host.asked) == 10
        assert used == [used[0]] * 10


@pytest.mark.parametrize("dialect", sorted(CLOSING))
async def test_host_that_closes_is_not_relied_upon(dialect: str) -> None:
    """After an answer, no request goes over its connection."""
    spoken = DIALECTS[dialect]
    with CountedHost(spoken.face, token=SECRET) as host:
        async with spoken.opened(host.url) as backend:
            for _ in range(3):
                host.answers("a", "b")
                assert text_of(await deltas_of(backend)) == "ab"

        assert host.used >= 3


async def test_last_delta_comes_before_the_end_of_the_body(host: RawHost, backend: Backend) -> None:
    """A host that ends the body only when its last delta is in our hands keeps the connection."""
    host.sends = ENDLESS

    for _ in range(2):
        async with backend.stream(prompt()) as deltas:
            text = text_of([await anext(deltas), await anext(deltas)])
            host.send(END)
        assert text == "ab"

    assert host.connections == 1


async def test_early_stop_closes_at_once(host: RawHost, backend: Backend) -> None:
    """What we break off is not read to its end."""
    host.sends = ENDLESS
    async with backend.stream(prompt()) as deltas:
        assert (await anext(deltas)).text == "a"

    await host.left()
    host.sends = WHOLE
    assert text_of(await deltas_of(backend)) == "ab"
    assert host.connections == 2


async def test_early_stop_of_an_answer_that_is_all_there_keeps_the_connection(
    host: RawHost, backend: Backend
) -> None:
    """The host works for nobody any more."""
    async with backend.stream(prompt()) as deltas:
        assert (await anext(deltas)).text == "a"

    assert text_of(await deltas_of(backend)) == "ab"
    assert host.connections == 1


@pytest.mark.parametrize(
    "sends",
    [ENDLESS, ENDLESS + chunk(b"data: {}\n\n" * 1_000)],
    ids=["never ends", "goes on"],
)
async def test_body_that_does_not_end_promptly_costs_only_its_connection(
    host: RawHost, backend: Backend, sends: bytes
) -> None:
    """The answer is whole, the connection is closed, and the next request has another."""
    host.sends = sends

    async with asyncio.timeout(30):
        assert text_of(await deltas_of(backend)) == "ab"
    await host.left()

    host.sends = WHOLE
    assert text_of(await deltas_of(backend)) == "ab"
    assert host.connections == 2


@pytest.mark.parametrize(
    ("sends", "headers"),
    [
        (ENDLESS.replace(b"Content-", b"Connection: close\r\nContent-", 1), {}),
        (ENDLESS, {"connection": "close"}),
    ],
    ids=["host", "client"],
)
async def test_body_is_not_read_to_its_end_if_either_side_closes(
    host: RawHost, sends: bytes, headers: dict[str, str]
) -> None:
    """Once the last event was read, leaving waits for nothing."""
    host.sends = sends
    asked = Host(host.url, BackendSettings())
    has_all = asyncio.Event()

    async def ask() -> None:
        async with asked.events("/", {}, dict, headers, lambda event: len(event) > 1) as events:
            await anext(events)
            await anext(events)
            has_all.set()

    asking = asyncio.create_task(ask())
    await has_all.wait()
    for _ in range(20):
        await asyncio.sleep(0)

    assert asking.done()
    await host.left()
    await asked.aclose()


async def test_cancel_while_the_end_is_awaited_closes_at_once(
    host: RawHost, backend: Backend
) -> None:
    """Nothing that is cancelled waits for a host."""
    host.sends = ENDLESS
    has_all = asyncio.Event()

    async def ask() -> None:
        async with backend.stream(prompt()) as deltas:
            async for delta in deltas:
                if delta.finish:
                    has_all.set()

    asking = asyncio.create_task(ask())
    await has_all.wait()
    asking.cancel()
    await asyncio.wait([asking])

    assert asking.cancelled()
    await host.left()
