"""Ghost text where there is no file: in the cells of a notebook, and in what is untitled."""

from __future__ import annotations

import json
from pathlib import Path

from editors.neovim import until, until_equal
from editors.vscode.conftest import OpenWindow, served_by, written
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
    window.press("Control+p")
    window.type(file.name)
    window.choose(file.name)

    window.page.locator(".cell .monaco-editor .view-line").last.click()
    window.press("End")
    window.type(" ")
    until_equal(window.ghost, "gross(100)")
    window.press("Tab")

    until(window.lines, lambda lines: "total = gross(100)" in lines)
    prompt = host.asked[-1].request.json["inputs"]
    assert "return price * 1.19\n\ntotal =" in prompt


def test_what_is_untitled_is_completed(open_window: OpenWindow, host: FakeHost, file: Path) -> None:
    """A document that was never saved has ghost text like any other."""
    host.always(Answer((Token("b"), EOT)))
    window = open_window(file, served_by(host))
    window.wait_until_ready()

    window.run("Create: New File...")
    window.choose("Text File")
    assert window.suggested_after("a") == "b"
    window.press("Tab")

    until(window.lines, lambda lines: lines[0].strip("a") == "b")
