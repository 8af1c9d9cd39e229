"""Text against a plain string, with blocks so small that every case of them is met."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infill_ls.text import Text

# Every kind of line end, what only Python takes for one, and characters of 1 to 4 bytes.
PIECES = ["a", "b", " ", "\n", "\r", "\r\n", "\n\r", "\f", "\v", "\x1c", "\x85", "\u2028", "\u2029"]
PIECES += ["é", "e\u0301", "漢", "😀", "👩\u200d💻", "\ud83d", "\ude00", "\0"]

Edit = tuple[int, int, str]

strings = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
sizes = st.integers(min_value=1, max_value=6)
offsets = st.just(0) | st.integers(-2, 40) | st.just(1000)
edits = st.lists(st.tuples(offsets, offsets, strings), max_size=8)


@given(strings, edits, sizes)
@settings(max_examples=300, deadline=None)
def test_edited_text_equals_edited_string(string: str, edits: list[Edit], size: int) -> None:
    """After any edits the text is what the same edits make of a string."""
    text, expected = Text(string, block_size=size), without_surrogates(string)
    for start, end, new in edits:
        text, expected = text.replace(start, end, new), replaced(expected, start, end, new)

        assert str(text) == expected
        assert len(text) == len(expected)
    assert_agrees(text, expected)


@given(strings, edits, sizes)
@settings(max_examples=100, deadline=None)
def test_snapshots_stay(string: str, edits: list[Edit], size: int) -> None:
    """An edit leaves the text it was made from as it was."""
    texts = [Text(string, block_size=size)]
    expected = [without_surrogates(string)]
    for start, end, new in edits:
        texts.append(texts[-1].replace(start, end, new))
        expected.append(replaced(expected[-1], start, end, new))

    for snapshot, was in zip(texts, expected, strict=True):
        assert_agrees(snapshot, was)


@given(strings, edits, sizes)
@settings(max_examples=100, deadline=None)
def test_equal_texts_are_equal_however_they_were_made(
    string: str, edits: list[Edit], size: int
) -> None:
    """Equality and hash see the text, not its blocks."""
    text = Text(string, block_size=size)
    for start, end, new in edits:
        text = text.replace(start, end, new)

    assert text == Text(str(text))
    assert hash(text) == hash(Text(str(text)))


@pytest.mark.parametrize(
    ("string", "line", "column", "offset"),
    [
        ("ab\ncd", 0, 1, 1),
        ("ab\ncd", 0, 2, 2),
        ("ab\ncd", 0, 3, 2),  # beyond the line: before the line end
        ("ab\r\ncd", 0, 99, 2),
        ("ab\rcd", 0, 99, 2),
        ("ab\ncd", 1, 99, 5),
        ("ab\ncd", 2, 0, 5),  # beyond the last line: the end
        ("ab\ncd", 99, 99, 5),
        ("ab\n", 1, 0, 3),
        ("ab\n", 1, 7, 3),
        ("\r\r\n\n", 1, 5, 1),
        ("\r\r\n\n", 2, 5, 3),
        ("\r\r\n\n", 3, 5, 4),
        ("a\fb\u2028c\x85d\n", 0, 99, 7),
        ("", 0, 0, 0),
        ("", 3, 4, 0),
        ("ab", -1, -1, 0),
        ("ab", 0, -1, 0),
    ],
)
def test_offset_is_clamped_as_lsp_says(string: str, line: int, column: int, offset: int) -> None:
    """A column beyond the line is its end, a line beyond the last is the end of the text."""
    assert Text(string, block_size=2).offset(line, column) == offset


@pytest.mark.parametrize(
    ("string", "offset", "position"),
    [
        ("ab\ncd", -1, (0, 0)),
        ("ab\ncd", 2, (0, 2)),
        ("ab\ncd", 3, (1, 0)),
        ("ab\ncd", 99, (1, 2)),
        ("ab\r\ncd", 3, (0, 2)),  # between \r and \n is no position
        ("ab\r\ncd", 4, (1, 0)),
        ("ab\n", 3, (1, 0)),
        ("", 5, (0, 0)),
    ],
)
def test_position_is_clamped(string: str, offset: int, position: tuple[int, int]) -> None:
    """An offset outside, or inside a line end, has the nearest position before it."""
    assert Text(string, block_size=2).position(offset) == position


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(-5, 1, "Xbcd"), (3, 99, "abcX"), (99, 99, "abcdX"), (3, 1, "aXd"), (2, 2, "abXcd")],
)
def test_replaced_range_is_clamped_and_put_in_order(start: int, end: int, expected: str) -> None:
    """A range outside the text is cut to it, an inverted one is swapped."""
    assert str(Text("abcd", block_size=2).replace(start, end, "X")) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 4096])
def test_edits_make_and_break_line_ends(size: int) -> None:
    """A `\\r` and a `\\n` become one line end where they meet, and two where they part."""
    text = Text("a\rX\nb", block_size=size)

    met = text.replace(2, 3, "")
    parted = met.replace(2, 2, "-")

    assert (text.line_count, met.line_count, parted.line_count) == (3, 2, 3)
    assert [met.line(0), met.line(1)] == ["a\r\n", "b"]
    assert [parted.line(0), parted.line(1), parted.line(2)] == ["a\r", "-\n", "b"]


def test_line_that_does_not_exist_is_empty() -> None:
    """Asking for a line outside the text gives nothing."""
    text = Text("a\nb")

    assert (text.line(-1), text.line(2)) == ("", "")


def test_lone_surrogates_are_replaced() -> None:
    """What UTF-8 cannot encode never gets in, by opening or by editing."""
    text = Text("a\ud83db").replace(1, 1, "\ude00")

    assert str(text) == "a\ufffd\ufffdb"
    assert str(text).encode().decode() == str(text)


def test_repr_hides_the_text() -> None:
    """What the user wrote does not slip into a log by way of a repr."""
    assert repr(Text("secret\nword")) == "<Text of 11 code points, 2 lines>"


def test_untouched_blocks_are_shared() -> None:
    """An edit in the middle copies a few blocks, not the text."""
    text = Text("x" * 1000, block_size=10)

    edited = text.replace(500, 501, "yy")

    shared = {id(block) for block in text._blocks} & {id(block) for block in edited._blocks}
    assert len(shared) >= len(text._blocks) - 3


@given(edits, st.integers(min_value=4, max_value=16))
@example([(0, 0, "a")] * 8, 16)
@example([(1000, 1000, "a")] * 8, 16)
@settings(max_examples=100, deadline=None)
def test_blocks_keep_their_size(edits: list[Edit], size: int) -> None:
    """However a text grows and shrinks, no block is empty or large, and only the first small."""
    text = Text("ab" * 40, block_size=size)
    for start, end, new in edits:
        text = text.replace(start, end, new)

    lengths = [len(block) for block in text._blocks]
    moved = 1  # a cut moves by one where it would part `\r` and `\n`
    assert all(0 < length <= size + moved for length in lengths)
    assert all(length >= size // 2 - moved for length in lengths[1:])


@given(strings, edits, sizes, st.data())
@settings(max_examples=200, deadline=None)
def test_edited_text_is_compared_as_strings_are(
    string: str, edits: list[Edit], size: int, data: st.DataObject
) -> None:
    """Beginnings and ends are told to be alike just where the strings are, both ways round."""
    text = Text(string, block_size=size)
    edited = text
    for start, end, new in edits:
        edited = edited.replace(start, end, new)
    count = data.draw(st.integers(0, max(len(text), len(edited)) + 1))

    assert_compared(text, edited, count)
    assert_compared(edited, text, count)
    assert_compared(text, text, count)


@given(strings, strings, sizes, sizes)
@settings(max_examples=200, deadline=None)
def test_unrelated_texts_are_compared_as_strings_are(
    one: str, other: str, size: int, other_size: int
) -> None:
    """Texts that share no block, or have blocks of other sizes, are compared all the same."""
    text, unrelated = Text(one, block_size=size), Text(other, block_size=other_size)

    for count in range(max(len(text), len(unrelated)) + 2):
        assert_compared(text, unrelated, count)
        assert_compared(text, Text(one, block_size=other_size), count)


@pytest.mark.parametrize(
    ("one", "other", "count", "begins", "ends"),
    [
        ("", "", 0, True, True),
        ("", "", 1, False, False),
        ("abcdef", "", 0, True, True),
        ("abcdef", "", 1, False, False),
        ("abcdef", "abcdef", 6, True, True),
        ("abcdef", "abcdef", 7, False, False),  # neither has so many
        ("abcdef", "abc", 3, True, False),
        ("abcdef", "abc", 4, False, False),
        ("abcdef", "def", 3, False, True),
        ("abcdef", "abXdef", 2, True, True),
        ("abcdef", "abXdef", 3, False, True),
        ("abcdef", "abXdef", 4, False, False),
    ],
)
def test_texts_are_alike_for_as_many_as_both_have(
    one: str, other: str, count: int, begins: bool, ends: bool
) -> None:
    """Nothing is like nothing, and no text is like another beyond the end of either."""
    text, unlike = Text(one, block_size=2), Text(other, block_size=2)

    assert text.begins_like(unlike, count) is begins
    assert text.ends_like(unlike, count) is ends


def assert_compared(text: Text, other: Text, count: int) -> None:
    """Compare the first and the last `count` code points with those of plain strings."""
    one, two = str(text), str(other)
    has_so_many = count <= min(len(one), len(two))
    begins = has_so_many and one[:count] == two[:count]
    ends = has_so_many and one[len(one) - count :] == two[len(two) - count :]

    assert text.begins_like(other, count) is begins
    assert text.ends_like(other, count) is ends


def assert_agrees(text: Text, expected: str) -> None:
    """Compare every line, offset, position and window with those counted in a plain string."""
    lines = naive_lines(expected)
    assert str(text) == expected
    assert [text.line(number) for number in range(text.line_count)] == lines
    for offset in range(len(expected) + 1):
        position = naive_position(lines, offset)
        assert text.position(offset) == position
        if expected[max(0, offset - 1) : offset + 1] != "\r\n":
            assert text.offset(*position) == offset
        assert text.before(offset, 5) == expected[max(0, offset - 5) : offset]
        assert text.after(offset, 5) == expected[offset : offset + 5]
        assert text.slice(3, offset) == expected[3:offset]


def naive_lines(string: str) -> list[str]:
    """Split as LSP says, with the line ends; the last line has none."""
    parts = re.split("(\r\n|\r|\n)", string)
    return [content + end for content, end in zip(parts[::2], [*parts[1::2], ""], strict=True)]


def naive_position(lines: list[str], offset: int) -> tuple[int, int]:
    """Walk the lines; the last column of a line is the one before its line end."""
    for number, line in enumerate(lines[:-1]):
        if offset < len(line):
            return number, min(offset, len(line.rstrip("\r\n")))
        offset -= len(line)
    return len(lines) - 1, offset


def replaced(string: str, start: int, end: int, new: str) -> str:
    """Do to a plain string what `Text.replace` does."""
    low, high = (max(0, min(bound, len(string))) for bound in sorted((start, end)))
    return string[:low] + without_surrogates(new) + string[high:]


def without_surrogates(string: str) -> str:
    """Replace lone surrogates one by one."""
    return "".join(
        "\ufffd" if 0xD800 <= ord(character) < 0xE000 else character for character in string
    )
