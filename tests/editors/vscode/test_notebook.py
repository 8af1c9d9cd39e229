"""Where there is no file: the cells of a notebook, and what is untitled."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, expect

from editors import course
from editors.neovim import until, until_equal
from editors.vscode.conftest import OpenWindow, served_by, written
from editors.vscode.test_chat import ask, inputs
from editors.vscode.window import START_S, Window
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOT, Answer, Token


def notebook(*cells: str) -> str:
    """Return one with cells of Python, as Jupyter keeps it."""
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": cell,
                }
                for cell in cells
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def test_a_cell_is_completed_with_the_cells_before_it(
    open_window: OpenWindow, host: FakeHost, folder: Path
) -> None:
    """What an earlier cell defines is in the prefix, and Tab takes the suggestion."""
    host.always(Answer((Token("gross(100)"), EOT)))
    file = written(
        folder / "a.ipynb", notebook("def gross(price):\n    return price * 1.19", "total =")
    )
    window = open_window(written(folder / "b.py", ""), served_by(host))
    window.wait_until_ready()
    window.open(file.name)

    window.page.locator(".cell .monaco-editor .view-line").last.click()
    window.press("End")
    window.type(" ")
    until_equal(window.ghost, "gross(100)")
    window.press("Tab")

    until(window.lines, lambda lines: "total = gross(100)" in lines)
    prompt = host.asked[-1].request.json["inputs"]
    assert "return price * 1.19\n\ntotal =" in prompt


@pytest.mark.parametrize("language", [None, "Python"])
def test_what_is_untitled_is_served_and_stays_so(
    open_window: OpenWindow, file: Path, language: str | None
) -> None:
    """It has ghost text and goes along with a question, before it is saved and afterwards."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        host.always(Answer((Token("b"), EOT)))
        window = untitled(open_window, file, host, language)

        completed(window, "a")
        assert "ab" in asked(with_all(window, "Untitled-1:1"), host)
        save(window, file.with_name("new.py"))
        completed(window, "c")
        assert "cb" in asked(with_all(window, "new.py:1"), host)


def test_untitled_code_beside_a_question_is_followed_into_its_file(
    open_window: OpenWindow, file: Path
) -> None:
    """Saved before the question is asked, it goes along as it is then."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        host.always(Answer((Token("b"), EOT)))
        window = untitled(open_window, file, host, "Python")
        completed(window, "a")
        chat = with_all(window, "Untitled-1:1")

        window.to("Control+End")
        save(window, file.with_name("new.py"))

        expect(chat.get_by_label("Code that goes with the question")).to_contain_text("new.py:1")
        assert "ab" in asked(chat, host)


def test_code_beside_a_question_that_is_gone_is_told(open_window: OpenWindow, file: Path) -> None:
    """The question is not asked without it, as if it had gone along."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        window = open_window(file, served_by(host))
        window.wait_until_ready()
        chat = with_all(window, f"{file.name}:")

        window.run("View: Close All Editors")
        file.unlink()
        ask(chat, "Good?")

        expect(chat.get_by_role("alert")).to_contain_text("is not open in the editor")
        assert host.asked == ()


def untitled(open_window: OpenWindow, file: Path, host: FakeHost, language: str | None) -> Window:
    """Return a window with a document that has no file, in a language or none."""
    window = open_window(file, served_by(host))
    window.wait_until_ready()
    window.run("Create: New File...")
    window.choose("Text File")
    if language:
        window.run("Change Language Mode")
        window.type(language)
        window.choose(language)
    return window


def completed(window: Window, key: str) -> None:
    """Type a key at the end of the only line, and accept what is suggested."""
    window.to("Control+End")
    assert window.suggested_after(key) == "b"
    window.press("Tab")
    until(window.lines, lambda lines: lines[0].endswith(f"{key}b"))


def with_all(window: Window, name: str) -> FrameLocator:
    """Return the chat, with all that is in the editor beside the question."""
    window.to("Control+a")
    window.run("infill-ls: Ask About the Selection")
    chat = window.chat()
    attached = chat.get_by_label("Code that goes with the question")
    # The first time that the chat is opened takes longer.
    expect(attached).to_contain_text(name, timeout=START_S * 1000)
    return chat


def asked(chat: FrameLocator, host: FakeHost) -> str:
    """Ask, and return what the model was shown."""
    before = chat.locator("article").count()
    ask(chat, "Good?")
    expect(chat.locator("article")).to_have_count(before + 1)
    expect(chat.get_by_role("button", name="Stop")).to_be_hidden()
    return inputs(host)


def save(window: Window, file: Path) -> None:
    """Save what is untitled as a file."""
    window.run("File: Save As...")
    path = window.page.locator(".quick-input-box input")
    # What is filled in before the dialog proposes a name would give way to that.
    expect(path).to_have_value(re.compile(rf"^{re.escape(str(file.parent))}/."))

    def is_saved() -> bool:
        """Answer the dialog, which takes no notice while it still reads a folder."""
        if path.is_visible():
            path.fill(str(file))
            path.press("Enter")
        with suppress(AssertionError):
            return until(file.exists, bool, 3)
        return False

    until(is_saved, bool, START_S)
    window.page.get_by_role("tab", name=file.name, selected=True).wait_for()
