"""A text that is cheap to edit, to look into and to keep.

Lines end as LSP says, at a line feed, a carriage return or both together, and at nothing else:
`str.splitlines` also splits at form feeds, U+2028 and the like, and so miscounts in real files.
https://microsoft.github.io/language-server-protocol/specifications/specification-current/#textDocuments
"""

from __future__ import annotations

import io
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from copy import copy
from itertools import accumulate, islice, pairwise, takewhile

_BLOCK_SIZE = 4096
_SURROGATE = re.compile("[\ud800-\udfff]")


class Text:
    """An immutable text, held in blocks that all its edited successors share.

    An edit makes a new text out of the old blocks and a few new ones, so it costs about the same in
    a small file and in a large one, and keeping an old text costs nothing. Offsets count code
    points and are clamped into the text; so are lines and columns.

    A lone surrogate, which JSON can carry and UTF-8 cannot, is replaced by U+FFFD. Both take one
    UTF-16 unit and three bytes of UTF-8, so positions stay in step with the editor's.
    """

    __slots__ = ("_block_size", "_blocks", "_line_ends", "_offsets")

    _blocks: tuple[str, ...]
    """The text in order. No block is empty, and none ends between `\\r` and `\\n`."""
    _offsets: list[int]
    """How many code points come before each block, and before the end."""
    _line_ends: list[int]
    """How many line ends come before each block, and before the end."""
    _block_size: int

    def __init__(self, string: str = "", *, block_size: int = _BLOCK_SIZE) -> None:
        self._blocks = ()
        self._offsets = [0]
        self._line_ends = [0]
        self._block_size = block_size
        self._splice(0, 0, _encodable(string))

    def __len__(self) -> int:
        return self._offsets[-1]

    def __str__(self) -> str:
        return "".join(self._blocks)

    def __repr__(self) -> str:
        # Texts end up in logs by way of dataclasses; what the user wrote must not.
        return f"<Text of {len(self)} code points, {self.line_count} lines>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def line_count(self) -> int:
        """The number of lines; after the last line end there is one more, if only an empty one."""
        return self._line_ends[-1] + 1

    def line(self, number: int) -> str:
        """Return a line with its line end, or nothing where there is no such line."""
        return self.slice(self._line_start(number), self._line_start(number + 1))

    def span(self, line: int) -> tuple[int, int]:
        """Return the offsets [start, end) of a line without its line end.

        A line beyond the last is empty and lies at the end of the text.
        """
        start, following = self._line_start(line), self._line_start(line + 1)
        tail = self.slice(max(start, following - 2), following)
        return start, following - len(tail) + len(tail.rstrip("\r\n"))

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place; beyond a line's end it is the end, before the line end."""
        if column <= 0:
            return self._line_start(line)
        start, end = self.span(line)
        return min(start + column, end)

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset; between `\\r` and `\\n` it is that line's end."""
        offset = self._clamped(offset)
        if self.slice(offset - 1, offset + 1) == "\r\n":
            offset -= 1
        block = bisect_right(self._offsets, offset) - 1
        line = self._line_ends[block] + _count_line_ends(self.slice(self._offsets[block], offset))
        return line, offset - self._line_start(line)

    def before(self, offset: int, count: int) -> str:
        """Return the last `count` code points before an offset, or all there are."""
        offset = self._clamped(offset)
        return self.slice(offset - count, offset)

    def after(self, offset: int, count: int) -> str:
        """Return the first `count` code points after an offset, or all there are."""
        offset = self._clamped(offset)
        return self.slice(offset, offset + count)

    def begins_like(self, other: Text, count: int) -> bool:
        """Return whether the first `count` code points are another text's, and both have so many.

        Blocks that both share are not looked into, so for an edited text it costs what changed.
        """
        if count > min(len(self), len(other)):
            return False
        same = self._offsets[_shared(self._blocks, other._blocks)]
        return self.slice(same, count) == other.slice(same, count)

    def ends_like(self, other: Text, count: int) -> bool:
        """Return whether the last `count` code points are another text's, and both have so many."""
        if count > min(len(self), len(other)):
            return False
        blocks = _shared(reversed(self._blocks), reversed(other._blocks))
        same = len(self) - self._offsets[len(self._blocks) - blocks]
        own, others = (t.slice(len(t) - count, len(t) - same) for t in (self, other))
        return own == others

    def slice(self, start: int, end: int) -> str:
        """Return the code points in [start, end), none where the range is inverted."""
        start, end = self._clamped(start), self._clamped(end)
        first = bisect_right(self._offsets, start) - 1
        last = bisect_left(self._offsets, end)
        base = self._offsets[first]
        return "".join(self._blocks[first:last])[start - base : end - base]

    def replace(self, start: int, end: int, new: str) -> Text:
        """Return the text with `new` in place of [start, end); an inverted range is swapped."""
        start, end = sorted((self._clamped(start), self._clamped(end)))
        # The touched blocks and the one before are cut anew: it lets a block that shrank grow
        # again, and keeps a `\r` at its end in one block with a `\n` that now follows.
        first = max(0, bisect_right(self._offsets, start) - 2)
        last = min(bisect_right(self._offsets, end), len(self._blocks))
        old = "".join(self._blocks[first:last])
        base = self._offsets[first]
        edited = copy(self)
        edited._splice(first, last, old[: start - base] + _encodable(new) + old[end - base :])
        return edited

    def _splice(self, first: int, last: int, string: str) -> None:
        """Put `string` in place of the blocks [first, last) of a text that nobody has seen yet."""
        blocks = _cut(string, self._block_size)
        self._blocks = self._blocks[:first] + blocks + self._blocks[last:]
        self._offsets = _spliced(self._offsets, first, last, map(len, blocks))
        self._line_ends = _spliced(self._line_ends, first, last, map(_count_line_ends, blocks))

    def _clamped(self, offset: int) -> int:
        return max(0, min(offset, len(self)))

    def _line_start(self, line: int) -> int:
        if line <= 0:
            return 0
        if line >= self.line_count:
            return len(self)
        number = bisect_left(self._line_ends, line) - 1
        block, preceding = self._blocks[number], line - self._line_ends[number]
        if "\r" in block:
            length = sum(map(len, islice(io.StringIO(block, newline=""), preceding)))
        else:
            # More than twice as fast, and asked for a dozen times at each key.
            length = len(block) - len(block.split("\n", preceding)[-1])
        return self._offsets[number] + length


def _shared(blocks: Iterable[str], others: Iterable[str]) -> int:
    """Return how many blocks, from the beginning, are the very same objects."""
    pairs = zip(blocks, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs))


def _encodable(string: str) -> str:
    return string if string.isascii() else _SURROGATE.sub("\ufffd", string)


def _count_line_ends(string: str) -> int:
    return string.count("\n") + string.count("\r") - string.count("\r\n")


def _cut(string: str, size: int) -> tuple[str, ...]:
    """Cut into the fewest blocks of at most `size`, alike in length so that none is small."""
    count = -(-len(string) // size)
    even = (len(string) * i // count for i in range(1, count))
    # A cut before a `\n` moves behind it, for a `\r` may come before.
    cuts = {cut + string.startswith("\n", cut) for cut in even}
    return tuple(string[a:b] for a, b in pairwise(sorted({0, *cuts, len(string)})))


def _spliced(totals: list[int], first: int, last: int, counts: Iterable[int]) -> list[int]:
    """Return running totals after the blocks [first, last) gave way to blocks of these counts."""
    inner = list(accumulate(counts, initial=totals[first]))
    shift = inner[-1] - totals[last]
    return totals[:first] + inner + [total + shift for total in totals[last + 1 :]]
