"""Where ghost text would only be in the way, so that no host is asked for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infill_ls.completion.cursor.place import place_of
from infill_ls.completion.keystrokes import Keystrokes
from infill_ls.completion.occasion import why_not
from infill_ls.types import CompletionRequest, Trigger

RequestAt = Callable[..., CompletionRequest]

INSIDE = "the cursor is inside a word"
CODE = "code stands right of the cursor"
DELETING = "text is being deleted"


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        pytest.param("‸", None, id="empty document"),
        pytest.param("x = ‸", None, id="end of the document"),
        pytest.param("x = ‸\ny = 1\n", None, id="end of a line"),
        pytest.param("x = ‸\r\ny = total + rest\r\n", None, id="end of a line, CRLF"),
        pytest.param("x = ‸\ry = total + rest\r", None, id="end of a line, CR"),
        pytest.param("    ‸\n", None, id="blank line"),
        pytest.param("x = ‸   \t\n", None, id="blanks right"),
        pytest.param("x = ‸" + " " * 40 + "\n", None, id="many blanks right"),
        # words
        pytest.param("to‸tal = 1\n", INSIDE, id="inside a word"),
        pytest.param("total‸ = 1\n", None, id="behind a word"),
        pytest.param("‸total\n", None, id="before a word"),
        pytest.param("x = a.‸b\n", None, id="behind a dot"),
        pytest.param("a‸\nb\n", None, id="the next word is on the next line"),
        pytest.param("a\n‸b\n", None, id="the word before is on the line before"),
        pytest.param("a‸ b\n", None, id="a blank between words"),
        pytest.param("gr‸öße\n", INSIDE, id="before a letter with marks"),
        pytest.param("grö‸ße\n", INSIDE, id="between such letters"),
        pytest.param("пер‸вый\n", INSIDE, id="Cyrillic"),
        pytest.param("漢‸字\n", INSIDE, id="Chinese"),
        pytest.param("漢字‸、\n", None, id="Chinese before punctuation"),
        pytest.param("a‸😀\n", None, id="a picture is no letter"),
        pytest.param("x1‸2\n", INSIDE, id="between digits"),
        pytest.param("1‸e\n", INSIDE, id="between digit and letter"),
        pytest.param("٣‸٤\n", INSIDE, id="between Arabic digits"),
        pytest.param("my‸_name\n", INSIDE, id="before an underscore"),
        pytest.param("my_‸name\n", INSIDE, id="behind an underscore"),
        pytest.param("_‸_\n", INSIDE, id="between underscores"),
        pytest.param("1‸.5\n", None, id="before a decimal point"),
        pytest.param("a‸-b\n", None, id="before a hyphen"),
        # closers, which editors put there by themselves
        pytest.param("f(‸)\n", None, id="pair"),
        pytest.param("f([{‸}])\n", None, id="pairs in pairs"),
        pytest.param("x = '‸'\n", None, id="quotes"),
        pytest.param('x = """‸"""\n', None, id="triple quotes"),
        pytest.param("x = `‸`\n", None, id="back quotes"),
        pytest.param("Vec<‸>\n", None, id="angles"),
        pytest.param("if f(‸):\n", None, id="pair and colon"),
        pytest.param("f(‸);\n", None, id="pair and semicolon"),
        pytest.param("f(a, ‸),\n", None, id="pair and comma"),
        pytest.param("g(‸" + ")" * 30 + "\n", None, id="thirty closers"),
        pytest.param("f(word‸)\n", None, id="word in a pair"),
        pytest.param("f(wo‸rd)\n", INSIDE, id="inside a word in a pair"),
        pytest.param("f(‸) or fallback(1)\n", CODE, id="code behind a pair"),
        # eight characters
        pytest.param("f(‸abcdefgh\n", None, id="exactly 8"),
        pytest.param("f(‸abcdefghi\n", CODE, id="exactly 9"),
        pytest.param("f(‸abcdefgh)\n", None, id="8 and a closer"),
        pytest.param("f(‸abcdefghi)\n", CODE, id="9 and a closer"),
        pytest.param("f(‸ab, cd, efgh);\n", None, id="8 among closers and blanks"),
        pytest.param("f(‸ab, cd, efghi);\n", CODE, id="9 among closers and blanks"),
        pytest.param("x = ‸((((((((\n", None, id="8 openers"),
        pytest.param("x = ‸(((((((((\n", CODE, id="openers are no closers"),
        pytest.param("x = ‸漢字漢字漢字漢字\n", None, id="8 characters of 3 bytes"),
        pytest.param("x = ‸漢字漢字漢字漢字漢\n", CODE, id="9 characters of 3 bytes"),
        pytest.param("x = ‸\nabcdefghi\n", None, id="9 on the next line"),
        # comments
        pytest.param("x = ‸  # a note\n", None, id="short comment right"),
        pytest.param("x = ‸  # what it is for\n", CODE, id="long comment right"),
        pytest.param("x = ‸ // TODO\n", None, id="short comment of two signs"),
        pytest.param("# what is ‸\n", None, id="end of a comment"),
        pytest.param("# what ‸it is for, and why\n", CODE, id="inside a comment"),
    ],
)
def test_host_is_asked_where_one_writes(
    request_at: RequestAt, marked: str, reason: str | None
) -> None:
    """Not inside a word, and not before more than eight characters that are no closers."""
    request = request_at(marked, trigger=Trigger.AUTOMATIC)

    assert why_not(place_of(request, "auto"), Keystrokes()) == reason


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["x = ab‸"], None),
        (["x = ab‸", "x = a‸"], None),  # a slip is mended
        (["x = ab‸", "x = a‸", "x = ‸"], DELETING),
        (["x = a b c‸", "x = ‸"], None),  # at once
        (["x = ab‸", "x = a‸", "x = ‸", "x = c‸"], None),
        (["x = ab‸", "x = a‸", "x = ac‸", "x = a‸"], None),
        (["x = (‸abc)", "x = (‸bc)", "x = (‸c)"], DELETING),
        (["ab‸cd", "a‸cd", "‸cd"], DELETING),
        (["abc‸d", "ab‸d", "a‸d"], INSIDE),  # the first reason is told
    ],
)
def test_host_is_not_asked_while_text_is_deleted(
    request_at: RequestAt, texts: list[str], reason: str | None
) -> None:
    """One deletion mends a slip; who deletes twice in a row is not writing."""
    requests = [request_at(text, trigger=Trigger.AUTOMATIC) for text in texts]
    keystrokes = Keystrokes()
    for at, request in enumerate(requests):
        keystrokes.note(request, 100.0 * at)

    assert why_not(place_of(requests[-1], "auto"), keystrokes) == reason
