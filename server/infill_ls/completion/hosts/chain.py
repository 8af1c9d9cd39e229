"""The back ends in the order of preference; the first that can answer does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_before_delay

from infill_ls.completion.hosts.link import Connect, Link
from infill_ls.completion.hosts.rest import Rest
from infill_ls.errors import BackendError, NotYet, RequestRejected
from infill_ls.settings.tree import BackendSettings, Settings

T = TypeVar("T")

Wait = Callable[[float, NotYet], Awaitable[None]]
"""Waits for so many seconds, and says why."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the preferred back end does not answer."""

    error: BackendError
    until: float | None
    """Unix time, in seconds, until which it is left alone; None if it may be asked."""
    instead: str | None
    """The kind of the back end that answers in its place; None if none does."""


class Chain:
    """The back end of the settings, and those that it falls back on."""

    def __init__(
        self, settings: Settings, connect: Connect, clock: Callable[[], float] = time.time
    ) -> None:
        """Connect to nothing yet; `clock` is Unix time in seconds."""
        in_flight: dict[str, asyncio.Semaphore] = {}
        self._patience_s = settings.backend.patience_s
        self._links = [
            Link(
                backend,
                connect,
                in_flight.setdefault(backend.host, asyncio.Semaphore(backend.most_in_flight)),
                Rest(clock),
                section=section,
            )
            for section, backend in _in_order(settings)
        ]
        self._answering: Link | None = None

    @property
    def trouble(self) -> Trouble | None:
        """Why the preferred back end does not answer; None if it does, or was not asked yet."""
        preferred = self._links[0]
        if preferred.failure is None:
            return None
        until = preferred.rest.until if preferred.rest.left_s else None
        substitute = self._answering if self._answering is not preferred else None
        return Trouble(preferred.failure, until, substitute.kind if substitute else None)

    @property
    def preferred(self) -> Link:
        """The back end of the settings."""
        return self._links[0]

    async def first(self, ask: Callable[[Link], Awaitable[T]]) -> T:
        """Return what the first link answers that can; one that rests raises at once.

        Raises RequestRejected as it comes, since the request is at fault; else what the first
        failed with, or rather what passes by itself.
        """
        failures: list[BackendError] = []
        for link in self._links:
            try:
                answer = await ask(link)
            except RequestRejected:
                raise
            except BackendError as error:
                failures.append(error)
            else:
                self._answering = link
                return answer
        self._answering = None
        raise next((error for error in failures if isinstance(error, NotYet)), failures[0])

    async def insist(self, ask: Callable[[Link], Awaitable[T]], wait: Wait) -> T:
        """Return like `first`, but ask who rests if nobody else is there, and wait if that helps.

        Raises what `first` does, when patience ends.
        """
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(NotYet),
            stop=stop_before_delay(self._patience_s),
            wait=lambda _: self._soonest()[0],
            sleep=lambda _: wait(*self._soonest()),
            reraise=True,
        )
        return await attempts(self._first_awake, ask)

    async def aclose(self) -> None:
        """Close all that were connected."""
        for link in self._links:
            await link.aclose()

    async def _first_awake(self, ask: Callable[[Link], Awaitable[T]]) -> T:
        if all(link.failure for link in self._links):
            for link in self._links:
                link.rest.cut_short()
        return await self.first(ask)

    def _soonest(self) -> tuple[float, NotYet]:
        """Return in how many seconds somebody may be asked who will answer, and why not before."""
        passing = (
            (link.rest.left_s, link.failure)
            for link in self._links
            if isinstance(link.failure, NotYet)
        )
        return min(passing, key=itemgetter(0))


def _in_order(settings: Settings) -> Iterator[tuple[str, BackendSettings]]:
    """Yield each back end with where it stands in the settings."""
    yield "backend", settings.backend
    for number, backend in enumerate(settings.fallback):
        yield f"fallback[{number}]", backend
