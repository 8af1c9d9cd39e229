"""`@infill` in the chat that is VS Code's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from editors.neovim import until
from editors.vscode.conftest import HEAD, OpenWindow, served_by
from editors.vscode.window import EXTENSION, READY, START_S, STARTING, Tools, Window
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.response import json_response
from fakes.script import EOS, Fail

MODEL = Path(__file__).parent / "model"
"""An extension with a model: without one, VS Code asks no participant, whoever that is."""


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that talks."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        yield host


@pytest.fixture(scope="session")
def with_model(tools: Tools, extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Has the model installed beside our extension."""
    home = tmp_path_factory.mktemp("model")
    env = tools.environment({"PATH": "/usr/bin:/bin", "HOME": str(home)})
    vsce = EXTENSION / "node_modules" / "@vscode" / "vsce" / "vsce"
    package = home / "model.vsix"
    pack = ["node", vsce, "package", "--allow-missing-repository", "--skip-license"]
    pack += ["--out", package]
    for command in (pack, [*tools.command(home, extensions), "--install-extension", package]):
        subprocess.run(command, cwd=MODEL, env=env, check=True, capture_output=True)


@pytest.fixture
def chat(open_window: OpenWindow, with_model: None, file: Path, host: FakeHost) -> Window:
    """A window with the chat open, in which one may type."""
    users = {"chat.disableAIFeatures": False}
    window = open_window(file, {**served_by(host), "infill-ls.completion.enabled": False}, **users)
    window.wait_until_ready()
    window.run("Chat: Open Chat (Ask)")
    model = window.page.get_by_role("button", name="Silent Model")
    expect(model).to_be_visible(timeout=START_S * 1000)
    # VS Code takes a moment to see which file is in front.
    expect(attached(window)).to_contain_text(file.name)
    return window


def ask(chat: Window, question: str) -> None:
    """Ask, once the answer before has ended: its last word is drawn before that."""
    expect(chat.page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    # At one go: what is offered while one types would take Enter.
    chat.page.keyboard.insert_text(question)
    chat.press("Enter")


def attached(chat: Window) -> Locator:
    """Return what goes along with the next question."""
    return chat.page.locator(".chat-attached-context")


def answer(chat: Window) -> Locator:
    return chat.page.locator(".interactive-response").last


def inputs(host: FakeHost) -> str:
    """Return the prompt of the newest answer."""
    return str(host.asked[-1].request.json["inputs"])


def test_a_chat_is_a_conversation(chat: Window, host: FakeHost) -> None:
    """An answer is drawn as it grows, with VS Code's file, and the next question goes with it."""
    gate = host.gate()
    host.answers("It adds", " two **numbers**.", EOS, gate=gate)
    host.answers("Yes.", EOS)

    ask(chat, "@infill What is it?")
    gate.open()
    expect(answer(chat)).to_contain_text("It adds")
    gate.stand_open()
    expect(answer(chat).locator("strong")).to_have_text("numbers")
    first = inputs(host)
    ask(chat, "Sure?")
    expect(answer(chat)).to_contain_text("Yes.")

    assert HEAD in first
    assert "What is it?" in inputs(host)
    assert "It adds two **numbers**." in inputs(host)
    assert inputs(host).index("It adds two") < inputs(host).index("Sure?")


def test_an_answer_is_stopped_at_the_host(chat: Window, host: FakeHost) -> None:
    """Who cancels it ends the host's work, and the conversation goes on."""
    gate = host.gate()
    host.answers("Half", " an answer", EOS, gate=gate)
    host.answers("Whole.", EOS)
    ask(chat, "@infill 1?")
    gate.open()
    expect(answer(chat)).to_contain_text("Half")

    chat.page.get_by_role("button", name="Cancel").click()

    host.wait(lambda host: host.asked[0].ending == "client left")
    ask(chat, "2?")
    expect(answer(chat)).to_contain_text("Whole.")
    assert "Half" in inputs(host)


def test_a_failure_is_told_and_the_question_is_kept(chat: Window, host: FakeHost) -> None:
    """One sentence says what is wrong, and the next question comes after the one that failed."""
    host.then(Fail(json_response({"error": "too many", "error_type": "overloaded"}, 429)))
    host.answers("Two.", EOS)
    ask(chat, "@infill 1?")
    expect(answer(chat)).to_contain_text(host.url)

    ask(chat, "2?")

    expect(answer(chat)).to_contain_text("Two.")
    assert "1?" in inputs(host)


def test_a_chat_goes_on_with_a_server_that_was_started_anew(chat: Window, host: FakeHost) -> None:
    """It is told what stands above; a question asked anew takes back what came after, as ever."""
    for said in ("One.", "Two.", "Second."):
        host.answers(said, EOS)
    ask(chat, "@infill 1?")
    expect(answer(chat)).to_contain_text("One.")
    chat.record()
    chat.run("infill-ls: Restart the Server")
    until(chat.statuses, lambda seen: seen[-2:] == [STARTING, READY], START_S)
    chat.run("Chat: Open Chat (Ask)")

    ask(chat, "2?")
    expect(answer(chat)).to_contain_text("Two.")
    first = inputs(host)
    answer(chat).hover()
    answer(chat).get_by_role("button", name="Retry").click()
    expect(answer(chat)).to_contain_text("Second.")

    assert first.index("1? [/INST] One.") < first.index("2?")
    assert "1? [/INST] One." in inputs(host)
    assert "Two." not in inputs(host)


def test_what_is_asked_anew_takes_back_what_came_after(chat: Window, host: FakeHost) -> None:
    """Retry and an edited question are asked as if what they replace had never been."""
    host.answers("One.", EOS)
    host.answers("Two.", EOS)
    host.answers("Second.", EOS)
    host.answers("Three.", EOS)
    ask(chat, "@infill 1?")
    expect(answer(chat)).to_contain_text("One.")
    ask(chat, "2?")
    expect(answer(chat)).to_contain_text("Two.")

    answer(chat).hover()
    answer(chat).get_by_role("button", name="Retry").click()
    expect(answer(chat)).to_contain_text("Second.")
    again = inputs(host)
    chat.page.locator(".interactive-request").get_by_text("2?").last.click()
    expect(chat.page.locator(".interactive-request.editing .focused").first).to_be_visible()
    chat.press("Control+a")
    ask(chat, "@infill 3?")
    expect(answer(chat)).to_contain_text("Three.")

    assert again.count("2?") == 1
    assert "Two." not in again
    assert again.count("One.") == inputs(host).count("One.") == 1
    assert "2?" not in inputs(host)
    assert "Second." not in inputs(host)


def test_a_selection_goes_along_alone(chat: Window, host: FakeHost) -> None:
    """Of the file in front, the model is shown the lines that are selected."""
    host.answers("One.", EOS)
    chat.write("x = 1\ny = 2\nz = 3\n")
    chat.to("Control+Home", "ArrowDown", "Shift+End")
    chat.run("Chat: Open Chat (Ask)")
    # So it does to see what is selected.
    expect(attached(chat)).to_contain_text(":2")

    ask(chat, "@infill What is it?")

    expect(answer(chat)).to_contain_text("One.")
    assert "y = 2" in inputs(host)
    assert "x = 1" not in inputs(host)
