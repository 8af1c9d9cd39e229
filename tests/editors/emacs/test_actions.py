"""Code actions in real Emacs: chosen by their key, confirmed, applied, and undone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from editors.emacs.conftest import Start
from editors.emacs.terminal import Emacs, backend_at, quoted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.response import Response
from fakes.script import EOS, Fail
from infill_ls.models.store import installed

CODE = "def add(a, b):\n    return a+b\n"
DOCUMENTED = '```python\ndef add(a, b):\n    """Return the sum of both."""\n    return a - b\n```\n'
DOCSTRING = 'def add(a, b):\n    """Return the sum of both."""\n    return a+b\n'
SIMPLER = "```python\ndef add(a, b):\n    return sum((a, b))\n```\n"
TESTS = "```python\nfrom sum import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n```\n"

PRICES = """\
def total(prices, discount):
    s = 0
    for price in prices:
        s += prise
    return s - discount
"""

MODEL_S = 240
"""So long the embedded model may write, while other tests load the machine."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A function in a workspace of its own."""
    return written(tmp_path / "work" / "sum.py", CODE)


def choose(emacs: Emacs, title: str, *keys: str) -> None:
    """Choose an action by the beginning of its title."""
    emacs.press(*(keys or ("C-c", ",")))
    until(lambda: emacs.lisp("(minibuffer-prompt)"), bool)
    emacs.type(title)
    emacs.press("Tab", "Enter")


def agree(emacs: Emacs, key: str = "y", *, shown: Collection[str] = ()) -> None:
    """Answer the question whether to change the code, once these rows are shown with it."""
    question = "change this? (y or n)"
    until(emacs.screen, lambda rows: question in "".join(rows) and set(shown) <= set(rows))
    emacs.type(key)


def test_a_docstring_lands_in_the_buffer_and_is_undone_at_once(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """What is to be written is shown and confirmed; it is one change, and nothing else."""
    host.answers(DOCUMENTED, EOS)
    talking.edit(file)

    choose(talking, "Write a d")
    agree(talking, shown=['    """Return the sum of both."""'])

    until_equal(talking.text, DOCSTRING)
    talking.press("C-_")
    until_equal(talking.text, CODE)


def test_what_is_not_wanted_is_not_done(talking: Emacs, host: FakeHost, file: Path) -> None:
    """The old and the new code are shown, and `n` leaves the buffer as it was."""
    host.answers(SIMPLER, EOS)
    talking.edit(file)

    choose(talking, "Simp")
    agree(talking, "n", shown=["    return a+b", "    return sum((a, b))"])

    until(talking.screen, lambda rows: "    return sum((a, b))" not in rows)
    assert talking.text() == CODE


def test_a_problem_at_point_is_fixed(talking: Emacs, host: FakeHost, file: Path) -> None:
    """The model is told what any linter says; a fix is not asked about once more."""
    host.answers("```python\ndef add(a, b):\n    return a + b\n```\n", EOS)
    talking.edit(file)
    talking.diagnose("a+b", "missing whitespace")

    choose(talking, "Fix: missing")

    until_equal(talking.text, CODE.replace("a+b", "a + b"))
    assert "missing whitespace" in host.asked[-1].request.json["inputs"]
    assert talking.point() == CODE.index("a+b")


def test_the_languages_own_server_goes_on(talking: Emacs, host: FakeHost, file: Path) -> None:
    """Where Eglot has another server for the buffer, actions are this one's all the same."""
    host.answers(DOCUMENTED, EOS)
    contact = f'("infill-ls" :initializationOptions {quoted(backend_at(host.url))})'
    talking.lisp(f"(setq eglot-server-programs '((python-mode . {contact})))")
    talking.edit(file)
    talking.lisp("(call-interactively #'eglot)")
    until(lambda: talking.lisp("(eglot-managed-p)"), bool)
    talking.lisp(f"(progn (goto-char (point-min)) (insert {quoted('# é😀')} ?\\n))")

    talking.lisp("(goto-char (1- (point-max)))")
    choose(talking, "Write a d")
    agree(talking)

    until_equal(talking.text, f"# é😀\n{DOCSTRING}")


def test_eglots_own_command_does_the_same(start_emacs: Start, host: FakeHost, file: Path) -> None:
    """Where Eglot manages a server of our class: any linter's problem, and a confirmed edit."""
    host.answers("```python\ndef add(a, b):\n    return a + b\n```\n", EOS)
    host.answers(DOCUMENTED, EOS)
    emacs = managed(start_emacs, host, file)
    emacs.diagnose("a+b", "missing whitespace")

    emacs.lisp('(keymap-set eglot-mode-map "C-c a" #\'eglot-code-actions)')
    choose(emacs, "Fix: missing", "C-c", "a")
    fixed = CODE.replace("a+b", "a + b")
    until_equal(emacs.text, fixed)
    emacs.lisp("(progn (flymake-mode -1) (goto-char 6))")
    choose(emacs, "Write a d", "C-c", "a")
    agree(emacs)

    until_equal(emacs.text, DOCSTRING.replace("a+b", "a + b"))
    assert "missing whitespace" in host.asked[0].request.json["inputs"]
    emacs.press("C-_")
    until_equal(emacs.text, fixed)


def test_eglots_own_command_explains_in_chat(
    start_emacs: Start, host: FakeHost, file: Path
) -> None:
    """The answer is no message that passes by, but can be asked about."""
    host.answers(" It adds.", EOS)
    emacs = managed(start_emacs, host, file)

    emacs.lisp('(keymap-set eglot-mode-map "C-c a" #\'eglot-code-actions)')
    choose(emacs, "Expl", "C-c", "a")

    until(emacs.text, lambda text: text.endswith("\n> (lines 1-2 of sum.py)\n\nIt adds.\n\n"))


def managed(start_emacs: Start, host: FakeHost, file: Path) -> Emacs:
    """Return an Emacs in which Eglot manages a file with our server, and nothing else does."""
    emacs = start_emacs()
    settings = backend_at(host.url, model="codellama/CodeLlama-7b-Instruct-hf")
    emacs.lisp(f"(progn (require 'infill-ls) (setq infill-ls-settings '{quoted(settings)}) t)")
    emacs.lisp("""(setq eglot-server-programs '((python-mode . (infill-ls-server "infill-ls"))))""")
    emacs.lisp(f'(find-file "{file}")')
    emacs.lisp("(call-interactively #'eglot)")
    until(lambda: emacs.lisp("(eglot-managed-p)"), bool)
    return emacs


def test_progress_is_in_the_mode_line_and_c_g_ends_it(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """The host is left, nothing is changed, and `C-g` quits again as ever."""
    gate = host.gate()
    host.answers("```python\ndef", " add(a, b):\n    return b\n", gate=gate)
    talking.edit(file)
    quits = talking.lisp('(format "%s" (key-binding (kbd "C-g")))')
    choose(talking, "Simp")
    gate.open()
    until_equal(talking.mode_line, "infill-ls: Simplify, 1 line")

    talking.press("C-g")

    host.wait(lambda host: host.asked[-1].ending == "client left")
    until_equal(
        talking.told, ["infill-ls: Simplify (infill-ls); C-g stops it", "infill-ls: stopped"]
    )
    until_equal(talking.mode_line, "infill-ls")
    assert talking.text() == CODE
    assert talking.lisp('(format "%s" (key-binding (kbd "C-g")))') == quits


def test_a_second_action_waits_for_the_first(talking: Emacs, host: FakeHost, file: Path) -> None:
    """One sentence says how to stop it."""
    gate = host.gate()
    host.answers(SIMPLER, EOS, gate=gate)
    talking.edit(file)
    choose(talking, "Simp")
    host.wait(lambda host: len(host.asked) == 1)

    choose(talking, "Simp")

    until(talking.messages, lambda lines: lines[-1].endswith("C-g stops it"))
    gate.stand_open()
    agree(talking)
    until_equal(talking.text, CODE.replace("a+b", "sum((a, b))"))


def test_lines_typed_meanwhile_move_the_change(talking: Emacs, host: FakeHost, file: Path) -> None:
    """The action is applied where the code is now."""
    gate = host.gate()
    host.answers(DOCUMENTED, EOS, gate=gate)
    talking.edit(file)
    choose(talking, "Write a d")
    host.wait(lambda host: len(host.asked) == 1)

    talking.lisp(f"(progn (goto-char (point-min)) (insert {quoted('# 😀')} ?\\n ?\\n))")
    talking.catch_up()
    gate.stand_open()
    agree(talking)

    until_equal(talking.text, f"# 😀\n\n{DOCSTRING}")


def test_code_that_was_changed_meanwhile_is_left_alone(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """One sentence says so."""
    gate = host.gate()
    host.answers(DOCUMENTED, EOS, gate=gate)
    talking.edit(file)
    choose(talking, "Write a d")
    host.wait(lambda host: len(host.asked) == 1)

    talking.lisp('(progn (goto-char (point-min)) (search-forward "a+b") (replace-match "b+a") t)')
    gate.stand_open()

    until(talking.told, lambda told: "changed meanwhile" in told[-1])
    assert talking.text() == CODE.replace("a+b", "b+a")


def test_a_failing_host_is_told(talking: Emacs, host: FakeHost, file: Path) -> None:
    """One sentence says what is wrong, and the next action works."""
    host.then(Fail(Response(500)))
    host.answers(SIMPLER, EOS)
    talking.edit(file)

    choose(talking, "Simp")
    until(talking.told, lambda told: host.url in told[-1])
    choose(talking, "Simp")
    agree(talking)

    until_equal(talking.text, CODE.replace("a+b", "sum((a, b))"))


def test_an_answer_that_is_no_code_is_opened_beside(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """The user reads why nothing was changed, and nothing was."""
    host.answers("It is simple already.", EOS)
    talking.edit(file)

    choose(talking, "Simp")

    until(talking.text, lambda text: text.startswith("# Simplify\n"))
    assert "It is simple already." in talking.text()
    assert talking.lisp('(with-current-buffer "sum.py" (buffer-string))') == CODE


def test_tests_are_a_new_file(talking: Emacs, host: FakeHost, file: Path) -> None:
    """It is opened, and the user's to save; asked again before that, nothing is lost."""
    host.answers(TESTS, EOS)
    host.answers(TESTS, EOS)
    talking.edit(file)
    new = file.with_name("test_sum.py")

    choose(talking, "Write t")
    until(talking.text, lambda text: text.startswith("from sum import add\n"))
    assert not new.exists()
    talking.lisp('(switch-to-buffer "sum.py")')
    choose(talking, "Write t")
    until(talking.told, lambda told: f"{new} is there already" in told[-1])
    talking.lisp('(switch-to-buffer "test_sum.py")')
    talking.press("C-x", "C-s")

    until(new.exists, bool)
    until_equal(lambda: new.read_text(), TESTS.removeprefix("```python\n").removesuffix("```\n"))


def test_code_is_explained_in_chat(talking: Emacs, host: FakeHost, file: Path) -> None:
    """The question is asked at once, and the code goes with it."""
    host.answers(" It adds.", EOS)
    talking.edit(file)

    choose(talking, "Expl")

    until(talking.text, lambda text: text.endswith("\n> (lines 1-2 of sum.py)\n\nIt adds.\n\n"))
    assert CODE in host.asked[-1].request.json["inputs"]


def test_a_question_of_ones_own_is_asked_about_code(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """ "Ask about this" has the user type it."""
    host.answers(" Two.", EOS)
    talking.edit(file)

    choose(talking, "Ask")
    until(talking.screen, lambda rows: any("Ask about lines 1-2 of sum.py:" in row for row in rows))
    talking.type("How many?\r")

    until_equal(talking.text, "> How many?\n> (lines 1-2 of sum.py)\n\nTwo.\n\n")


def test_where_nothing_can_be_done_is_told(talking: Emacs, tmp_path: Path) -> None:
    """An empty file is no error."""
    talking.edit(written(tmp_path / "work" / "empty.py", ""))

    talking.press("C-c", ",")

    until(
        talking.messages, lambda lines: lines[-1].endswith("There is nothing to do with this code")
    )


@pytest.mark.model
@pytest.mark.timeout(MODEL_S + 60)
@pytest.mark.skipif(not installed(), reason="needs the embedded model: infill-ls model pull")
def test_the_embedded_model_fixes_a_problem(start_emacs: Start, tmp_path: Path) -> None:
    """Out of the box: the problem is gone."""
    emacs = start_emacs()
    emacs.set_up({"chat": {"temperature": 0.0, "maxTokens": 200}})
    emacs.edit(written(tmp_path / "work" / "prices.py", PRICES))
    emacs.diagnose("prise", "undefined name 'prise'")

    choose(emacs, "Fix: undef")

    fixed = until(emacs.text, lambda text: "prise" not in text, MODEL_S)
    assert "price" in fixed
