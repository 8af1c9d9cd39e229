"""What goes over the wire for one request, and the player that sends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from starlette.types import Receive, Scope, Send

from fakes.record import Exchange, Record


class Gate:
    """Holds back the pieces of an answer until the test lets them pass, one by one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._permits = asyncio.Semaphore(0)
        self._stands_open = False

    def open(self, pieces: int = 1) -> None:
        """Let this many more pieces pass."""
        for _ in range(pieces):
            self._loop.call_soon_threadsafe(self._permits.release)

    def stand_open(self) -> None:
        """Let everything pass from now on."""
        self._stands_open = True
        self.open()

    async def passed(self) -> None:
        """Wait for the permission to send one piece; on the host's loop."""
        await self._permits.acquire()
        if self._stands_open:
            self._permits.release()


@dataclass(frozen=True, slots=True)
class Response:
    """A response, and how it ends."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    """Each is sent as one chunk."""
    gate: Gate | None = None
    """Passed before each piece."""
    ending: Literal["complete", "cut", "dropped", "never begun"] = "complete"
    """`cut` closes the connection after the pieces, `dropped` before the status line."""

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """Return the same response with more headers."""
        return replace(self, headers={**self.headers, **headers})


def json_response(value: object, status: int = 200) -> Response:
    """Return a response whose body is the JSON of `value`."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status, {"content-type": "application/json"}, (body,))


@dataclass(frozen=True, slots=True)
class Player:
    """Sends responses and notes in the record how that went."""

    record: Record
    hang_up: Callable[[Scope], None]

    async def play(
        self, response: Response, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send the response until its end, or until the client leaves."""
        sending = asyncio.create_task(self._send(response, exchange, scope, send))
        leaving = asyncio.create_task(_client_leaves(receive))
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        else:
            self.record.end(exchange, "client left")
        sending.cancel()
        leaving.cancel()
        await asyncio.wait({sending, leaving})

    async def _send(self, response: Response, exchange: Exchange, scope: Scope, send: Send) -> None:
        if response.ending == "never begun":
            await asyncio.Event().wait()
        if response.ending != "dropped":
            await self._send_body(response, exchange, send)
        if response.ending == "complete":
            # Noted before the client can know, so that a test which has the answer finds it ended.
            self.record.end(exchange, "complete")
            await send({"type": "http.response.body", "body": b""})
        else:
            self.record.end(exchange, "cut")
            self.hang_up(scope)

    async def _send_body(self, response: Response, exchange: Exchange, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        for piece in response.pieces:
            if response.gate:
                await response.gate.passed()
            # Noted first, like the end, so that whoever has the piece finds it counted.
            with self.record.change():
                exchange.pieces_sent += 1
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
