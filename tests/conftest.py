"""What most tests need: a request with a marked cursor, and a completer with a scripted host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing

import pytest

from fakes.asking import no_progress
from fakes.backend import HandPause, ScriptedBackend, Steps
from infill_ls.completion.completer import Completer
from infill_ls.settings.tree import Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, ModelInfo, Trigger


@pytest.fixture(scope="session")
def request_at() -> Callable[..., CompletionRequest]:
    """Make a request from a text in which ‸ marks the cursor."""

    def make(
        marked: str,
        *,
        uri: str = "file:///project/a.py",
        trigger: Trigger = Trigger.INVOKED,
        language: str = "python",
    ) -> CompletionRequest:
        before, after = marked.split("‸")
        document = Document(uri, language, 1, Text(before + after))
        return CompletionRequest(document, len(before), trigger)

    return make


@pytest.fixture
def steps() -> Steps:
    """Note what the back end and the pause go through."""
    return Steps()


@pytest.fixture
def backend(steps: Steps) -> ScriptedBackend:
    """Serve a Code Llama that the test speaks for."""
    return ScriptedBackend(ModelInfo("codellama/CodeLlama-7b-hf", 16_384), steps)


@pytest.fixture
def pause(steps: Steps) -> HandPause:
    """Pause for no time."""
    return HandPause(steps)


@pytest.fixture
def linger(steps: Steps) -> HandPause:
    """Linger for no time where nobody reads what the host writes."""
    return HandPause(steps, "linger")


@pytest.fixture
async def completer_with(
    backend: ScriptedBackend, pause: HandPause, linger: HandPause
) -> AsyncIterator[Callable[[Settings], Completer]]:
    """Make completers of the scripted back end, and close them at the end."""
    async with AsyncExitStack() as stack:

        def make(settings: Settings) -> Completer:
            completer = Completer(
                settings, lambda _: backend, no_progress, pause=pause, linger=linger
            )
            stack.push_async_exit(aclosing(completer))
            return completer

        yield make


@pytest.fixture
def completer(completer_with: Callable[[Settings], Completer]) -> Completer:
    """Complete with the default settings."""
    return completer_with(Settings())
