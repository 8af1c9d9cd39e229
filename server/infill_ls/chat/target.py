"""The code that an action is about: whole lines of a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import thread_time

from infill_ls.syntax import tree
from infill_ls.syntax.excerpt import excerpt
from infill_ls.syntax.functions import function_around
from infill_ls.text import Text
from infill_ls.types import Document

AROUND = 10
"""So many lines above and below a problem are shown where no function is around it."""

_REACH = 20_000
"""So far around the place, in code points, a function is looked for."""

_BUDGET_S = 0.005
"""So long a function is looked for, in time of the processor: an editor asks at each move of the
cursor what can be done there."""

_COMMENT = re.compile(r"[ \t]*(?://|/\*|\*|--|;|#(?![!\[]))")
"""A line of nothing but a comment, in most languages."""

_DIRECTIVE = re.compile(
    r"[ \t]*#[ \t]*(?:include|import|define|undef|if|ifdef|ifndef|elif|else|endif|pragma|error)\b"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Whole lines of a document, in [start, end), without the last one's line end."""

    start: int
    """In code points from the document's beginning; where a line begins."""
    end: int

    def text(self, document: Document) -> str:
        """Return what they hold."""
        return document.text.slice(self.start, self.end)

    def lines(self, text: Text) -> tuple[int, int]:
        """Return the first and the last line, from 1."""
        return text.position(self.start)[0] + 1, text.position(self.end)[0] + 1

    def moved(self, old: Text, new: Text) -> Target | None:
        """Return where the lines are in a later version, if what was changed is all above or below.

        None if they may have changed themselves.
        """
        if new.begins_like(old, self.end) and new.slice(self.end, self.end + 1) in ("", "\r", "\n"):
            return self
        after = len(old) - self.start
        if not new.ends_like(old, after):
            return None
        shift = len(new) - len(old)
        start = self.start + shift
        is_line = start == 0 or new.slice(start - 1, start) in ("\r", "\n")
        return Target(start, self.end + shift) if is_line else None


def target_of(document: Document, start: int, end: int) -> Target | None:
    """Return the lines of a selection; of a mere place, those of the function around it, if any."""
    if start != end:
        return _lines(document.text, start, end)
    return _function(document, start)


def target_of_problem(document: Document, start: int, end: int) -> Target:
    """Return the lines of the function around a problem or, where there is none, some around it."""
    if found := _function(document, start):
        return found
    text = document.text
    first, last = text.position(start)[0] - AROUND, text.position(end)[0] + AROUND
    return _lines(text, text.offset(first, 0), text.span(min(last, text.line_count - 1))[1])


def comment_at(document: Document, offset: int) -> Target | None:
    """Return the lines of comment around a place, where it is on one."""
    text = document.text
    first = last = text.position(offset)[0]
    if not _is_comment(text, first):
        return None
    while _is_comment(text, first - 1):
        first -= 1
    while _is_comment(text, last + 1):
        last += 1
    return Target(text.offset(first, 0), text.span(last)[1])


def is_comment(line: str) -> bool:
    """Tell whether a line is nothing but a comment, or blank."""
    return not line.strip() or (bool(_COMMENT.match(line)) and not _DIRECTIVE.match(line))


def _is_comment(text: Text, line: int) -> bool:
    if not 0 <= line < text.line_count:
        return False
    content = text.line(line)
    return bool(content.strip()) and is_comment(content)


def _function(document: Document, offset: int) -> Target | None:
    part = excerpt(document.text, offset, above=_REACH, below=_REACH)
    if part is None:
        return None
    syntax = tree.syntax_of(part, document.language, clock=thread_time, budget_s=_BUDGET_S)
    span = function_around(syntax) if syntax else None
    return _lines(document.text, *span) if span else None


def _lines(text: Text, start: int, end: int) -> Target:
    """Return the lines that [start, end) touches; one of which it has only the beginning, not."""
    last, column = text.position(end)
    if column == 0 and end > start:
        last -= 1
    return Target(text.offset(text.position(start)[0], 0), text.span(last)[1])
