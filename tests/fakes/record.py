"""What a scripted host saw: each request, and how its answer ended."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Ending = Literal["complete", "cut", "client left", "host stopped"]
"""`cut` is the host's own doing, as scripted; `client left` is the client's, before the end."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded; raises `ValueError` where it is no JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Exchange:
    """A request and what became of its answer so far."""

    request: Request
    opened_at: float = field(default_factory=time.monotonic)
    """Monotonic seconds, like `ended_at`."""
    scripted: bool = False
    """True where the answer came from the test's script."""
    pieces_sent: int = 0
    """Chunks of the body that have been written; a streamed event is one of them."""
    ending: Ending | None = None
    """None while the answer is under way."""
    ended_at: float | None = None

    @property
    def client_left_at(self) -> float | None:
        """When the client closed the connection before the end of the answer, if it did."""
        return self.ended_at if self.ending == "client left" else None


class Record:
    """The exchanges of one host; written by the host's thread, read by the test's."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._changed = threading.Condition()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges, in the order in which the requests came."""
        return tuple(self._exchanges)

    def add(self, request: Request) -> Exchange:
        """Note a request whose answer begins now."""
        exchange = Exchange(request)
        with self.change():
            self._exchanges.append(exchange)
        return exchange

    def end(self, exchange: Exchange, ending: Ending) -> None:
        """Note that an answer ended now, unless it has ended before."""
        with self.change():
            if exchange.ending is None:
                exchange.ending, exchange.ended_at = ending, time.monotonic()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock during a change and wake those who wait for one."""
        with self._changed:
            yield
            self._changed.notify_all()

    def wait(self, holds: Callable[[], bool], deadline_s: float = 30.0) -> None:
        """Block until `holds()`, looked at after each change.

        Raises `AssertionError` with the exchanges if it does not within the deadline.
        """
        with self._changed:
            if not self._changed.wait_for(holds, deadline_s):
                raise AssertionError(f"not within {deadline_s} s; seen: {self._exchanges}")

    async def wait_async(self, holds: Callable[[], bool], deadline_s: float = 30.0) -> None:
        """Wait like `wait`, while the test's event loop goes on."""
        await asyncio.to_thread(self.wait, holds, deadline_s)
