"""Ghost text in VS Code: drawn, grown, accepted and dismissed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from editors.neovim import until, until_equal
from editors.vscode.conftest import HEAD
from editors.vscode.window import ACCEPT_LINE, Window
from fakes.host import FakeHost
from fakes.script import EOT, Answer, Token

PIECES = ("f a", " > b:", "\n        b = a", "\n        return b")

STATES = (
    "f a > b:",
    "f a > b:\n        b = a",
    "f a > b:\n        b = a\n        return b",
)
"""What the server makes of the pieces, as they come behind an `i`.

One key is typed: of two, the host may be asked for the first as well.
"""


def test_a_suggestion_is_drawn_and_tab_accepts_it(window: Window, host: FakeHost) -> None:
    """Ghost text follows what is typed, and Tab makes it text."""
    host.answers("eturn a", " + b", EOT)

    window.type("r")
    until_equal(window.ghost, "eturn a + b")
    window.press("Tab")

    until_equal(window.ghost, "")
    assert window.lines()[:2] == [HEAD, "    return a + b"]


def test_a_suggestion_grows_without_ever_vanishing(window: Window, host: FakeHost) -> None:
    """Each longer state takes the place of the one before, with no frame between them."""
    gate = host.gate()
    host.answers(*PIECES, EOT, gate=gate)
    window.record()

    window.type("i")
    gate.open(2)
    until_equal(window.ghost, STATES[0])
    gate.open()
    until_equal(window.ghost, STATES[1])
    gate.stand_open()
    until_equal(window.ghost, STATES[2])

    before, *drawn = window.ghosts()
    assert before == ""
    assert "" not in drawn


@pytest.mark.parametrize(("pieces", "state"), list(enumerate(STATES, start=2)))
def test_what_is_drawn_is_what_tab_inserts(
    window: Window, host: FakeHost, pieces: int, state: str
) -> None:
    """At whatever length a growing suggestion is accepted, the screen was right."""
    gate = host.gate()
    host.answers(*PIECES, EOT, gate=gate)
    host.always(Answer((EOT,)))
    window.type("i")
    gate.open(pieces)
    until_equal(window.ghost, state)

    window.press("Tab")

    until_equal(window.ghost, "")
    assert window.lines()[:pieces] == [HEAD, *f"    i{state}".split("\n")]


def test_escape_takes_a_growing_suggestion_away_for_good(window: Window, host: FakeHost) -> None:
    """The host is told to stop, and nothing of the rest is drawn."""
    gate = host.gate()
    host.answers(*PIECES, EOT, gate=gate)
    window.type("i")
    gate.open(2)
    until(window.ghost, bool)

    window.press("Escape")

    until_equal(window.ghost, "")
    host.wait(lambda host: host.asked[0].ending == "client left")
    gate.stand_open()
    assert window.ghost() == ""


def test_a_word_is_accepted_and_the_rest_stays(window: Window, host: FakeHost) -> None:
    """Accepting word by word is VS Code's own, and what is left is still suggested."""
    host.answers("eturn a", " + b", EOT)
    host.always(Answer((EOT,)))
    window.type("r")
    until_equal(window.ghost, "eturn a + b")

    window.press("Control+ArrowRight")
    until_equal(window.ghost, " a + b")
    window.press("Tab")

    until_equal(window.lines, [HEAD, "    return a + b", ""])


def test_words_of_two_units_are_accepted(window: Window, host: FakeHost) -> None:
    """Behind each word stands the cursor, what is left is still suggested, and typing goes on."""
    host.answers("'😀🎉' + b", EOT)
    host.always(Answer((EOT,)))
    window.write("s = ")
    window.press("x", "Backspace")
    until_equal(window.ghost, "'😀🎉' + b")

    window.press("Control+ArrowRight")
    until_equal(window.ghost, "😀🎉' + b")
    window.press("Control+ArrowRight")
    until_equal(window.ghost, "' + b")
    expect_cursor(window, 1, "s = '😀🎉")
    window.type("' +")
    until_equal(window.ghost, " b")
    window.press("Tab")

    until_equal(window.ghost, "")
    assert window.lines() == ["s = '😀🎉' + b"]


def expect_cursor(window: Window, line: int, before: str) -> None:
    """Wait until the cursor stands in a line behind a text; columns are shown in whole signs."""
    shown = window.page.get_by_text(f"Ln {line}, Col {len(before) + 1}", exact=True)
    expect(shown).to_be_visible()


def test_lines_of_two_units_are_accepted(window: Window, host: FakeHost) -> None:
    """Line by line, what is left is still suggested, and typing goes on behind the last."""
    host.answers("'😀'):\n    g('🎉'", EOT)
    host.always(Answer((EOT,)))
    window.write("if f(")
    window.press("x", "Backspace")
    until_equal(window.ghost, "'😀'):\n    g('🎉'")

    window.press(ACCEPT_LINE)
    until_equal(window.ghost, "    g('🎉'")
    window.press(ACCEPT_LINE)
    until_equal(window.ghost, "")
    expect_cursor(window, 2, "    g('🎉'")
    window.type(")")

    until_equal(window.lines, ["if f('😀'):", "    g('🎉')"])


def test_typing_along_doubles_no_character(window: Window, host: FakeHost) -> None:
    """While the user types what is suggested, the screen does not change."""
    host.answers("eturn a", " + b", EOT)
    window.type("r")
    until_equal(window.ghost, "eturn a + b")

    for character in "eturn a":
        window.type(character)
        assert window.lines()[1] == "    return a + b"
    window.press("Tab")

    until_equal(window.ghost, "")
    assert window.lines()[1] == "    return a + b"


def test_characters_of_two_units(window: Window, host: FakeHost) -> None:
    """Columns are counted alike on both sides, and the cursor is behind what was accepted."""
    host.always(Answer((Token(" + '🎉'"), EOT)))
    window.write("f(ä, '😀é')")

    window.press("ArrowLeft", "x", "Backspace")
    until(window.ghost, bool)
    assert window.lines()[0] == "f(ä, '😀é' + '🎉')"
    window.press("Tab")

    until_equal(window.ghost, "")
    assert window.lines()[0] == "f(ä, '😀é' + '🎉')"
    assert "f(ä, '😀é'" in host.asked[0].request.json["inputs"]
    expect_cursor(window, 1, "f(ä, '😀é' + '🎉'")


def test_an_explicit_request_waits_for_nothing_to_be_typed(window: Window, host: FakeHost) -> None:
    """VS Code's own command asks where the cursor is."""
    host.always(Answer((Token("return a"),)))

    window.run("Trigger Inline Suggestion")

    until_equal(window.ghost, "return a")
