"""Keystrokes that go on with an answer while the host still writes it: one request for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from fakes.backend import HandPause, ScriptedBackend, Steps, Stream, settled
from fakes.keys import typed
from infill_ls.completion.completer import Completer
from infill_ls.completion.latest import Superseded
from infill_ls.completion.suggested.suggestions import LINGER_S
from infill_ls.errors import BackendError, BadAnswer, TimedOut, Unreachable
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.types import Completion, CompletionRequest, Trigger

RequestAt = Callable[..., CompletionRequest]
CompleterWith = Callable[[Settings], Completer]

OTHER_URI = "file:///project/b.py"
ANSWER = "first.second(third) + fourth"


class Key:
    """A request that is under way, and what the user is shown for it meanwhile."""

    def __init__(self, completer: Completer, request: CompletionRequest) -> None:
        self._shown: asyncio.Queue[Completion] = asyncio.Queue()
        work = completer.complete(request, self._shown.put_nowait)
        self.task = asyncio.create_task(work)
        # The older keys are superseded, which not every test looks at.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def shown(self) -> Completion:
        """Wait for the next state that is shown."""
        return await self._shown.get()

    async def text(self) -> str:
        """Wait for its text."""
        return (await self.shown()).text

    @property
    def has_shown(self) -> bool:
        """Whether something was shown that was not waited for."""
        return not self._shown.empty()


async def begun(
    completer: Completer, backend: ScriptedBackend, request: CompletionRequest, text: str
) -> tuple[Key, Stream]:
    """Ask, and wait until so much of the answer is shown."""
    key = Key(completer, request)
    stream = await backend.opened()
    stream.send(text)
    assert await key.text() == text
    return key, stream


async def joining(completer: Completer, steps: Steps, request: CompletionRequest) -> Key:
    """Ask within the linger, and wait until the request is about to read what is being written."""
    steps.block("linger")
    held = steps.block("model")
    key = Key(completer, request)
    await held.reached()
    held.release()
    return key


@pytest.fixture
def request_while_typing(request_at: RequestAt) -> CompletionRequest:
    return request_at("x = ‸\n", trigger=Trigger.AUTOMATIC)


async def test_twenty_keys_are_one_request(
    backend: ScriptedBackend, completer: Completer, request_while_typing: CompletionRequest
) -> None:
    """Each key is shown what is left, and the last gets it; then it is known."""
    key, stream = await begun(completer, backend, request_while_typing, ANSWER)
    keys = [key]
    shown = []
    for count in range(1, 21):
        keys.append(Key(completer, typed(request_while_typing, ANSWER[:count])))
        shown.append(await keys[-1].shown())

    stream.send("", "end")
    *superseded, last = await asyncio.gather(*(k.task for k in keys), return_exceptions=True)
    known = await completer.complete(typed(request_while_typing, ANSWER[:21]))

    assert [each.text for each in shown] == [ANSWER[count:] for count in range(1, 21)]
    assert {each.report.source for each in shown} == {"joined"}
    assert [type(error) for error in superseded] == [Superseded] * 20
    assert isinstance(last, Completion)
    assert (last.text, last.report.source) == (ANSWER[20:], "joined")
    assert known is not None
    assert (known.text, known.report.source) == (ANSWER[21:], "cache")
    assert len(backend.prompts) == 1


async def test_keys_and_tokens_in_turn_are_one_request(
    backend: ScriptedBackend, completer: Completer, request_while_typing: CompletionRequest
) -> None:
    """Whether the user or the host is ahead, what is shown is the rest of what is written."""
    key, stream = await begun(completer, backend, request_while_typing, ANSWER[:4])
    key = Key(completer, typed(request_while_typing, ANSWER[:2]))
    ahead = await key.text()
    stream.send(ANSWER[4:6])
    grown = await key.text()
    key = Key(completer, typed(request_while_typing, ANSWER[:9]))
    stream.send(ANSWER[6:12])
    overtaken = await key.text()

    stream.send(ANSWER[12:], "end")
    completion = await key.task

    assert (ahead, grown, overtaken) == (ANSWER[2:4], ANSWER[2:6], ANSWER[9:12])
    assert completion is not None
    assert (completion.text, completion.report.source) == (ANSWER[9:], "joined")
    assert len(backend.prompts) == 1


async def test_who_types_further_than_the_answer_waits(
    backend: ScriptedBackend, completer: Completer, request_while_typing: CompletionRequest
) -> None:
    """Nothing is shown until the stream has come so far, and nothing that is typed already."""
    _, stream = await begun(completer, backend, request_while_typing, "fi")
    key = Key(completer, typed(request_while_typing, "first.se"))

    stream.send("rst")
    stream.send(".se")
    stream.send("cond")
    first_shown = await key.text()
    had_shown_more = key.has_shown
    stream.send("()", "end")
    completion = await key.task

    assert (first_shown, had_shown_more) == ("cond", False)
    assert completion is not None
    assert completion.text == "cond()"
    assert len(backend.prompts) == 1


async def test_key_before_the_first_token_joins(
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    request_while_typing: CompletionRequest,
) -> None:
    """A host that is still reading the prompt is not asked again."""
    Key(completer, request_while_typing)
    stream = await backend.opened()
    key = await joining(completer, steps, typed(request_while_typing, "f"))

    stream.send("first", "end")
    completion = await key.task

    assert completion is not None
    assert (completion.text, completion.report.source) == ("irst", "joined")
    assert len(backend.prompts) == 1


@pytest.mark.parametrize("written", ["f", "f(", "f(a"])
async def test_editors_closer_is_written_over_while_the_answer_grows(
    backend: ScriptedBackend,
    completer: Completer,
    request_while_typing: CompletionRequest,
    written: str,
) -> None:
    """A bracket that the editor has put behind the cursor is one that the host will write."""
    _, stream = await begun(completer, backend, request_while_typing, written)
    key = Key(completer, typed(request_while_typing, "f(", closed=")"))

    stream.send("f(a) + 1".removeprefix(written), "end")
    completion = await key.task

    assert completion is not None
    assert (completion.text, completion.end - completion.start) == ("a) + 1", 1)
    assert len(backend.prompts) == 1


async def test_contradicting_key_closes_the_stream_at_once(
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    request_while_typing: CompletionRequest,
) -> None:
    """It is closed before the host is asked anew, and without any linger."""
    key, stream = await begun(completer, backend, request_while_typing, "first")
    lingering = steps.block("linger")
    contradicting = Key(completer, typed(request_while_typing, "g"))

    other = await backend.opened()
    closed = stream.closed
    other.send("o()", "end")
    completion = await contradicting.task

    assert closed
    assert completion is not None
    assert (completion.text, completion.report.source) == ("o()", "network")
    with pytest.raises(Superseded):
        await key.task
    lingering.release()


async def test_answer_that_contradicts_the_keys_is_closed_at_once(
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    request_while_typing: CompletionRequest,
) -> None:
    """Who has typed ahead of the host is not bound to what it writes then."""
    Key(completer, request_while_typing)
    stream = await backend.opened()
    key = await joining(completer, steps, typed(request_while_typing, "g"))

    stream.send("first")
    other = await backend.opened()
    found = (stream.closed, key.has_shown)
    other.send("o()", "end")
    completion = await key.task

    assert found == (True, False)
    assert completion is not None
    assert (completion.text, completion.report.source) == ("o()", "network")


async def test_stream_is_closed_after_the_linger_and_not_before(
    backend: ScriptedBackend,
    steps: Steps,
    linger: HandPause,
    completer: Completer,
    request_while_typing: CompletionRequest,
) -> None:
    """The host goes on writing for a moment when nobody reads, and is then left."""
    key, stream = await begun(completer, backend, request_while_typing, "first")
    lingering = steps.block("linger")

    key.task.cancel()
    await lingering.reached()
    before = stream.closed
    lingering.release()
    await settled()

    assert (before, stream.closed) == (False, True)
    assert linger.seconds == [LINGER_S]


async def test_key_within_the_linger_joins(
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    request_while_typing: CompletionRequest,
) -> None:
    """An editor that takes its request back at each key, and asks again, gets the same answer."""
    key, stream = await begun(completer, backend, request_while_typing, ANSWER[:12])
    shown = []
    for count in range(1, 4):
        lingering = steps.block("linger")
        key.task.cancel()
        await lingering.reached()
        key = Key(completer, typed(request_while_typing, ANSWER[:count]))
        shown.append(await key.text())
        lingering.release()

    stream.send(ANSWER[12:], "end")
    completion = await key.task

    assert shown == [ANSWER[count:12] for count in range(1, 4)]
    assert completion is not None
    assert (completion.text, completion.report.source) == (ANSWER[3:], "joined")
    assert len(backend.prompts) == 1


async def test_key_after_the_linger_asks_anew(
    backend: ScriptedBackend, completer: Completer, request_while_typing: CompletionRequest
) -> None:
    """What was broken off is not gone on with, although it fits as far as it came."""
    key, _ = await begun(completer, backend, request_while_typing, "first")
    key.task.cancel()
    await settled()
    backend.answers("irst + second")

    completion = await completer.complete(typed(request_while_typing, "f"))

    assert completion is not None
    assert (completion.text, completion.report.source) == ("irst + second", "network")
    assert len(backend.prompts) == 2


@pytest.mark.parametrize("error", [Unreachable("a"), TimedOut("b"), BadAnswer("c")])
async def test_error_of_the_host_is_told_to_who_joined(
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    request_while_typing: CompletionRequest,
    error: BackendError,
) -> None:
    """It is raised for the newest key, be the request that was sent an older one's."""
    held = steps.block("mid-stream")
    _, stream = await begun(completer, backend, request_while_typing, "first")
    key = Key(completer, typed(request_while_typing, "fi"))
    assert await key.text() == "rst"

    steps.fail("mid-stream", error)
    held.release()

    with pytest.raises(type(error)) as caught:
        await key.task
    assert caught.value is error
    assert completer.trouble is not None
    assert stream.closed


async def test_two_documents_do_not_disturb_each_other(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer_with: CompleterWith,
    request_while_typing: CompletionRequest,
) -> None:
    """Each has its own answer, along which one can type by turns; what ends one leaves the other.

    Both stand before the same text, as two copies of one file do.
    """
    completer = completer_with(Settings(backend=BackendSettings(in_flight=2)))
    elsewhere = request_at("x = ‸\n", uri=OTHER_URI, trigger=Trigger.AUTOMATIC)
    _, stream = await begun(completer, backend, request_while_typing, "first")
    _, other_stream = await begun(completer, backend, elsewhere, "fifth")

    shown = []
    for count in (1, 2):
        key = Key(completer, typed(request_while_typing, "fi"[:count]))
        other_key = Key(completer, typed(elsewhere, "fi"[:count]))
        shown.append((await key.text(), await other_key.text()))
    backend.answers("another")
    await completer.complete(typed(request_while_typing, "g"))
    other_closed = other_stream.closed
    other_stream.send("()", "end")
    completion = await other_key.task

    assert shown == [("irst", "ifth"), ("rst", "fth")]
    assert (stream.closed, other_closed) == (True, False)
    assert completion is not None
    assert (completion.text, completion.report.source) == ("fth()", "joined")
    assert len(backend.prompts) == 3


async def test_invoking_does_not_join_an_answer_of_one_line(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    request_while_typing: CompletionRequest,
) -> None:
    """Who asks for a completion wants several lines, so the host is asked anew."""
    key, stream = await begun(completer, backend, request_while_typing, "first")
    backend.answers("first\ny = 2")

    completion = await completer.complete(request_at("x = ‸\n"))

    assert stream.closed
    assert completion is not None
    assert (completion.text, completion.report.source) == ("first\ny = 2", "network")
    assert len(backend.prompts) == 2
    with pytest.raises(Superseded):
        await key.task


@pytest.mark.parametrize("trigger", Trigger)
async def test_answer_of_several_lines_is_joined(
    request_at: RequestAt,
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    trigger: Trigger,
) -> None:
    """Whoever comes after one who has invoked it goes on with what is on its way."""
    _, stream = await begun(completer, backend, request_at("x = ‸\n"), "first")
    later = replace(typed(request_at("x = ‸\n"), "f"), trigger=trigger)
    key = await joining(completer, steps, later)

    stream.send("\ny = 2", "end")
    completion = await key.task

    assert completion is not None
    assert (completion.text, completion.report.source) == ("irst\ny = 2", "joined")
    assert len(backend.prompts) == 1
