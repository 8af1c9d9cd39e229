"""A back end, a pause and a clock whose every step the test decides."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Literal

from infill_ls.backends.base import Exchange
from infill_ls.types import Delta, Finish, Message, ModelInfo, Prompt, Sampling

Point = Literal["model", "open", "first delta", "mid-stream", "close", "pause", "linger", "warm"]
"""Where work can be held: before the host says its model, before a stream is open, before its
first delta, before each later one, before it is closed, in the pause before all that, before a
stream is closed that nobody reads, and before a prompt is read ahead."""


class Block:
    """A place where work waits until the test lets it go on."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._released = asyncio.Event()

    async def reached(self) -> None:
        """Wait until the work has come here."""
        await self._reached.wait()

    def release(self) -> None:
        """Let the work go on."""
        self._released.set()

    async def hold(self) -> None:
        """Come here, and wait."""
        self._reached.set()
        await self._released.wait()


class Steps:
    """The points that work passed, in order, and those where it is to stop or to fail."""

    def __init__(self) -> None:
        self.passed: list[Point] = []
        self._blocks: dict[Point, Block] = {}
        self._faults: dict[Point, Exception] = {}

    def block(self, point: Point) -> Block:
        """Hold the next work that comes to the point."""
        return self._blocks.setdefault(point, Block())

    def fail(self, point: Point, error: Exception) -> None:
        """Raise an error in the next work that comes to the point."""
        self._faults[point] = error

    async def come_to(self, point: Point) -> None:
        """Note that work came to the point, and do there what the test wants."""
        self.passed.append(point)
        if block := self._blocks.pop(point, None):
            await block.hold()
        if fault := self._faults.pop(point, None):
            raise fault


class Stream:
    """One answer, whose deltas the test sends one by one."""

    def __init__(self, deltas: tuple[Delta, ...] = ()) -> None:
        self.read = 0
        """How many deltas were read."""
        self.closed = False
        self._deltas: asyncio.Queue[Delta] = asyncio.Queue()
        for delta in deltas:
            self._deltas.put_nowait(delta)

    def send(self, text: str, finish: Finish | None = None) -> None:
        """Send a piece of the answer."""
        self._deltas.put_nowait(Delta(text, finish))

    async def next(self) -> Delta:
        """Wait for the next piece."""
        delta = await self._deltas.get()
        self.read += 1
        return delta


class ScriptedBackend:
    """A host that says what the test tells it to, when the test tells it to."""

    kind = "scripted"

    def __init__(self, info: ModelInfo, steps: Steps) -> None:
        self.info = info
        self.steps = steps
        self.prompts: list[Prompt] = []
        """What was asked, in order."""
        self.conversations: list[tuple[Message, ...]] = []
        """What was said, in order."""
        self.streams: list[Stream] = []
        """The answers that were opened, in order."""
        self.closed = False
        self.counts: Callable[[Prompt], int] | None = None
        """Counts the tokens of a prompt; None where the host cannot be asked."""
        self.keeping: Callable[[Prompt], bool] | None = None
        """Tells whether a prompt's control tokens are read as such; None likewise."""
        self.warmed: list[Prompt] = []
        """What the host was to read ahead."""
        self._answers: deque[tuple[Delta, ...]] = deque()
        self._opened: asyncio.Queue[Stream] = asyncio.Queue()

    def answers(self, *deltas: str | Delta, finish: Finish = "end") -> None:
        """Give the whole answer to a request at once; a last, empty delta finishes it."""
        pieces = [Delta(delta) if isinstance(delta, str) else delta for delta in deltas]
        ended = pieces and pieces[-1].finish
        self._answers.append((*pieces, *([] if ended else [Delta("", finish)])))

    async def opened(self) -> Stream:
        """Wait until the next stream is open."""
        return await self._opened.get()

    async def model(self) -> ModelInfo:
        """Return what the test said the host serves."""
        assert not self.closed, "asked after it was closed"
        await self.steps.come_to("model")
        return self.info

    async def models(self) -> list[str]:
        """Name that one alone."""
        return [self.info.name]

    def assumed(self) -> ModelInfo:
        """Return the same."""
        return self.info

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the next scripted answer, or one that the test sends piece by piece."""
        self.prompts.append(prompt)
        async with self._open() as deltas:
            yield deltas

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[AsyncIterator[Delta]]:
        assert not self.closed, "asked after it was closed"
        await self.steps.come_to("open")
        stream = Stream(self._answers.popleft() if self._answers else ())
        self.streams.append(stream)
        self._opened.put_nowait(stream)
        try:
            async with aclosing(self._deltas(stream)) as deltas:
                yield deltas
        finally:
            await self.steps.come_to("close")
            stream.closed = True

    @asynccontextmanager
    async def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the next answer, like `stream`."""
        self.conversations.append(tuple(messages))
        async with self._open() as deltas:
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Show that there is nothing to show."""
        return []

    async def count(self, prompt: Prompt) -> int | None:
        """Count as the test says."""
        return self.counts(prompt) if self.counts else None

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Tell what the test says."""
        return self.keeping(prompt) if self.keeping else None

    async def warm(self, prompt: Prompt) -> None:
        """Note the prompt."""
        await self.steps.come_to("warm")
        self.warmed.append(prompt)

    async def check(self, prompt: Prompt) -> str:
        """Find everything in order."""
        return "as it is"

    async def aclose(self) -> None:
        """Take no further requests; all streams must be closed before."""
        assert all(stream.closed for stream in self.streams), "closed before its streams"
        self.closed = True

    async def _deltas(self, stream: Stream) -> AsyncGenerator[Delta, None]:
        await self.steps.come_to("first delta")
        while True:
            delta = await stream.next()
            yield delta
            if delta.finish:
                return
            await self.steps.come_to("mid-stream")


class HandPause:
    """A pause that takes no time, unless the test holds it."""

    def __init__(self, steps: Steps, point: Point = "pause") -> None:
        self.seconds: list[float] = []
        """How long each was to be."""
        self._steps = steps
        self._point: Point = point

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self._steps.come_to(self._point)


async def settled() -> None:
    """Wait until no other task is left: all that was to be closed is closed."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


class HandClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
