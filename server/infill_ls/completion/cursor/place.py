"""The place that a completion is to fit: what stands around it, and how many lines are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from infill_ls.completion.cursor import closers
from infill_ls.types import CompletionRequest, Trigger

Lines = Literal["single", "multi", "whole"]
"""How much of an answer is wanted: one line; several, up to those below the cursor; or all of it,
and one line only if it has no end."""

_CHARS = 2_000
"""How far around the cursor an answer is compared with what is already there."""

_QUOTE_CHARS = 50_000
"""How far above the cursor an open quote is looked for: that takes 0.7 ms at most."""

_TOP = re.compile(r"^(?:(?:async )?def|class|from|import|@)\b", re.MULTILINE)
"""A statement at the top level of a Python file."""

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
    language: str = ""
    """The editor's identifier of the language, or nothing."""

    @property
    def code_follows(self) -> bool:
        """Whether more than closing brackets and the like stands right of the cursor."""
        return closers.code_follows(self.rest)

    @property
    def line_below(self) -> str:
        """The next line that an answer must not repeat, or nothing.

        A line of nothing but brackets, or of one letter, stands in many places and does not count.
        """
        return self.below[0] if self.below and re.search(r"\w.*\w", self.below[0]) else ""


def place_of(request: CompletionRequest, wanted: Literal["auto", "single", "multi"]) -> Place:
    """Look around the cursor; with "auto", syntax decides how many lines are wanted.

    Who invokes a completion waits for several: between code and code for all of them, if the model
    comes to an end.
    """
    text, offset = request.document.text, request.offset
    _, column = text.position(offset)
    rest, *below = re.split(r"\r\n|\r|\n", text.after(offset, _CHARS))
    if offset + _CHARS < len(text):
        below = below[:-1]  # It may go on.
    ending = re.search(r"\r\n?|\n", text.line(0))
    code_follows = closers.code_follows(rest)
    return Place(
        head=text.before(offset, min(column, _CHARS)),
        rest=rest,
        below=() if code_follows else tuple(line.rstrip() for line in below if line.strip()),
        line_end=ending.group() if ending else "\n",
        lines=_lines(request, code_follows=code_follows) if wanted == "auto" else wanted,
        quote=_open_quote(text.before(offset - column, _QUOTE_CHARS)),
        language=request.document.language,
    )


def _lines(request: CompletionRequest, *, code_follows: bool) -> Lines:
    if request.trigger is Trigger.INVOKED:
        return "whole" if code_follows else "multi"
    # Its many patterns take 7 ms to compile, which the answer to `initialize` need not wait for.
    from infill_ls.completion.cursor.lines import wanted_lines  # noqa: PLC0415

    document = request.document
    return wanted_lines(document.text, document.language, request.offset)


def _open_quote(code: str) -> str:
    """Return the triple quote that a text opens and does not close, or nothing.

    A text that is cut off counts from a line on that hardly stands in a string.
    """
    if len(code) == _QUOTE_CHARS and (begin := _TOP.search(code)):
        code = code[begin.start() :]
    if not any(code.count(quote) % 2 for quote in ('"""', "'''")):
        return ""
    strings = _STRINGS.finditer(code)
    return next((string[1] for string in strings if string["unclosed"] is not None), "")
