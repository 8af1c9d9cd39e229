"""One back end of the chain: how often it is asked at once, and when not at all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from statistics import median

from infill_ls.backends.base import Backend
from infill_ls.completion.hosts.reader import Reader
from infill_ls.completion.hosts.rest import Rest
from infill_ls.completion.stopwatch import Stopwatch
from infill_ls.errors import BackendError, NoBackend, RequestRejected
from infill_ls.prompt.budget import Reading
from infill_ls.prompt.dialects import Dialect
from infill_ls.settings.section import speaking_of
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, ModelInfo, Prompt

Connect = Callable[[BackendSettings], Backend]
"""Makes a back end; nothing is sent."""


_ANSWERS = 5

_OWN = ("embedded", "llamacpp", "ollama")
"""The kinds that serve one user where they are on this machine."""


class Link:
    """A back end, connected when it is first needed, and left alone while it rests."""

    def __init__(
        self,
        settings: BackendSettings,
        connect: Connect,
        in_flight: asyncio.Semaphore,
        rest: Rest,
        *,
        section: str = "backend",
    ) -> None:
        """Take what limits the requests to the host, which other links may share.

        `section` is where the settings stand, for the sake of messages.
        """
        self.rest = rest
        self.failure: BackendError | None = None
        """What it last failed with; None once it has answered."""
        self._settings = settings
        self._section = section
        self._connect = connect
        self._in_flight = in_flight
        self._backend: Backend | None = None
        self._model: ModelInfo | None = None
        self._reader = Reader()
        self._first_token_ms: deque[float] = deque(maxlen=_ANSWERS)

    @property
    def first_token_ms(self) -> float:
        """The usual time to the first token of an answer; 0 before the first one."""
        return median(self._first_token_ms) if self._first_token_ms else 0.0

    @property
    def is_own(self) -> bool:
        """Whether the model is this machine's own: nobody pays for it, and nobody shares it."""
        return self._settings.is_local and self.kind in _OWN

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

    async def reading(self, model: ModelInfo, dialect: Dialect) -> Reading:
        """Return what is known of how the host reads. Raises BackendError."""
        if not self._reader.knows(model, dialect):
            self.raise_if_resting()
        with self._failing():
            return await self._reader.reading(self._connected(), model, dialect)

    async def tokens_of(self, prompt: Prompt, room: int) -> int:
        """Return how many tokens a prompt has, exactly if it might be more than `room`.

        A host that rests is not asked, and told nothing either. Raises BackendError.
        """
        if self.rest.left_s:
            return 0
        with self._failing():
            return await self._reader.tokens_of(self._connected(), prompt, room)

    async def warm(self, prompt: Prompt) -> None:
        """Have the host read a prompt ahead. Raises BackendError."""
        self.raise_if_resting()
        with self._failing():
            await self._connected().warm(prompt)

    def raise_if_resting(self) -> None:
        """Raise what the host failed with, while it is left alone."""
        if self.failure is not None and self.rest.left_s:
            raise self.failure

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until few enough requests are in flight, and be one of them."""
        return self._in_flight

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the answer; see `Backend.stream`. To be called in one's turn."""
        self.raise_if_resting()
        stopwatch = Stopwatch()
        with self._failing():
            async with (
                self._connected().stream(prompt) as deltas,
                aclosing(self._learning(prompt, deltas, stopwatch)) as learnt,
            ):
                yield learnt
        self.failure = None
        self.rest.end()

    async def aclose(self) -> None:
        """Close the back end, if it was connected."""
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.aclose()

    async def _learning(
        self, prompt: Prompt, deltas: AsyncIterator[Delta], since_asked: Stopwatch
    ) -> AsyncGenerator[Delta, None]:
        """Hand the deltas on; the first one shows how fast the host answers, and how it reads."""
        reading = Stopwatch()
        async for delta in deltas:
            if reading.first_ms is None:
                reading.mark_first()
                self._reader.learn(prompt, delta, reading.total_ms() / 1000)
                self._first_token_ms.append(since_asked.total_ms())
            yield delta

    def _connected(self) -> Backend:
        if self._backend is None:
            self._backend = self._connect(self._settings)
        return self._backend

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Note failures; the host rests unless none was asked, or only the request was wrong."""
        try:
            with speaking_of(self._section):
                yield
        except RequestRejected:
            raise
        except BackendError as error:
            self.failure = error
            if not isinstance(error, NoBackend):
                self.rest.begin(error)
            raise
