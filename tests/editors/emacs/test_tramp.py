"""Files on another machine, by TRAMP: served there, and never taken for files of this one.

The other machine is this one, reached by a shell, as in the tests of TRAMP itself; but it has a
command `infill-ls` of its own, which notes that it was run.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from editors.emacs.conftest import CHAT_MODEL, Start
from editors.emacs.terminal import Emacs, backend_at, body, quoted, until_prompted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.script import EOS, Answer, Token

CODE = "def add(a, b):\n    return a+b\n"
DOCUMENTED = '```python\ndef add(a, b):\n    """Return the sum of both."""\n    return a - b\n```\n'
DOCSTRING = 'def add(a, b):\n    """Return the sum of both."""\n    return a+b\n'
TESTS = "```python\nfrom sum import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n```\n"

THERE = "/mock:localhost:"

A_MACHINE = """
(progn
  (require 'tramp)
  (add-to-list 'tramp-methods
               '("mock" (tramp-login-program "sh") (tramp-login-args (("-i")))
                 (tramp-remote-shell "/bin/sh") (tramp-remote-shell-args ("-c"))))
  (setq tramp-remote-path '(%s "/bin" "/usr/bin"))
  t)
"""

SERVERS = """
(mapconcat (lambda (server) (format "[%s]" (or (infill-ls--machine server) "")))
           (seq-filter #'jsonrpc-running-p infill-ls--servers)
           "")
"""
"""The machines on which a server runs, the newest first."""


class Machine:
    """The other machine."""

    def __init__(self, folder: Path) -> None:
        """Have nothing there but a folder for programs, and one for projects."""
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        self.runs = folder / "runs"
        self.work = folder / "work"

    def install(self) -> None:
        """Install our server there."""
        server = shutil.which("infill-ls", path=str(Path(sys.executable).parent))
        program = self.programs / "infill-ls"
        program.write_text(f'#!/bin/sh\necho run >> "{self.runs}"\nexec "{server}" "$@"\n')
        program.chmod(0o755)

    def count(self) -> int:
        """Return how often our server was started there."""
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Another machine, which has our server."""
    machine = Machine(tmp_path / "there")
    machine.install()
    return machine


@pytest.fixture
def emacs(start_emacs: Start, host: FakeHost, machine: Machine) -> Emacs:
    """An Emacs that can reach the other machine, and whose host serves a model that talks."""
    emacs = start_emacs()
    emacs.lisp(A_MACHINE % quoted(str(machine.programs)))
    emacs.set_up(backend_at(host.url, model=CHAT_MODEL))
    return emacs


def there(path: Path) -> Path:
    """Return the name that a file has in Emacs if it is on the other machine."""
    return Path(f"{THERE}{path}")


def choose(emacs: Emacs, title: str) -> None:
    """Choose an action by the beginning of its title."""
    emacs.press("C-c", ",")
    until(lambda: emacs.lisp("(minibuffer-prompt)"), bool)
    emacs.type(title)
    emacs.press("Tab", "Enter")


def agree(emacs: Emacs) -> None:
    """Agree to what is shown."""
    until(emacs.screen, lambda rows: "change this? (y or n)" in "".join(rows))
    emacs.type("y")


def test_a_file_is_served_where_it_is(emacs: Emacs, host: FakeHost, machine: Machine) -> None:
    """The server of that machine suggests, and what is accepted is saved there."""
    host.always(Answer((Token("urn '😀'"),)))
    file = written(machine.work / "a.py", body("re"))
    emacs.edit(there(file))
    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")

    emacs.type("t")
    until_equal(emacs.ghost, "urn '😀'")
    emacs.press("Tab", "C-x", "C-s")

    until_equal(file.read_text, body("return '😀'"))
    assert machine.count() == 1


def test_each_machine_has_one_server(
    emacs: Emacs, host: FakeHost, machine: Machine, file: Path
) -> None:
    """Two projects there share one, and a file here has another, which knows of neither."""
    host.always(Answer((Token("return a"),)))
    for project in (machine.work / "shop", machine.work / "blog"):
        (project / ".git").mkdir(parents=True)
        emacs.edit(there(written(project / "a.py", body(""))))
    emacs.edit(file)

    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")
    emacs.type(" ")
    until_equal(emacs.ghost, "return a")

    assert emacs.lisp(SERVERS) == f"[][{THERE}]"
    assert machine.count() == 1
    assert emacs.lisp("(length (infill-ls--folders infill-ls--server))") == 1


def test_an_action_changes_the_file_that_is_there(
    emacs: Emacs, host: FakeHost, machine: Machine
) -> None:
    """One of the same name here, which is looked at meanwhile, stays as it is."""
    gate = host.gate()
    host.answers(DOCUMENTED, EOS, gate=gate)
    file = written(machine.work / "sum.py", CODE)
    emacs.edit(there(file))
    choose(emacs, "Write a d")
    host.wait(lambda host: len(host.asked) == 1)

    emacs.edit(file)
    gate.stand_open()
    agree(emacs)

    emacs.lisp(f'(switch-to-buffer (get-file-buffer "{there(file)}"))')
    until_equal(emacs.text, DOCSTRING)
    emacs.lisp(f'(switch-to-buffer (get-file-buffer "{file}"))')
    assert emacs.text() == CODE


def test_new_tests_are_a_file_there(emacs: Emacs, host: FakeHost, machine: Machine) -> None:
    """Beside the code that they test."""
    host.answers(TESTS, EOS)
    file = written(machine.work / "sum.py", CODE)
    emacs.edit(there(file))

    choose(emacs, "Write t")

    until(emacs.text, lambda text: text.startswith("from sum import add\n"))
    assert emacs.lisp("buffer-file-name") == f"{there(file.with_name('test_sum.py'))}"


def test_an_answer_that_is_no_code_is_opened(
    emacs: Emacs, host: FakeHost, machine: Machine
) -> None:
    """The server has written it where it runs."""
    host.answers("It is simple already.", EOS)
    emacs.edit(there(written(machine.work / "sum.py", CODE)))

    choose(emacs, "Simp")

    until(emacs.text, lambda text: text.startswith("# Simplify\n"))
    assert str(emacs.lisp("buffer-file-name")).startswith(THERE)


def test_chat_is_about_the_code_that_is_there(
    emacs: Emacs, host: FakeHost, machine: Machine, tmp_path: Path
) -> None:
    """`@path` is a file of that machine, and code here has a conversation of its own."""
    host.answers(" It adds.", EOS)
    host.answers(" Nothing.", EOS)
    (machine.work / ".git").mkdir(parents=True)
    written(machine.work / "wares.py", "WARES = 7\n")
    emacs.edit(written(tmp_path / "here" / "sum.py", "HERE = 1\n"))
    emacs.edit(there(written(machine.work / "sum.py", CODE)))

    emacs.press("M-x")
    emacs.type("infill-ls-chat\r")
    until_prompted(emacs, "Ask about lines 1-2 of sum.py")
    emacs.type("What is it, and what is in @wares.py?\r")
    until(emacs.text, lambda text: text.endswith("It adds.\n\n"))
    emacs.lisp(f'(switch-to-buffer (get-file-buffer "{tmp_path / "here" / "sum.py"}"))')
    emacs.lisp('(infill-ls-chat "And here?")')
    until(emacs.text, lambda text: text.endswith("Nothing.\n\n"))

    first, second = (exchange.request.json["inputs"] for exchange in host.asked)
    assert CODE in first
    assert "WARES = 7" in first
    assert "What is it" not in second
    assert machine.count() == 1


def test_eglots_own_server_edits_the_file_that_is_there(
    emacs: Emacs, host: FakeHost, machine: Machine
) -> None:
    """Where Eglot manages the file with our server, actions find it as well."""
    gate = host.gate()
    host.answers(DOCUMENTED, EOS, gate=gate)
    emacs.lisp("(progn (global-infill-ls-mode -1) t)")
    emacs.lisp("""(setq eglot-server-programs '((python-mode . (infill-ls-server "infill-ls"))))""")
    emacs.lisp(f'(progn (find-file "{there(written(machine.work / "sum.py", CODE))}") t)')
    emacs.lisp("(call-interactively #'eglot)")
    until(lambda: emacs.lisp("(eglot-managed-p)"), bool)
    emacs.lisp('(keymap-set eglot-mode-map "C-c ," #\'eglot-code-actions)')

    choose(emacs, "Write a d")
    host.wait(lambda host: len(host.asked) == 1)
    emacs.lisp('(switch-to-buffer "*scratch*")')
    gate.stand_open()
    agree(emacs)

    emacs.lisp('(switch-to-buffer "sum.py")')
    until_equal(emacs.text, DOCSTRING)


def test_a_machine_without_our_server_is_told_once(
    emacs: Emacs, host: FakeHost, machine: Machine
) -> None:
    """One sentence for all its files, and on request; once it is installed, a restart finds it."""
    host.always(Answer((Token("return a + b"),)))
    (machine.programs / "infill-ls").unlink()
    emacs.lisp(f'(find-file "{there(written(machine.work / "a.py", body("")))}")')
    told = until(emacs.told, bool)
    emacs.lisp(f'(find-file "{there(written(machine.work / "b.py", body("")))}")')
    emacs.type("x")
    until_equal(emacs.text, f"x{body('')}")

    emacs.press("M-x")
    emacs.type("infill-ls-complete\r")
    why = told[0].removeprefix("infill-ls: ")
    until(emacs.messages, lambda lines: lines[-1].endswith(why))
    assert emacs.told() == told
    machine.install()
    emacs.lisp("(infill-ls-restart)")
    until(emacs.is_served, bool)

    assert why.startswith('"infill-ls" is not to be found on localhost; install it there')
    assert machine.count() == 1
