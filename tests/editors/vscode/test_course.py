"""VS Code on the course of all editors."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import expect

from editors import course
from editors.vscode.conftest import served_by, written
from editors.vscode.window import Window
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost


class Driven:
    """A VS Code with the code in its editor, and later the chat in its side bar."""

    def __init__(self, window: Window) -> None:
        self.window = window

    def type(self, text: str) -> None:
        self.window.type(text)

    def ghost(self) -> str:
        return self.window.ghost()

    def accept(self) -> None:
        self.window.press("Tab")

    def code(self) -> str:
        return "\n".join(self.window.lines())

    def ask(self, question: str) -> None:
        self.window.run("infill-ls: Ask About the Selection")
        expect(self.window.chat().get_by_role("button", name="Stop")).to_be_hidden()
        box = self.window.chat().get_by_role("textbox", name="Question")
        box.fill(question)
        box.press("Enter")

    def chat(self) -> str:
        return self.window.chat().locator("body").inner_text()

    def stop(self) -> None:
        self.window.chat().get_by_role("textbox", name="Question").press("Escape")

    def leave_chat(self) -> None:
        self.window.to("Control+Home", "ArrowDown", "End")

    def status(self) -> str:
        return self.window.status()


def test_the_course(window: Window, tmp_path: Path) -> None:
    """From the first key to a host that is well again, and no log holds an error but the host's."""
    log = tmp_path / "server.log"
    real = Path(sys.executable).parent / "infill-ls"
    # Code-server writes no file of what the server says; here it says it to one.
    program = written(tmp_path / "infill-ls", f"#!/bin/sh\nexec '{real}' \"$@\" 2>>'{log}'\n")
    program.chmod(0o755)
    with FakeHost(Tgi(model=course.MODEL)) as host:
        window.begin(course.CODE, {**served_by(host), "infill-ls.path": str(program)})
        window.errors.clear()

        course.run(Driven(window), host)

        # What is broken on purpose is told: to the user once, and to the log whenever it is.
        told = f"{host.url} failed (out of memory): see the host's own log"
        assert window.our_errors() == [f"infill-ls: {told}"]
        said = log.read_text(encoding="utf-8").splitlines()
        assert said
        assert [line for line in said if not line.endswith(f"no completion: {told}")] == []
