"""Typing as suggested costs no request, and shows nothing else in between."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from fakes.backend import HandClock, ScriptedBackend
from fakes.keys import typed
from infill_ls.completion.completer import Completer
from infill_ls.completion.suggested.suggestions import Suggestions
from infill_ls.settings.tree import CacheSettings, Settings
from infill_ls.text import Text
from infill_ls.types import Completion, CompletionRequest, Document, ModelInfo, Report, Trigger

RequestAt = Callable[..., CompletionRequest]
CompleterWith = Callable[[Settings], Completer]

REPORT = Report("scripted", "m", None, 0.0, None, 1)


async def text_of(completer: Completer, request: CompletionRequest) -> str | None:
    completion = await completer.complete(request)
    return completion.text if completion else None


@pytest.mark.parametrize(
    ("marked", "answer"),
    [
        ("x = ‸\n", "first + second"),
        ("def f(a):\n    ‸\n", "if a:\n        return 1\n    return 2"),
        ("def f(a):\r\n    ‸\r\n", "if a:\r\n        return 1\r\n    return 2"),
        ("# ‸\n", "漢字 and 😀 and é"),
        ("\t‸\n", "a\t= b"),
    ],
)
async def test_typing_along_asks_nobody(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    marked: str,
    answer: str,
) -> None:
    """At each key what is left is shown, over one or several lines, to the last character."""
    backend.answers(answer)
    request = request_at(marked)
    shown = await text_of(completer, request)
    assert shown is not None

    left = [
        await text_of(completer, typed(request, shown[:count])) for count in range(1, len(shown))
    ]

    assert left == [shown[count:] for count in range(1, len(shown))]
    assert len(backend.prompts) == 1


async def test_backspacing_into_it_asks_nobody(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """What was typed of it and taken back is suggested again; so it is after an undo."""
    backend.answers("first + second")
    request = request_at("x = ‸\n")
    await completer.complete(request)

    lengths = (8, 7, 5, 0, 6)
    left = [await text_of(completer, typed(request, "first + second"[:n])) for n in lengths]

    assert left == ["first + second"[n:] for n in lengths]
    assert len(backend.prompts) == 1


@pytest.mark.parametrize(
    ("answer", "keys", "closed", "left", "replaced"),
    [
        ("f(a)", "f(", ")", "a)", 1),
        ("f(a)", "f(a", ")", ")", 1),
        ("f([1])", "f([", "])", "1])", 2),
        ('say("hi")', 'say("', '")', 'hi")', 2),
        ("f(a) + g(b)", "f(", ")", "a) + g(b)", 1),
        ("f(a)", "f(", "", "a)", 0),
    ],
)
async def test_closers_of_the_editor_are_written_over(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    answer: str,
    keys: str,
    closed: str,
    left: str,
    replaced: int,
) -> None:
    """A bracket or quote that the editor puts behind the cursor is in the suggestion already."""
    backend.answers(answer)
    request = request_at("x = ‸\n")
    await completer.complete(request)

    completion = await completer.complete(typed(request, keys, closed=closed))

    assert completion is not None
    assert (completion.text, completion.end - completion.start) == (left, replaced)
    assert len(backend.prompts) == 1


@pytest.mark.parametrize("keys", ["g", "first + seconds", "fi rst", "first + second\n"])
async def test_other_text_is_asked_about(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, keys: str
) -> None:
    """Who types something else, or more, gets a new answer."""
    backend.answers("first + second")
    backend.answers("another")
    request = request_at("x = ‸\n")
    await completer.complete(request)

    await completer.complete(typed(request, keys))

    assert len(backend.prompts) == 2


@pytest.mark.parametrize(
    "marked", ["y = ‸\n", "x = ‸\n\n", "x = ‸ + 1\n", "z = 1\nx = ‸\n", "x = ‸]\n"]
)
async def test_other_surroundings_are_asked_about(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, marked: str
) -> None:
    """What stands before or after decides the answer."""
    backend.answers("first + second")
    backend.answers("another")
    await completer.complete(request_at("x = ‸\n"))

    await completer.complete(typed(request_at(marked), "fir"))

    assert len(backend.prompts) == 2


async def test_other_model_is_asked(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """A host that now serves another model has another answer."""
    backend.answers("first + second")
    backend.answers("another")
    request = request_at("x = ‸\n")
    await completer.complete(request)

    backend.info = ModelInfo("codellama/CodeLlama-13b-hf", 16_384)
    await completer.complete(typed(request, "fir"))

    assert len(backend.prompts) == 2


async def test_edit_of_another_document_changes_nothing(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """It may change what else the model would be shown, but not what is suggested."""
    backend.answers("first + second")
    request = request_at("x = ‸\n")
    await completer.complete(request)
    other = Document("file:///project/b.py", "python", 2, Text("first = second = 1\n" * 30))

    left = await text_of(completer, replace(typed(request, "first"), neighbours=(other,)))

    assert left == " + second"
    assert len(backend.prompts) == 1


async def test_newest_suggestion_is_gone_on_with(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Where two fit, the later one was seen last."""
    backend.answers("first + second")
    backend.answers("st.last()")
    request = request_at("x = ‸\n")
    await completer.complete(request)
    await completer.complete(replace(typed(request, "fir"), trigger=Trigger.INVOKED))
    assert len(backend.prompts) == 1

    await completer.complete(typed(request, "fix"))

    assert await text_of(completer, typed(request, "firs")) == "t + second"


async def test_typing_all_of_it_asks_nobody(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """At the end of what the model had to say there is nothing to insert, which is known."""
    backend.answers("first + second")
    request = request_at("x = ‸\n")
    await completer.complete(request)

    left = await text_of(completer, typed(request, "first + second"))

    assert (left, len(backend.prompts)) == (None, 1)


async def test_answer_that_was_cut_off_is_gone_on_with(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Where the model had more to say than it was allowed to, it is asked again."""
    backend.answers("first + ", finish="length")
    backend.answers("second")
    request = request_at("x = ‸\n")
    await completer.complete(request)

    assert await text_of(completer, typed(request, "first + ")) == "second"


async def test_nothing_is_kept_with_no_entries(
    request_at: RequestAt, backend: ScriptedBackend, completer_with: CompleterWith
) -> None:
    """`cache.entries` 0 asks the host each time."""
    completer = completer_with(Settings(cache=CacheSettings(entries=0)))
    backend.answers("first + second")
    backend.answers("another")
    request = request_at("x = ‸\n")

    await completer.complete(request)
    await completer.complete(typed(request, "fir"))

    assert len(backend.prompts) == 2


async def test_suggestion_is_forgotten_in_time(request_at: RequestAt) -> None:
    """After `cache.ttlS` seconds the host is asked again."""
    clock = HandClock()
    suggestions = Suggestions(CacheSettings(ttl_s=10), clock=clock)
    request = request_at("x = ‸\n")
    suggestions.keep(request, "m", "multi", Completion("abc", 4, 4, "end", REPORT))

    clock.advance(9.9)
    before = [*suggestions.fitting(typed(request, "a"), "m", "multi")]
    clock.advance(0.2)
    after = [*suggestions.fitting(typed(request, "a"), "m", "multi")]

    assert [end for _, end in before] == [5]
    assert after == []


@pytest.mark.parametrize(("answer", "shown"), [("old text", None), ("old", None), ("new", "new")])
async def test_what_was_just_typed_against_is_not_suggested_again(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    answer: str,
    shown: str | None,
) -> None:
    """A model that says the same once more, whatever the user typed, is not listened to."""
    backend.answers("old text")
    backend.answers(answer)
    request = request_at("x = ‸\n", trigger=Trigger.AUTOMATIC)
    await completer.complete(request)

    assert await text_of(completer, typed(request, "y")) == shown
    assert len(backend.prompts) == 2


async def test_what_decides_a_pause_is_in_the_log(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer: Completer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At DEBUG one line names the pause and all that went into it."""
    caplog.set_level("DEBUG", logger="infill_ls")
    backend.answers("1")
    request = replace(request_at("x = ‸\n", trigger=Trigger.AUTOMATIC), waited_ms=20.0)

    await completer.complete(request)

    [line] = [line for line in caplog.messages if line.startswith("pause ")]
    assert re.fullmatch(
        r"pause \d+ ms \(a key each 150 ms, first token after 0 ms, the editor waited 2\d ms\)",
        line,
    )
