"""Buffers of every kind in real Emacs: without a file, narrowed, cloned, renamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from editors.emacs.conftest import Start
from editors.emacs.terminal import Emacs, backend_at, body, quoted, until_prompted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.script import EOS, EOT, Answer, Token

HEAD = "def add(a, b):\n    return a + b\n\n\n"
ORG = "#+title: Sums\n\n#+begin_src python\n"
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


def test_a_source_block_of_org_is_edited_with_suggestions(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """It is a buffer in the language of the block; what was accepted goes back into the file."""
    host.always(Answer((Token("urn a + b"),)))
    block = f"{body('ret')}#+end_src\n"
    emacs.edit(written(tmp_path / "work" / "a.py", ""))
    emacs.lisp(f'(find-file "{written(tmp_path / "work" / "notes.org", ORG + block)}")')
    emacs.lisp('(progn (search-forward "ret") (org-edit-special) t)')
    assert emacs.text() == body("ret")

    emacs.lisp("(progn (goto-char (point-max)) (backward-char) t)")
    emacs.complete()
    until_equal(emacs.ghost, "urn a + b")
    emacs.press("Tab", "C-c", "'")

    until(emacs.text, lambda text: text.startswith("#+title"))
    assert "    return a + b\n#+end_src" in emacs.text()
    assert ORG not in host.asked[-1].request.json["inputs"]


def test_a_source_block_is_kept_back_with_its_file(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """What is ignored is not shown to a model by the buffer of a block either."""
    notes = written(tmp_path / "work" / "notes.org", f"{ORG}{body('ret')}#+end_src\n")
    written(notes.with_name(".gitignore"), "*.org\n")
    emacs.lisp(f'(find-file "{notes}")')
    emacs.lisp('(progn (search-forward "ret") (org-edit-special) (insert "u") t)')
    until(emacs.is_served, bool)

    emacs.complete()
    until_equal(emacs.is_answered, True)

    assert host.asked == ()
    assert emacs.ghost() == ""


def test_a_cell_of_a_script_follows_the_cells_before_it(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """`# %%` begins a cell; the host is sent all of the file, before and after point."""
    host.answers("mean()", EOT)
    before = "# %%\nimport pandas as pd\n\n# %% [markdown]\n# Prices\n\n# %%\nprices.\n"
    after = "\n# %%\nprint(average)\n"
    emacs.edit(written(tmp_path / "work" / "prices.py", f"{before}{after}"))
    emacs.lisp('(progn (search-forward "prices.") t)')

    emacs.complete()
    until_equal(emacs.ghost, "mean()")

    asked = host.asked[-1].request.json["inputs"]
    assert before.removesuffix("\n") in asked
    assert after in asked


def test_chat_is_about_the_region_of_a_buffer_without_a_file(
    talking: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """The conversation goes on once the buffer is saved to a file, about the text as it is then."""
    host.answers(" It adds.", EOS)
    host.answers(" It adds more.", EOS)
    talking.edit(written(tmp_path / "work" / "a.py", ""))
    talking.lisp('(progn (switch-to-buffer "sketch") (python-mode) t)')
    talking.lisp(f"(progn (insert {quoted(HEAD + SMILING)}) t)")
    until(talking.is_served, bool)
    talking.lisp("(progn (goto-char 1) (transient-mark-mode) (set-mark 1) t)")
    talking.press("Down", "Down", "M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about lines 1-2 of sketch:")
    talking.type("What is it?\r")
    until(talking.text, lambda text: text.endswith("It adds.\n\n"))
    first = host.asked[-1].request.json["inputs"]

    talking.lisp('(switch-to-buffer "sketch")')
    talking.lisp(f'(write-file "{tmp_path / "work" / "b.py"}")')
    talking.lisp('(progn (goto-char 1) (insert "# more\n") (set-mark 1) t)')
    talking.lisp('(progn (search-forward "a + b") t)')
    talking.press("M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about lines 1-3 of b.py:")
    talking.type("And now?\r")
    until(talking.text, lambda text: text.endswith("It adds more.\n\n"))

    second = host.asked[-1].request.json["inputs"]
    assert HEAD.strip() in first
    assert "def smile" not in first
    assert "What is it?" in second
    assert f"# more\n{HEAD}".strip() in second


def test_code_of_a_buffer_that_is_saved_meanwhile_goes_along(
    talking: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """What was attached is known by the name that the buffer has when the question is asked."""
    host.answers(" It adds.", EOS)
    talking.edit(written(tmp_path / "work" / "a.py", ""))
    talking.lisp('(progn (switch-to-buffer "sketch") (python-mode) t)')
    talking.lisp(f"(progn (insert {quoted(HEAD)}) (goto-char 1) t)")
    until(talking.is_served, bool)
    talking.lisp("(infill-ls-chat-attach)")

    talking.lisp(f'(write-file "{tmp_path / "work" / "b.py"}")')
    talking.lisp("(pop-to-buffer (infill-ls-chat--current))")
    talking.press("a")
    until_prompted(talking, "Ask about lines 1-2 of b.py:")
    talking.type("What is it?\r")

    until(talking.text, lambda text: text.endswith("It adds.\n\n"))
    assert HEAD.strip() in host.asked[-1].request.json["inputs"]


def test_chat_is_about_the_region_of_an_indirect_buffer(
    talking: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """It is the file's own text, with what was done to it in the clone."""
    host.answers(" It adds.", EOS)
    talking.edit(written(tmp_path / "work" / "a.py", HEAD + SMILING))
    talking.lisp('(progn (switch-to-buffer (clone-indirect-buffer "clone" nil)) t)')
    talking.lisp('(progn (goto-char 1) (insert "# by the clone\n") (transient-mark-mode) t)')
    talking.lisp('(progn (set-mark 1) (search-forward "a + b") t)')

    talking.press("M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about lines 1-3 of a.py:")
    talking.type("What is it?\r")

    until(talking.text, lambda text: text.endswith("It adds.\n\n"))
    asked = host.asked[-1].request.json["inputs"]
    assert f"# by the clone\n{HEAD}".strip() in asked
    assert "def smile" not in asked


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


def test_a_word_that_an_indirect_buffer_has_replaced_is_known(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """Also by one of the same length, which the size of the text does not tell."""
    host.always(Answer((Token("1"),)))
    emacs.edit(written(tmp_path / "work" / "a.py", HEAD))
    emacs.lisp('(progn (switch-to-buffer (clone-indirect-buffer "clone" nil)) t)')
    emacs.lisp('(progn (search-forward "add") (upcase-word -1) t)')

    emacs.lisp('(switch-to-buffer "a.py")')
    emacs.press("M->")
    emacs.type("c = ")
    emacs.complete()
    until_equal(emacs.ghost, "1")

    assert f"{HEAD.replace('add', 'ADD')}c = " in host.asked[-1].request.json["inputs"]


def test_an_indirect_buffer_says_why_it_has_no_suggestions(emacs: Emacs, file: Path) -> None:
    """One sentence is all that comes of asking for one."""
    emacs.edit(file)
    emacs.lisp('(progn (switch-to-buffer (clone-indirect-buffer "clone" nil)) t)')

    emacs.press("M-x")
    emacs.type("infill-ls-complete\r")

    why = "‘infill-ls-mode’ is off in this buffer"
    until(emacs.messages, lambda told: any(line.endswith(why) for line in told))


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
    emacs.lisp(f'(progn (insert {quoted(SMILE)}) (end-of-line 2) (insert "re") t)')
    emacs.type("t")
    until_equal(emacs.ghost, "urn '😀'")
    emacs.press("Tab")

    until_equal(emacs.text, SMILE + body("return '😀'"))
    emacs.lisp("(eglot-shutdown (eglot-current-server))")
    assert emacs.is_served() is False


def backend(host: FakeHost) -> str:
    return quoted(backend_at(host.url))
