"""Chat in real Emacs: asked in the minibuffer, about code, and answered in a buffer."""

from __future__ import annotations

from pathlib import Path

from editors.emacs.terminal import HEAD, Emacs, until_prompted, written
from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.response import Response
from fakes.script import EOS, Fail


def test_chat_streams_about_the_function_at_point(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """The answer is shown piece by piece; the question came with the function."""
    gate = host.gate()
    host.answers(" It", " adds", " two.", EOS, gate=gate)
    talking.edit(file)

    talking.press("M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about line 1 of a.py:")
    talking.type("What is it?\r")
    gate.open()
    first = until(talking.text, lambda text: "It" in text)
    gate.stand_open()
    until(talking.text, lambda text: text.endswith("It adds two.\n\n"))

    assert first.startswith("> What is it?\n> (line 1 of a.py)\n\n")
    assert "adds" not in first
    assert HEAD in host.asked[-1].request.body.decode()
    assert talking.lisp("buffer-read-only") is True


def test_chat_stops(talking: Emacs, host: FakeHost, file: Path) -> None:
    """`k` closes the connection; what was said stays, and the next question goes on from there."""
    gate = host.gate()
    host.answers(" It", " adds", " two.", EOS, gate=gate)
    host.answers(" Indeed.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    gate.open()
    until(talking.text, lambda text: text.endswith("It"))

    talking.press("k")
    host.wait(lambda host: host.asked[-1].ending == "client left")
    until(talking.text, lambda text: text.endswith("It [stopped]\n\n"))
    talking.lisp('(infill-ls-chat "Sure?")')
    until(talking.text, lambda text: text.endswith("> Sure?\n\nIndeed.\n\n"))

    assert "What is it?" in host.asked[-1].request.body.decode()


def test_chat_stops_before_the_first_word(talking: Emacs, host: FakeHost, file: Path) -> None:
    """A first question that the host has not begun to answer can be taken back, too."""
    host.hang()
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    host.wait(lambda host: len(host.asked) == 1)

    talking.press("k")

    host.wait(lambda host: host.asked[-1].ending == "client left")
    until(talking.text, lambda text: text.endswith("> What is it?\n\n [stopped]\n\n"))


def test_chat_is_asked_again_after_a_fault(talking: Emacs, host: FakeHost, file: Path) -> None:
    """A fault is one sentence in place of the answer; `g` puts the answer there."""
    host.then(Fail(Response(500)))
    host.answers(" It adds.", EOS)
    host.answers(" It adds two.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    until(talking.text, lambda text: host.url in text)

    talking.press("g")
    until_equal(talking.text, "> What is it?\n\nIt adds.\n\n")
    talking.press("g")

    until_equal(talking.text, "> What is it?\n\nIt adds two.\n\n")


def test_chat_is_cleared(talking: Emacs, host: FakeHost, file: Path) -> None:
    """`c` empties the buffer, and the next question begins anew."""
    host.answers(" It adds.", EOS)
    host.answers(" Yes.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    until(talking.text, lambda text: text.endswith("It adds.\n\n"))

    talking.press("c")
    until_equal(talking.text, "")
    talking.lisp('(infill-ls-chat "Sure?")')
    until_equal(talking.text, "> Sure?\n\nYes.\n\n")

    assert "What is it?" not in host.asked[-1].request.body.decode()


def test_a_first_question_that_was_refused_is_asked_again(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """Once the file can be shown, `g` asks what was refused, and not the question before it."""
    host.answers(" It adds.", EOS)
    host.answers(" Code.", EOS)
    file.with_name(".git").mkdir()
    secret = written(file.with_name(".env"), "TOKEN=1\n")
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is in @.env")')
    until(talking.text, lambda text: "(it may hold a secret)" in text or ".env is" in text)
    secret.unlink()

    talking.press("g")
    until_equal(talking.text, "> What is in @.env\n\nIt adds.\n\n")
    written(secret, "TOKEN=1\n")
    talking.lisp('(infill-ls-chat "And in @.env")')
    until(talking.text, lambda text: ".env is" in text)
    secret.unlink()
    talking.press("g")

    until(talking.text, lambda text: text.endswith("> And in @.env\n\nCode.\n\n"))
    assert "And in @.env" in host.asked[-1].request.json["inputs"]


def test_a_first_question_that_failed_is_kept_by_the_server(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """The next one goes on from there, though no answer has told the conversation's name."""
    host.then(Fail(Response(500)))
    host.answers(" It adds.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    until(talking.text, lambda text: host.url in text)

    talking.lisp('(infill-ls-chat "Well?")')

    until(talking.text, lambda text: text.endswith("> Well?\n\nIt adds.\n\n"))
    assert "What is it?" in host.asked[-1].request.json["inputs"]


def test_what_goes_along_is_seen_and_taken_away(talking: Emacs, host: FakeHost, file: Path) -> None:
    """The prompt names each piece; `C-c C-d` takes the last one away and leaves what is typed."""
    host.answers(" Two.", EOS)
    other = written(file.with_name("b.py"), "def sub(a, b):\n    return a - b\n")
    talking.edit(other)
    talking.lisp("(infill-ls-chat-attach)")
    talking.edit(file)

    talking.press("M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about lines 1-2 of b.py, line 1 of a.py:")
    talking.type("How many")
    talking.press("C-c", "C-d")
    until_prompted(talking, "Ask about lines 1-2 of b.py: How many")
    talking.type("?\r")

    until_equal(talking.text, "> How many?\n> (lines 1-2 of b.py)\n\nTwo.\n\n")
    asked = host.asked[-1].request.json["inputs"]
    assert "def sub" in asked
    assert HEAD not in asked


def test_attached_code_is_followed_and_goes_along_once(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """The chat's head line names it as it is now; the question after the next goes without."""
    host.answers(" Two.", EOS)
    host.answers(" Yes.", EOS)
    talking.edit(file)
    talking.lisp("(infill-ls-chat-attach)")
    talking.lisp(r'(progn (goto-char (point-min)) (insert "# \N{GRINNING FACE}\n"))')

    talking.lisp("(pop-to-buffer (infill-ls-chat--current))")
    until(
        talking.screen,
        lambda rows: any("With the next question: line 2 of a.py" in row for row in rows),
    )
    talking.press("Enter")
    until_prompted(talking, "Ask about line 2 of a.py:")
    talking.type("How many?\r")
    until_equal(talking.text, "> How many?\n> (line 2 of a.py)\n\nTwo.\n\n")
    talking.press("Enter")
    until_prompted(talking, "Ask:")
    talking.type("Sure?\r")

    until(talking.text, lambda text: text.endswith("> Sure?\n\nYes.\n\n"))
    assert not any("With the next question" in row for row in talking.screen())


def test_conversations_of_the_session_are_kept(talking: Emacs, host: FakeHost, file: Path) -> None:
    """`n` begins another, `h` goes back to one by its first question; each goes on by itself."""
    host.answers(" It adds.", EOS)
    host.answers(" Blue.", EOS)
    host.answers(" Yes.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    until(talking.text, lambda text: text.endswith("It adds.\n\n"))

    talking.press("n")
    until_equal(talking.text, "")
    talking.lisp('(infill-ls-chat "Which colour?")')
    until(talking.text, lambda text: text.endswith("Blue.\n\n"))
    talking.press("h")
    until_prompted(talking, "Conversation (default *infill-ls chat: Which colour?*):")
    talking.type("*infill-ls chat: What")
    talking.press("Tab", "Enter")
    until(talking.text, lambda text: text.endswith("It adds.\n\n"))
    talking.lisp('(infill-ls-chat "Sure?")')

    until_equal(talking.text, "> What is it?\n\nIt adds.\n\n> Sure?\n\nYes.\n\n")
    asked = host.asked[-1].request.json["inputs"]
    assert "What is it?" in asked
    assert "Which colour?" not in asked


def test_a_conversation_is_exported(talking: Emacs, host: FakeHost, file: Path) -> None:
    """`e` opens it as Markdown, to be saved like any text."""
    host.answers(" It adds.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    until(talking.text, lambda text: text.endswith("It adds.\n\n"))

    talking.press("e")

    exported = until(talking.text, lambda text: not text.startswith("> "))
    assert talking.lisp("(buffer-name)") == "infill-ls chat: What is it?.md"
    assert talking.lisp("buffer-read-only") is None
    assert exported.index("What is it?") < exported.index("It adds.")


def test_what_linters_say_goes_with_code(talking: Emacs, host: FakeHost, file: Path) -> None:
    """The model is told it in words."""
    host.answers(" A blank.", EOS)
    talking.edit(file)
    talking.diagnose("a, b", "too few blanks")

    talking.press("M-x")
    talking.type("infill-ls-chat\r")
    until_prompted(talking, "Ask about line 1 of a.py:")
    talking.type("What is missing?\r")

    until(talking.text, lambda text: text.endswith("A blank.\n\n"))
    assert "warning: too few blanks" in host.asked[-1].request.json["inputs"]


def test_a_question_is_asked_again_once_the_server_is_back(
    talking: Emacs, host: FakeHost, file: Path
) -> None:
    """What was answered stays on the screen, and the new server is told it."""
    host.answers(" One.", EOS)
    host.hang()
    host.answers(" It adds.", EOS)
    host.answers(" Yes.", EOS)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "1?")')
    until(talking.text, lambda text: text.endswith("One.\n\n"))
    talking.lisp('(infill-ls-chat "What is it?")')
    host.wait(lambda host: len(host.asked) == 2)
    talking.lisp("(infill-ls-restart)")
    talking.lisp("""(switch-to-buffer "a.py")""")
    until(talking.is_served, bool)

    talking.lisp('(switch-to-buffer "*infill-ls chat: 1?*")')
    talking.press("g")
    until_equal(talking.text, "> 1?\n\nOne.\n\n> What is it?\n\nIt adds.\n\n")
    talking.lisp('(infill-ls-chat "Sure?")')
    until(talking.text, lambda text: text.endswith("Yes.\n\n"))

    said = "[INST] 1? [/INST] One. </s><s>[INST] What is it? [/INST] It adds. </s><s>[INST] Sure?"
    assert host.asked[-1].request.json["inputs"].startswith(said)


def test_progress_is_in_the_mode_line(talking: Emacs, host: FakeHost, file: Path) -> None:
    """It says how many words the answer has so far."""
    gate = host.gate()
    host.answers(" It", " adds", " two.", EOS, gate=gate)
    talking.edit(file)
    talking.lisp('(infill-ls-chat "What is it?")')
    gate.open()
    gate.open()
    gate.open()

    until(talking.screen, lambda rows: any("answering, 3 words" in row for row in rows))
    gate.stand_open()

    until(talking.screen, lambda rows: not any("answering" in row for row in rows))
