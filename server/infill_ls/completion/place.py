"""The place that a completion is to fit: what follows the cursor, and how many lines are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from infill_ls.types import CompletionRequest

Lines = Literal["single", "multi"]

_SUFFIX_CHARS = 2_000
"""How far below the cursor an answer is compared with what is already there."""

_CLOSERS = re.compile(r"[\s)\]}>\"'`:;,]*\Z")
"""What may stand right of the cursor without belonging to the code that is being written."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the document holds at and after the cursor."""

    offset: int
    """The cursor, in code points."""
    rest: str
    """The rest of the cursor's line, without its end."""
    below: tuple[str, ...]
    """The lines that follow, without their ends and without the blank ones."""
    line_end: str
    """The one that the document uses: LF, CRLF or CR."""
    lines: Lines
    """Whether one line is to be filled in or several."""


def place_of(request: CompletionRequest, wanted: Literal["auto", "single", "multi"]) -> Place:
    """Look around the cursor; with "auto", code right of it means that one line is wanted."""
    text = request.document.text
    rest, *below = re.split(r"\r\n|\r|\n", text.after(request.offset, _SUFFIX_CHARS))
    ending = re.search(r"\r\n?|\n", text.line(0))
    lines: Lines = "multi" if _CLOSERS.match(rest) else "single"
    return Place(
        offset=request.offset,
        rest=rest,
        below=tuple(line for line in below if line.strip()),
        line_end=ending.group() if ending else "\n",
        lines=lines if wanted == "auto" else wanted,
    )
