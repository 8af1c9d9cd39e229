"""Whether a suggestion says again what stands behind the cursor."""

from __future__ import annotations

import re


def repeats(text: str, before: str, after: str) -> bool:
    """Return whether a document with a text at the cursor has something twice in a row.

    That is what stands right of the cursor at the text's end, or the next line below it as a whole
    line of the text or, while it grows, the beginning of that line as its last one.
    """
    rest = after.partition("\n")[0].strip()
    if rest and text.rstrip().endswith(rest):
        return True
    _, ends, last = text.rpartition("\n")
    begun = bool(ends) and _next_line(after).startswith(last) and bool(re.search(r"\w\w", last))
    return begun or repeats_next_line(text, before, after)


def repeats_next_line(text: str, before: str, after: str) -> bool:
    """Return whether a line of a text at the cursor is the next line below it."""
    lines = (before.rpartition("\n")[2] + text).split("\n")
    next_line = _next_line(after)
    return next_line in [line.rstrip() for line in lines] and bool(re.search(r"\w\w", next_line))


def _next_line(after: str) -> str:
    """Return the first line below the cursor that is not blank."""
    below = after.split("\n")[1:]
    return next((line.rstrip() for line in below if line.strip()), "")
