"""Offsets in a text and the positions of LSP, which count units of an agreed encoding.

https://microsoft.github.io/language-server-protocol/specifications/specification-current/#position
"""

from __future__ import annotations

from lsprotocol import types

from infill_ls.text import Text

Encoding = types.PositionEncodingKind | str | None
"""As pygls hands it out; LSP takes UTF-16 where nothing was agreed."""

_UTF16 = ("utf-16-le", 2)
_CODECS: dict[Encoding, tuple[str, int]] = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: _UTF16,
    types.PositionEncodingKind.Utf32: ("utf-32-le", 4),
}
"""How Python names the encoding, and how many bytes a unit has."""


def offset_at(text: Text, position: types.Position, encoding: Encoding) -> int:
    """Return the offset of a position, in code points.

    A character beyond the line means the line's end, before the line end; a line beyond the last
    means the end of the text; a unit inside a character means the character's start.
    """
    start, end = text.span(position.line)
    # A code point has at least one unit, so no more of them than units are needed.
    line = text.slice(start, min(end, start + position.character))
    if line.isascii():
        return start + len(line)
    codec, width = _CODECS.get(encoding, _UTF16)
    units = line.encode(codec)[: position.character * width]
    return start + len(units.decode(codec, "ignore"))


def position_at(text: Text, offset: int, encoding: Encoding) -> types.Position:
    """Return the position of an offset; between `\\r` and `\\n` it is that line's end."""
    line, column = text.position(offset)
    start, _ = text.span(line)
    preceding = text.slice(start, start + column)
    if preceding.isascii():
        return types.Position(line, column)
    codec, width = _CODECS.get(encoding, _UTF16)
    return types.Position(line, len(preceding.encode(codec)) // width)
