"""A scripted host of a model on a real socket.

    with FakeHost(Tgi()) as host:
        host.answers("def f", "():")

Each request for a completion takes the next reply of the script; all else (`/info`, `/tokenize`)
is answered by the face, unless the script has a reply for that path. Everything is recorded.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from starlette.requests import Request as StarletteRequest
from starlette.types import Receive, Scope, Send

from fakes.record import Exchange, Record, Request
from fakes.response import Player, Response
from fakes.script import Fail, Reply, Script
from fakes.serving import Serving


class Face(Protocol):
    """The protocol that a scripted host speaks; holds nothing that a request changes."""

    def respond(
        self, request: Request, token: str | None, next_reply: Callable[[], Reply]
    ) -> Response:
        """Answer a request; `next_reply` is called once and only for a completion.

        `token` is what the host demands of those who ask; None lets everyone in.
        """


class FakeHost(Script):
    """A host that speaks one protocol and does what the test scripted, faults included."""

    def __init__(
        self, face: Face, *, token: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._serving = Serving(self._app, tls=tls)
        super().__init__(self._serving.loop)
        self.face = face
        self._token = token
        self.record = Record()
        self._player = Player(self.record, self._serving.hang_up)
        self.url = self._serving.url

    def __enter__(self) -> Self:
        self._serving.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for exchange in self.record.exchanges:
            self.record.end(exchange, "host stopped")
        self._serving.__exit__(kind, error, traceback)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in order."""
        return tuple(exchange.request for exchange in self.record.exchanges)

    @property
    def asked(self) -> tuple[Exchange, ...]:
        """The exchanges that took a reply from the script, hence not `/info` and its like."""
        return tuple(exchange for exchange in self.record.exchanges if exchange.scripted)

    @property
    def open_exchanges(self) -> tuple[Exchange, ...]:
        """Those whose answer is under way: the host works for somebody."""
        return tuple(exchange for exchange in self.record.exchanges if exchange.ending is None)

    def wait(self, holds: Callable[[FakeHost], bool], deadline_s: float = 30.0) -> None:
        """Block until `holds(host)`; raises `AssertionError` at the deadline."""
        self.record.wait(lambda: holds(self), deadline_s)

    async def wait_async(self, holds: Callable[[FakeHost], bool], deadline_s: float = 30.0) -> None:
        """Wait like `wait`, while the test's event loop goes on."""
        await self.record.wait_async(lambda: holds(self), deadline_s)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _read(scope, receive)
        exchange = self.record.add(request)
        response = self._response(exchange)
        await self._player.play(response, exchange, scope, receive, send)

    def _response(self, exchange: Exchange) -> Response:
        scripted = self.take(exchange.request.path)
        if scripted is not None:
            exchange.scripted = True
            return scripted.response
        return self.face.respond(exchange.request, self._token, lambda: self._next(exchange))

    def _next(self, exchange: Exchange) -> Reply:
        exchange.scripted = True
        return self.take_completion() or Fail(_UNSCRIPTED)


_UNSCRIPTED = Response(500, {"content-type": "text/plain"}, (b"the test scripted no reply",))


@contextmanager
def refused_url() -> Iterator[str]:
    """Give a URL that refuses connections: its port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def _read(scope: Scope, receive: Receive) -> Request:
    request = StarletteRequest(scope, receive)
    body = await request.body()
    return Request(request.method, request.url.path, dict(request.headers), body)
