"""A document is divided into whole lines and found again by its identifiers."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill_ls.prompt.similar import (
    CHUNK_CHARS,
    Chunk,
    Index,
    chunks,
    identifiers,
    jaccard,
    names,
)

# Every kind of line end, what only Python takes for one, and lines of very different lengths.
PIECES = ["a", "name", "    ", "\n", "\n\n", "\r", "\r\n", "\f", "\x85", "\u2028", "}", "é漢"]
PIECES += ["x" * 400, "word " * 300]

texts = st.lists(st.sampled_from(PIECES), max_size=120).map("".join)
sets = st.frozensets(st.sampled_from("abcdef"))


def function(name: str, lines: int) -> str:
    return f"def {name}():\n" + "    work()\n" * (lines - 1)


def lines_of(text: str) -> list[str]:
    """Lines as `Text` has them, with line feeds."""
    return [line.rstrip("\r\n") + "\n" for line in io.StringIO(text, newline="")]


@given(texts)
@settings(max_examples=200, deadline=None)
def test_chunks_are_the_document_in_order(text: str) -> None:
    """Chunks hold the very lines that they say, overlap nowhere and leave out only what is long."""
    lines = lines_of(text)
    end = 0
    for chunk in chunks(text):
        assert chunk.text == "".join(lines[chunk.first : chunk.end])
        assert len(chunk.text) <= CHUNK_CHARS
        assert all(len(line) > CHUNK_CHARS for line in lines[end : chunk.first])
        end = chunk.end
    assert all(len(line) > CHUNK_CHARS for line in lines[end:])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(line_end: str) -> None:
    """The same code is divided alike whatever ends its lines, and is shown with line feeds."""
    text = "\n".join([function("one", 18), function("two", 18)])

    assert list(chunks(text.replace("\n", line_end))) == list(chunks(text))


@pytest.mark.parametrize("sign", ["\f", "\v", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_line_ends_end_lines(sign: str) -> None:
    """What only Python takes for a line end stays inside its line."""
    assert list(chunks(f"one{sign}two\nthree")) == [Chunk(0, 2, f"one{sign}two\nthree\n")]


@pytest.mark.parametrize("text", ["", "x" * 1_200, "x" * 1_000_000])
def test_nothing_to_show_makes_no_chunk(text: str) -> None:
    """An empty document has no chunk, nor has a line that is too long for one."""
    assert list(chunks(text)) == []


def test_long_line_divides() -> None:
    """What stands around a line of minified code is divided there, and shown without it."""
    minified = "x" * 5_000

    found = list(chunks(f"one\n{minified}\nthree\n"))

    assert found == [Chunk(0, 1, "one\n"), Chunk(2, 3, "three\n")]


@pytest.mark.parametrize("lines", [13, 16, 20, 23, 27])
def test_chunk_begins_with_a_definition(lines: int) -> None:
    """Where a definition is near, the next chunk begins there and not inside it."""
    text = "".join(function(f"number_{i}", lines) for i in range(4))

    found = list(chunks(text))

    assert len(found) > 1
    assert all(chunk.text.startswith("def ") for chunk in found)


def test_chunk_begins_after_a_blank_line() -> None:
    """Of lines alike in indentation, the one after a blank line begins a chunk."""
    text = "a = 1\n" * 15 + "\n" + "b = 1\n" * 20

    assert [chunk.first for chunk in chunks(text)] == [0, 16]


def test_closing_bracket_begins_no_chunk() -> None:
    """A bracket that closes a function stays with it, though it is not indented."""
    text = "".join("function f() {\n" + "  work();\n" * 15 + "}\n" for _ in range(3))

    assert all(not chunk.text.startswith("}") for chunk in chunks(text))


def test_flat_text_is_divided_evenly() -> None:
    """Where no place is better than another, a chunk has the usual length."""
    assert [chunk.first for chunk in chunks("a = 1\n" * 70)] == [0, 20, 40, 60]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("getUserName", {"getusername", "user", "name"}),
        ("snake_case_name", {"snake_case_name", "snake", "case", "name"} - {"case"}),
        ("HTTPServer", {"httpserver", "http", "server"}),
        ("sha256sum", {"sha256sum", "sha", "sum"}),
        ("__init__", {"init"}),
        ("_private_width", {"private_width", "width"}),
        ("MAX_WIDTH", {"max_width", "max", "width"}),
        ("self.this = None; return the", set()),
        ("if else while for def class function fn let const", set()),
        ("a bc x1", set()),
        ("abc", {"abc"}),
        ("12abc 0xdeadbeef 1e100", set()),
        ("größe = breite", {"größe", "breite"}),
        ("größeÄndern", {"größeändern", "größe", "ändern"}),
        ("пользователь_имя", {"пользователь_имя", "пользователь", "имя"}),
        ("用户名 = 1", {"用户名"}),
        ("one\u2028two\fsix", {"one", "two", "six"}),
        ("", set()),
    ],
)
def test_identifiers(text: str, expected: set[str]) -> None:
    """Names count with the words they are made of, the words of languages do not."""
    assert identifiers(text) == expected


def test_names_stand_as_they_are() -> None:
    """A name is told by its case, and names that the language gives are none."""
    text = "class Shape:\n    def __init__(self, shape): self.areaOf = shape"

    assert names(text) == {"Shape", "shape", "areaOf"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("", "", 0), ("a", "", 0), ("ab", "ab", 1), ("ab", "bc", 1 / 3), ("abcd", "ab", 0.5)],
)
def test_jaccard(one: str, other: str, expected: float) -> None:
    """Similarity is what both have of all that either has."""
    assert jaccard(frozenset(one), frozenset(other)) == expected


@given(st.lists(sets, max_size=6), sets)
def test_index_finds_what_comparing_finds(
    documents: list[frozenset[str]], query: frozenset[str]
) -> None:
    """The index gives each chunk the similarity that comparing it would, and none for nothing."""
    long = {letter: letter * 4 for letter in "abcdef"}
    texts = [" ".join(long[letter] for letter in sorted(each)) for each in documents]
    wanted = frozenset(long[letter] for letter in query)
    index = Index(Chunk(i, i + 1, text) for i, text in enumerate(texts))

    compared = {i: jaccard(wanted, identifiers(text)) for i, text in enumerate(texts)}

    assert index.similarities(wanted) == {i: each for i, each in compared.items() if each}
