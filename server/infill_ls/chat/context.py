"""The code of an open document that goes with a question, and what tools report of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infill_ls.chat.conversation import Code, Problem
from infill_ls.syntax.excerpt import excerpt
from infill_ls.syntax.functions import function_around
from infill_ls.syntax.tree import syntax_of
from infill_ls.text import Text
from infill_ls.types import Document

_AROUND = 10
"""So many lines above and below a place are shown where no function is around it."""

_REACH = 50_000
"""So far around a place, in code points, a function is looked for."""

_BUDGET_S = 0.05
"""A question is asked seldom, and nobody waits for it at each keystroke."""

_LINES_SHOWN = 5
"""So many lines are repeated below the code for each problem, at most."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a tool reports of [start, end), offsets of a document."""

    start: int
    end: int
    words: str


def code_around(document: Document, offset: int, reported: Sequence[Reported] = ()) -> Code:
    """Return the lines of the function around a place or, without one, twenty around it."""
    text = document.text
    first, last = _function(document, offset) or _near(text, offset)
    return code_between(document, text.span(first)[0], text.span(last)[1], reported)


def code_between(
    document: Document, start: int, end: int, reported: Sequence[Reported] = ()
) -> Code:
    """Return what stands in [start, end), with what is reported of its lines."""
    text = document.text
    lines = _lines(text, start, end)
    problems = _problems(text, lines, reported)
    return Code(document.path, document.language, text.slice(start, end), lines, problems)


def whole(document: Document, reported: Sequence[Reported] = ()) -> Code:
    """Return a whole document, with all that is reported of it."""
    text = document.text
    problems = _problems(text, (1, text.line_count), reported)
    return Code(document.path, document.language, str(text), None, problems)


def _function(document: Document, offset: int) -> tuple[int, int] | None:
    """Return the first and the last line of the function around a place, from 0.

    One that begins or ends on the line, beside the place, counts as around it.
    """
    text = document.text
    start, end = text.span(text.position(offset)[0])
    line = text.slice(start, end)
    content = start + len(line) - len(line.lstrip())
    for place in (offset, content + 1, content):
        part = excerpt(text, place, above=_REACH, below=_REACH)
        syntax = syntax_of(part, document.language, budget_s=_BUDGET_S) if part else None
        if span := function_around(syntax) if syntax else None:
            first, last = _lines(text, *span)
            return first - 1, last - 1
    return None


def _near(text: Text, offset: int) -> tuple[int, int]:
    line = text.position(offset)[0]
    return max(0, line - _AROUND), min(line + _AROUND, text.line_count - 1)


def _problems(
    text: Text, lines: tuple[int, int], reported: Sequence[Reported]
) -> tuple[Problem, ...]:
    """Return what is reported of some lines, in their order."""
    problems = (_problem(text, each) for each in reported)
    concerned = (
        problem
        for problem in problems
        if problem.lines[0] <= lines[1] and problem.lines[1] >= lines[0]
    )
    return tuple(sorted(concerned, key=lambda problem: problem.lines))


def _problem(text: Text, reported: Reported) -> Problem:
    first, last = _lines(text, reported.start, reported.end)
    end = text.span(min(last, first + _LINES_SHOWN - 1) - 1)[1]
    return Problem((first, last), text.slice(text.span(first - 1)[0], end), reported.words)


def _lines(text: Text, start: int, end: int) -> tuple[int, int]:
    """Return the first and the last line of [start, end), from 1.

    One of which it has only the beginning, before any character, is not among them.
    """
    first = text.position(start)[0]
    last, column = text.position(end)
    if column == 0 and last > first:
        last -= 1
    return first + 1, max(first, last) + 1
