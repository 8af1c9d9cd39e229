"""What the status bar says, and what can be done from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from editors.neovim import until, until_equal
from editors.vscode.conftest import HEAD, OpenWindow, served_by, written
from editors.vscode.window import READY, START_S, STARTING, CodeServer, Window
from fakes.faces.ollama import Ollama
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost, refused_url
from fakes.response import Response
from fakes.script import EOT, Answer, Fail, Token

TOKEN = "hf_right"


@pytest.fixture
def locked() -> Iterator[FakeHost]:
    """A host that lets in only those who have the token."""
    with FakeHost(Tgi(), token=TOKEN) as host:
        host.always(Answer((Token("return a + b"), EOT)))
        yield host


def test_a_host_that_fails_is_told_once(window: Window, host: FakeHost) -> None:
    """The status says what is wrong, and one message does, however often one types on."""
    host.always(Fail(Response(ending="dropped")))

    window.type("re")
    status = until(window.status, lambda status: host.url in status)
    (message,) = until(window.messages, bool)
    window.type("turn")
    until(lambda: "".join(window.lines()), lambda text: "return" in text)

    assert message.startswith("infill-ls: ")
    assert status.startswith(message.removeprefix("infill-ls: "))
    assert window.messages() == [message]


def test_a_host_that_is_not_there_is_told(window: Window) -> None:
    """A wrong address ends in one sentence, and typing goes on."""
    with refused_url() as url:
        window.begin(f"{HEAD}\n    ", {"infill-ls.backend.url": url})

        window.type("ret")
        until(window.status, lambda status: url in status)

        assert window.lines()[1] == "    ret"


def test_a_refused_token_is_told_and_logging_in_helps(window: Window, locked: FakeHost) -> None:
    """The message is about the token; with the right one, suggestions come, and no file has it."""
    window.begin(f"{HEAD}\n    ", served_by(locked))
    window.press("x", "Backspace")
    status = until(window.status, lambda status: locked.url in status)
    assert "token" in status

    window.record()
    window.run("infill-ls: Log In")
    window.page.locator(".quick-input-box input[type=password]").fill(TOKEN)
    window.press("Enter")
    until(window.statuses, lambda seen: "infill-ls is starting" in seen)
    window.wait_until_ready()
    window.to("Control+Home", "ArrowDown", "End")

    assert window.suggested_after("x", "Backspace") == "return a + b"
    assert TOKEN not in window.settings()


def test_what_the_workspace_says_of_the_host_is_not_taken(
    open_window: OpenWindow, host: FakeHost, file: Path
) -> None:
    """A file of a cloned repository cannot have code sent elsewhere; for the rest it counts."""
    host.always(Answer((Token("return a"), Token(" + b"), EOT)))
    with FakeHost(Tgi()) as evil:
        settings = {**served_by(evil), "infill-ls.completion.maxTokens": 7}
        written(file.parent / ".vscode" / "settings.json", json.dumps(settings))
        window = open_window(file, served_by(host))
        window.wait_until_ready()

        window.to("Control+Home", "ArrowDown", "End", "x", "Backspace")
        until_equal(window.ghost, "return a + b")

        assert evil.requests == ()
    parameters: Any = host.asked[-1].request.json["parameters"]
    assert parameters["max_new_tokens"] == 7


def test_suggestions_can_be_paused(window: Window, host: FakeHost) -> None:
    """Paused, typing asks for nothing and an explicit request is answered; resumed, typing asks."""
    host.always(Answer((Token("urn a"), EOT)))

    window.run("infill-ls: Pause Suggestions")
    until(window.status, lambda status: "paused" in status)
    window.to("Control+Home", "ArrowDown", "End")
    window.type("ret")
    until_equal(lambda: window.lines()[1], "    ret")
    asked = host.asked
    window.run("Trigger Inline Suggestion")
    until_equal(window.ghost, "urn a")
    window.press("Escape")
    window.run("infill-ls: Resume Suggestions")
    until(window.status, lambda status: status.startswith(READY))
    window.to("Control+Home", "ArrowDown", "End", "x", "Backspace")

    until_equal(window.ghost, "urn a")
    assert asked == ()


def test_a_language_can_be_paused_from_the_menu(window: Window, host: FakeHost) -> None:
    """The setting of the user names it, and nothing is asked while one types, until one resumes."""
    host.always(Answer((Token("return a"), EOT)))

    window.run("infill-ls: Status")
    window.choose("Pause Suggestions in Files of the Language python")
    until(window.settings, lambda text: '"python"' in text)
    window.to("Control+Home", "ArrowDown", "End")
    window.type("x")
    window.run("Trigger Inline Suggestion")
    until(window.ghost, bool)
    asked = len(host.asked)
    window.run("infill-ls: Status")
    window.choose("Resume Suggestions in Files of the Language python")
    until(window.settings, lambda text: '"python"' not in text)
    window.to("Control+Home", "ArrowDown", "End")

    assert asked == 1
    assert window.suggested_after("Space", "Backspace", "Backspace") == "return a"


def test_the_model_is_switched_from_the_menu(window: Window) -> None:
    """It shows what the host has; the one that is chosen is asked from then on, and named."""
    with FakeHost(Ollama(models=("codellama:7b-code", "codellama:13b-code"))) as ollama:
        ollama.always(Answer((Token("return a + b"), EOT)))
        window.begin(
            f"{HEAD}\n    ",
            {"infill-ls.backend.url": ollama.url, "infill-ls.backend.model": "codellama:7b-code"},
        )

        window.record()
        window.run("infill-ls: Status")
        window.choose("Switch Model")
        window.choose("codellama:13b-code")
        until(window.statuses, lambda seen: seen[-2:] == [STARTING, READY], START_S)
        window.to("Control+Home", "ArrowDown", "End")

        assert window.suggested_after("x", "Backspace") == "return a + b"
        assert ollama.asked[-1].request.json["model"] == "codellama:13b-code"
        until_equal(window.status, f"{READY}, with codellama:13b-code")


def test_a_model_can_be_named_where_the_host_names_none(window: Window, host: FakeHost) -> None:
    """The setting says so then; for nothing, it is taken away."""
    window.record()
    window.run("infill-ls: Switch Model")
    box = window.page.locator(".quick-input-box input")
    box.fill("codellama/CodeLlama-13b-hf")
    window.press("Enter")
    until(window.settings, lambda text: '"infill-ls.backend.model": "codellama/Code' in text)
    until(window.statuses, lambda seen: seen[-2:] == [STARTING, READY], START_S)

    window.run("infill-ls: Switch Model")
    expect(box).to_have_value("codellama/CodeLlama-13b-hf")
    box.fill("")
    window.press("Enter")

    until(window.settings, lambda text: "infill-ls.backend.model" not in text)


def test_the_doctor_is_shown(window: Window, host: FakeHost) -> None:
    """What the server's doctor says of these settings is in an editor."""
    host.always(Answer((Token("a + b"), EOT)))

    window.run("infill-ls: Run the Doctor")

    until(window.lines, lambda lines: host.url in "".join(lines))
    window.run("View: Close Editor")


def test_a_restart_is_a_new_server(window: Window, code_server: CodeServer) -> None:
    """Restarting ends the former process and begins another."""
    former = code_server.language_servers()

    window.run("infill-ls: Restart the Server")
    now = until(code_server.language_servers, lambda now: now and now.isdisjoint(former))
    window.wait_until_ready()

    assert len(former) == len(now) == 1


def test_the_server_ends_with_the_window(
    open_window: OpenWindow, code_server: CodeServer, host: FakeHost, file: Path
) -> None:
    """Closing leaves no process behind, which might hold a model."""
    before = len(code_server.language_servers())
    window = open_window(file, served_by(host))
    window.wait_until_ready()
    until(code_server.language_servers, lambda now: len(now) == before + 1)

    window.close()

    until(code_server.language_servers, lambda now: len(now) == before, START_S)
