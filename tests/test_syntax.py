"""What stands around a place is known from a tree, in little time, or from signs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.syntax.excerpt import Excerpt, excerpt
from infill_ls.syntax.functions import function_around
from infill_ls.syntax.grammar import LANGUAGES, grammar
from infill_ls.syntax.signs import signs
from infill_ls.syntax.tree import Syntax, parses, syntax_of
from infill_ls.text import Text

FUNCTION = "def f(a):\n    return a\n\n\n"

pieces = st.sampled_from([*"(){}[]:;\"'`\\#/*<-\n\0x ", '"""', "/*", "--[[", "<<A\n", "#{", "A\n"])


def part_at(marked: str, **limits: int) -> Excerpt:
    """Cut what stands around ‸."""
    before, after = marked.split("‸")
    part = excerpt(Text(before + after), len(before), **limits)
    assert part is not None
    return part


def tree_at(marked: str, language: str, **limits: int) -> Syntax:
    """Parse what stands around ‸."""
    syntax = syntax_of(part_at(marked, **limits), language)
    assert syntax is not None
    return syntax


# Grammars


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_has_a_grammar_that_works_with_this_tree_sitter(language: str) -> None:
    """Every package that the extra names is there, and has the function that is called."""
    assert grammar(language) is not None


def test_has_no_grammar_for_what_nobody_knows() -> None:
    """It is no error."""
    assert grammar("brainfuck") is None
    assert parses("x", "brainfuck") is None


# Excerpts


def test_a_short_document_is_its_own_excerpt() -> None:
    """Nothing is cut where all is in reach."""
    part = part_at("a\nb‸\nc\n")

    assert part == Excerpt("a\nb\nc\n", start=0, cursor=3, is_cut=False)


def test_an_excerpt_begins_at_a_definition() -> None:
    """A line without indentation may be text; one that defines is not."""
    text = f"def g():\n    '''\ntext\n    '''\n{FUNCTION}x = 1‸\n{FUNCTION * 3}"

    part = part_at(text, above=45, below=30)

    assert part.code.startswith(FUNCTION + "x = 1\n")
    assert part.code.endswith("\n")
    assert part.is_cut


def test_an_excerpt_has_no_long_line() -> None:
    """Neither above the place nor below it."""
    long_line = f"x = '{'a' * 2_000}'\n"

    part = part_at(f"{long_line}{FUNCTION}‸\n{long_line}")

    assert part.code == FUNCTION + "\n"


def test_there_is_no_excerpt_within_a_long_line() -> None:
    """What it would begin with is nothing that one could read."""
    assert excerpt(Text("a" * 10_000), 5_000) is None


def test_line_ends_become_line_feeds_in_place() -> None:
    """A grammar knows no CR, and offsets must stay what they are."""
    part = part_at("a\rb\r\nc‸")

    assert (part.code, part.cursor) == ("a\nb\r\nc", 6)


@given(st.lists(pieces, max_size=40).map("".join), st.integers(0, 60), st.integers(0, 20))
def test_an_excerpt_is_a_part_of_the_document(string: str, offset: int, above: int) -> None:
    """Its start, its length and its place say which."""
    part = excerpt(Text(string), offset, above=above, below=above)

    if part is not None:
        there = string[part.start : part.start + len(part.code)].replace("\r", "\n")
        assert part.code == there
        assert part.start + part.cursor == min(offset, len(string))


# Trees


def test_a_place_is_found_behind_signs_of_several_bytes() -> None:
    """Trees count bytes, documents code points."""
    syntax = tree_at("x = '🦀é'\nf(a,‸ b)\n", "python")

    call = next(node for node in syntax.around() if node.type == "call")

    assert syntax.span(call) == (9, 16)


def slow_clock(seconds: float) -> Iterator[float]:
    """Tell a time that passes by so much each time one asks."""
    return count(0.0, seconds)


def test_reading_ends_when_its_time_is_over() -> None:
    """There is no tree then, if the place was not reached."""
    part = part_at(FUNCTION * 100 + "‸")
    clock = slow_clock(0.4)

    assert syntax_of(part, "python", clock=lambda: next(clock), budget_s=1.0) is None


def test_what_was_read_in_time_is_a_tree() -> None:
    """It is enough if the place was reached."""
    part = part_at(FUNCTION + "‸" + FUNCTION * 50)
    clock = slow_clock(0.4)

    syntax = syntax_of(part, "python", clock=lambda: next(clock), budget_s=1.0)

    assert syntax is not None
    assert syntax.tree.root_node.end_byte < len(part.code)


def test_a_tree_leaves_nothing_behind() -> None:
    """Any key may want one, so that what each leaves would add up."""
    part = part_at(FUNCTION * 50 + "‸")

    def blocks_after(count: int) -> int:
        for _ in range(count):
            assert syntax_of(part, "python", budget_s=1.0) is not None
        gc.collect()
        return sys.getallocatedblocks()

    before = blocks_after(1)

    assert blocks_after(100) - before < 100


@pytest.mark.parametrize(
    ("code", "language", "expected"),
    [
        ("x = 1\n", "python", True),
        ("x = \n", "python", False),
        ("const a = <p>{b}</p>", "javascriptreact", True),
        ("fn f() {", "rust", False),
        ("x = 1\n" * 100_000, "python", None),
    ],
    ids=["python", "python broken", "jsx", "rust broken", "too long"],
)
def test_tells_whether_code_parses(code: str, language: str, expected: bool | None) -> None:
    """None stands for what is not known."""
    assert parses(code, language) is expected


# Functions


@pytest.mark.parametrize(
    ("marked", "language", "function"),
    [
        ("x = 1\n@a\ndef f():\n    ‸return 1\n", "python", "@a\ndef f():\n    return 1"),
        ("class A:\n    def f(self):\n        ‸a()\n", "python", "def f(self):\n        a()"),
        ("a(() => {\n  ‸b()\n})\n", "javascript", "() => {\n  b()\n}"),
        ("export function f() {\n  ‸b()\n}\n", "typescript", "export function f() {\n  b()\n}"),
        ("func f() {\n\t‸b()\n}\n", "go", "func f() {\n\tb()\n}"),
        ("impl A {\n  fn f() {\n    ‸b()\n  }\n}\n", "rust", "fn f() {\n    b()\n  }"),
        ("class A {\n  A() {\n    ‸b();\n  }\n}\n", "java", "A() {\n    b();\n  }"),
        ("int f() {\n  ‸b();\n}\n", "c", "int f() {\n  b();\n}"),
        ("def f\n  ‸b\nend\n", "ruby", "def f\n  b\nend"),
        ("local function f()\n  ‸b()\nend\n", "lua", "local function f()\n  b()\nend"),
        ("f() {\n  ‸b\n}\n", "shellscript", "f() {\n  b\n}"),
        ("x = '🦀'\ndef f():\n    ‸g()\n", "python", "def f():\n    g()"),
    ],
)
def test_finds_the_function_around_a_place(marked: str, language: str, function: str) -> None:
    """With its decorators, and without what it is a member of."""
    span = function_around(tree_at(marked, language))

    assert span is not None
    assert marked.replace("‸", "")[slice(*span)] == function


def test_no_function_is_around_the_top_level() -> None:
    """A lambda on one line is none that one would mean."""
    assert function_around(tree_at("x = lambda: ‸1\n", "python")) is None


def test_a_function_that_goes_on_beyond_the_excerpt_is_not_known() -> None:
    """A part of it would be taken for the whole."""
    body = "    return 1\n" * 20

    assert function_around(tree_at(f"def f():\n    ‸x = 1\n{body}", "python", below=60)) is None


# Signs


@pytest.mark.parametrize(
    ("before", "language", "inside", "brackets"),
    [
        ("f(a, [b], {", "python", "code", "({"),
        ("x = 'a", "python", "string", ""),
        ("x = 'it\\'s (", "python", "string", ""),
        ("x = '(\nf(", "python", "code", "(("),
        ("'''\n(", "python", "string", ""),
        ("f(  # (", "python", "comment", "("),
        ("f(/[(]/, `(", "javascript", "string", "("),
        ("a / (b / ", "javascript", "code", "("),
        ("/* it's ( */ f(", "c", "code", "("),
        ("fn f<'a>(", "rust", "code", "("),
        ("cat <<EOF\nit's\nEOF\nf (", "shellscript", "code", "("),
        ("cat <<-'EOF'\n(", "shellscript", "string", ""),
        ("echo 'a\n", "shellscript", "string", ""),
        ("--[[ (\n", "lua", "comment", ""),
        ("x = [==[ ]] (", "lua", "string", ""),
        ("'it''s' (", "sql", "code", "("),
        ("<p a='(", "html", "string", ""),
        ("it's <!-- ", "html", "comment", ""),
        ("#[test] {", "rust", "code", "{"),
        ("f(]}", "", "code", "("),
    ],
)
def test_reads_the_signs_before_a_place(
    before: str, language: str, inside: str, brackets: str
) -> None:
    """Where it is, and in which brackets."""
    read = signs(before, language)

    assert read.inside == inside
    assert "".join(each.sign for each in read.brackets) == brackets


@given(st.lists(pieces, max_size=40).map("".join), st.sampled_from([*sorted(LANGUAGES), "sql", ""]))
def test_code_without_strings_keeps_its_lines(before: str, language: str) -> None:
    """So that a place in it is the same place in the document."""
    read = signs(before, language)

    assert [len(line) for line in read.code.split("\n")] == [
        len(line) for line in before.split("\n")
    ]
