"""LSP positions in three encodings against counting characters one by one."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from infill_ls.lsp.positions import Encoding, offset_at, position_at
from infill_ls.text import Text

UTF8, UTF16, UTF32 = types.PositionEncodingKind
PIECES = [
    "a",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\f",
    "\x85",
    "\u2028",
    "é",
    "e\u0301",
    "漢",
    "😀",
    "\ud83d",
]

encodings = st.sampled_from([UTF8, UTF16, UTF32])
strings = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
texts = st.builds(lambda string, size: Text(string, block_size=size), strings, st.integers(1, 5))


@given(texts, encodings)
@settings(max_examples=200, deadline=None)
def test_every_offset_comes_back(text: Text, encoding: types.PositionEncodingKind) -> None:
    """Each offset has a position that leads back to it, save inside a line end."""
    for offset in range(len(text) + 1):
        inside_line_end = text.slice(offset - 1, offset + 1) == "\r\n"

        position = position_at(text, offset, encoding)

        assert offset_at(text, position, encoding) == offset - inside_line_end


@given(texts, encodings)
@settings(max_examples=200, deadline=None)
def test_characters_are_counted_in_units(text: Text, encoding: types.PositionEncodingKind) -> None:
    """Each unit of a line, and some beyond it, leads to the start of the character it is in."""
    for number in range(text.line_count):
        content = text.line(number).rstrip("\r\n")
        starts = [0, *accumulate(units(character, encoding) for character in content)]

        for unit in range(starts[-1] + 3):
            column = max(index for index, start in enumerate(starts) if start <= unit)
            assert offset_at(text, types.Position(number, unit), encoding) == (
                text.offset(number, column)
            )


@pytest.mark.parametrize(
    ("encoding", "character"), [(UTF8, 7), (UTF16, 5), (UTF32, 4), ("utf-8", 7), (None, 5)]
)
def test_quotation_mark_after_an_emoji(encoding: Encoding, character: int) -> None:
    """The specification's kind of example: the last mark in x="😋" in each encoding."""
    text = Text('x="😋"')

    assert position_at(text, 4, encoding) == types.Position(0, character)
    assert offset_at(text, types.Position(0, character), encoding) == 4


@pytest.mark.parametrize("encoding", [UTF8, UTF16, UTF32])
@pytest.mark.parametrize(
    ("string", "line", "character", "offset"),
    [
        ("é\r\n漢", 0, 2**31 - 1, 1),
        ("é\r\n漢", 1, 2**31 - 1, 4),
        ("é\r\n漢", 2, 0, 4),
        ("é\r\n漢", 2**31 - 1, 2**31 - 1, 4),
        ("é\n", 1, 3, 2),
        ("", 0, 3, 0),
    ],
)
def test_positions_outside_are_clamped(
    encoding: types.PositionEncodingKind, string: str, line: int, character: int, offset: int
) -> None:
    """Beyond the line is its end, before the line end; beyond the last line is the text's end."""
    assert offset_at(Text(string), types.Position(line, character), encoding) == offset


def test_position_of_the_caller_stays() -> None:
    """A clamped position is not written to: the request it came with is still being used."""
    position = types.Position(0, 99)

    offset_at(Text("é"), position, UTF16)

    assert position == types.Position(0, 99)


def units(character: str, encoding: types.PositionEncodingKind) -> int:
    """Count the units of one character by the tables of the Unicode standard."""
    code = ord(character)
    if encoding is UTF8:
        return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
    return 1 + (encoding is UTF16 and code > 0xFFFF)
