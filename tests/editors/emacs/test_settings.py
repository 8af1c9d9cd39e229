"""The server's settings in real Emacs: customized, sent, and in force."""

from __future__ import annotations

from pathlib import Path

from editors.emacs.conftest import Start
from editors.emacs.settings import FILE, keys, updated
from editors.emacs.terminal import body, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.script import EOS


def test_settings_are_those_of_the_server() -> None:
    """infill-ls-settings.el has what `python -m editors.emacs.settings` writes."""
    lisp = FILE.read_text(encoding="utf-8")

    assert lisp == updated(lisp)
    assert all(f'("{key}" ' in lisp for key in keys())


def test_every_setting_can_be_customized(start_emacs: Start) -> None:
    """Customize has a place for each, with what it means; a number typed there is set."""
    emacs = start_emacs()
    sections = {key.partition(".")[0] for key in keys()}
    tables = " ".join(f":{name} (:none 1)" for name in sections if name != "fallback")
    emacs.lisp(f"(progn (require 'infill-ls) (setq infill-ls-settings '({tables})) t)")

    emacs.lisp("(customize-option 'infill-ls-settings)")

    shown = emacs.text()
    assert [key for key in keys() if key.rpartition(".")[2] not in shown] == []
    assert "At most this many tokens are generated." in shown


def test_what_is_customized_is_kept(start_emacs: Start) -> None:
    """A value is changed in its field, and `C-c C-c` sets it."""
    emacs = start_emacs()
    emacs.lisp("(require 'infill-ls)")
    emacs.lisp("(setq infill-ls-settings '(:completion (:maxTokens 64)))")
    emacs.lisp("(customize-option 'infill-ls-settings)")
    emacs.lisp('(progn (search-forward "64") (backward-char) t)')

    emacs.press("DC")
    emacs.type("1")
    emacs.press("C-c", "C-c")

    until_equal(lambda: emacs.lisp('(format "%S" infill-ls-settings)'),
                "(:completion (:maxTokens 61))")  # fmt: skip


def test_what_is_customized_is_in_force(start_emacs: Start, host: FakeHost, tmp_path: Path) -> None:
    """Lists, tables of texts, tables in lists and what is off come to the server as such."""
    host.answers(" Yes.", EOS)
    emacs = start_emacs()
    emacs.lisp(f"""
      (setq infill-ls-settings
            '(:fallback ((:kind "tgi" :url "{host.url}" :model "codellama/CodeLlama-7b-Instruct-hf"
                          :headers (("X-Team" . "blue"))))
              :backend (:kind "tgi" :url "http://127.0.0.1:9" :token nil)
              :completion (:disabledLanguages ("python" "c") :lookAhead :json-false)
              :chat (:actions (("Add types" . "Add type hints.")))))""")
    emacs.lisp("(progn (require 'infill-ls) (global-infill-ls-mode) t)")
    emacs.edit(written(tmp_path / "work" / "a.py", body("return a")))

    emacs.type("x")
    emacs.press("BSpace")
    emacs.press("C-c", ",")
    until(lambda: emacs.lisp("(minibuffer-prompt)"), bool)
    emacs.press("Tab", "Tab")
    until(emacs.screen, lambda rows: any("Add types (infill-ls)" in row for row in rows))
    emacs.press("C-g")
    assert host.asked == ()
    emacs.complete()

    host.wait(lambda host: len(host.asked) == 1)
    assert host.asked[0].request.headers["x-team"] == "blue"
    assert emacs.told() == []


def test_a_wrong_setting_is_told(start_emacs: Start, tmp_path: Path) -> None:
    """The server's sentence names it, and all else is in force."""
    emacs = start_emacs()
    emacs.lisp("""(setq infill-ls-settings '(:completion (:lines "many")))""")
    emacs.lisp("(progn (require 'infill-ls) (global-infill-ls-mode) t)")

    emacs.edit(written(tmp_path / "work" / "a.py", ""))

    until(emacs.messages, lambda lines: any("completion.lines" in line for line in lines))
