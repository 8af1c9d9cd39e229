"""Code of an answer is indented as its place is, and known to be valid or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.chat.fitting import parses, reindented, unit_of

pieces = st.sampled_from(["a", "b:", " * c", " ", "  ", "    ", "\t", "\n", "\r\n", "\r", "\n\n"])
texts = st.lists(pieces, max_size=30).map("".join)
indents = st.sampled_from(["", "  ", "    ", "        ", "\t", "\t\t", "\t  ", "  \t"])
line_ends = st.sampled_from(["\n", "\r\n", "\r"])
units = st.sampled_from(["", "\t", "  ", "    ", "        "])


# Indentation


@pytest.mark.parametrize(
    ("code", "target", "expected"),
    [
        # To the right, to the left, and not at all.
        ("a", "    ", "    a"),
        ("a:\n  b\nc", "    ", "    a:\n      b\n    c"),
        ("    a:\n        b\n    c", "", "a:\n    b\nc"),
        ("        a:\n            b", "    ", "    a:\n        b"),
        ("    a:\n        b", "    ", "    a:\n        b"),
        ("\ta {\n\t\tb\n\t}", "\t\t\t", "\t\t\ta {\n\t\t\t\tb\n\t\t\t}"),
        ("\t\ta\n\t\t\tb", "", "a\n\tb"),
        # Blank lines.
        ("a\n\n  b", "    ", "    a\n\n      b"),
        ("\n\na", "  ", "\n\n  a"),
        ("a:\n    \n    b", "    ", "    a:\n        \n        b"),
        ("a\n\n  \n", "  ", "  a"),
        ("a  \n", "  ", "  a  "),
        ("", "    ", ""),
        (" \n\t\r\n\n", "    ", ""),
        # Lines that are indented less than the first.
        ("    a\n}", "        ", "        a\n    }"),
        ("        a\n    b\nc", "    ", "    a\nb\nc"),
        ("    a\n'''\nb\n'''", "    ", "    a\n'''\nb\n'''"),
        ("    a\nb", "\t\t", "\t\ta\n\tb"),
        ("    a\n  b", "\t\t", "\t\ta\n\t  b"),
        # Tabs there, blanks here, and the other way round.
        ("a {\n\tb {\n\t\tc\n\t}\n}", "  ", "  a {\n      b {\n          c\n      }\n  }"),
        ("a {\n    b {\n        c\n    }\n}", "\t", "\ta {\n\t\tb {\n\t\t\tc\n\t\t}\n\t}"),
        ("a {\n  b {\n    c\n  }\n}", "\t", "\ta {\n\t\tb {\n\t\t\tc\n\t\t}\n\t}"),
        ("/**\n * a\n */\nb {\n  c\n}", "\t", "\t/**\n\t * a\n\t */\n\tb {\n\t\tc\n\t}"),
        ("a {\n    b(c,\n      d)\n}", "\t", "\ta {\n\t\tb(c,\n\t\t  d)\n\t}"),
        ("def f(a,\n      b):\n    c", "\t", "\tdef f(a,\n\t\t  b):\n\t\tc"),
        ("a {\n\tb(c,\n\t  d)\n}", "\t", "\ta {\n\t\tb(c,\n\t\t  d)\n\t}"),
        ("    a\n        b", "\t", "\ta\n\t\tb"),
        ("\ta\n\t\tb", "    ", "    a\n        b"),
        ("a = 'b\tc'\n\td\te", "    ", "    a = 'b\tc'\n        d\te"),
        ("    a\n\tb\n  c", "    ", "    a\n    b\n  c"),
        # Where nothing tells what the document does, it stays.
        ("a\n\tb", "", "a\n\tb"),
        ("a\n  b", "", "a\n  b"),
    ],
)
def test_moves_code_to_its_place(code: str, target: str, expected: str) -> None:
    """What is indented in relation to the first line stays so, in the document's manner."""
    fitted = reindented(code, target, "\n")

    assert fitted == expected


@pytest.mark.parametrize(
    ("code", "target", "unit", "expected"),
    [
        ("a\n\tb\n\t\tc", "", "  ", "a\n  b\n    c"),
        ("a\n\tb\n\t\tc", "  ", "  ", "  a\n    b\n      c"),
        ("a\n    b\n        c", "", "\t", "a\n\tb\n\t\tc"),
        ("a\n    b", "", "  ", "a\n    b"),
        ("\t\ta\n\tb", "    ", "  ", "    a\n  b"),
    ],
)
def test_indents_by_the_unit_of_the_document(
    code: str, target: str, unit: str, expected: str
) -> None:
    """It says what a tab is where the indentation of the place does not."""
    fitted = reindented(code, target, "\n", unit=unit)

    assert fitted == expected


@pytest.mark.parametrize("code", ["a\n  b\nc\n", "a\r\n  b\r\nc\r\n", "a\r  b\rc\r", "a\n  b\r\nc"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_as_the_document_s_do(code: str, line_end: str) -> None:
    """The last one ends if the range that is replaced does."""
    expected = line_end.join(["  a", "    b", "  c"])

    assert reindented(code, "  ", line_end) == expected
    assert reindented(code, "  ", line_end, ends_line=True) == expected + line_end


def test_nothing_has_no_line_end() -> None:
    """An answer without code takes the lines away."""
    assert reindented("\n", "    ", "\n", ends_line=True) == ""


@given(texts, indents, line_ends, units, st.booleans())
@settings(max_examples=1000, deadline=None)
def test_what_is_in_its_place_stays_as_it_is(
    code: str, target: str, line_end: str, unit: str, ends_line: bool
) -> None:
    """To indent twice changes nothing."""
    once = reindented(code, target, line_end, unit=unit, ends_line=ends_line)

    twice = reindented(once, target, line_end, unit=unit, ends_line=ends_line)

    assert twice == once


@given(texts, indents, line_ends, units)
@settings(max_examples=500, deadline=None)
def test_only_indentation_and_line_ends_are_changed(
    code: str, target: str, line_end: str, unit: str
) -> None:
    """What stands in the lines is what the model wrote, and no line is lost between them."""
    fitted = reindented(code, target, line_end, unit=unit)

    written = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while written and not written[-1].strip():
        written.pop()
    assert [line.lstrip() for line in fitted.split(line_end)] == [
        line.lstrip() for line in written or [""]
    ]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", ""),
        ("a\nb\n", ""),
        ("a\n    b\n        c\n", "    "),
        ("a\n  b\n    c\nd\n  e", "  "),
        ("a {\n\tb\n\t\tc\n}\n", "\t"),
        ("a {\r\n\tb\r\n}\r\n", "\t"),
        ("/**\n * a\n */\nb {\n\tc\n}\n", "\t"),
        ("/**\n * a\n */\nb {\n  c\n}\n", "  "),
        ("a:\n    b(c,\n      d)\n    e:\n        f\n", "    "),
        ("a:\n    b\n    c\n\td\n", "    "),
        ("a\n\n    \n\t\n", ""),
    ],
)
def test_sees_what_a_text_indents_by(text: str, unit: str) -> None:
    """What most of its lines do; the blank before a star is no level."""
    assert unit_of(text) == unit


# Syntax


@pytest.mark.parametrize(
    ("code", "language"),
    [
        # By itself.
        ("", "python"),
        ("def f():\n    return 1\n", "python"),
        ("<p>{a}</p>", "typescriptreact"),
        ("<?php\nfunction f() { return 1; }", "php"),
        ("package a\n\nfunc f() {\n\tb()\n}", "go"),
        # At any indentation.
        ("    def f(self):\n        return 1\n", "python"),
        ("        a = 1\n        return a\n", "python"),
        ("        a = 1\n    b = 2\n", "python"),
        ("\tif a:\r\n\t\treturn b\r\n", "python"),
        ("# a\nif b:\n    # c\n\n    d\n# e\nelse: f\n", "python"),
        # Statements.
        ("return a", "javascript"),
        ("await a();\nyield b;", "typescript"),
        ("let a = 1;\na + 1", "rust"),
        ("if a {\n}", "go"),
        ("$a = 1;", "php"),
        # Members.
        ("async f() { return 1; }", "javascript"),
        ("private a: number = 1;\n\nf(): void {}", "typescript"),
        ("public X() { a(); }", "java"),
        ("public int A { get; set; }", "csharp"),
        ("X() : a(1) {}\n\n~X() {}", "cpp"),
        ("public function f() { return 1; }", "php"),
        ("A int\nB string", "go"),
        ("F(a int) error", "go"),
        ("a: i32,\nb: u8,", "rust"),
        # Branches.
        ("    else:\n        a()\n", "python"),
        ("elif a:\n    b()\nelse:\n    c()", "python"),
        ("except E:\n    a()", "python"),
        ("case 1:\n    a()", "python"),
        ("else {\n  a();\n}", "java"),
        ("catch (e) {\n  a();\n}", "javascript"),
        ("case 1:\n  a();\n  break;", "csharp"),
        ("case 1:\n\ta()", "go"),
        ("else {\n\ta()\n}", "go"),
        ("Some(a) => b,\nNone => c,", "rust"),
        ("elseif a then\n  b()", "lua"),
        ("a) b ;;\nc) d ;;", "shellscript"),
        # Entries.
        ("'a': 1,\n'b': 2,", "python"),
        ("a: int,\nb: str,", "python"),
        ("a: 1,\n'b': 2,", "javascript"),
        ("{ a: 1 },\n{ b: 2 },", "typescript"),
        ("A = 1,\nB,", "c"),
        ("'a' => 1,", "php"),
        ("a = 1,\nb = 2,", "lua"),
        ("a: 1,\nb: 2", "ruby"),
    ],
)
def test_takes_a_fragment_for_valid(code: str, language: str) -> None:
    """It is, where it stands."""
    assert parses(code, language) is True


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("This is how it works.", "python"),
        ("This is how it works.", "javascript"),
        ("This is how it works.", "php"),
        ("a = (1", "python"),
        ("f() {", "javascript"),
        ("fn f() {\n    a(", "rust"),
        ("function f( {", "php"),
        ("...", "rust"),
        # Indentation is syntax.
        ("def f():\na = 1", "python"),
        ("def f():", "python"),
        ("a = 1\n    b = 2", "python"),
        ("if a:\n    b\n  c", "python"),
        # It closes what it stands in, and opens another.
        ("f() {}\n}\nclass Y {\ng() {}", "javascript"),
        ("a: 1}, {b: 2", "javascript"),
        ("public X() {}\n}\nclass Y {\npublic Y() {}", "java"),
        ("case 1:\n}\nswitch y {\ncase 2:", "go"),
        ("elseif a then\n  b()\nend\nif c then\n  d()", "lua"),
    ],
)
def test_takes_what_is_broken_for_invalid(code: str, language: str) -> None:
    """In whatever form it is read."""
    assert parses(code, language) is False


@pytest.mark.parametrize(
    ("code", "language"), [("a", "brainfuck"), ("a", ""), ("a = 1\n" * 100_000, "python")]
)
def test_does_not_know_whether_some_code_is_valid(code: str, language: str) -> None:
    """There is no grammar, or too much to read."""
    assert parses(code, language) is None
