"""Reading an answer: what surrounds the cursor, and where there is enough of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from infill_ls.completion.answers.answer import Answer, growing
from infill_ls.completion.cursor.place import Lines, Place, place_of
from infill_ls.types import CompletionRequest, Delta, Finish, Trigger

RequestAt = Callable[..., CompletionRequest]


async def streamed(*deltas: str | Delta) -> AsyncIterator[Delta]:
    for delta in deltas:
        yield Delta(delta) if isinstance(delta, str) else delta


async def read(place: Place, *deltas: str | Delta) -> list[Answer]:
    """Return all states of an answer."""
    async with aclosing(growing(streamed(*deltas), place)) as answers:
        return [answer async for answer in answers]


@pytest.mark.parametrize(
    ("marked", "head", "rest", "below"),
    [
        ("‸", "", "", ()),
        ("a = ‸", "a = ", "", ()),
        ("a\n  b‸)\nc\n", "  b", ")", ("c",)),
        ("a\r\n  b‸)\r\nc \r\n\r\nd\r\n", "  b", ")", ("c", "d")),
        ("a\r  b‸)\rc\r", "  b", ")", ("c",)),
        ("‸\n\n \t\n  c\t\n", "", "", ("  c",)),
        ("a\fb‸c\u2028d\ne\n", "a\fb", "c\u2028d", ()),
        ("a‸\nb\u2028c\x85d\n", "a", "", ("b\u2028c\x85d",)),
        ("f(‸, 1)\ng()\n", "f(", ", 1)", ()),
    ],
)
def test_place_is_what_stands_around_the_cursor(
    request_at: RequestAt, marked: str, head: str, rest: str, below: tuple[str, ...]
) -> None:
    """Lines end as LSP says; blank ones, and all of them after code on the line, do not count."""
    place = place_of(request_at(marked), "auto")

    assert (place.head, place.rest, place.below) == (head, rest, below)


def test_place_is_small_in_a_huge_line(request_at: RequestAt) -> None:
    """A line of a megabyte is not carried along, and a line that may go on is not compared."""
    request = request_at("x" * 500_000 + "‸" + "\n" + "y" * 500_000)

    place = place_of(request, "auto")

    assert (len(place.head), place.rest, place.below) == (2_000, "", ())


@pytest.mark.parametrize(
    ("marked", "line_end"),
    [
        ("a\nb‸", "\n"),
        ("a\r\nb‸", "\r\n"),
        ("a\rb‸", "\r"),
        ("a‸", "\n"),
        ("a\r\nb\nc‸", "\r\n"),
        ("‸\r\n", "\r\n"),
    ],
)
def test_documents_line_end_is_that_of_its_first_line(
    request_at: RequestAt, marked: str, line_end: str
) -> None:
    """A document without any line end gets line feeds."""
    assert place_of(request_at(marked), "auto").line_end == line_end


@pytest.mark.parametrize(
    ("marked", "quote"),
    [
        ("‸", ""),
        ('"""a\n‸', '"""'),
        ("'''a\r\n  b‸\r\n'''", "'''"),
        ('"""a"""\n‸', ""),
        ('"""a\n"""‸', '"""'),  # where the line begins
        ('"""a‸\n"""', ""),
        ("'a'\n'''漢\n‸", "'''"),
        ("'a'\n\"\"\n‸", ""),
        ('"""a\n' + "x\n" * 5_000 + "‸", '"""'),
        # Quotes that only look like it.
        ('\'"""\'\n‸', ""),
        ('# no """\n‸', ""),
        ('"""a \'\'\' b"""\n‸', ""),
        ("\"\"\"a '''\n‸", '"""'),
        ('"""a\\\n‸', '"""'),
    ],
)
def test_string_over_several_lines_is_known(request_at: RequestAt, marked: str, quote: str) -> None:
    """What an answer has of it is read as a string, however far above it began."""
    assert place_of(request_at(marked), "multi").quote == quote


@pytest.mark.parametrize(
    ("marked", "lines"),
    [
        ("a = ‸\n", "single"),
        ("a = ‸  \n", "single"),
        ("f(‸)\n", "single"),
        ("f(g['‸']);\n", "single"),
        ("if x‸:\n", "single"),
        ("{‸},\n", "single"),
        ("‸\n", "multi"),
        ("‸)\n", "multi"),
        ("a = ‸ + 1\n", "single"),
        ("f(‸, b)\n", "single"),
        ("‸return x\n", "single"),
        ("f(‸) {\n", "single"),
    ],
)
def test_what_has_begun_asks_for_one_line(request_at: RequestAt, marked: str, lines: Lines) -> None:
    """While one types, a line that has begun is finished, and code right of it ends there."""
    assert place_of(request_at(marked, trigger=Trigger.AUTOMATIC), "auto").lines == lines


def test_who_invokes_between_code_gets_the_whole_answer(request_at: RequestAt) -> None:
    """There may be several lines between code and code; while one types, one is enough."""
    assert place_of(request_at("f(‸, b)\n", trigger=Trigger.INVOKED), "auto").lines == "whole"
    assert place_of(request_at("f(‸)\n", trigger=Trigger.INVOKED), "auto").lines == "multi"


@pytest.mark.parametrize(
    ("deltas", "shown", "finish"),
    [
        ([Delta("a,\n"), Delta("b"), Delta("", "end")], ["a,", "a,", "a,\nb"], "end"),
        ([Delta("a,\n"), Delta("b"), Delta("c", "length")], ["a,", "a,", "a,"], "line"),
        ([Delta("a"), Delta("b", "length")], ["a", "ab"], "length"),
        ([Delta("\n"), Delta("a", "end")], ["\n", "\na"], "end"),
    ],
)
async def test_whole_answer_is_shown_when_it_has_ended(
    request_at: RequestAt, deltas: list[Delta], shown: list[str], finish: Finish
) -> None:
    """Until then, and if it never ends, its first line is."""
    place = place_of(request_at("f(‸, b)\n", trigger=Trigger.INVOKED), "auto")

    answers = await read(place, *deltas)

    assert [answer.text for answer in answers] == shown
    assert [answer.finish for answer in answers] == [None] * (len(shown) - 1) + [finish]


@pytest.mark.parametrize("wanted", ["single", "multi"])
@pytest.mark.parametrize("marked", ["a = ‸\n", "a = ‸ + 1\n"])
def test_lines_can_be_chosen(request_at: RequestAt, marked: str, wanted: Lines) -> None:
    """`completion.lines` decides, whatever stands there."""
    assert place_of(request_at(marked), wanted).lines == wanted


async def test_every_state_is_longer_and_the_last_has_a_finish(request_at: RequestAt) -> None:
    """Who reads along sees each piece arrive."""
    place = place_of(request_at("‸"), "auto")

    answers = await read(place, "a", " +\n", "b", Delta("", "end", 9, 4), "never read")

    assert [(answer.text, answer.finish) for answer in answers] == [
        ("a", None),
        ("a +\n", None),
        ("a +\nb", None),
        ("a +\nb", "end"),
    ]
    assert (answers[-1].prompt_tokens, answers[-1].completion_tokens) == (9, 4)


async def test_pieces_count_as_tokens_until_the_host_says(request_at: RequestAt) -> None:
    """A stream that we end ourselves has no count of the host's."""
    place = place_of(request_at("‸"), "single")

    *_, last = await read(place, "a", "b", "c\n", Delta("", "end", 9, 3))

    assert (last.completion_tokens, last.prompt_tokens) == (3, None)


@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        (("a + b\n", "c"), "a + b"),
        (("a +", " b", "\n"), "a + b"),
        (("a + b\r\nc",), "a + b"),
        (("a + b\rc",), "a + b"),
        (("\n", "\n", "  a\n", "b"), "\n\n  a"),
        (("\r\n  \r\n a\r\n",), "\r\n  \r\n a"),
        (("a\fb\u2028c\n",), "a\fb\u2028c"),
        (("a  \n",), "a  "),
    ],
)
async def test_one_line_ends_at_the_first_line_end_after_text(
    request_at: RequestAt, deltas: tuple[str, ...], text: str
) -> None:
    """Where one line is wanted, blank lines before it do not count, and none after it is read."""
    place = place_of(request_at("‸"), "single")

    answers = await read(place, *deltas, "never read")

    assert (answers[-1].text, answers[-1].finish) == (text, "line")


async def test_one_line_may_end_with_the_answer(request_at: RequestAt) -> None:
    """An answer without a line end is ended by the host."""
    place = place_of(request_at("‸"), "single")

    answers = await read(place, "a", Delta(" + b", "length"))

    assert (answers[-1].text, answers[-1].finish) == ("a + b", "length")


@pytest.mark.parametrize(
    ("marked", "deltas", "text"),
    [
        ("‸\nreturn x\n", ("x = 1\n", "return x\n"), "x = 1\n"),
        ("‸\nreturn x\n", ("x = 1\n", "ret", "urn x", "  \n"), "x = 1\n"),
        ("‸\r\nreturn x\r\n", ("x = 1\r\nreturn x\r\n",), "x = 1\r\n"),
        ("‸\rreturn x\r", ("x = 1\rreturn x\r",), "x = 1\r"),
        ("‸\n\n\n  return x \n", ("x = 1\n\n  return x\ny",), "x = 1\n\n"),
        ("  ‸\n  return x\n", ("return x\n", "z"), ""),
        ("  ret‸\n  return x\n", ("urn x\n", "z"), ""),
        ("f(‸)\ngo(h)\n", ("x)\ngo(h)\n",), "x)\n"),
        ("‸\nab.c[d](e)\n", ("x\nab.c[d](e)\n",), "x\n"),
        ("‸\n  return first\n", ("x = 1\n  return first + second\n",), "x = 1\n"),  # 12 are alike
    ],
)
async def test_several_lines_end_before_the_one_below(
    request_at: RequestAt, marked: str, deltas: tuple[str, ...], text: str
) -> None:
    """A model that goes on with what the document holds already is stopped there."""
    place = place_of(request_at(marked), "multi")

    answers = await read(place, *deltas, "never read")

    assert (answers[-1].text, answers[-1].finish) == (text, "overlap")


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("‸\nreturn x\n", "x = 1\nreturn xy\nz\n"),  # a longer line
        ("‸\nreturn x\n", "x = 1\n  return x\nz\n"),  # of another block
        ("‸\nreturn x\n", "a return x\n"),
        ("‸\n}\n", "{\n}\n{\n}\n"),  # brackets stand in many places
        ("‸\n)]\n", "a\n)]\nb\n"),
        ("‸\n  x\n", "y\n  x\nz\n"),
        ("a ‸ + b\nreturn x\n", "x\nreturn x\ny\n"),  # beyond code of the line
        ("‸", "a\n\nb\n"),
    ],
)
async def test_several_lines_go_on_past_what_only_looks_alike(
    request_at: RequestAt, marked: str, text: str
) -> None:
    """A line ends the answer only if it is the next one, and says something."""
    place = place_of(request_at(marked), "multi")

    answers = await read(place, text, Delta("", "end"))

    assert (answers[-1].text, answers[-1].finish) == (text, "end")


async def test_stream_is_not_read_beyond_what_is_needed(request_at: RequestAt) -> None:
    """The host is left as soon as there is enough."""
    place = place_of(request_at("‸"), "single")
    deltas = streamed("a\n", "b", "c")

    async with aclosing(growing(deltas, place)) as answers:
        [answer] = [answer async for answer in answers]

    assert answer.text == "a"
    assert await anext(deltas) == Delta("b")


async def test_line_that_may_be_the_one_below_is_not_shown_before_it_is_known(
    request_at: RequestAt,
) -> None:
    """Ghost text never has the beginning of what stands below it already."""
    place = place_of(request_at("x = ‸\nreturn x\n"), "multi")

    same = await read(place, "1\n", "ret", "urn", " x", "\n")
    other = await read(place, "1\n", "ret", "ry()")

    assert [answer.text.rstrip() for answer in same] == ["1"] * 5
    assert [answer.text for answer in other] == ["1\n", "1\n", "1\nretry()"]
