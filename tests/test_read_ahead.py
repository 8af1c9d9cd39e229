"""Reading ahead on this machine: before the first keystroke, and never in the way of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from fakes.backend import ScriptedBackend, Steps
from infill_ls.backends.as_text import text_of
from infill_ls.completion.completer import Completer
from infill_ls.errors import Unreachable
from infill_ls.settings.tree import BackendSettings, CompletionSettings, PromptSettings, Settings
from infill_ls.types import CompletionRequest, ModelInfo

RequestAt = Callable[..., CompletionRequest]
CompleterWith = Callable[[Settings], Completer]

QWEN = ModelInfo("qwen2.5-coder-1.5b", 4_096, takes_ids=True)
FILE = "".join(f"value_{n} = {n}\n" for n in range(2_000))


@pytest.fixture(autouse=True)
def prefix_first(backend: ScriptedBackend) -> None:
    """Serve a model that is shown the prefix first."""
    backend.info = QWEN


async def test_beginning_of_an_opened_document_is_read(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """It is what prompts near the top begin with, up to the cursor, and no more than a window."""
    await completer.read_ahead(request_at(f"‸{FILE}"))

    [prompt] = backend.warmed
    text = text_of(prompt)
    assert text.startswith(f"<|fim_prefix|>{FILE[:200]}")
    assert FILE.startswith(text.removeprefix("<|fim_prefix|>"))
    assert 2_000 < len(text) < len(FILE) / 2


async def test_place_of_the_cursor_is_read(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """The prompt of the completion that follows there begins with it."""
    await completer.read_ahead(request_at(f"{FILE}x = ‸\n{FILE}"))
    backend.answers("1")
    await completer.complete(request_at(f"{FILE}x = ‸\n{FILE}"))

    assert text_of(backend.prompts[0]).startswith(text_of(backend.warmed[0]))


async def test_model_that_is_shown_the_suffix_first_is_only_loaded(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """What its prompts begin with is not known before the cursor is."""
    backend.info = ModelInfo("codellama-7b", 4_096, takes_ids=True)

    await completer.read_ahead(request_at("x = ‸\ny = 1\n"))

    assert (backend.warmed, backend.steps.passed) == ([], ["model"])


@pytest.mark.parametrize(
    "settings",
    [
        Settings(backend=BackendSettings(kind="tgi", url="https://models.example.com")),
        Settings(prompt=PromptSettings(read_ahead=False)),
        Settings(completion=CompletionSettings(enabled=False)),
    ],
    ids=["another machine", "switched off", "no completions"],
)
async def test_nothing_is_read_where_it_is_not_wanted(
    request_at: RequestAt,
    backend: ScriptedBackend,
    completer_with: CompleterWith,
    settings: Settings,
) -> None:
    """Another machine's time is not ours to spend."""
    await completer_with(settings).read_ahead(request_at(f"‸{FILE}"))

    assert backend.steps.passed == []


async def test_secret_document_is_not_read(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer
) -> None:
    """What is not shown for a completion is not shown before one."""
    await completer.read_ahead(request_at(f"‸{FILE}", uri="file:///project/.env"))

    assert backend.steps.passed == []


async def test_completion_ends_it(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, steps: Steps
) -> None:
    """The host is free for what the user waits for."""
    reading = steps.block("warm")
    ahead = asyncio.create_task(completer.read_ahead(request_at(f"‸{FILE}")))
    await reading.reached()
    backend.answers("1")

    completion = await completer.complete(request_at("x = ‸"))

    assert completion is not None
    assert (await ahead, backend.warmed) == (None, [])


async def test_next_document_ends_it(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, steps: Steps
) -> None:
    """Of many documents that are opened at once, the last one counts."""
    reading = steps.block("warm")
    first = asyncio.create_task(completer.read_ahead(request_at(f"‸{FILE}")))
    await reading.reached()

    await completer.read_ahead(request_at("‸second = 1\n", uri="file:///project/b.py"))

    await first
    assert [text_of(prompt) for prompt in backend.warmed] == ["<|fim_prefix|>second = 1\n"]


async def test_failure_is_silent(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, steps: Steps
) -> None:
    """Nobody has asked for it."""
    steps.fail("warm", Unreachable("gone"))

    await completer.read_ahead(request_at(f"‸{FILE}"))

    assert backend.warmed == []


@pytest.mark.parametrize("room", [100, 300])
async def test_prompt_is_made_shorter_until_the_host_takes_it(
    request_at: RequestAt, backend: ScriptedBackend, completer: Completer, room: int
) -> None:
    """The host's own count decides, even where it is much higher than the estimate."""
    backend.info = ModelInfo("qwen2.5-coder", None, input_tokens=room, takes_ids=True)
    backend.counts = lambda prompt: len(text_of(prompt))
    backend.answers("1")

    await completer.complete(request_at(f"{FILE}x = ‸\n{FILE}"))

    [prompt] = backend.prompts
    assert room * 0.5 <= len(text_of(prompt)) <= room - 16
