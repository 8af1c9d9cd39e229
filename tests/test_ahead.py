"""What comes after a suggestion is there before it is accepted, where that costs nobody much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fakes.backend import ScriptedBackend, Steps, settled
from infill_ls.completion.ahead import accepted
from infill_ls.completion.completer import Completer
from infill_ls.errors import Unreachable
from infill_ls.settings.tree import CompletionSettings, Settings
from infill_ls.types import Completion, CompletionRequest, Delta, Report, Trigger

RequestAt = Callable[..., CompletionRequest]
CompleterWith = Callable[[Settings], Completer]


@pytest.fixture
def own(backend: ScriptedBackend) -> ScriptedBackend:
    """Be a model of the user's own."""
    backend.kind = "llamacpp"
    return backend


@pytest.fixture
def completer(completer_with: CompleterWith) -> Completer:
    """Complete line by line."""
    return completer_with(Settings(completion=CompletionSettings(lines="single")))


async def completed(completer: Completer, request: CompletionRequest) -> Completion:
    completion = await completer.complete(request)
    assert completion is not None
    return completion


async def test_a_model_of_ones_own_writes_on_while_a_suggestion_stands(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer
) -> None:
    """Who accepts it is shown what comes next at once, and the host is not asked again."""
    own.answers("a += 1", "\n")
    own.answers("\n    return a", "\n")
    request = request_at("def f(a):\n    ‸\n")
    first = await completed(completer, request)
    await settled()
    asked = len(own.prompts)

    after = await completed(completer, accepted(request, first))

    assert after.text == "\n    return a"
    assert after.report.source == "ahead"
    assert asked == len(own.prompts) == 2


async def test_what_is_accepted_is_asked_about_as_the_editor_will_have_it(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer
) -> None:
    """The second prompt has the suggestion in the place that it replaces."""
    own.answers("a += 1", "\n")
    own.answers("\n    return a", "\n")

    await completed(completer, request_at("def f(a):\n    ‸\n"))
    await settled()

    prefixes = [part for part in own.prompts[1].parts if getattr(part, "before_cursor", False)]
    assert "".join(prefixes[-1].segments) == "def f(a):\n    a += 1"  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["tgi", "huggingface", "openai", "scripted"])
async def test_no_other_host_is_asked_ahead(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, kind: str
) -> None:
    """A host that others share, or that somebody pays for, is asked for what is wanted alone."""
    backend.kind = kind
    backend.answers("a += 1", "\n")

    await completed(completer, request_at("def f(a):\n    ‸\n"))
    await settled()

    assert len(backend.prompts) == 1


@pytest.mark.parametrize(
    "switched",
    [
        {"look_ahead": False},
        {"enabled": False},
        {"disabled_languages": ("python",)},
    ],
)
async def test_it_can_be_switched_off(
    request_at: RequestAt,
    own: ScriptedBackend,
    completer_with: CompleterWith,
    switched: dict[str, Any],
) -> None:
    """So it is by itself, and where nothing is completed while one types on."""
    completer = completer_with(Settings(completion=CompletionSettings(lines="single", **switched)))
    own.answers("a += 1", "\n")

    await completed(completer, request_at("def f(a):\n    ‸\n"))
    await settled()

    assert len(own.prompts) == 1


@pytest.mark.parametrize("answer", ["", "return a"])
async def test_nothing_is_asked_ahead_where_nothing_is_to_come(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer, answer: str
) -> None:
    """Without a suggestion there is no state after it, and at the model's end there is no more."""
    own.answers(answer)

    await completer.complete(request_at("def f(a):\n    ‸\n"))
    await settled()

    assert len(own.prompts) == 1


async def test_a_key_before_the_suggestion_has_stood_ends_it(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer, steps: Steps
) -> None:
    """Who types on has not let it stand, and nothing is asked ahead of what it was."""
    own.answers("first + second", "\n")
    request = request_at("x = ‸\n")
    standing = steps.block("pause")
    await completed(completer, request)
    await standing.reached()
    own.answers("third")
    other = request_at("x = y‸\n", trigger=Trigger.AUTOMATIC)

    ends = steps.block("pause")
    asking = completer.complete(other)
    ends.release()
    completion = await asking
    steps.block("pause")  # What is asked ahead of that stays here.

    assert completion is not None
    assert completion.text == "third"
    assert len(own.prompts) == 2


async def test_a_failure_ahead_is_not_told(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer, steps: Steps
) -> None:
    """What nobody has asked for cannot fail for anybody."""
    own.answers("a += 1", "\n")
    request = request_at("def f(a):\n    ‸\n")
    standing = steps.block("pause")
    await completed(completer, request)
    await standing.reached()

    steps.fail("open", Unreachable("nobody is there"))
    standing.release()
    await settled()

    assert len(own.prompts) == 2


async def test_what_an_unstreamed_host_wrote_beyond_the_line_is_suggested_next(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """Of an answer that came as one piece, the lines after the first follow without a request."""
    backend.answers(Delta("total = a + b\n    return total\n", "end"))
    request = request_at("def f(a, b):\n    ‸\n")

    first = await completed(completer, request)
    second = await completed(completer, accepted(request, first))

    assert [first.text, second.text] == ["total = a + b", "\n    return total"]
    assert second.report.source == "ahead"
    assert len(backend.prompts) == 1


async def test_half_a_line_beyond_is_not_suggested(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """What the host had only begun when it was left is no suggestion."""
    backend.answers("total = a + b\n    ret", "urn")
    request = request_at("def f(a, b):\n    ‸\n")

    first = await completed(completer, request)
    second = await completer.complete(accepted(request, first))

    assert first.text == "total = a + b"
    assert second is None


def test_accepting_replaces_what_the_completion_replaces(request_at: RequestAt) -> None:
    """The cursor is behind the text, and what was in its range is gone."""
    request = request_at("f(‸)\n")
    completion = Completion("a, b)", 2, 3, "end", Report("scripted", "m", None, 0.0, None, 1))

    after = accepted(request, completion)

    assert str(after.document.text) == "f(a, b)\n"
    assert after.offset == len("f(a, b)")
    assert after.document.version > request.document.version


async def test_one_who_asks_for_others_is_not_kept_waiting_by_it(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer, steps: Steps
) -> None:
    """What is written ahead ends, so that a host that does one thing at a time does this one."""
    own.answers("a += 1", "\n")
    request = request_at("def f(a):\n    ‸\n")
    first = await completed(completer, request)
    ahead = steps.block("open")
    await ahead.reached()
    for text in ("b", "c"):
        own.answers(text)

    others = await completer.alternatives(request, first)

    assert [other.text for other in others] == ["b", "c"]
    ahead.release()


async def test_others_are_offered_where_a_suggestion_was_written_ahead(
    request_at: RequestAt, own: ScriptedBackend, completer: Completer
) -> None:
    """It is a suggestion like any other, to one who invokes a completion there."""
    own.answers("a += 1", "\n")
    own.answers("\n    return a", "\n")
    request = request_at("def f(a):\n    ‸\n")
    first = await completed(completer, request)
    await settled()
    place = accepted(request, first)
    after = await completed(completer, place)
    for text in ("\n    return -a", "\n    print(a)"):
        own.answers(text)

    others = await completer.alternatives(place, after)

    assert after.report.source == "ahead"
    assert [other.text for other in others] == ["\n    return -a", "\n    print(a)"]
