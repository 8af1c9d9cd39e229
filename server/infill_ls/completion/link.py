"""One back end of the chain: how often it is asked at once, and when not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from infill_ls.backends.base import Backend
from infill_ls.completion.rest import Rest
from infill_ls.errors import BackendError, NoBackend, RequestRejected
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, ModelInfo, Prompt

Connect = Callable[[BackendSettings], Backend]
"""Makes a back end; nothing is sent."""


class Link:
    """A back end, connected when it is first needed, and left alone while it rests."""

    def __init__(
        self, settings: BackendSettings, connect: Connect, in_flight: asyncio.Semaphore, rest: Rest
    ) -> None:
        """Take what limits the requests to the host, which other links may share."""
        self.rest = rest
        self.failure: BackendError | None = None
        """What it last failed with; None once it has answered."""
        self._settings = settings
        self._connect = connect
        self._in_flight = in_flight
        self._backend: Backend | None = None
        self._model: ModelInfo | None = None

    @property
    def kind(self) -> str:
        """As in `backend.kind`, or what the host turned out to be."""
        return self._settings.kind if self._backend is None else self._backend.kind

    async def model(self) -> ModelInfo:
        """Return what the host serves; while it rests, what it said before. Raises BackendError."""
        if self._model is None or not self.rest.left_s:
            self.raise_if_resting()
            with self._failing():
                self._model = await self._connected().model()
        return self._model

    def raise_if_resting(self) -> None:
        """Raise what the host failed with, while it is left alone."""
        if self.failure is not None and self.rest.left_s:
            raise self.failure

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the answer, once few enough requests are in flight; see `Backend.stream`."""
        async with self._in_flight:
            self.raise_if_resting()
            with self._failing():
                async with self._connected().stream(prompt) as deltas:
                    yield deltas
        self.failure = None
        self.rest.end()

    async def aclose(self) -> None:
        """Close the back end, if it was connected."""
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.aclose()

    def _connected(self) -> Backend:
        if self._backend is None:
            self._backend = self._connect(self._settings)
        return self._backend

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Note failures; the host rests unless none was asked, or only the request was wrong."""
        try:
            yield
        except RequestRejected:
            raise
        except BackendError as error:
            self.failure = error
            if not isinstance(error, NoBackend):
                self.rest.begin(error)
            raise
