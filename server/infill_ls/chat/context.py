"""The code of an open document that goes with a question, and what tools report of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infill_ls.chat.conversation import Code, Problem
from infill_ls.chat.target import AROUND, Target, target_of
from infill_ls.text import Text
from infill_ls.types import Document

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
    target = target_of(document, offset, offset) or _near(document.text, offset)
    return code_between(document, target.start, target.end, reported)


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


def _near(text: Text, offset: int) -> Target:
    line = text.position(offset)[0]
    return Target(text.offset(line - AROUND, 0), text.span(line + AROUND)[1])


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
