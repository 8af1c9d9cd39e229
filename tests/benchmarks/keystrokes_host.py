"""A scripted host that answers at once, on a real socket, and tells how long it took.

It is no ASGI application, as `fakes.host.FakeHost` is: what happens between the last byte of a
request and the call of the application would pass for the server's own time, and after 100,000
requests the record of them would be larger than what is measured.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter
from types import TracebackType
from typing import Self

import h11

from fakes.host import Face
from fakes.record import Request
from fakes.response import Response
from fakes.script import Answer, Token


@dataclass(slots=True)
class Span:
    """The time in which the host had a request to answer, in seconds of `perf_counter`."""

    arrived: float
    sent: float | None = None
    """None while it has not sent everything."""


class InstantHost:
    """A host in a thread of its own; its answers come round again and again."""

    def __init__(self, face: Face, answers: Sequence[str]) -> None:
        self.face = face
        self.asked = 0
        """How many completions it was asked for."""
        self.requests = 0
        """How many requests of any kind it had."""
        self.connections = 0
        """How many connections it had."""
        self.open: set[_Connection] = set()
        """Those that are not closed."""
        self.held = threading.Event()
        """Set when an answer is held back."""
        self._replies = cycle([Answer(tuple(map(Token, _pieces(text)))) for text in answers])
        self._spans: deque[Span] = deque(maxlen=64)
        self._holds = False
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="instant host", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def busy_s(self, start: float, end: float) -> float:
        """Return for how many seconds between two readings of `perf_counter` it was at work."""
        spans = tuple(self._spans)
        return sum(
            max(0.0, min(span.sent or end, end) - max(span.arrived, start)) for span in spans
        )

    def hold(self) -> None:
        """Hold back what follows the first piece of the next answer."""
        self.held.clear()
        self._holds = True

    def release(self) -> None:
        """Send what is held back, and hold back nothing any more."""
        self._loop.call_soon_threadsafe(self._go_on)

    def respond(self, request: Request) -> tuple[Response, bool]:
        """Return what answers a request, and whether it is to be held back."""
        self.requests += 1
        asked = self.asked
        response = self.face.respond(request, None, self._next)
        holds = self._holds and self.asked > asked
        self._holds = self._holds and not holds
        return response, holds

    def begun(self) -> Span:
        """Note that a request is there."""
        span = Span(perf_counter())
        self._spans.append(span)
        return span

    def _next(self) -> Answer:
        self.asked += 1
        return next(self._replies)

    def _go_on(self) -> None:
        self._holds = False
        for connection in self.open:
            connection.go_on()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(self.open):
            connection.close()


class _Connection(asyncio.Protocol):
    """One connection, over which requests come one after another."""

    def __init__(self, host: InstantHost) -> None:
        self._host = host
        self._http = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body: list[bytes] = []
        self._held: tuple[Span, list[bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._host.connections += 1
        self._host.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._host.open.discard(self)
        self._held = None

    def data_received(self, data: bytes) -> None:
        # The body comes after the head, in a packet of its own; the last one counts.
        span = self._host.begun()
        self._http.receive_data(data)
        while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            self._take(event, span)
        span.sent = span.sent or (None if self._held else perf_counter())

    def go_on(self) -> None:
        """Send what is held back, if anything is."""
        if self._held is not None:
            (span, pieces), self._held = self._held, None
            self._send(pieces, span)

    def close(self) -> None:
        """Close the connection, whatever is on the way."""
        self._transport.abort()

    def _take(self, event: object, span: Span) -> None:
        if isinstance(event, h11.Request):
            self._head, self._body = event, []
        elif isinstance(event, h11.Data):
            self._body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            self._answer(span)
        elif isinstance(event, h11.ConnectionClosed):
            self._transport.close()

    def _answer(self, span: Span) -> None:
        assert self._head is not None
        headers = {name.decode(): value.decode() for name, value in self._head.headers}
        method, path = self._head.method.decode(), self._head.target.decode()
        request = Request(method, path, headers, b"".join(self._body))
        response, holds = self._host.respond(request)
        start = h11.Response(status_code=response.status, headers=[*response.headers.items()])
        self._transport.write(self._http.send(start) or b"")
        pieces = list(response.pieces)
        if holds:
            self._transport.write(self._http.send(h11.Data(pieces.pop(0))) or b"")
            self._held = span, pieces
            self._host.held.set()
        else:
            self._send(pieces, span)

    def _send(self, pieces: Iterable[bytes], span: Span) -> None:
        for piece in pieces:
            if self._transport.is_closing():
                break  # The client has left, which asyncio would complain of at each write.
            self._transport.write(self._http.send(h11.Data(piece)) or b"")
        self._transport.write(self._http.send(h11.EndOfMessage()) or b"")
        span.sent = perf_counter()
        if self._http.our_state is h11.MUST_CLOSE:
            self._transport.close()
        else:
            self._http.start_next_cycle()


def _pieces(text: str) -> list[str]:
    """Divide a text as a tokenizer might."""
    return re.findall(r" ?\w{1,6}|\s+|.", text)
