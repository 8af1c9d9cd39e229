"""The part of a document that is read to know what stands at a place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infill_ls.text import Text

ABOVE = 6_000
"""So many code points before the place are read at most."""

BELOW = 2_000
"""So many behind it."""

_LINE = re.compile(r"^(?P<indent>[ \t]*)(?=[^\s)\]}])", re.MULTILINE)
"""A line that has text, and does not begin with what ends something above it."""


_DEFINITION = re.compile(
    r"@\w+|(?:[a-z]+(?:\([a-z]+\))?[ \t]+)*"
    r"(?:def|class|function|fn|func|fun|struct|enum|interface|trait|impl|module|namespace|sub)"
    r"[ \t]+[\w.:]+(?:[ \t]*[(:{<\n]|[^\n]*\{[ \t]*$)"
    r"|[\w \t*&<>:]+\([^\n;]*\)[ \t]*\{[ \t]*$",
    re.MULTILINE,
)

_LONG_LINE = re.compile(r"[^\n]{1000,}")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a document, in which each line ends at a line feed."""

    code: str
    """CR, where it ends a line alone, is a line feed here, so that offsets stay what they are."""
    start: int
    """Where it begins in the document."""
    cursor: int
    """The place, counted from where the excerpt begins."""
    is_cut: bool
    """Whether the document goes on behind it."""

    @property
    def before(self) -> str:
        """What stands before the place."""
        return self.code[: self.cursor]


def excerpt(text: Text, offset: int, *, above: int = ABOVE, below: int = BELOW) -> Excerpt | None:
    """Cut a part around an offset, or return None where it would begin within a line.

    It begins with the document. In a long one it begins at the first of the least indented
    definitions in reach, or lines if there is none, and ends at a line's end. Most other lines
    without indentation may as well be text in a string or a comment. No line of more than 1,000
    code points is in it: it is data or was written by a program, and is slow to parse.
    """
    offset = max(0, min(offset, len(text)))
    before, after = text.before(offset, above + 1), text.after(offset, below + 1)
    code = re.sub(r"\r(?!\n)", "\n", before + after)
    before, after = code[: len(before)], code[len(before) :]
    start, end = _start(before, above), _end(after, below)
    if start is None or end is None:
        return None
    return Excerpt(
        code=before[start:] + after[:end],
        start=offset - len(before) + start,
        cursor=len(before) - start,
        is_cut=end < len(after),
    )


def _start(before: str, most: int) -> int | None:
    """Return where an excerpt begins; never at the first line, which may be a part of one."""
    long_lines = [line.end() for line in _LONG_LINE.finditer(before)]
    if len(before) <= most and not long_lines:
        return 0
    lines = list(_LINE.finditer(before, max([1, *long_lines])))
    definitions = [line for line in lines if _DEFINITION.match(before, line.end())]
    starts = definitions or lines
    return min(starts, key=_indent).start() if starts else None


def _end(after: str, most: int) -> int | None:
    """Return where it ends: at a line's end, before the first long line."""
    long_line = _LONG_LINE.search(after)
    if long_line:
        return long_line.start() or None
    return len(after) if len(after) <= most else after.rfind("\n") + 1


def _indent(line: re.Match[str]) -> int:
    return len(line["indent"].expandtabs())
