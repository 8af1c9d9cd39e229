"""Which lines an action is about, and where they are after the document was changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.chat.comments import comments, lines_of
from infill_ls.chat.target import AROUND, Target, comment_at, target_of, target_of_problem
from infill_ls.text import Text
from infill_ls.types import Document


def document(text: str, language: str = "python") -> Document:
    return Document("file:///project/a", language, 1, Text(text), "a")


def marked(text: str, language: str = "python") -> tuple[Document, int, int]:
    """Return a document, and the place of ‸ in it, or the selection between two."""
    before, *parts = text.split("‸")
    start = len(before)
    end = start + len(parts[0]) if len(parts) == 2 else start
    return document(before + "".join(parts), language), start, end


def target_in(text: str, language: str = "python") -> str | None:
    """Return the lines that an action at ‸ is about."""
    opened, start, end = marked(text, language)
    target = target_of(opened, start, end)
    return None if target is None else target.text(opened)


# The function around a place

FUNCTIONS = {
    "python": ("import os\n\n\n", "def f(a):\n    b = a\n    return b", "\n\n\nx = 1\n"),
    "javascript": ("let x\n", "export function f(a) {\n  let b = a\n  return b\n}", "\nf(1)\n"),
    "typescript": ("let x\n", "const f = (a: A): B => {\n  let b = a\n  return b\n}", "\nf(1)\n"),
    "typescriptreact": ("let x\n", "function F() {\n  let b = 1\n  return <b>{b}</b>\n}", ""),
    "go": ("package p\n\n", "func (a *A) f() int {\n\tb := a.b\n\treturn b\n}", "\n\nvar x = 1\n"),
    "rust": ("use a;\n\n", "fn f(a: A) -> B {\n    let b = a;\n    b\n}", "\n\nstruct X;\n"),
    "java": ("class A {\n", "  @X\n  int f(int a) {\n    int b = a;\n    return b;\n  }", "\n}\n"),
    "c": ("#include <a.h>\n", "int f(int a)\n{\n\tint b = a;\n\treturn b;\n}", "\nint x;\n"),
    "cpp": ("int x;\n", "template <class T>\nT f(T a) {\n  T b = a;\n  return b;\n}", "\nint y;"),
    "csharp": ("class A {\n", "  int f(int a) {\n    int b = a;\n    return b;\n  }", "\n}\n"),
    "ruby": ("class A\n", "  def f(a)\n    b = a\n    b\n  end", "\nend\n"),
    "lua": ("x = 1\n", "local function f(a)\n  local b = a\n  return b\nend", "\ny = 1\n"),
    "php": ("<?php\n", "function f($a) {\n  $b = $a;\n  return $b;\n}", "\n$x = 1;\n"),
    "shellscript": ("x=1\n", "f() {\n  b=$1\n  echo $b\n}", "\nf 1\n"),
}
"""What stands above a function, the function, and what stands below it, by language."""


@pytest.mark.parametrize("language", FUNCTIONS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_each_place_on_a_function_stands_for_all_of_its_lines(language: str, line_end: str) -> None:
    """From the first column of its first line to the end of its last, however lines end."""
    above, function, below = (part.replace("\n", line_end) for part in FUNCTIONS[language])
    start, end = len(above), len(above) + len(function)
    opened = document(above + function + below, language)

    found = {target_of(opened, place, place) for place in range(start, end + 1)}

    assert found == {Target(start, end)}


@pytest.mark.parametrize("language", FUNCTIONS)
def test_lines_may_hold_any_character(language: str) -> None:
    """Offsets count code points, where grammars count bytes and editors UTF-16."""
    above, function, below = FUNCTIONS[language]
    sign = {"python": "#", "ruby": "#", "shellscript": "#", "lua": "--"}.get(language, "//")
    above += f"{sign} 😀é𝒂\n"
    function = function.replace("\n", f" {sign} 😀é𝒂\n", 1)
    start, end = len(above), len(above) + len(function)
    opened = document(above + function + below, language)

    found = {target_of(opened, place, place) for place in (start, start + 5, end)}

    assert found == {Target(start, end)}


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        # The innermost.
        ("def f():\n    def g():\n        ‸x\n    return g\n", "python", "    def g():\n        x"),
        (
            "def f():\n    def g():\n        x\n    re‸turn g\n",
            "python",
            "def f():\n    def g():\n        x\n    return g",
        ),
        (
            "f(function () {\n  g(() => {\n    ‸x\n  })\n})\n",
            "javascript",
            "  g(() => {\n    x\n  })",
        ),
        # A method without its class.
        (
            "class A:\n    x = 1\n    def f(self):\n        ‸y\n",
            "python",
            "    def f(self):\n        y",
        ),
        # Decorators belong to it.
        ("@a\n@b(1)\ndef f():\n    ‸x\n", "python", "@a\n@b(1)\ndef f():\n    x"),
        ("‸@a\n@b(1)\ndef f():\n    x\n", "python", "@a\n@b(1)\ndef f():\n    x"),
        ("@a\n@b(‸1)\ndef f():\n    x\n", "python", "@a\n@b(1)\ndef f():\n    x"),
        ("#[in‸line]\nfn f() {\n    x()\n}\n", "rust", "fn f() {\n    x()\n}"),
        # A blank line in it, and one below its last.
        ("def f():\n    x\n‸\n    y\n", "python", "def f():\n    x\n\n    y"),
        ("def f():\n    x\n\n‸\n\ny\n", "python", None),
        # The last line has no end.
        ("def f():\n    return 1‸", "python", "def f():\n    return 1"),
        # No function, or one on a single line.
        ("im‸port os\n\ndef f():\n    x\n", "python", None),
        ("class A:\n    x‸ = 1\n", "python", None),
        ("f = lambda: ‸1\n", "python", None),
        ("int f() { return‸ 1; }\n", "c", None),
        ("‸", "python", None),
        ("\n\n‸\n", "python", None),
        # No grammar.
        ("fun f() {\n  ‸x\n}\n", "kotlin", None),
        ("def f():\n    ‸x\n", "", None),
    ],
)
def test_a_place_stands_for_the_function_around_it(
    text: str, language: str, expected: str | None
) -> None:
    """The innermost, with its decorators; where there is none, or no grammar, it is nothing."""
    assert target_in(text, language) == expected


@pytest.mark.parametrize("length", [60, 900])
def test_in_a_long_document_a_function_is_whole_or_nothing(length: int) -> None:
    """Reading ends early, by length or by time, and then never makes a function shorter."""
    function = "def f(a):\n" + "    a = a + 1\n" * length + "    return a"
    opened = document(f"{function}\n\n\n" * (40_000 // len(function)))
    starts = range(0, len(opened.text), len(function) + 3)

    found = {start: target_of(opened, start + 20, start + 20) for start in starts}

    assert all(
        target in (None, Target(start, start + len(function))) for start, target in found.items()
    )


def test_a_function_is_found_however_far_it_goes() -> None:
    """Where its end is not near, it is looked for farther; one without an end in reach is none."""
    line = f"    {'a' * 90}\n"
    long, endless = (
        f'def f(a):\n    b = 1\n    c = """\n{line * count}"""\n    return b'
        for count in (100, 250)
    )

    assert target_in(f"{long[:20]}‸{long[20:]}\nx = 1\n") == long
    assert target_in(f"{endless[:20]}‸{endless[20:]}\nx = 1\n") is None


# A selection


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n‸b\nc‸\nd\n", "b\nc"),
        ("a\nb = ‸b‸b\nc\n", "b = bb"),
        ("a\nb ‸b\nc‸c\nd\n", "b b\ncc"),
        # A line of which only the line end, or nothing, is selected, is not in it.
        ("a\n‸b\n‸c\n", "b"),
        ("a‸\nb\n‸c\n", "b"),
        ("‸a\r\nb\r\n‸c\r\n", "a\r\nb"),
        ("‸a\rb\r‸c\r", "a\rb"),
        # Nor is a blank one at its ends: the indentation of the first line counts.
        ("def f():\n‸\n    a\n    b\n  \n‸    c\n", "    a\n    b"),
        ("def f():\n    ‸a\n\n    b‸\n", "    a\n\n    b"),
        # All of it, without an end of the last line.
        ("‸a\nb‸", "a\nb"),
        ("‸a\n😀 = 1‸\nb", "a\n😀 = 1"),
        # Nothing but blanks.
        ("a\n‸\n  \n‸b\n", None),
        ("a‸\n‸b\n", None),
    ],
)
def test_a_selection_stands_for_its_lines(text: str, expected: str | None) -> None:
    """For whole lines, in any language, whether or not there is a function."""
    assert target_in(text) == target_in(text, "unknown") == expected


@pytest.mark.parametrize(
    "text",
    [
        "‸d‸ef f():\n    a\n    b\n",
        "def f():\n    a‸\n‸    b\n",
        "def f():\r\n    a‸\r\n‸    b\r\n",
        "def f():\r    a‸\r‸    b\r",
    ],
)
def test_a_cursor_that_is_a_selection_is_a_place(text: str) -> None:
    """Helix and Kakoune always have one character selected; the function around it is meant."""
    target = target_in(text)

    assert target is not None
    assert target.splitlines() == ["def f():", "    a", "    b"]


@given(
    st.lists(st.sampled_from(["a", " ", "\t", "é", "😀", "\n", "\r\n", "\r", "\f"]), max_size=30),
    st.data(),
)
@settings(deadline=None)
def test_what_is_selected_and_not_blank_is_in_the_target(
    pieces: list[str], data: st.DataObject
) -> None:
    """And its first and last line hold something of it."""
    opened = document("".join(pieces))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(opened.text))] * 2)))
    selected = opened.text.slice(start, end)

    target = target_of(opened, start, end) if start != end else None

    if target is None:
        assert not selected.strip()
    else:
        text = target.text(opened)
        assert selected.strip() in text
        assert text.strip() != ""
        assert text.rstrip("\r\n") == text
        assert target.moved(opened.text, opened.text) == target


# A problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x\n‸def f():\n    a\n", "def f():\n    a"),
        ("x\n‸@a‸\ndef f():\n    a\n", "@a\ndef f():\n    a"),
        ("x\ndef f():\n    a‸\n‸\nx\n", "def f():\n    a"),
    ],
)
def test_a_problem_stands_for_its_function(text: str, expected: str) -> None:
    """However the tool that reports it places it there."""
    opened, start, end = marked(text)

    assert target_of_problem(opened, start, end).text(opened) == expected


@pytest.mark.parametrize(
    ("first", "last", "lines"),
    [
        (50, 50, (40, 60)),
        (50, 52, (40, 62)),
        (3, 3, (1, 13)),
        (98, 98, (88, 100)),
        (100, 100, (90, 100)),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_without_a_function_a_problem_stands_for_the_lines_around_it(
    first: int, last: int, lines: tuple[int, int], line_end: str
) -> None:
    """Ten above and below it, or as many as there are."""
    assert AROUND == 10
    opened = document("".join(f"x{n} = 1{line_end}" for n in range(1, 101)))
    start, end = opened.text.offset(first - 1, 0), opened.text.offset(last - 1, 2)

    target = target_of_problem(opened, start, end)

    assert target.lines(opened.text) == lines
    assert target.text(opened).startswith(f"x{lines[0]} = 1{line_end}")
    assert target.text(opened).endswith(f"{line_end}x{lines[1]} = 1")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("‸", Target(0, 0)),
        ("\n‸\n", Target(1, 1)),
        ("  ‸", Target(0, 2)),
        ("\n\na‸\n\n", Target(2, 3)),
    ],
)
def test_a_problem_of_a_blank_document_stands_for_its_line(text: str, target: Target) -> None:
    """An empty file can be a problem, too; blank lines around one are no part of it."""
    opened, start, end = marked(text)

    assert target_of_problem(opened, start, end) == target


# Comments


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("python", "# a\n#b\n#\n  # c\nx  # d\n\n#!x\n", "1111000"),
        ("python", "// a\n-- a\n* a\n", "000"),
        ("c", "// a\n/* a */\n/*\n * b\n\nc\n*/\nint x;\n", "11111110"),
        ("c", "/* a */ int x;\n/* a\n*/ int y;\n/* b */\n", "0101"),
        ("c", "#include <a.h>\n# define X\n*p = 1;\n--n;\n", "0000"),
        ("cpp", "/*/ a\n */\nx /* y\n", "110"),
        ("javascript", "#count = 0\n*items() {\n;[1].map(f)\n--i\n", "0000"),
        ("typescript", "/**\r\n * a\r\n */\r\nx\r\n", "1110"),
        ("rust", "/// a\n//! b\n#[test]\n#![allow(a)]\n", "1100"),
        ("go", "//go:build x\n\t// a\n*p = 1\n", "110"),
        ("java", "// a\r@X\r/** b */\r", "101"),
        ("lua", "-- a\n--[[ b\nc ]]\n--[[ d ]] x = 1\n", "1110"),
        ("php", "# a\n// b\n#[X]\n/* c */\n", "1101"),
        ("ruby", "# a\nx\n", "10"),
        # A language of which nothing is known.
        ("css", "#a {\n--b: 1;\n* {\n/* c */\n", "0001"),
        ("sql", "-- a\nselect 1\n", "10"),
        ("clojure", ";; a\n(b)\n", "10"),
        ("yaml", "# a\n#\nb: 1\n", "110"),
        ("", "// a\nb\n", "10"),
        ("python", "", ""),
        ("python", "# a", "1"),
    ],
)
def test_knows_lines_of_nothing_but_comment(language: str, code: str, expected: str) -> None:
    """By the signs of the language; code that looks like the comment of another is code."""
    found = comments(code, language)

    assert "".join(str(int(each)) for each in found) == expected


@given(
    st.text(st.sampled_from("a/*-[#]\"'\n\r \t"), max_size=40), st.sampled_from([*FUNCTIONS, ""])
)
def test_each_line_is_told_to_be_comment_or_not(code: str, language: str) -> None:
    """One answer for each line, and a blank one outside of a comment is none."""
    found = comments(code, language)

    assert len(found) == len(lines_of(code))
    assert not comments("\n \n", language)[0]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("x\n# a\n# b‸\n# c\ny\n", "python", "# a\n# b\n# c"),
        ("x\r\n# a‸\r\n# b\r\n", "python", "# a\r\n# b"),
        ("x\r# a‸\r# b\ry", "python", "# a\r# b"),
        ("‸# 😀", "python", "# 😀"),
        ("# a\n\n# b‸\n\n# c\n", "python", "# b"),
        ("/*\n un\n\n de‸ux\n*/\nint x;\n", "c", "/*\n un\n\n deux\n*/"),
        ("  /** un */‸\n  f() {}\n", "typescript", "  /** un */"),
        ("    # a\n  ‸  # b\n    x\n", "python", "    # a\n    # b"),
        ("x = 1  # a‸\n", "python", None),
        ("# a\n‸\n# b\n", "python", None),
        ("# a\n‸", "python", None),
        ("‸", "python", None),
        ("#include ‸<a.h>\n", "c", None),
        ("*p ‸= 1;\n", "c", None),
        ("#[‸test]\nfn f() {}\n", "rust", None),
    ],
)
def test_a_comment_is_all_its_lines(text: str, language: str, expected: str | None) -> None:
    """Those around the place that are nothing else, up to a blank line or code."""
    opened, place, _ = marked(text, language)

    target = comment_at(opened, place)

    assert (target and target.text(opened)) == expected


def test_a_comment_in_a_long_document_is_found() -> None:
    """However much stands above and below it."""
    opened, place, _ = marked("x = 1\n" * 9_000 + "# a\n# ‸b\n" + "x = 1\n" * 9_000)

    target = comment_at(opened, place)

    assert target is not None
    assert target.text(opened) == "# a\n# b"
    assert comment_at(opened, place + 20) is None


# After a change

pieces = st.sampled_from(["a", "b", "é😀", "\n", "\r\n", "\r", " ", "\n\n"])
texts = st.lists(pieces, max_size=20).map("".join)


def lines_from(text: Text, data: st.DataObject) -> Target:
    """Draw some whole lines of a text."""
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, text.line_count - 1)] * 2)))
    return Target(text.span(first)[0], text.span(last)[1])


@given(
    texts, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), texts), max_size=3), st.data()
)
@settings(max_examples=500, deadline=None)
def test_a_target_that_moved_holds_the_same_lines(
    before: str, edits: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    """Whatever was changed, it is whole lines of the same text, or it is lost."""
    old = new = Text(before)
    target = lines_from(old, data)
    for start, count, text in edits:
        new = new.replace(start, start + count, text)

    moved = target.moved(old, new)

    if moved is not None:
        assert new.slice(moved.start, moved.end) == old.slice(target.start, target.end)
        first, last = (line - 1 for line in moved.lines(new))
        assert moved == Target(new.span(first)[0], new.span(last)[1])


@given(
    texts,
    st.lists(pieces, max_size=8).map(lambda all_: "".join([*all_, "\n"])),
    st.booleans(),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_a_target_moves_with_whole_lines_above_or_below_it(
    before: str, more: str, is_above: bool, data: st.DataObject
) -> None:
    """What is put in there is no reason to lose it."""
    old = Text(before.replace("\r", "\n"))
    target = lines_from(old, data)
    place = target.start if is_above else target.end
    more = more.replace("\r", "\n")

    moved = target.moved(old, old.replace(place, place, more if is_above else f"\n{more}"))

    assert moved is not None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x\n[a\nb]\ny\n", "x\na\nb\ny\n", "x\n[a\nb]\ny\n"),
        # Above.
        ("x\n[a\nb]\ny\n", "new\nx\na\nb\ny\n", "new\nx\n[a\nb]\ny\n"),
        ("x\n[a\nb]\ny\n", "a\nb\ny\n", "[a\nb]\ny\n"),
        ("x\n[a\nb]", "x\n\n\na\nb", "x\n\n\n[a\nb]"),
        ("[a]", "x\r\na", "x\r\n[a]"),
        # Below.
        ("x\n[a\nb]\ny\n", "x\na\nb\nnew", "x\n[a\nb]\nnew"),
        ("x\n[a\nb]", "x\na\nb\n", "x\n[a\nb]\n"),
        ("x\n[a\nb]\ny", "x\na\nb", "x\n[a\nb]"),
        # In it, at its edges, or on both sides.
        ("x\n[a\nb]\ny\n", "x\na\nc\ny\n", None),
        ("x\n[a\nb]\ny\n", "x\na\nbb\ny\n", None),
        ("x\n[a\nb]\ny\n", "x\n a\nb\ny\n", None),
        ("x\n[a\nb]\ny\n", "xa\nb\ny\n", None),
        ("x\n[a\nb]\ny\n", "x\na\nby\n", None),
        ("x\n[a\nb]\ny\n", "z\na\nb\nz\n", None),
        ("x\n[a]\n", "", None),
        # A line end that becomes one with the next.
        ("x\n[\na]", "x\r\na", None),
        ("[a\r]\r\nb", "a\r\nb", None),
    ],
)
def test_a_target_after_a_change(old: str, new: str, expected: str | None) -> None:
    """It moves with what is changed on one side; it is lost where it may be changed itself."""
    start, end = old.index("["), old.index("]") - 1

    moved = Target(start, end).moved(Text(old.replace("[", "").replace("]", "")), Text(new))

    shown = moved and f"{new[: moved.start]}[{new[moved.start : moved.end]}]{new[moved.end :]}"
    assert shown == expected
