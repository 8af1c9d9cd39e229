"""Emacs on the course of all editors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from editors import course
from editors.emacs.terminal import Emacs, backend_at, quoted, written
from editors.neovim import until
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost

_WARNINGS = """
(if (get-buffer "*Warnings*") (with-current-buffer "*Warnings*" (buffer-string)) "")
"""
_OURS = re.compile("infill-ls|eglot|jsonrpc|error|wrong|void|invalid", re.IGNORECASE)
"""Lines of Emacs that are about us, or about an error of anybody."""
_EXPECTED = re.compile(
    r"^\[eglot\] (Waiting in background for|Connected!) "
    r"|^\[jsonrpc\] D\[[\d:.]+\] Running language server: infill-ls$"
    r"|\bhttp://127\.0\.0\.1:\d+ failed \(out of memory\): see the host's own log"
)
"""What they may say of us: that there is a server, and why the course's host gave no completion."""
_TALK = re.compile(r"^\[jsonrpc\] e(?!.*(\"error\"|/logMessage|/showMessage))")
"""What Emacs and the server say to each other, unless it is an error or for the user."""


def complaints(emacs: Emacs) -> list[str]:
    """Return what stands in any log of Emacs that should not be there.

    All that the server prints counts, and all that it answers with an error.
    """
    told = [*emacs.messages(), *str(emacs.lisp(_WARNINGS)).splitlines()]
    logged = [line for line in emacs.log().splitlines() if line and not _TALK.search(line)]
    return [line for line in filter(_OURS.search, told) if not _EXPECTED.search(line)] + [
        line for line in logged if not _EXPECTED.search(line)
    ]


class Driven:
    """An Emacs with the code in a buffer, and later a chat in another one."""

    def __init__(self, emacs: Emacs, file: Path) -> None:
        self.emacs = emacs
        self.buffer = quoted(file.name)
        self.leave_chat()

    def type(self, text: str) -> None:
        self.emacs.type(text)

    def ghost(self) -> str:
        return self.emacs.ghost()

    def accept(self) -> None:
        self.emacs.press("Tab")

    def code(self) -> str:
        return self.emacs.text()

    def ask(self, question: str) -> None:
        until(
            lambda: self.emacs.lisp("(bound-and-true-p infill-ls-chat--asked)"),
            lambda asked: asked is None,
        )
        self.emacs.lisp(f"(infill-ls-chat {quoted(question)})")

    def chat(self) -> str:
        return self.emacs.text()

    def stop(self) -> None:
        self.emacs.press("k")

    def leave_chat(self) -> None:
        self.emacs.lisp(f"(progn (pop-to-buffer {self.buffer}) (goto-char (point-min)))")
        self.emacs.lisp("(progn (end-of-line 2) t)")

    def status(self) -> str:
        message = (
            f"(with-current-buffer {self.buffer} (infill-ls-status-message infill-ls--server))"
        )
        return str(self.emacs.lisp(f'(or {message} "")'))


def test_the_course(start_emacs: Callable[[], Emacs], tmp_path: Path) -> None:
    """From the first key to a host that is well again, as in the other editors."""
    with FakeHost(Tgi(model=course.MODEL)) as host:
        emacs = start_emacs()
        emacs.set_up(backend_at(host.url))
        file = written(tmp_path / "work" / "add.py", course.CODE)
        emacs.edit(file)

        course.run(Driven(emacs, file), host)
        capabilities = "(eglot--capabilities infill-ls--server)"
        with_code = f"(with-current-buffer {quoted(file.name)} {capabilities})"
        assert emacs.lisp(f"(plist-get {with_code} :positionEncoding)") == "utf-32"
        assert complaints(emacs) == []


@pytest.mark.parametrize(
    "trouble",
    [
        '(message "infill-ls: it does not work")',
        '(display-warning \'infill-ls "it does not work")',
        """(jsonrpc-async-request infill-ls--server :workspace/executeCommand
                                '(:command "infill-ls.nothing" :arguments []))""",
        """(jsonrpc-notify infill-ls--server :textDocument/didChange
                         '(:textDocument (:uri "file:///none.py" :version 1)
                           :contentChanges [(:text "")]))""",
    ],
    ids=["a message", "a warning", "an error that is answered", "an error that is printed"],
)
def test_what_goes_wrong_is_found(emacs: Emacs, file: Path, trouble: str) -> None:
    """Else a course that ends without any complaint would say nothing."""
    emacs.edit(file)
    assert complaints(emacs) == []

    emacs.lisp(trouble)

    until(lambda: complaints(emacs), bool)
