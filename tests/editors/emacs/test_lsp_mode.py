"""lsp-mode as the page says to set it up: its own inline completion, without our package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from editors.emacs import page
from editors.emacs.conftest import Start
from editors.emacs.terminal import HEAD, Emacs, backend_at, find_lsp_mode, quoted, written
from editors.neovim import until, until_equal
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.response import Response
from fakes.script import EOS, EOT, Fail

BEGUN = f'{HEAD}  # 👩‍🚀 😀\n    s = "👩‍🚀 😀"; '
CODE = f"{BEGUN}\n"
UNFINISHED = "b =\n"
DOCUMENTED = f'```python\n{HEAD}\n    """Return the sum of both."""\n    return a - b\n```\n'

LIKE_A_USERS = """
(progn
  (setq package-directory-list '("%s"))
  (package-activate-all)
  (setq lsp-auto-guess-root t
        lsp-client-packages '(%s)
        lsp-completion-provider :none
        lsp-enable-snippet nil)
  (add-hook 'python-mode-hook #'lsp))
"""
"""What a user may have set who has neither company nor yasnippet."""

STARTED = """
(and (bound-and-true-p lsp-inline-completion-mode)
     (seq-every-p (lambda (workspace) (eq 'initialized (lsp--workspace-status workspace)))
                  (lsp-workspaces)))
"""
GHOST = """
(let ((overlay lsp-inline-completion--overlay))
  (if (overlayp overlay)
      ;; It begins with the character before the cursor, if that is the end of a line.
      (string-remove-prefix (buffer-substring-no-properties (overlay-start overlay)
                                                            lsp-inline-completion--start-point)
                            (substring-no-properties
                             (concat (overlay-get overlay 'display)
                                     (overlay-get overlay 'after-string))))
    ""))
"""
ACCEPT = """
(lsp-inline-completion--define-key
 lsp-inline-completion-active-map (kbd "C-o") #'lsp-inline-completion-accept 'keep)
"""
"""Terminals cannot send `C-<return>`."""

COMPLAINTS = """
(mapconcat (lambda (found) (string-trim (flymake-diagnostic-text found)))
           (flymake-diagnostics) "; ")
"""

Open = Callable[..., Emacs]


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of lsp-mode and what it wants."""
    packages = find_lsp_mode()
    if packages is None:
        complain = pytest.fail if "CI" in os.environ else pytest.skip
        complain("needs lsp-mode 10: tests/editors/install_lsp_mode.sh gets it")
    return packages


@pytest.fixture
def open_code(start_emacs: Start, packages: Path, host: FakeHost, tmp_path: Path) -> Iterator[Open]:
    """Opens code in an Emacs with lsp-mode, which may have clients of its own; none may err."""
    started: list[Emacs] = []

    def open_code(code: str, *, clients: str = "", url: str = host.url) -> Emacs:
        emacs = start_emacs()
        started.append(emacs)
        page.load(emacs, tmp_path / "home" / "init.el", page.snippet("(lsp-register"), url)
        emacs.lisp(LIKE_A_USERS % (packages, clients))
        (tmp_path / "work" / ".git").mkdir(parents=True)
        emacs.lisp(f'(progn (find-file "{written(tmp_path / "work" / "a.py", code)}") t)')
        until(lambda: emacs.lisp(STARTED), bool)
        emacs.lisp(f"(progn (goto-char (point-min)) (end-of-line 2) {ACCEPT} t)")
        return emacs

    yield open_code
    for emacs in started:
        assert [line for line in emacs.messages() if is_complaint(line)] == []
        assert emacs.lisp('(and (get-buffer "*Warnings*") t)') is None
        assert " ERROR " not in emacs.log()


def is_complaint(line: str) -> bool:
    """Tell whether Emacs or lsp-mode says that something is wrong; not of lsp-mode's own Lisp."""
    wrong = re.search("error|fail|warning|wrong|void|could not|unknown", line, re.IGNORECASE)
    return bool(wrong) and not line.startswith("infill-ls: ") and ".el: Warning: " not in line


def ghost(emacs: Emacs) -> str:
    return str(emacs.lisp(GHOST))


def test_a_suggestion_is_drawn_and_accepted(open_code: Open, host: FakeHost) -> None:
    """What is typed has it drawn behind; accepted, it is there once, whatever stands before it."""
    host.answers("urn a", " + b", EOT)
    emacs = open_code(CODE)

    emacs.type("ret")
    until_equal(lambda: ghost(emacs), "urn a + b")
    until(emacs.screen, lambda rows: any(row.endswith('"; return a + b') for row in rows))
    emacs.press("C-o")

    until_equal(emacs.text, f"{BEGUN}return a + b\n")
    assert f"{BEGUN}ret" in host.asked[0].request.json["inputs"]


def test_what_is_accepted_is_counted(open_code: Open, host: FakeHost, tmp_path: Path) -> None:
    """`infill-ls stats` knows of it."""
    host.answers("urn a + b", EOT)
    emacs = open_code(CODE)
    emacs.type("ret")
    until(lambda: ghost(emacs), bool)

    emacs.press("C-o")
    until_equal(emacs.text, f"{BEGUN}return a + b\n")
    emacs.lisp("(progn (lsp-workspace-shutdown (car (lsp-workspaces))) t)")

    until_equal(lambda: stats(tmp_path)["by_source"]["network"]["accepted_whole"], 1)


def stats(tmp_path: Path) -> dict[str, Any]:
    """Return what `infill-ls stats --json` says."""
    command = [sys.executable, "-m", "infill_ls", "stats", "--json"]
    environment = os.environ | {"INFILL_LS_STATS": str(tmp_path / "home" / "stats.sqlite3")}
    done = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_suggestion_grows_while_the_host_writes(open_code: Open, host: FakeHost) -> None:
    """Its first line is shown at once, and all of it in its place, by one request to the host."""
    gate = host.gate()
    host.answers("if a:", "\n        return b", "\n    return a", EOT, gate=gate)
    emacs = open_code(f"{HEAD}\n    \n")

    emacs.type(" ")
    emacs.press("BSpace")
    gate.open()
    gate.open()
    until_equal(lambda: ghost(emacs), "if a:")
    gate.stand_open()
    until_equal(lambda: ghost(emacs), "if a:\n        return b\n    return a")
    emacs.press("C-o")

    until_equal(emacs.text, f"{HEAD}\n    if a:\n        return b\n    return a\n")
    assert len(host.asked) == 1


def test_the_languages_own_server_goes_on(open_code: Open, host: FakeHost) -> None:
    """Ruff knows the code as it is, and the completion menu does not ask the model."""
    host.answers("urn a + b", EOT)
    emacs = open_code(CODE, clients="lsp-ruff")
    emacs.lisp("(completion-at-point)")
    assert host.asked == ()

    emacs.type("ret")
    until_equal(lambda: ghost(emacs), "urn a + b")
    emacs.press("C-o")
    until_equal(emacs.text, f"{BEGUN}return a + b\n")
    emacs.lisp(f"(save-excursion (goto-char (point-max)) (insert {quoted(UNFINISHED)}))")

    until_equal(lambda: emacs.lisp(COMPLAINTS), "Expected an expression")
    assert f"{BEGUN}ret" in host.asked[0].request.json["inputs"]


def test_the_package_goes_on_beside_it(
    start_emacs: Start, packages: Path, host: FakeHost, tmp_path: Path
) -> None:
    """Our own mode suggests in a buffer that lsp-mode manages with Ruff."""
    host.answers("urn a + b", EOT)
    emacs = start_emacs()
    emacs.set_up(backend_at(host.url))
    emacs.lisp(LIKE_A_USERS % (packages, "lsp-ruff"))
    (tmp_path / "work" / ".git").mkdir(parents=True)
    emacs.edit(written(tmp_path / "work" / "a.py", f"{BEGUN}re\n"))
    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")

    emacs.type("t")
    until_equal(emacs.ghost, "urn a + b")
    emacs.press("Tab")
    until_equal(emacs.text, f"{BEGUN}return a + b\n")
    emacs.lisp(f"(save-excursion (goto-char (point-max)) (insert {quoted(UNFINISHED)}))")

    until_equal(lambda: emacs.lisp(COMPLAINTS), "Expected an expression")


def test_an_outage_is_told_once(open_code: Open, host: FakeHost) -> None:
    """However often the server says so, and the code stays as it was typed."""
    host.always(Fail(Response(500, {"content-type": "text/plain"}, (b"out of memory",))))
    emacs = open_code(f"{HEAD}\n    \n")

    emacs.type("ret")
    until(emacs.told, bool)
    emacs.lisp("(progn (lsp-inline-completion-display) t)")
    host.wait(lambda host: len(host.asked) == 2)

    (told,) = emacs.told()
    assert told == f"infill-ls: {host.url} failed (out of memory): see the host's own log"


def test_a_docstring_is_written(open_code: Open) -> None:
    """A code action of lsp-mode's own command edits the file."""
    with FakeHost(Tgi(model="codellama/CodeLlama-7b-Instruct-hf")) as host:
        host.answers(DOCUMENTED, EOS)
        emacs = open_code(f"{HEAD}\n    return a+b\n", url=host.url)

        emacs.press("M-x")
        emacs.type("lsp-execute-code-action\r")
        until(emacs.screen, lambda rows: any(row.startswith("Select code action") for row in rows))
        emacs.type("Write a d")
        emacs.press("Tab", "Enter")

        documented = f'{HEAD}\n    """Return the sum of both."""\n    return a+b\n'
        until_equal(emacs.text, documented)
