"""Emacs as the user has it: our package, the real server, a real terminal."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from editors.emacs.terminal import HEAD, Emacs, backend_at, body, environment, quoted, written
from editors.neovim import until, until_equal
from fakes.faces.llamacpp import LlamaCpp
from fakes.host import FakeHost, refused_url
from fakes.llamacpp import llamacpp_server
from fakes.response import Response
from fakes.script import EOT, Answer, Fail, Token
from infill_ls.models.store import installed

Start = Callable[[], Emacs]

LONGEST_FIRST_REST_S = 2.0
"""How long a host that failed once is left alone at most."""


def was_asked(count: int) -> Callable[[FakeHost], bool]:
    return lambda host: len(host.asked) == count


def into_body(emacs: Emacs) -> None:
    """Go where the function's body is missing."""
    emacs.lisp("(progn (goto-char (point-min)) (end-of-line 2))")


def test_a_suggestion_is_drawn_where_the_user_types(
    emacs: Emacs, host: FakeHost, file: Path
) -> None:
    """Ghost text follows the typed text and the cursor on the screen, and is not in the buffer."""
    host.answers("urn a", " + b")
    emacs.edit(file)
    into_body(emacs)

    emacs.type("ret")
    until_equal(emacs.ghost, "urn a + b")

    until_equal(lambda: emacs.screen()[1:3], [HEAD, "    return a + b"])
    assert emacs.cursor() == (2, len("    ret"))
    assert emacs.text() == body("ret")


def test_a_suggestion_grows_while_the_host_writes(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """Each state is drawn as it comes, by one request."""
    gate = host.gate()
    host.answers("if a:", "\n        return b", "\n    return a", EOT, gate=gate)
    emacs.edit(file)
    into_body(emacs)

    emacs.type(" ")
    emacs.press("BSpace")
    gate.open()
    first = until(emacs.ghost, bool)
    gate.open()
    second = until(emacs.ghost, lambda ghost: ghost != first)
    gate.stand_open()
    whole = until(emacs.ghost, lambda ghost: ghost != second)

    assert first == "if a:"
    assert second == "if a:\n        return b"
    assert whole == "if a:\n        return b\n    return a"
    assert len(host.asked) == 1


def test_tab_accepts(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """Tab puts the suggestion into the buffer and the cursor behind it, and is a tab again."""
    emacs.edit(file)
    tab = emacs.lisp('(format "%s" (key-binding (kbd "TAB")))')
    host.answers("urn a", " + b")
    host.answers("")
    into_body(emacs)
    emacs.type("ret")
    until(emacs.ghost, bool)

    emacs.press("Tab")

    until_equal(emacs.text, body("return a + b"))
    assert emacs.point() == len(f"{HEAD}\n    return a + b")
    assert emacs.ghost() == ""
    assert emacs.lisp('(format "%s" (key-binding (kbd "TAB")))') == tab


def test_a_word_is_accepted(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """`M-f` takes what it would go over, and the rest stays."""
    host.answers("return a", " + b")
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "return a + b")

    emacs.press("M-f")
    until_equal(emacs.text, body("return"))
    until_equal(lambda: emacs.screen()[2], "    return a + b")
    emacs.press("M-f", "M-f")

    until_equal(emacs.text, body("return a + b"))
    until_equal(emacs.ghost, "")


def test_a_line_is_accepted(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """`C-e` takes one line of several, and the rest stays."""
    host.answers("if a:\n", "        return a\n", "    return b")
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "if a:\n        return a\n    return b")

    emacs.press("C-e")
    until_equal(emacs.text, body("if a:"))
    until_equal(lambda: emacs.screen()[2:5], ["    if a:", "        return a", "    return b"])
    emacs.press("C-e")

    until_equal(emacs.text, body("if a:\n        return a"))


def test_several_lines_are_drawn_and_accepted(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """Further lines are drawn below, the cursor stays where it is, and Tab takes all."""
    host.answers("if a:\n", "        return a\n", "    return b")
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "if a:\n        return a\n    return b")
    until_equal(
        lambda: emacs.screen()[1:5], [HEAD, "    if a:", "        return a", "    return b"]
    )
    assert emacs.cursor() == (2, 4)

    emacs.press("Tab")

    until_equal(emacs.text, body("if a:\n        return a\n    return b"))
    assert emacs.point() == len(emacs.text()) - 1


def test_a_suggestion_that_begins_with_a_new_line(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """The cursor stays at the end of the line above."""
    host.answers("\n    return a", " + b")
    emacs.edit(written(tmp_path / "work" / "a.py", f"{HEAD}\n"))
    emacs.lisp("(end-of-line)")
    emacs.complete()

    until_equal(lambda: emacs.screen()[1:3], [HEAD, "    return a + b"])
    assert emacs.cursor() == (1, len(HEAD))


def test_typing_along_keeps_the_suggestion(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """While the user types what is suggested, the screen does not change."""
    host.answers("return a", " + b")
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "return a + b")

    for index, character in enumerate("return a", start=1):
        # Should the server ask again, this is what a model would say.
        host.always(Answer((Token("return a + b"[index:]),)))
        emacs.type(character)
        until_equal(emacs.text, body("return a"[:index]))
        assert emacs.screen()[2] == "    return a + b"
    emacs.press("Tab")

    until_equal(emacs.text, body("return a + b"))


def test_accepting_at_once_after_a_key_leaves_no_typed_text_behind(
    emacs: Emacs, host: FakeHost, file: Path
) -> None:
    """What was typed since is part of the suggestion."""
    host.answers("return a", " + b")
    host.hang()
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "return a + b")

    emacs.type("ret\t")

    until_equal(emacs.text, body("return a + b"))


def test_a_suggestion_that_the_user_does_not_follow_goes_at_once(
    emacs: Emacs, host: FakeHost, file: Path
) -> None:
    """It does not wait for the next answer, which may take seconds."""
    host.answers("return a", " + b")
    host.always(Fail(Response(ending="never begun")))
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until(emacs.ghost, bool)

    emacs.type("total")

    until_equal(emacs.text, body("total"))
    assert emacs.ghost() == ""


def test_a_late_answer_is_not_drawn(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """An answer for a text that has changed meanwhile is not for this one."""
    gate = host.gate()
    host.answers("return a", " + b", gate=gate)
    host.always(Fail(Response(ending="never begun")))
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    host.wait(lambda host: len(host.asked) == 1)

    emacs.type("x")
    until_equal(emacs.text, body("x"))
    gate.stand_open()
    host.wait(lambda host: len(host.asked) == 2)

    assert emacs.ghost() == ""


def test_moving_away_ends_the_suggestion(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """It belongs to its place, and the host is not kept busy for nothing."""
    gate = host.gate()
    host.answers("return a", "\n    return b", EOT, gate=gate)
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    gate.open()
    until(emacs.ghost, bool)

    emacs.press("C-a")

    until_equal(emacs.ghost, "")
    host.wait(lambda host: host.asked[-1].ending == "client left")


def test_a_suggestion_is_dismissed(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """`C-g` takes it from the screen, and the buffer is as it was."""
    host.answers("return a", " + b")
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until(emacs.ghost, bool)

    emacs.press("C-g")

    until_equal(emacs.ghost, "")
    assert emacs.text() == body("")


def test_others_are_shown_in_turn(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """`M-n` asks for other suggestions, and goes round them; `M-p` goes back."""
    host.answers("return a", " + b")
    host.always(Answer((Token("return b"), Token(" + a"))))
    emacs.edit(file)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "return a + b")

    emacs.press("M-n")
    until_equal(emacs.ghost, "return b + a")
    emacs.press("M-p")

    until_equal(emacs.ghost, "return a + b")


def test_characters_beyond_the_first_plane_before_the_cursor(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """Columns are counted alike on both sides, whatever stands before the cursor."""
    host.answers(" + '🎉'")
    emacs.edit(written(tmp_path / "work" / "a.py", "ä = '😀é'\n"))

    emacs.lisp("(end-of-line)")
    emacs.type(" ")
    emacs.press("BSpace")
    until_equal(emacs.ghost, " + '🎉'")
    emacs.press("Tab")

    until_equal(emacs.text, "ä = '😀é' + '🎉'\n")
    assert "ä = '😀é'" in host.asked[0].request.json["inputs"]


def test_text_right_of_the_cursor_stays_visible(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """In the middle of a line, the rest moves right of the suggestion, and is there once."""
    host.answers("a, b))\n", EOT)
    emacs.edit(written(tmp_path / "work" / "a.py", "print(add())\n"))
    emacs.lisp("(goto-char 11)")
    emacs.complete()
    until(emacs.ghost, bool)
    until_equal(lambda: emacs.screen()[1], "print(add(a, b))")

    emacs.press("Tab")

    until_equal(emacs.text, "print(add(a, b))\n")


EDITS = (
    """(insert "é😀 = 1\n")""",
    "(progn (goto-char 3) (delete-char 4))",
    "(upcase-region (point-min) (point-max))",
    """(save-restriction (narrow-to-region 5 12) (goto-char (point-max)) (insert "😀\n😀"))""",
    "(progn (goto-char (point-max)) (kill-line -2))",
    "(yank)",
    "(transpose-lines 1)",
    "(progn (undo-boundary) (undo 2))",
    """(progn (goto-char (point-min)) (replace-string-in-region "\n" "\n\n"))""",
    "(progn (erase-buffer) (insert-file-contents buffer-file-name))",
    "(progn (goto-char 9) (revert-buffer t t))",
)


def test_the_server_has_the_text_as_it_is(emacs: Emacs, host: FakeHost, tmp_path: Path) -> None:
    """Whatever is done to a buffer, what surrounds the cursor there is what the host is sent."""
    host.always(Answer((EOT,)))
    emacs.edit(written(tmp_path / "work" / "a.py", "# 😀\nfirst = 'ä'\nsecond = '\t'\n" * 3))

    for count, edit in enumerate(EDITS, start=1):
        emacs.lisp(edit)
        until(emacs.is_served, bool)
        # No two prompts are alike, so that each is sent.
        emacs.lisp(f'(insert "a{count} = ")')
        emacs.complete()
        host.wait(was_asked(count))
        text, point = emacs.text(), emacs.point()
        prompt = host.asked[-1].request.json["inputs"]
        assert text[:point] in prompt, edit
        assert text[point:].rstrip() in prompt, edit


def test_several_lines_go_into_a_file_with_windows_line_ends(
    emacs: Emacs, host: FakeHost, tmp_path: Path
) -> None:
    """Emacs keeps the ends of lines out of the buffer, so none may come with a suggestion."""
    host.answers("if a:\n", "        return a")
    path = written(tmp_path / "work" / "dos.py", f"{HEAD}\r\n    \r\n")
    emacs.edit(path)
    into_body(emacs)
    emacs.complete()
    until_equal(emacs.ghost, "if a:\n        return a")

    emacs.press("Tab", "C-x", "C-s")

    whole = f"{HEAD}\r\n    if a:\r\n        return a\r\n"
    until_equal(lambda: path.read_bytes().decode(), whole)


def test_a_host_that_fails_is_told_once_and_used_again_when_it_is_back(
    emacs: Emacs, host: FakeHost, file: Path
) -> None:
    """An outage is one message, and a sign in the mode line; the completion after that works."""
    host.always(Fail(Response(ending="dropped")))
    emacs.edit(file)
    into_body(emacs)
    emacs.type("r")
    until_equal(emacs.mode_line, "infill-ls!")
    status = str(emacs.lisp("(infill-ls-status-message infill-ls--server)"))
    told = until(emacs.told, bool)
    emacs.type("e")
    emacs.complete()
    host.wait(was_asked(2))
    until_equal(emacs.is_answered, True)
    failed_at = time.time()

    host.always(Answer((Token("turn a + b"),)))
    until(time.time, lambda now: now > failed_at + LONGEST_FIRST_REST_S)
    emacs.complete()
    until_equal(emacs.ghost, "turn a + b")

    until_equal(emacs.mode_line, "infill-ls")
    assert re.search(r" \(until \d\d:\d\d:\d\d\)$", status)
    assert len(told) == 1
    assert emacs.told() == told


def test_a_host_that_cannot_be_reached_is_told(start_emacs: Start, file: Path) -> None:
    """A wrong address ends in one sentence, and typing goes on."""
    with refused_url() as url:
        emacs = start_emacs()
        emacs.set_up(backend_at(url))
        emacs.edit(file)
        into_body(emacs)

        emacs.type("ret")
        (told,) = until(emacs.told, bool)

        assert url in told
        until_equal(emacs.text, body("ret"))


def test_a_server_that_is_not_there_is_told(start_emacs: Start, file: Path) -> None:
    """One sentence names the program; there is no error of Lisp, and the file opens."""
    emacs = start_emacs()
    emacs.lisp("""(setq infill-ls-command '("infill-ls-of-nowhere"))""")
    emacs.set_up({})

    emacs.lisp(f'(find-file "{file}")')

    (told,) = until(emacs.told, bool)
    assert '"infill-ls-of-nowhere"' in told
    assert emacs.text() == body("")


def test_one_server_serves_a_project(emacs: Emacs, file: Path) -> None:
    """A second file of the project finds its server."""
    emacs.edit(file)
    servers = "(length (seq-filter #'jsonrpc-running-p infill-ls--servers))"

    emacs.edit(written(file.parent / "b.c", "int b;\n"))

    assert emacs.lisp(servers) == 1


def test_opening_a_file_asks_nothing(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """Only what is done in a buffer has something suggested there."""
    host.always(Answer((Token("return a + b"),)))
    emacs.edit(file)

    other = written(file.with_name("b.py"), body("").rstrip("\n"))
    emacs.lisp("(add-hook 'find-file-hook (lambda () (goto-char (point-max))))")

    emacs.press("C-x", "C-f")
    emacs.lisp("(delete-minibuffer-contents)")
    emacs.type(f"{other}\r")
    until_equal(lambda: str(emacs.lisp("(buffer-name)")), "b.py")
    assert emacs.lisp("infill-ls--asked") is None
    emacs.complete()
    until(emacs.ghost, bool)

    assert len(host.asked) == 1


def test_what_is_typed_before_the_server_is_there_is_completed(
    emacs: Emacs, host: FakeHost, file: Path, tmp_path: Path
) -> None:
    """Who types at once has a suggestion when the server has started, without another key."""
    host.answers("urn a", " + b")
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = ["sh", "-c", 'read -r _ < "$0"; exec infill-ls', str(gate)]
    emacs.lisp(f"(setq infill-ls-command (append {quoted(command)} nil))")
    emacs.lisp(f'(find-file "{file}")')
    until(lambda: emacs.lisp("(seq-some #'jsonrpc-running-p infill-ls--servers)"), bool)
    into_body(emacs)

    emacs.type("ret")
    until_equal(emacs.text, body("ret"))
    assert emacs.is_served() is False
    gate.write_text("open\n")

    until_equal(emacs.ghost, "urn a + b")
    assert len(host.asked) == 1


def test_a_server_that_ends_comes_back(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """It is started again by itself, and knows the buffers."""
    host.always(Answer((Token("return a + b"),)))
    emacs.edit(file)
    # Else Eglot does so only for a server that has run for some seconds.
    emacs.lisp("(setf (slot-value infill-ls--server 'inhibit-autoreconnect) nil)")
    first = emacs.lisp("(process-id (jsonrpc--process infill-ls--server))")
    assert isinstance(first, int)

    psutil.Process(first).kill()
    until_equal(emacs.is_served, False)
    until_equal(emacs.is_served, True)
    into_body(emacs)
    emacs.complete()

    until_equal(emacs.ghost, "return a + b")


def test_the_languages_own_server_goes_on(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """Eglot manages the buffer with another server; this one suggests beside it."""
    host.always(Answer((Token("urn a + b"),)))
    emacs.edit(file)
    emacs.lisp("""(setq eglot-server-programs '((python-mode . ("infill-ls"))))""")
    emacs.lisp("(call-interactively #'eglot)")
    until(lambda: emacs.lisp("(eglot-managed-p)"), bool)
    into_body(emacs)
    emacs.lisp('(insert "re")')

    emacs.type("t")
    until_equal(emacs.ghost, "urn a + b")

    assert emacs.lisp("(eq infill-ls--server (eglot-current-server))") is None


def test_suggestions_can_be_switched_off(emacs: Emacs, host: FakeHost, file: Path) -> None:
    """With the mode off, the server is not asked; with it on again, it is."""
    host.always(Answer((Token("return a + b"),)))
    emacs.edit(file)
    into_body(emacs)
    emacs.lisp("(infill-ls-mode -1)")
    emacs.type("x")
    until_equal(emacs.text, body("x"))
    assert host.asked == ()

    emacs.lisp("(infill-ls-mode)")
    emacs.type(" ")

    until(emacs.ghost, bool)


def test_settings_are_taken_by_a_restart(emacs: Emacs, file: Path) -> None:
    """`infill-ls-restart` starts the server anew; the same buffers are served by another host."""
    emacs.edit(file)
    with FakeHost(LlamaCpp()) as other:
        other.always(Answer((Token("return a + b"),)))
        settings = {"backend": {"kind": "llamacpp", "url": other.url}}
        emacs.lisp(f"(setq infill-ls-settings '{quoted(settings)})")

        emacs.lisp("(infill-ls-restart)")
        until(emacs.is_served, bool)
        into_body(emacs)
        emacs.complete()

        until_equal(emacs.ghost, "return a + b")


def test_a_file_under_a_new_name_is_served_under_it(
    emacs: Emacs, host: FakeHost, file: Path
) -> None:
    """Saving elsewhere goes on with the text as it is."""
    host.always(Answer((Token("return a + b"),)))
    emacs.edit(file)
    into_body(emacs)

    emacs.lisp(f'(write-file "{file.with_name("b.py")}")')
    until(emacs.is_served, bool)
    emacs.complete()

    until(emacs.ghost, bool)
    assert str(emacs.lisp("infill-ls--uri")).endswith("/b.py")


def test_the_server_ends_with_the_editor(program: str, tmp_path: Path, file: Path) -> None:
    """Quitting leaves no process behind, which might hold a model."""
    emacs = Emacs(program, environment(tmp_path / "home"))
    emacs.set_up({})
    emacs.edit(file)
    pid = emacs.lisp("(process-id (jsonrpc--process infill-ls--server))")
    assert isinstance(pid, int)
    assert psutil.pid_exists(pid)

    emacs.close()

    until(lambda: psutil.pid_exists(pid), lambda is_there: not is_there)


def test_the_server_learns_where_the_cursor_rests(start_emacs: Start, tmp_path: Path) -> None:
    """A model on this machine has the code read there before anything is typed."""
    with FakeHost(LlamaCpp(model="/models/qwen2.5-coder.gguf")) as host:
        host.answers("")
        host.answers("")
        emacs = start_emacs()
        emacs.set_up(
            {
                "backend": {"kind": "llamacpp", "url": host.url},
                "prompt": {"template": "starcoder", "maxTokens": 64},
            }
        )
        emacs.edit(written(tmp_path / "work" / "a.py", "a = 1\n" * 400))
        host.wait(lambda host: len(host.asked) == 1)

        emacs.press("M->")

        host.wait(lambda host: len(host.asked) > 1)
        assert {exchange.request.json["n_predict"] for exchange in host.asked} == {0}


def test_real_llama_cpp(start_emacs: Start, file: Path) -> None:
    """What a real model writes, noise in this case, is drawn and accepted as it is."""
    with llamacpp_server() as url:
        emacs = start_emacs()
        few = {"maxTokens": 8}
        emacs.set_up({"backend": {"kind": "llamacpp", "url": url}, "completion": few})
        emacs.edit(file)
        into_body(emacs)
        emacs.complete()
        until_equal(emacs.is_answered, True)
        ghost = emacs.ghost()
        assert ghost

        emacs.press("Tab")

        until_equal(emacs.text, body(ghost))


@pytest.mark.model
@pytest.mark.skipif(not installed(), reason="needs the embedded model: infill-ls model pull")
def test_embedded_model(start_emacs: Start, file: Path) -> None:
    """With nothing configured, the model on this machine writes the function's body first."""
    emacs = start_emacs()
    emacs.set_up({})
    emacs.edit(file)
    into_body(emacs)
    emacs.type("ret")
    until(emacs.ghost, lambda ghost: ghost.startswith("urn a + b"), deadline_s=90)

    emacs.press("Tab")

    until(emacs.text, lambda text: text.startswith(f"{HEAD}\n    return a + b"))
