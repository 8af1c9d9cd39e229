"""Chat in real Emacs: asked in the minibuffer, about code, and answered in a buffer."""

from __future__ import annotations

from pathlib import Path

from editors.emacs.terminal import HEAD, Emacs
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
    until(
        talking.screen,
        lambda rows: any(row.startswith("Ask about line 1 of a.py:") for row in rows),
    )
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
