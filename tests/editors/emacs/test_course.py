"""Emacs on the course of all editors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from editors import course
from editors.emacs.terminal import Emacs, backend_at, quoted, written
from editors.neovim import until
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost


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
