"""Buffers of every kind in real Emacs: without a file, narrowed, cloned, renamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from editors.emacs.conftest import Start
from editors.emacs.terminal import Emacs, backend_at, body, quoted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.script import Answer, Token

HEAD = "def add(a, b):\n    return a + b\n\n\n"
SMILE = "# 😀 é\n"
SMILING = "def smile(a):\n    😀\n\nb = 1\n"


def test_scratch_has_suggestions_once_something_is_typed(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """No server starts before; then it knows the buffer, and what Emacs has put there."""
    host.always(Answer((Token("c)"),)))
    servers = "(length (seq-filter #'jsonrpc-running-p infill-ls--servers))"
    emacs.lisp(f'(progn (switch-to-buffer "*scratch*") (cd "{tmp_path}") t)')
    assert emacs.lisp("(and infill-ls-mode t)") is True
    assert emacs.lisp(servers) == 0

    emacs.type(";; 😀\r(setq b (ab")
    until(emacs.is_served, bool)
    emacs.complete()
    until_equal(emacs.ghost, "c)")
    emacs.press("Tab")

    until(emacs.text, lambda text: text.endswith(";; 😀\n(setq b (abc)"))
    assert "This buffer is for text that is not saved" in host.asked[-1].request.json["inputs"]
    assert emacs.lisp("infill-ls--uri") == "untitled:%2Ascratch%2A"


def test_a_buffer_without_a_file_is_served_and_then_saved(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """It has suggestions in its language; saved, it is served under the file's name."""
    host.always(Answer((Token("urn a + b"),)))
    path = written(tmp_path / "work" / "a.py", "")
    emacs.edit(path)
    emacs.lisp('(progn (switch-to-buffer "sketch") (python-mode) t)')

    emacs.lisp(f"(insert {quoted(body('ret').rstrip())})")
    until(emacs.is_served, bool)
    emacs.complete()
    until_equal(emacs.ghost, "urn a + b")
    emacs.press("Tab")
    emacs.lisp(f'(write-file "{path.with_name("b.py")}")')
    until(lambda: str(emacs.lisp("infill-ls--uri")), lambda uri: uri.endswith("/b.py"))

    assert path.with_name("b.py").read_text() == body("return a + b")


def test_buffers_that_emacs_uses_by_itself_are_left_alone(emacs: Emacs, file: Path) -> None:
    """Those whose names begin with a blank are for no user."""
    emacs.edit(file)

    emacs.lisp('(switch-to-buffer (get-buffer-create " *inner*"))')
    emacs.lisp('(progn (python-mode) (insert "a = 1") t)')

    assert emacs.lisp("infill-ls-mode") is None
    assert emacs.is_served() is False


def test_a_narrowed_buffer_is_known_as_a_whole(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """The host is sent what is not to be seen, too; the suggestion stands where point is."""
    host.answers("urn '😀'", " + a")
    emacs.edit(
        written(tmp_path / "work" / "a.py", f"{SMILE}{HEAD}def smile(a):\n    😀\n\nb = 1\n")
    )
    emacs.lisp('(progn (search-forward "def smile") (narrow-to-defun) t)')
    emacs.lisp('(progn (search-forward "😀") (insert " ret") t)')

    emacs.complete()
    until_equal(emacs.ghost, "urn '😀' + a")
    until(emacs.screen, lambda rows: "    😀 return '😀' + a" in rows)
    emacs.press("Tab")

    until_equal(emacs.text, "def smile(a):\n    😀 return '😀' + a\n")
    asked = host.asked[-1].request.json["inputs"]
    assert f"{SMILE}{HEAD}def smile(a):\n    😀 ret" in asked
    assert "b = 1" in asked
    emacs.lisp("(widen)")
    assert emacs.text().startswith(f"{SMILE}{HEAD}def smile")


def test_what_is_done_in_an_indirect_buffer_is_known(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """The clone has no suggestions of its own, and the text is known by the file's buffer."""
    host.always(Answer((Token("1"),)))
    emacs.edit(written(tmp_path / "work" / "a.py", HEAD))
    emacs.lisp('(progn (switch-to-buffer (clone-indirect-buffer "clone" nil)) t)')
    assert emacs.lisp("infill-ls-mode") is None
    emacs.lisp('(progn (goto-char (point-min)) (insert "# by the clone\n") t)')

    emacs.lisp('(switch-to-buffer "a.py")')
    emacs.press("M->")
    emacs.type("c = ")
    emacs.complete()
    until_equal(emacs.ghost, "1")

    assert f"# by the clone\n{HEAD}c = " in host.asked[-1].request.json["inputs"]


def test_a_clone_of_a_buffer_without_a_file_is_another_document(
    emacs: Emacs, host: FakeHost, file: Path
) -> None:
    """Each has its own text."""
    host.always(Answer((Token("1"),)))
    emacs.edit(file)
    emacs.lisp('(progn (switch-to-buffer "sketch") (python-mode) (insert "a = ") t)')
    until(emacs.is_served, bool)

    emacs.lisp('(progn (switch-to-buffer (clone-buffer "other")) (insert "b + ") t)')
    until(emacs.is_served, bool)
    emacs.complete()
    until_equal(emacs.ghost, "1")
    emacs.lisp('(switch-to-buffer "sketch")')
    emacs.complete()
    until_equal(emacs.ghost, "1")

    asked = [exchange.request.json["inputs"] for exchange in host.asked]
    assert "a = b + " in asked[0]
    assert (
        emacs.lisp("""(buffer-local-value 'infill-ls--uri (get-buffer "other"))""")
        == "untitled:other"
    )


@pytest.mark.parametrize(
    "order", [("eglot", "infill-ls-mode"), ("infill-ls-mode", "eglot")], ids=" then ".join
)
def test_one_server_does_where_eglot_manages_a_buffer_with_it(
    start_emacs: Start, host: FakeHost, file: Path, order: tuple[str, ...]
) -> None:
    """It suggests, for the text as Eglot tells it, and is the only one that runs."""
    host.always(Answer((Token("urn '😀'"),)))
    emacs = start_emacs()
    emacs.lisp(f"(progn (require 'infill-ls) (setq infill-ls-settings '{backend(host)}) t)")
    emacs.lisp("""(setq eglot-server-programs '((python-mode . (infill-ls-server "infill-ls"))))""")
    emacs.lisp(f'(find-file "{file}")')

    for command in order:
        emacs.lisp(f"(call-interactively #'{command})")
    is_shared = "(and (eglot-managed-p) (eq infill-ls--server (eglot-current-server)))"
    until_equal(lambda: emacs.lisp(is_shared), True)
    until_equal(lambda: emacs.lisp("(seq-some #'jsonrpc-running-p infill-ls--servers)"), None)
    emacs.lisp(f"(progn (insert {quoted(SMILE)}) (end-of-line 2) t)")
    emacs.type("ret")
    until_equal(emacs.ghost, "urn '😀'")
    emacs.press("Tab")

    until_equal(emacs.text, SMILE + body("return '😀'"))
    emacs.lisp("(eglot-shutdown (eglot-current-server))")
    assert emacs.is_served() is False


def backend(host: FakeHost) -> str:
    return quoted(backend_at(host.url))
