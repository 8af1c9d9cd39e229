"""How many tokens a text has, estimated where no tokenizer is at hand."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import accumulate, islice

_PIECE = re.compile(
    r"(?=[a-z]{20})[a-z]{2}|[A-Z]?[a-z]{1,4}| {1,8}|([!-/:-@[-`{-~])\1?|.", re.DOTALL
)
"""What the vocabularies of code models have as one token, at least: a part of a word, a digit, a
capital, some blanks, a sign or two alike. Letters that go on and on are no words: two of them."""

USUAL_SCALE = 0.8
"""Tokens for each such piece: 0.64 in the median of 25 modules of Python's own library with Code
Llama's vocabulary, 0.84 at most; 0.8 in minified JavaScript, 1.0 in digits, 1.24 in base64."""

CHARS_PER_PIECE = 5
"""At most so many, but for deep indentation."""


_REMEMBERED_LINES = 16_384
_REMEMBERED_TEXTS = 32
_LONG_LINE = 1_000
"""Not remembered, for the sake of memory."""


@lru_cache(_REMEMBERED_TEXTS)
def pieces_in(text: str) -> int:
    """Return the number of pieces; a character beyond ASCII counts for each of its bytes.

    The lines that one keystroke after the other asks about are counted once, and so are the texts
    of one keystroke.
    """
    lines = text.split("\n")
    return len(lines) - 1 + sum(map(pieces_in_line, lines))


def pieces_in_line(line: str) -> int:
    """Return the number of pieces of a text in which no line ends."""
    return _counted(line) if len(line) > _LONG_LINE else _remembered(line)


def start_of_last(text: str, pieces: int) -> int:
    """Return where the longest end of the text begins that has at most so many pieces."""
    start = len(text)
    for number, line in enumerate(reversed(text.split("\n"))):
        if number:
            if pieces == 0:
                return start
            start, pieces = start - 1, pieces - 1
        count = pieces_in_line(line)
        if count > pieces:
            first = bisect_left(_ends(line), count - pieces) + 1
            return start - len(line) + _start(line, first)
        start, pieces = start - len(line), pieces - count
    return 0


def end_of_first(text: str, pieces: int) -> int:
    """Return where the longest beginning of the text ends that has at most so many pieces."""
    end = 0
    for number, line in enumerate(text.split("\n")):
        if number:
            if pieces == 0:
                return end
            end, pieces = end + 1, pieces - 1
        count = pieces_in_line(line)
        if count > pieces:
            return end + _start(line, bisect_right(_ends(line), pieces))
        end, pieces = end + len(line), pieces - count
    return len(text)


def _counted(line: str) -> int:
    return len(_PIECE.findall(line)) if line.isascii() else _ends(line)[-1]


_remembered = lru_cache(_REMEMBERED_LINES)(_counted)


def _start(line: str, number: int) -> int:
    """Return where a piece starts, or the line's end where there are fewer."""
    piece = next(islice(_PIECE.finditer(line), number, None), None)
    return piece.start() if piece else len(line)


def _ends(line: str) -> list[int]:
    """Return how many pieces there are up to the end of each."""
    return list(accumulate(_cost(match.group()) for match in _PIECE.finditer(line)))


def _cost(piece: str) -> int:
    """Return a piece's tokens; a vocabulary spends one on each byte of what it lacks."""
    return 1 if piece.isascii() else len(piece.encode())
