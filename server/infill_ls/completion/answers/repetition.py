"""Where a model has fallen into a loop, once is enough.

The constants for a single line are Tabby's: `(.{3,}?)\\1{5,}$` and `(.{10,}?)\\1{3,}$`.
"""

from __future__ import annotations

import io
import re

_LINES = 4
"""How long a block may be that is looked for."""


def without_repetition(text: str, head: str, above: str) -> str:
    """Cut what is repeated at the end to one, and what was begun of it once more.

    `head` is the cursor's line up to the cursor, and `above` ends with it. What stands there twice
    in a row already, such as the rows of a table, may go on.
    """
    return _without_units(_without_blocks(text, head, above), head, above)


def _without_blocks(text: str, head: str, above: str) -> str:
    """Cut three equal lines, or two equal blocks of several; blank lines do not count."""
    ends, lines = _filled(text, head)
    for size in range(1, min(_LINES, len(lines) - 1) + 1):
        run = _equal_lines(lines, size, complete=text[-1:] in "\r\n")
        if not run:
            continue
        first = lines[len(lines) - run - size : len(lines) - run]
        if len(re.findall(r"\w", "".join(first))) >= 2 and not _stands_twice(first, above):
            return text[: ends[len(lines) - run - 1]]
    return text


def _filled(text: str, head: str) -> tuple[list[int], list[str]]:
    """Return where in the text the lines with text on them end, and those lines in full."""
    ends, lines = [], []
    end = 0
    for index, piece in enumerate(io.StringIO(text, newline="")):
        if piece.strip():
            ends.append(end + len(piece.rstrip()))
            lines.append((piece if index else head + piece).rstrip())
        end += len(piece)
    return ends, lines


def _equal_lines(lines: list[str], size: int, *, complete: bool) -> int:
    """Return how many lines at the end equal those a block before; none if it is by chance."""
    begun = 0
    if not complete and len(lines) > size and lines[-1] != lines[-1 - size]:
        begun = int(lines[-1 - size].startswith(lines[-1]))
    run = 0
    for index in range(len(lines) - begun - 1, size - 1, -1):
        if lines[index] != lines[index - size]:
            break
        run += 1
    return run + begun if run >= (2 if size == 1 else size) else 0


def _stands_twice(block: list[str], above: str) -> bool:
    lines = [line.rstrip() for line in io.StringIO(above) if line.strip()]
    return any(
        lines[index : index + 2 * len(block)] == 2 * block
        for index in range(len(lines) - 2 * len(block) + 1)
    )


def _without_units(text: str, head: str, above: str) -> str:
    """Cut a short unit that a line ends with six times, or a longer one four times.

    A unit has a letter or a digit: lines of dashes are as long as they are.
    """
    end = re.sub(r"[\r\n]\s*\Z", "", text)  # Blanks at a line's end belong to the unit.
    line = re.split(r"[\r\n]", end)[-1]
    for size in range(3, len(line) // 4 + 1):
        run = _equal_characters(line, size)
        times = run // size + 1
        if times < (6 if size < 10 else 4):
            continue
        unit = line[-run - size : -run]
        if re.search(r"\w", unit) and 2 * unit not in above and 2 * unit not in head:
            return end[:-run]
    return text


def _equal_characters(line: str, size: int) -> int:
    """Return how many characters at the end equal those a unit before."""
    run = 0
    while run < len(line) - size and line[-run - 1] == line[-run - 1 - size]:
        run += 1
    return run
