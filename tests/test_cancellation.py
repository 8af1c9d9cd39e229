"""Cancelling: hold the work at each point, end it in each way, and see that nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from fakes.asking import no_progress
from fakes.backend import Block, HandPause, Point, ScriptedBackend, Steps, settled
from infill_ls.completion.completer import Completer
from infill_ls.completion.latest import Superseded
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.types import Completion, CompletionRequest, ModelInfo, Trigger

RequestAt = Callable[..., CompletionRequest]

POINTS: tuple[Point, ...] = ("model", "pause", "open", "first delta", "mid-stream")


@dataclass
class Session:
    """A completer whose back ends are made as it connects."""

    steps: Steps = field(default_factory=Steps)
    backends: list[ScriptedBackend] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = Settings(backend=BackendSettings(in_flight=2))
        self.completer = Completer(
            settings,
            self._connect,
            no_progress,
            pause=HandPause(self.steps),
            linger=HandPause(self.steps, "linger"),
        )

    def _connect(self, _: BackendSettings) -> ScriptedBackend:
        backend = ScriptedBackend(ModelInfo("codellama-7b", None), self.steps)
        for _ in range(3):
            backend.answers("a", "b")
        self.backends.append(backend)
        return backend

    async def held_at(self, point: Point, request: CompletionRequest) -> Asking:
        """Ask for a completion, and wait until the work is held at a point."""
        block = self.steps.block(point)
        task = asyncio.create_task(self.completer.complete(request))
        await block.reached()
        return Asking(self, request, task, block)

    def closed(self) -> bool:
        """Whether all streams are closed."""
        return all(stream.closed for backend in self.backends for stream in backend.streams)


@dataclass
class Asking:
    """A request that is under way, and held."""

    session: Session
    request: CompletionRequest
    task: asyncio.Task[Completion | None]
    block: Block


def elsewhere(request: CompletionRequest) -> CompletionRequest:
    """Return a request for the same document after something before the cursor was edited."""
    document = replace(request.document, text=request.document.text.replace(0, 1, "y"))
    return replace(request, document=document)


async def cancel(asking: Asking) -> None:
    """The editor cancels the request."""
    asking.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking.task


async def ask_elsewhere(asking: Asking) -> None:
    """A newer request comes for the same document, and does not go on with this one."""
    assert await asking.session.completer.complete(elsewhere(asking.request)) is not None
    with pytest.raises(Superseded):
        await asking.task


async def close(asking: Asking) -> None:
    """The server stops, or its settings change."""
    await asking.session.completer.aclose()
    assert all(backend.closed for backend in asking.session.backends)
    with pytest.raises(Superseded):
        await asking.task


async def cancel_and_ask_elsewhere(asking: Asking) -> None:
    """The editor cancels, and asks for another place before it is answered."""
    asking.task.cancel()
    assert await asking.session.completer.complete(elsewhere(asking.request)) is not None
    with pytest.raises(asyncio.CancelledError):
        await asking.task


async def time_out(asking: Asking) -> None:
    """The caller waits no longer."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asking.task


ENDINGS = (cancel, ask_elsewhere, close, cancel_and_ask_elsewhere, time_out)


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    session = Session()
    yield session
    await session.completer.aclose()


@pytest.fixture
def request_while_typing(request_at: RequestAt) -> CompletionRequest:
    return request_at("x = ‸\n", trigger=Trigger.AUTOMATIC)


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("point", POINTS)
async def test_request_ends_wherever_it_is(
    session: Session,
    request_while_typing: CompletionRequest,
    point: Point,
    end: Callable[[Asking], Awaitable[None]],
) -> None:
    """Held at any point and ended in any way, it closes its stream and leaves no task."""
    asking = await session.held_at(point, request_while_typing)

    await end(asking)
    await settled()

    assert session.closed()


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("point", POINTS)
async def test_next_request_works(
    session: Session,
    request_at: RequestAt,
    request_while_typing: CompletionRequest,
    point: Point,
    end: Callable[[Asking], Awaitable[None]],
) -> None:
    """What was ended has no part in what comes after it."""
    await end(await session.held_at(point, request_while_typing))
    session.backends[-1].answers("c")

    completion = await session.completer.complete(request_at("next = ‸\n"))

    assert completion is not None
    assert completion.text in ("ab", "c")
    await settled()
    assert session.closed()


@pytest.mark.parametrize("point", ["model", "pause", "open"])
async def test_host_is_not_asked_after_the_end(
    session: Session, request_while_typing: CompletionRequest, point: Point
) -> None:
    """A request that ends before its stream is open never opens it."""
    asking = await session.held_at(point, request_while_typing)

    await cancel(asking)
    await settled()

    assert "first delta" not in session.steps.passed
    assert session.backends[0].streams == []


@pytest.mark.parametrize("end", [cancel, ask_elsewhere, cancel_and_ask_elsewhere])
async def test_answer_that_was_broken_off_is_not_remembered(
    session: Session,
    request_while_typing: CompletionRequest,
    end: Callable[[Asking], Awaitable[None]],
) -> None:
    """The same question is asked again, and answered whole."""
    await end(await session.held_at("mid-stream", request_while_typing))
    await settled()
    asked = len(session.backends[0].prompts)

    completion = await session.completer.complete(request_while_typing)

    assert completion is not None
    assert completion.text == "ab"
    assert len(session.backends[0].prompts) == asked + 1


async def test_other_document_goes_on(
    session: Session, request_at: RequestAt, request_while_typing: CompletionRequest
) -> None:
    """Ending one request does not touch one for another document."""
    other = await session.held_at("first delta", request_at("y = ‸", uri="file:///project/b.py"))
    asking = await session.held_at("mid-stream", request_while_typing)

    await cancel(asking)
    other.block.release()

    assert await other.task is not None


async def test_back_end_is_closed_after_its_streams(
    session: Session, request_while_typing: CompletionRequest
) -> None:
    """A stream that takes a while to close is waited for."""
    asking = await session.held_at("mid-stream", request_while_typing)
    closing = session.steps.block("close")
    asking.task.cancel()
    await closing.reached()

    ending = asyncio.create_task(session.completer.aclose())
    closing.release()
    await ending  # The back end complains if one of its streams is still open.

    assert session.closed()
    with pytest.raises(asyncio.CancelledError):
        await asking.task
    await settled()


async def test_request_that_never_began_leaves_nothing(
    session: Session, request_while_typing: CompletionRequest
) -> None:
    """Cancelled at once, nothing is connected to and nothing asked."""
    task = asyncio.create_task(session.completer.complete(request_while_typing))

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (session.backends, session.steps.passed) == ([], [])
    await settled()
