"""The way of one keystroke: most of what a user meets is claimed here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from fakes.asking import no_progress
from fakes.backend import HandPause, Point, ScriptedBackend, Steps, settled
from infill_ls.completion.completer import Completer
from infill_ls.completion.latest import Superseded
from infill_ls.errors import BadInput, HostFailed, InfillError, NoBackend, Unreachable
from infill_ls.settings.tree import (
    BackendSettings,
    CacheSettings,
    CompletionSettings,
    PromptSettings,
    Settings,
)
from infill_ls.types import (
    Code,
    Completion,
    CompletionRequest,
    Control,
    Delta,
    Finish,
    ModelInfo,
    Sampling,
    Trigger,
)

RequestAt = Callable[..., CompletionRequest]
CompleterWith = Callable[[Settings], Completer]

OTHER_URI = "file:///project/b.py"


async def test_keystroke_goes_its_way_in_order(
    request_at: RequestAt, backend: ScriptedBackend, steps: Steps, completer: Completer
) -> None:
    """The model is known before the prompt is built, and the host is asked after the pause."""
    backend.answers("a", " + b")

    completion = await completer.complete(request_at("x = ‸\n", trigger=Trigger.AUTOMATIC))

    assert completion is not None
    assert (completion.text, completion.start, completion.end) == ("a + b", 4, 4)
    assert steps.passed == [
        "model", "pause", "open", "first delta", "mid-stream", "mid-stream", "close"
    ]  # fmt: skip


async def test_prompt_is_of_the_document_and_the_settings(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """The host is asked in the format of its model, with the code around the cursor."""
    completer = completer_with(
        Settings(
            prompt=PromptSettings(order="spm"),
            completion=CompletionSettings(max_tokens=5, temperature=0.5),
        )
    )
    backend.answers("b")

    await completer.complete(request_at("a = ‸\nc\n"))

    [prompt] = backend.prompts
    assert [part for part in prompt.parts if isinstance(part, Code)] == [
        Code(("\nc\n",), before_cursor=False),
        Code(("a = ",), before_cursor=True),
    ]
    assert prompt.parts[1] == Control("<PRE>", 32007)
    assert prompt.sampling == Sampling(max_new_tokens=5, temperature=0.5)


@pytest.mark.parametrize("finish", ["end", "length"])
async def test_report_has_the_figures_of_the_host(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, finish: Finish
) -> None:
    """Who asks can see by whom, why it ended, and what it cost."""
    backend.answers("a", Delta("b", finish, prompt_tokens=12, completion_tokens=3))

    completion = await completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert completion.finish == finish
    report = completion.report
    assert (report.backend, report.model) == ("scripted", "codellama/CodeLlama-7b-hf")
    assert (report.prompt_tokens, report.completion_tokens) == (12, 3)
    assert report.first_token_ms is not None
    assert 0 <= report.first_token_ms <= report.total_ms


async def test_same_question_asks_nobody(
    request_at: RequestAt, backend: ScriptedBackend, pause: HandPause, completer: Completer
) -> None:
    """A question that was answered is answered at once, without a pause."""
    backend.answers("a", Delta("", "end", 12, 1))
    request = request_at("x = ‸\n", trigger=Trigger.AUTOMATIC)
    first = await completer.complete(request)

    again = await completer.complete(request)

    assert first is not None
    assert again is not None
    assert replace(again, report=first.report) == first
    assert again.report.first_token_ms is None
    assert (len(backend.streams), len(pause.seconds)) == (1, 1)


async def test_known_answer_is_put_where_the_cursor_is_now(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """An edit far above the cursor moves the place, and does not change the question."""
    completer = completer_with(Settings(prompt=PromptSettings(max_tokens=16)))
    below = "x = 1\n" * 9 + "y = ‸\n" + "z = 1\n" * 9
    backend.answers("2")

    await completer.complete(request_at(below))
    completion = await completer.complete(request_at("a\n" * 50 + below))

    assert completion is not None
    assert (completion.text, completion.start) == ("2", 100 + 54 + 4)
    assert len(backend.prompts) == 1


@pytest.mark.parametrize("marked", ["y = ‸\n", "x = ‸\n\n", "x = ‸)\n"])
async def test_other_question_is_asked(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, marked: str
) -> None:
    """A change before or after the cursor makes a new question."""
    backend.answers("a")
    backend.answers("b")
    await completer.complete(request_at("x = ‸\n"))

    completion = await completer.complete(request_at(marked))

    assert completion is not None
    assert completion.text == "b"


async def test_same_code_in_another_document_is_the_same_question(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A document's name is not shown to the model, and so does not decide."""
    backend.answers("a")
    await completer.complete(request_at("x = ‸\n"))

    completion = await completer.complete(request_at("x = ‸\n", uri=OTHER_URI))

    assert completion is not None
    assert completion.text == "a"


async def test_known_answer_does_not_end_where_another_document_went_on(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A model that sees no suffix is asked anew where other lines follow."""
    backend.info = ModelInfo("my-model", None)
    backend.answers("a\n", "bb\n", "c")
    backend.answers("a\n", "bb\n", "c")

    first = await completer.complete(request_at("x\n‸\nbb\n"))
    second = await completer.complete(request_at("x\n‸"))

    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("a", "a\nbb\nc")


async def test_other_model_is_asked_anew(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A host that now serves another model of the same format has other answers."""
    backend.answers("a")
    backend.answers("b")
    await completer.complete(request_at("x = ‸"))

    backend.info = ModelInfo("codellama/CodeLlama-13b-hf", 16_384)
    completion = await completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert completion.text == "b"


async def test_without_a_cache_everything_is_asked(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """`cache.entries` 0 asks the host each time."""
    completer = completer_with(Settings(cache=CacheSettings(entries=0)))
    backend.answers("a")
    backend.answers("b")

    texts = [await completer.complete(request_at("x = ‸\n")) for _ in range(2)]

    assert [completion and completion.text for completion in texts] == ["a", "b"]


@pytest.mark.parametrize("debounce_ms", [0, 75, 400])
async def test_automatic_completion_pauses(
    request_at: RequestAt,
    backend: ScriptedBackend,
    pause: HandPause,
    completer_with: CompleterWith,
    debounce_ms: int,
) -> None:
    """While the user types, the host is left alone for `completion.debounceMs`."""
    completer = completer_with(Settings(completion=CompletionSettings(debounce_ms=debounce_ms)))
    backend.answers("a")

    await completer.complete(request_at("x = ‸", trigger=Trigger.AUTOMATIC))

    assert pause.seconds == [debounce_ms / 1000]


async def test_invoked_completion_does_not_pause(
    request_at: RequestAt, backend: ScriptedBackend, pause: HandPause, completer: Completer
) -> None:
    """Who asks for a completion wants it now."""
    backend.answers("a")

    await completer.complete(request_at("x = ‸", trigger=Trigger.INVOKED))

    assert pause.seconds == []


async def test_disabled_completion_is_none_while_typing(
    request_at: RequestAt, steps: Steps, completer_with: CompleterWith
) -> None:
    """Turned off, typing asks nothing, not even what the model is."""
    completer = completer_with(Settings(completion=CompletionSettings(enabled=False)))

    completion = await completer.complete(request_at("x = ‸", trigger=Trigger.AUTOMATIC))

    assert (completion, steps.passed) == (None, [])


async def test_disabled_completion_can_be_invoked(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """Turned off, it still comes when it is asked for."""
    completer = completer_with(Settings(completion=CompletionSettings(enabled=False)))
    backend.answers("a")

    assert await completer.complete(request_at("x = ‸")) is not None


@pytest.mark.parametrize("text", ["", " ", "\n\n", " <EOT>a", ")"])
async def test_nothing_to_insert_is_none(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, text: str
) -> None:
    """A blank answer, or one that only repeats the rest of the line, is not shown."""
    shown: list[Completion] = []
    backend.answers(text)

    assert await completer.complete(request_at("f(x‸)\n"), shown.append) is None
    assert shown == []


async def test_huge_file_is_left_alone(
    request_at: RequestAt, steps: Steps, completer_with: CompleterWith
) -> None:
    """A file over `completion.maxFileSize` is refused with a hint, and nothing is asked."""
    completer = completer_with(Settings(completion=CompletionSettings(max_file_size=1_000)))

    with pytest.raises(BadInput, match="1001 characters, more than 1000") as caught:
        await completer.complete(request_at("x" * 1_001 + "‸"))

    assert "completion.maxFileSize" in caught.value.hint
    assert steps.passed == []


async def test_file_of_just_the_allowed_size_is_completed(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """The limit itself is allowed."""
    completer = completer_with(Settings(completion=CompletionSettings(max_file_size=1_000)))
    backend.answers("a")

    assert await completer.complete(request_at("x" * 1_000 + "‸")) is not None


async def test_growing_text_is_shown_while_it_streams(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Each longer state is shown as it comes, already fitted to its place."""
    shown: asyncio.Queue[Completion] = asyncio.Queue()
    work = asyncio.create_task(completer.complete(request_at("f(‸)\r\n"), shown.put_nowait))
    stream = await backend.opened()
    texts = []

    for piece in ("a", ",\n", "b"):
        stream.send(piece)
        texts.append((await shown.get()).text)
    stream.send(")\n")
    stream.send("", "end")
    completion = await work

    assert texts == ["a", "a,", "a,\r\nb"]
    assert shown.empty()  # What is trimmed away makes no new state.
    assert completion is not None
    assert completion.text == "a,\r\nb"


async def test_growing_text_never_shows_a_control_token(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A host that spells its tokens does not get them onto the screen."""
    shown: list[Completion] = []
    backend.answers("a", " <EOT>", "b", "<PRE> c")

    completion = await completer.complete(request_at("x = ‸"), shown.append)

    assert completion is not None
    assert {grown.text for grown in (*shown, completion)} == {"a"}


async def test_known_answer_is_not_shown_growing(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """What is there at once comes as the result alone."""
    shown: list[Completion] = []
    backend.answers("a", "b")
    await completer.complete(request_at("x = ‸"))

    await completer.complete(request_at("x = ‸"), shown.append)

    assert shown == []


@pytest.mark.parametrize(
    ("marked", "pieces", "text", "finish", "read"),
    [
        ("x = ‸ + 1\n", ["a\n", "b", "c"], "a", "line", 1),
        ("x = ‸ + 1\n", ["\n", "a\n", "c"], "\na", "line", 2),
        ("‸\nreturn x\n", ["a\n", "return", " x\n", "c"], "a", "overlap", 3),
    ],
)
async def test_host_is_left_when_there_is_enough(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    marked: str,
    pieces: list[str],
    text: str,
    finish: Finish,
    read: int,
) -> None:
    """At the end of the line, or where the document goes on, the stream is closed."""
    backend.answers(*pieces)

    completion = await completer.complete(request_at(marked, trigger=Trigger.AUTOMATIC))

    assert completion is not None
    assert (completion.text, completion.finish) == (text, finish)
    [stream] = backend.streams
    assert (stream.read, stream.closed) == (read, True)


async def test_newer_request_supersedes_the_older(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Of one document, the newest request gets an answer; the older's stream is closed."""
    older = asyncio.create_task(completer.complete(request_at("x = ‸")))
    stream = await backend.opened()
    stream.send("a")
    backend.answers("b")

    newer = await completer.complete(request_at("x = y‸"))

    assert newer is not None
    assert newer.text == "b"
    with pytest.raises(Superseded):
        await older
    assert [stream.closed for stream in backend.streams] == [True, True]


async def test_superseded_answer_is_not_remembered(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Half an answer is no answer to the same question later."""
    older = asyncio.create_task(completer.complete(request_at("x = ‸")))
    (await backend.opened()).send("hal")
    backend.answers("b")
    backend.answers("whole")
    await completer.complete(request_at("x = y‸"))

    again = await completer.complete(request_at("x = ‸"))

    assert again is not None
    assert again.text == "whole"
    with pytest.raises(Superseded):
        await older


async def test_typing_fast_asks_once(
    request_at: RequestAt, backend: ScriptedBackend, steps: Steps, completer: Completer
) -> None:
    """Keystrokes within the pause end each other before the host is asked."""
    older = []
    for text in ("x", "x ", "x =", "x = "):
        held = steps.block("pause")
        request = request_at(text + "‸", trigger=Trigger.AUTOMATIC)
        older.append(asyncio.create_task(completer.complete(request)))
        await held.reached()
    backend.answers("1")

    newest = await completer.complete(request_at("x = ‸", trigger=Trigger.AUTOMATIC))

    assert newest is not None
    assert len(backend.prompts) == 1
    errors = await asyncio.gather(*older, return_exceptions=True)
    assert [type(error) for error in errors] == [Superseded] * 4


async def test_other_document_is_not_superseded(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """Two documents are completed side by side, where the host may have two requests."""
    completer = completer_with(Settings(backend=BackendSettings(in_flight=2)))
    first = asyncio.create_task(completer.complete(request_at("x = ‸")))
    one = await backend.opened()
    second = asyncio.create_task(completer.complete(request_at("y = ‸", uri=OTHER_URI)))
    other = await backend.opened()

    other.send("b", "end")
    one.send("a", "end")
    completions = await asyncio.gather(first, second)

    assert [completion and completion.text for completion in completions] == ["a", "b"]


async def test_automatic_request_that_is_disabled_supersedes_nothing(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """Typing on does not end what was asked for, where typing asks for nothing."""
    completer = completer_with(Settings(completion=CompletionSettings(enabled=False)))
    invoked = asyncio.create_task(completer.complete(request_at("x = ‸")))
    stream = await backend.opened()

    await completer.complete(request_at("x = y‸", trigger=Trigger.AUTOMATIC))
    stream.send("a", "end")

    assert await invoked is not None


@pytest.mark.parametrize("point", ["model", "open", "first delta", "mid-stream"])
async def test_error_of_the_host_is_raised_and_the_next_request_works(
    request_at: RequestAt,
    backend: ScriptedBackend,
    steps: Steps,
    completer: Completer,
    point: Point,
) -> None:
    """Wherever a host fails, its error is the caller's, its stream closed, and nothing spoilt."""
    steps.fail(point, HostFailed("the host failed"))
    backend.answers("a", "b")

    with pytest.raises(HostFailed, match="the host failed"):
        await completer.complete(request_at("x = ‸"))

    assert all(stream.closed for stream in backend.streams)
    backend.answers("a", "b")
    assert await completer.complete(request_at("x = ‸")) is not None


async def test_half_an_answer_is_not_remembered(
    request_at: RequestAt, backend: ScriptedBackend, steps: Steps, completer: Completer
) -> None:
    """An answer that the host broke off is asked for again."""
    steps.fail("mid-stream", Unreachable("gone"))
    backend.answers("hal", "f")
    with pytest.raises(Unreachable):
        await completer.complete(request_at("x = ‸"))
    backend.answers("whole")

    completion = await completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert completion.text == "whole"


async def test_no_back_end_is_said_each_time(request_at: RequestAt) -> None:
    """Where nothing is configured every request says so, and connecting is tried again."""
    tried = []

    def connect(_: BackendSettings) -> ScriptedBackend:
        tried.append(True)
        raise NoBackend("nothing is configured")

    completer = Completer(Settings(), connect, no_progress)

    for _ in range(2):
        with pytest.raises(NoBackend):
            await completer.complete(request_at("x = ‸"))

    assert len(tried) == 2
    await completer.aclose()


async def test_connection_is_made_at_the_first_request_and_kept(
    request_at: RequestAt, backend: ScriptedBackend
) -> None:
    """Making a completer costs nothing; its back end is made once."""
    connected = []

    def connect(_: BackendSettings) -> ScriptedBackend:
        connected.append(True)
        return backend

    completer = Completer(Settings(), connect, no_progress)
    before = len(connected)
    backend.answers("a")
    backend.answers("b")
    await completer.complete(request_at("x = ‸"))
    await completer.complete(request_at("y = ‸"))

    assert (before, len(connected)) == (0, 1)
    await completer.aclose()
    assert backend.closed


async def test_host_works_only_while_it_is_asked(
    request_at: RequestAt, backend: ScriptedBackend, steps: Steps, pause: HandPause
) -> None:
    """The status shows work while the host writes: not in the pause, not for a known answer."""
    log: list[str] = []

    @contextmanager
    def asking(model: str) -> Iterator[None]:
        log.append(f"{model} begins after {steps.passed[-1]}")
        try:
            yield
        finally:
            log.append(f"{model} ends after {steps.passed[-1]}")

    completer = Completer(Settings(), lambda _: backend, no_progress, asking=asking, pause=pause)
    backend.answers("a")
    request = request_at("x = ‸", trigger=Trigger.AUTOMATIC)

    await completer.complete(request)
    await completer.complete(request)
    steps.fail("open", HostFailed("failed"))
    with pytest.raises(HostFailed):
        await completer.complete(request_at("y = ‸"))

    model = backend.info.name
    assert log == [
        f"{model} begins after pause", f"{model} ends after close",
        f"{model} begins after model", f"{model} ends after open",
    ]  # fmt: skip
    await completer.aclose()


async def test_log_has_no_word_of_the_buffer(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Even at its most talkative the log of a request holds sizes, not code."""
    backend.answers("sesame_answer")

    with caplog.at_level(logging.DEBUG):
        await completer.complete(request_at("sesame_prefix = ‸\nsesame_suffix\n"))

    assert "13 characters, finish end" in caplog.text
    assert "sesame" not in caplog.text


async def test_stream_is_closed_when_nobody_can_be_shown_it(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A client that is gone while text grows does not keep the host writing."""

    def grow(completion: Completion) -> None:
        raise ConnectionResetError

    work = asyncio.create_task(completer.complete(request_at("x = ‸"), grow))
    (await backend.opened()).send("a")

    with pytest.raises(ConnectionResetError):
        await work

    await settled()
    assert backend.streams[0].closed


async def test_errors_are_ours(
    request_at: RequestAt, backend: ScriptedBackend, steps: Steps, completer: Completer
) -> None:
    """A fault of our own is not dressed up as one of the host."""
    steps.fail("mid-stream", ZeroDivisionError())
    backend.answers("a", "b")

    with pytest.raises(ZeroDivisionError) as caught:
        await completer.complete(request_at("x = ‸"))

    assert not isinstance(caught.value, InfillError)
    assert backend.streams[0].closed


async def test_completer_that_was_closed_looks_at_neighbours_anew(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A later request has its context again, as it has a new connection."""
    opened = request_at("rate = price * count\n‸", uri=OTHER_URI).document
    later = request_at("total = price * count\n‸", uri=OTHER_URI).document
    backend.answers("1")
    await completer.complete(replace(request_at("x = ‸\n"), neighbours=(opened,)))
    await completer.aclose()
    backend.closed = False
    backend.answers("2")

    completion = await completer.complete(replace(request_at("y = ‸\n"), neighbours=(later,)))

    assert completion is not None
    assert completion.text == "2"
