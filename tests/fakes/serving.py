"""Serve an ASGI application on a loopback port, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import trustme
import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


class Serving:
    """A running application; entering starts it, leaving drops every connection and ends it.

    Leaving raises the first error of the application, which is a bug of the fake.

    uvicorn's own `Server` looks only ten times a second whether it should stop, so its protocol
    is run on a plain asyncio server instead: hundreds of tests start a host each.
    """

    def __init__(self, app: ASGIApp, *, tls: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._tls = tls
        self._errors: list[Exception] = []
        self._state = ServerState()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        # With the protocol spelt out, asyncio has each small write sent at once (TCP_NODELAY);
        # without it, an event of a stream may wait 40 ms for an acknowledgement.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, name="fake host", daemon=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._socket.getsockname()[1]}"

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
        self.call(self._stop.set)
        self._thread.join()
        if self._errors and error is None:
            raise self._errors[0]

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that the application runs on."""
        return self._loop

    def call(self, function: Callable[[], object]) -> None:
        """Have `function` called on the application's loop; may be used from any thread."""
        self._loop.call_soon_threadsafe(function)

    def hang_up(self, scope: Scope) -> None:
        """Close the connection that `scope` came over, after what has been written to it."""
        for connection in self._state.connections:
            if isinstance(connection, H11Protocol) and connection.client == scope["client"]:
                connection.transport.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        config = uvicorn.Config(
            self._guarded_app,
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            log_config=None,
            # It logs each connection that is closed on purpose; real errors leave by `__exit__`.
            log_level="critical",
        )
        config.load()
        server = await self._loop.create_server(
            lambda: H11Protocol(config, self._state, {}), sock=self._socket, ssl=self._tls
        )
        self._ready.set()
        await self._stop.wait()
        server.close()
        await self._drop_connections()

    async def _guarded_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            pass  # It left before it had sent all of its request.
        except Exception as error:
            self._errors.append(error)
            raise

    async def _drop_connections(self) -> None:
        # One that asyncio is still accepting is not among the connections yet.
        accepting = asyncio.all_tasks() - self._state.tasks - {asyncio.current_task()}
        if accepting:
            await asyncio.wait(accepting, timeout=1)
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)


def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return the TLS of a host that shows this certificate."""
    side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(side)
    return side
