"""The place that a completion is to fit: what stands around it, and how many lines are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from infill_ls.types import CompletionRequest, Trigger

Lines = Literal["single", "multi", "whole"]
"""How much of an answer is wanted: one line; several, up to those below the cursor; or all of it,
and one line only if it has no end."""

_CHARS = 2_000
"""How far around the cursor an answer is compared with what is already there."""

_CLOSERS = re.compile(r"[\s)\]}>\"'`:;,]*\Z")
"""What may stand right of the cursor without belonging to the code that is being written."""

_STRINGS = re.compile(
    r'("""|\'\'\')(?:\\.|[^\\])*?(?:\1|(?P<unclosed>\\?\Z))'
    r'|"(?:\\[^\r\n]|[^"\\\r\n])*"'
    r"|'(?:\\[^\r\n]|[^'\\\r\n])*'"
    r"|(?<!\S)#[^\r\n]*",
    re.DOTALL,
)
"""Strings, and comments with what looks like one."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the document holds around the cursor."""

    head: str
    """The cursor's line up to the cursor."""
    rest: str
    """The rest of the cursor's line, without its end."""
    below: tuple[str, ...]
    """The lines that follow, without white space at their ends and without the blank ones.
    There are none where code follows on the line, since an answer does not reach beyond it."""
    line_end: str
    """The one that the document uses: LF, CRLF or CR."""
    lines: Lines
    """How much is to be filled in."""
    quote: str = ""
    """The triple quote of the string in which the cursor's line begins, or nothing."""

    @property
    def code_follows(self) -> bool:
        """Whether more than closing brackets and the like stands right of the cursor."""
        return not _CLOSERS.match(self.rest)

    @property
    def line_below(self) -> str:
        """The next line that an answer must not repeat, or nothing.

        A line of nothing but brackets stands in many places and does not count.
        """
        return self.below[0] if self.below and re.search(r"\w\w", self.below[0]) else ""


def place_of(request: CompletionRequest, wanted: Literal["auto", "single", "multi"]) -> Place:
    """Look around the cursor; with "auto", code right of it means that one line is wanted.

    An answer between code and code may have several lines all the same. Who invokes it gets them,
    if the model comes to an end, for which there is no waiting while one types.
    """
    text, offset = request.document.text, request.offset
    _, column = text.position(offset)
    rest, *below = re.split(r"\r\n|\r|\n", text.after(offset, _CHARS))
    if offset + _CHARS < len(text):
        below = below[:-1]  # It may go on.
    ending = re.search(r"\r\n?|\n", text.line(0))
    code_follows = not _CLOSERS.match(rest)
    between: Lines = "whole" if request.trigger is Trigger.INVOKED else "single"
    lines: Lines = between if code_follows else "multi"
    return Place(
        head=text.before(offset, min(column, _CHARS)),
        rest=rest,
        below=() if code_follows else tuple(line.rstrip() for line in below if line.strip()),
        line_end=ending.group() if ending else "\n",
        lines=lines if wanted == "auto" else wanted,
        quote=_open_quote(text.before(offset - column, offset - column)),
    )


def _open_quote(code: str) -> str:
    """Return the triple quote that a text opens and does not close, or nothing."""
    if not any(code.count(quote) % 2 for quote in ('"""', "'''")):
        return ""  # It is known at once even of a long text.
    strings = _STRINGS.finditer(code)
    return next((string[1] for string in strings if string["unclosed"] is not None), "")
