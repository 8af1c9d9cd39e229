"""A workspace of several folders: one server knows them all, and the rules of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

from editors import course
from editors.neovim import until, until_equal
from editors.vscode.conftest import OpenWindow, served_by, written
from editors.vscode.test_chat import ask, inputs
from editors.vscode.window import START_S, CodeServer, Window
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.script import EOS, Answer, Token

_READ_MS = 10_000.0


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host of a model that says one word, whatever it is asked."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        host.always(Answer((Token("word"), EOS)))
        yield host


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two folders, each of which ignores something else, and a third that is none of them yet."""
    for name, ignored in (("one", "*.cfg"), ("two", "*.ini"), ("three", "")):
        written(tmp_path / name / ".gitignore", f"{ignored}\n")
        for suffix in ("py", "cfg", "ini"):
            written(tmp_path / name / f"{name}.{suffix}", f"{name}_{suffix} = 1\n")
    written(tmp_path / "two" / ".env", "two_env = 1\n")
    return holds(tmp_path / "all.code-workspace", "one", "two")


def holds(workspace: Path, *folders: str) -> Path:
    """Have a workspace hold these folders."""
    return written(workspace, json.dumps({"folders": [{"path": each} for each in folders]}))


def opened(open_window: OpenWindow, workspace: Path, host: FakeHost) -> Window:
    """Return a window on a file of the first folder, once VS Code has both."""
    file = workspace.parent / "one" / "one.py"
    window = open_window(file, served_by(host), workspace=workspace)
    folder = window.page.get_by_role("treeitem", name="two", exact=True)

    def is_there() -> bool:
        """Tell whether VS Code has read the workspace; in a browser it sometimes does not."""
        with suppress(AssertionError):
            expect(folder).to_be_visible(timeout=_READ_MS)
            return True
        window.page.reload()
        return False

    until(is_there, bool, START_S)
    window.wait_until_ready()
    return window


def test_files_of_all_folders_are_completed_by_one_server(
    open_window: OpenWindow, host: FakeHost, workspace: Path, code_server: CodeServer
) -> None:
    """There is a suggestion in a file of each folder, and one process more than before."""
    before = len(code_server.language_servers())
    window = opened(open_window, workspace, host)

    assert window.suggested_after("End", "x", "Backspace") == "word"
    window.open("two.py")
    assert window.suggested_after("End", "x", "Backspace") == "word"

    until_equal(lambda: len(code_server.language_servers()), before + 1)


def test_the_chat_takes_files_of_all_folders(
    open_window: OpenWindow, host: FakeHost, workspace: Path
) -> None:
    """`@path` finds them in each, what each ignores stays back, and one that is added is known."""
    window = opened(open_window, workspace, host)
    window.run("infill-ls: Ask About the Selection")
    chat = window.chat()
    # The first time that the chat is opened takes longer.
    expect(chat.get_by_role("button", name="New")).to_be_visible(timeout=START_S * 1000)

    def asked(question: str) -> str:
        """Return what is seen of the answer, in a chat that is about nothing else."""
        chat.get_by_role("button", name="New").click()
        expect(chat.locator("article")).to_have_count(0)
        ask(chat, question)
        expect(chat.locator("article")).to_have_count(1)
        expect(chat.get_by_role("button", name="Stop")).to_be_hidden()
        return chat.locator("article").inner_text()

    assert "word" in asked("@one.py @two.py @one.ini @two.cfg?")
    for shown in ("one_py", "two_py", "one_ini", "two_cfg"):
        assert f"{shown} = 1" in inputs(host)
    for kept in ("one.cfg", "two.ini", ".env"):
        assert "is not shown to a model" in asked(f"@{kept}?")

    assert "word" in asked("@three.py?")
    assert "three_py" not in inputs(host)
    holds(workspace, "one", "two", "three")
    until(lambda: asked("@three.py?") and inputs(host), lambda text: "three_py = 1" in text)
    window.open("three.py")
    assert window.suggested_after("End", "x", "Backspace") == "word"
