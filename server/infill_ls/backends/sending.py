"""One request, sent so that no cancel leaves a connection behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx


@asynccontextmanager
async def response_to(
    client: httpx.AsyncClient, method: str, path: str, **content: Any
) -> AsyncIterator[httpx.Response]:
    """Send a request, as `httpx.AsyncClient.stream` does, and open its response.

    httpcore 1.0.9 takes a lock, at which a task can be cancelled, between connecting and the `try`
    that closes what is connected (`AsyncHTTP11Connection.handle_async_request`). Of a request that
    is cancelled there, the connection stays open and takes one of the pool's places for good. So
    in that step, and in no other, a cancel waits for the next one.
    """
    step = _Step()
    request = client.build_request(method, path, **content, extensions={"trace": step.trace})
    sending = asyncio.create_task(client.send(request, stream=True), name=f"send to {path}")
    try:
        response = await asyncio.shield(sending)
    except asyncio.CancelledError:
        step.cancel(sending)
        await asyncio.wait([sending])
        if not sending.cancelled() and not sending.exception():
            await sending.result().aclose()
        raise
    try:
        yield response
    finally:
        await response.aclose()


class _Step:
    """How far a request has come, as httpcore's trace tells."""

    def __init__(self) -> None:
        self._may_leak = False
        self._is_cancelled = False

    def cancel(self, sending: asyncio.Task[httpx.Response]) -> None:
        """Cancel the request now, or in its next step."""
        self._is_cancelled = True
        if not self._may_leak:
            sending.cancel()

    async def trace(self, event: str, _: dict[str, Any]) -> None:
        """Take the next event; see httpcore's extension `trace`."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._may_leak = True
        elif event.endswith((".start_tls.started", ".send_request_headers.started")):
            self._may_leak = False
            if self._is_cancelled:
                raise asyncio.CancelledError
