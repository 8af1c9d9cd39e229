"""What the page has its readers put into their init files, as it stands there.

What it has for lsp-mode is in `test_lsp_mode.py`.
"""

from __future__ import annotations

from pathlib import Path

from editors.emacs import page
from editors.emacs.conftest import Start
from editors.emacs.terminal import PACKAGE, Emacs, backend_at, body, quoted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.script import Answer, Token


def into_body(emacs: Emacs) -> None:
    """Begin the function's body, of which one more letter is to be typed."""
    emacs.lisp('(progn (goto-char (point-min)) (end-of-line 2) (insert "re") t)')


def test_the_package_is_set_up(
    start_emacs: Start, host: FakeHost, tmp_path: Path, file: Path
) -> None:
    """From a clone, by `use-package`, with settings in the init file."""
    host.always(Answer((Token("urn a + b"),)))
    emacs = start_emacs()
    init = tmp_path / "home" / "init.el"
    clone = "~/src/infill-ls/editor-configs/emacs"
    package = page.snippet("(use-package infill-ls")
    assert clone in package
    page.load(emacs, init, page.snippet("(setq infill-ls-settings"), host.url)
    written(init, package.replace(clone, str(PACKAGE)))
    emacs.lisp(f'(load "{init}" nil t)')

    emacs.edit(file)
    into_body(emacs)
    emacs.type("t")

    until_equal(emacs.ghost, "urn a + b")
    assert [e.request.json["parameters"]["max_new_tokens"] for e in host.asked] == [64]


def test_eglot_is_its_client(
    start_emacs: Start, host: FakeHost, tmp_path: Path, file: Path
) -> None:
    """Eglot manages the buffer with a server of the package's class."""
    host.always(Answer((Token("urn a + b"),)))
    emacs = start_emacs()
    init = written(tmp_path / "home" / "init.el", page.snippet('(infill-ls-server "infill-ls")'))
    emacs.lisp(f'(load "{init}" nil t)')
    emacs.lisp(f"(progn (setq infill-ls-settings '{quoted(backend_at(host.url))}) t)")
    managed(emacs, file)

    emacs.lisp("(infill-ls-mode)")
    emacs.type("t")

    until_equal(emacs.ghost, "urn a + b")


def test_eglot_alone_has_the_completion_menu(
    start_emacs: Start, host: FakeHost, tmp_path: Path, file: Path
) -> None:
    """Without our package, Emacs's own completion preview shows the suggestion."""
    host.always(Answer((Token("urn a + b"),)))
    emacs = start_emacs()
    block = page.snippet("#'completion-preview-mode")
    page.load(emacs, tmp_path / "home" / "init.el", block, host.url)
    managed(emacs, file)

    emacs.type("t")
    # Eglot gives the buffer a margin.
    until_equal(lambda: emacs.screen()[2].strip(), "return a + b")
    emacs.press("Tab")

    until_equal(emacs.text, body("return a + b"))
    assert emacs.lisp("(featurep 'infill-ls)") is None


def managed(emacs: Emacs, file: Path) -> None:
    """Open a file, have Eglot manage it, and begin its function's body."""
    emacs.lisp(f'(find-file "{file}")')
    emacs.lisp("(call-interactively #'eglot)")
    until(lambda: emacs.lisp("(eglot-managed-p)"), bool)
    into_body(emacs)
