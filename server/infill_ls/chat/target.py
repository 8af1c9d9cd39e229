"""The code that an action is about: whole lines of a document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import thread_time

from infill_ls.chat.comments import comments
from infill_ls.syntax import tree
from infill_ls.syntax.excerpt import excerpt
from infill_ls.syntax.functions import function_around
from infill_ls.text import Text
from infill_ls.types import Document

AROUND = 10
"""So many lines above and below a problem are shown where no function is around it."""

_REACHES = (5_000, 20_000)
"""So far around the place, in code points, a function is looked for: first near it."""

_BUDGET_S = 0.005
"""An editor asks at each move of the cursor what can be done there."""


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
        shift = len(new) - len(old)
        below = Target(self.start + shift, self.end + shift)
        if new.begins_like(old, self.end) and self._is_whole(new):
            return self
        if new.ends_like(old, len(old) - self.start) and below._is_whole(new):
            return below
        return None

    def _is_whole(self, text: Text) -> bool:
        """Tell whether a line begins and one ends where it does."""
        first, last = (text.position(offset)[0] for offset in (self.start, self.end))
        return (text.span(first)[0], text.span(last)[1]) == (self.start, self.end)


def target_of(document: Document, start: int, end: int) -> Target | None:
    """Return the lines of a selection; of a mere place, those of the function around it, if any.

    A single character in a function, or a line end, is a place: it is what the cursor of Helix and
    Kakoune is. A selection begins and ends with its first and last line that is not blank, and is
    nothing if it has none.
    """
    is_place = end - start <= 1 or document.text.slice(start, end) == "\r\n"
    if is_place and (function := _function(document, start)):
        return function
    return _lines(document.text, start, end)


def target_of_problem(document: Document, start: int, end: int) -> Target:
    """Return the lines of the function around a problem or, where there is none, some around it."""
    if found := _function(document, start):
        return found
    text = document.text
    first, last = text.position(start)[0], text.position(end)[0]
    top, bottom = text.offset(first - AROUND, 0), text.span(last + AROUND)[1]
    return _lines(text, top, bottom) or Target(*text.span(first))


def comment_at(document: Document, offset: int) -> Target | None:
    """Return the lines of comment around a place, where it is on one."""
    text = document.text
    place, top, bottom = (
        text.position(at)[0] for at in (offset, offset - _REACHES[1], offset + _REACHES[1])
    )
    around = text.slice(text.offset(top, 0), text.offset(bottom + 1, 0))
    is_comment = dict(enumerate(comments(around, document.language), top))
    if not is_comment.get(place):
        return None
    first = last = place
    while is_comment.get(first - 1):
        first -= 1
    while is_comment.get(last + 1):
        last += 1
    return Target(text.offset(first, 0), text.span(last)[1])


def _function(document: Document, offset: int) -> Target | None:
    text = document.text
    places = _places(text, offset)
    for reach in _REACHES:
        part = excerpt(text, places[0], above=reach, below=reach)
        if part is None:
            continue
        syntax = tree.syntax_of(part, document.language, clock=thread_time, budget_s=_BUDGET_S)
        if syntax is None or not _is_read(syntax):
            continue
        for place in places:
            cursor = len(part.code[: place - part.start].encode())
            if span := function_around(replace(syntax, cursor=cursor)):
                return _lines(text, *span)
    return None


def _places(text: Text, offset: int) -> tuple[int, int]:
    """Return the place within what stands on its line, and one at the end of that.

    So all of a line on which a function begins or ends is in it, `export` or `const f =` before it,
    too. What stands above a head, such as a decorator, belongs to the line below.
    """
    line = text.position(offset)[0]
    while text.line(line).lstrip().startswith(("@", "#[", "template <", "template<")):
        line += 1
        offset = text.offset(line, 0)
    content = text.line(line)
    start = text.span(line)[0]
    first = start + len(content) - len(content.lstrip())
    last = max(first, start + len(content.rstrip()) - 1)
    return (min(max(offset, first + 1), last), last) if content.strip() else (offset, offset)


def _is_read(syntax: tree.Syntax) -> bool:
    """Tell whether the time was enough: a function would end where the reading did."""
    return syntax.tree.root_node.end_byte >= len(syntax.excerpt.code.rstrip().encode())


def _lines(text: Text, start: int, end: int) -> Target | None:
    """Return the lines of all in [start, end) that is not blank."""
    part = text.slice(start, end)
    if not part.strip():
        return None
    first = text.position(start + len(part) - len(part.lstrip()))[0]
    last = text.position(start + len(part.rstrip()))[0]
    return Target(text.offset(first, 0), text.span(last)[1])
