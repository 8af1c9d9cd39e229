"""Code actions, chosen from the light bulb as users choose them, applied, and undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import expect

from editors.neovim import until, until_equal
from editors.vscode.conftest import OpenWindow, served_by, written
from editors.vscode.window import START_S, Window
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS, Answer

CODE = ["def add(a, b):", "    return a + b", ""]
DOCSTRING = '    """Return the sum of both."""'
DOCUMENTED = f"```python\n{CODE[0]}\n{DOCSTRING}\n    return a - b\n```\n"


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that talks, and that has nothing more to say than is scripted."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        host.always(Answer((EOS,)))
        yield host


@pytest.fixture
def text() -> str:
    """A function."""
    return "\n".join(CODE)


@pytest.fixture
def settings() -> Mapping[str, object]:
    """No suggestions, of which one would take the answer."""
    return {"infill-ls.completion.enabled": False}


def test_a_docstring_is_shown_before_it_is_written(window: Window, host: FakeHost) -> None:
    """The preview holds the change alone, to be ticked; once applied, it is one step to undo."""
    host.answers(DOCUMENTED, EOS)

    window.act("Write a docstring")
    preview = window.page.get_by_role("tree", name="Bulk Edit")
    change = preview.locator(".monaco-list-row").filter(has_text="Return the sum of both.")
    expect(change).not_to_contain_text("a - b")
    assert window.lines() == CODE
    expect(change.get_by_role("checkbox")).not_to_be_checked()
    change.get_by_role("checkbox").check()
    window.page.get_by_role("button", name="Apply").click()

    until_equal(window.lines, [CODE[0], DOCSTRING, *CODE[1:]])
    window.to("Control+z")
    until_equal(window.lines, CODE)


def test_code_is_explained_in_the_chat(window: Window, host: FakeHost) -> None:
    """Explain opens the chat, says which code it is about, and the answer is drawn as it grows."""
    gate = host.gate()
    host.answers("It adds", " two numbers.", EOS, gate=gate)

    window.act("Explain")
    gate.open()
    answer = window.chat().locator(".answer").last
    # The first time that the chat is opened takes longer.
    expect(answer).to_have_text("It adds", timeout=START_S * 1000)
    expect(window.chat().get_by_role("button", name="Stop")).to_be_visible()
    gate.stand_open()

    expect(answer).to_have_text("It adds two numbers.")
    expect(window.chat().locator(".context").last).to_have_text("a.py:1-2")
    assert "\n".join(CODE[:2]) in str(host.asked[-1].request.json["inputs"])


def test_a_problem_is_fixed_at_once(
    open_window: OpenWindow, folder: Path, host: FakeHost, settings: Mapping[str, object]
) -> None:
    """The model is told what another extension says of the line; the fix is one step to undo.

    It is the last one here: a window that another one was in front of draws no page of the chat.
    """
    host.answers('```json\n{"numbers": [1, 2]}\n```\n', EOS)
    before = '{"numbers": [1, 2,]}'
    file = written(folder / "a.json", f"{before}\n")
    window = open_window(file, {**served_by(host), **settings})
    window.wait_until_ready()
    expect(window.page.locator(".squiggly-error")).to_be_visible(timeout=START_S * 1000)
    window.to("Control+Home", *["ArrowRight"] * before.index(",]"))

    window.act("Fix: Trailing comma")

    until(window.lines, lambda lines: lines[0] == '{"numbers": [1, 2]}')
    assert "Trailing comma" in str(host.asked[-1].request.json)
    window.to("Control+z")
    until(window.lines, lambda lines: lines[0] == before)
