"""One course that each editor is led through, from the first key to a host that is well again.

What the user and the host are to see stands here once, so all editors are held to the same.

Each counts the columns of a line in a way of its own, so before the cursor there are signs that are
of another width in each: one is outside of the BMP, the other is three code points.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from editors.neovim import until, until_equal
from fakes.host import FakeHost
from fakes.response import Response
from fakes.script import EOS, EOT, Answer, Fail, Token

_BEGUN = 'def add(a, b):  # 👩‍🚀 😀\n    s = "👩‍🚀 😀"; '

CODE = f"{_BEGUN}\n"
"""What is opened; the cursor is to stand at the end of its second line."""

MODEL = "codellama/CodeLlama-7b-Instruct-hf"
"""It fills in and talks."""

_PROMPT = f"<PRE> {_BEGUN}r <SUF>\n <MID>"
_ANSWER_S = 2.0
_REST_S = 30.0
"""A host that has failed is left alone for some seconds, longer each time."""


class Editor(Protocol):
    """A running editor in the hands of a user."""

    def type(self, text: str) -> None:
        """Type a text into the code."""

    def ghost(self) -> str:
        """Return the suggestion that is drawn, empty if there is none."""

    def accept(self) -> None:
        """Press the key that accepts a suggestion."""

    def code(self) -> str:
        """Return the text of the code as it is in the editor."""

    def ask(self, question: str) -> None:
        """Ask in the chat."""

    def chat(self) -> str:
        """Return all that stands in the chat."""

    def stop(self) -> None:
        """Press what stops an answer."""

    def leave_chat(self) -> None:
        """Return to the end of the code's second line."""

    def status(self) -> str:
        """Return what the editor says of the server."""


def run(editor: Editor, host: FakeHost) -> None:
    """Lead an editor through it; raises AssertionError where it is not as it should be."""
    _suggested_and_accepted(editor, host)
    _answered_and_stopped(editor, host)
    _broken_and_mended(editor, host)


def _suggested_and_accepted(editor: Editor, host: FakeHost) -> None:
    """One key brings the suggestion, one takes it, and the host was asked once."""
    host.answers("eturn a + b", EOT)

    editor.type("r")
    until_equal(editor.ghost, "eturn a + b")
    editor.accept()
    until_equal(editor.code, f"{_BEGUN}return a + b\n")

    until_equal(editor.ghost, "")
    prompts = [exchange.request.json["inputs"] for exchange in host.asked]
    assert prompts == [_PROMPT]


def _answered_and_stopped(editor: Editor, host: FakeHost) -> None:
    """A question is answered; the next answer is stopped, and what was written of it stays."""
    gate = host.gate()
    host.answers(" It adds.", EOS)
    host.answers(" Half", " an answer.", EOS, gate=gate)

    editor.ask("What does it do?")
    until(editor.chat, lambda text: "It adds." in text)
    editor.ask("And why?")
    gate.open()
    until(editor.chat, lambda text: "Half" in text)
    editor.stop()
    host.wait(lambda host: host.asked[-1].ending == "client left")

    assert "an answer." not in editor.chat()
    asked = host.asked[-1].request.body.decode()
    assert "What does it do?" in asked
    assert "It adds." in asked
    editor.leave_chat()


def _broken_and_mended(editor: Editor, host: FakeHost) -> None:
    """A host that fails is told of and does no harm; once it is well, there are suggestions."""
    host.always(Fail(Response(500, {"content-type": "text/plain"}, (b"out of memory",))))

    editor.type(" + ")
    until(editor.status, lambda status: "out of memory" in status)
    assert editor.ghost() == ""
    host.always(Answer((Token("c"), EOT)))
    mended = until(lambda: _typed(editor), bool, _REST_S)

    assert mended == "c"
    until(editor.status, lambda status: "out of memory" not in status)


def _typed(editor: Editor) -> str:
    """Type a key, and return what is then suggested, empty if nothing comes."""
    editor.type("x")
    with suppress(AssertionError):
        return until(editor.ghost, bool, _ANSWER_S)
    return ""
