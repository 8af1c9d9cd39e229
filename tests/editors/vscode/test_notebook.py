"""Where there is no file: the cells of a notebook, and what is untitled."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

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
        window = open_window(file, served_by(host))
        window.wait_until_ready()
        window.run("Create: New File...")
        window.choose("Text File")
        if language:
            window.run("Change Language Mode")
            window.type(language)
            window.choose(language)

        completed(window, "a")
        assert "ab" in asked_about_all(window, host, "Untitled-1:1")
        save(window, file.with_name("new.py"))
        completed(window, "c")
        assert "cb" in asked_about_all(window, host, "new.py:1")


def completed(window: Window, key: str) -> None:
    """Type a key at the end of the only line, and accept what is suggested."""
    window.to("Control+End")
    assert window.suggested_after(key) == "b"
    window.press("Tab")
    until(window.lines, lambda lines: lines[0].endswith(f"{key}b"))


def asked_about_all(window: Window, host: FakeHost, name: str) -> str:
    """Ask about all that is in the editor, and return what the model was shown."""
    window.to("Control+a")
    window.run("infill-ls: Ask About the Selection")
    chat = window.chat()
    attached = chat.get_by_label("Code that goes with the question")
    # The first time that the chat is opened takes longer.
    expect(attached).to_contain_text(name, timeout=START_S * 1000)
    asked = chat.locator("article").count()
    ask(chat, "Good?")
    expect(chat.locator("article")).to_have_count(asked + 1)
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
