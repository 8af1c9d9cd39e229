"""The part of the document around the cursor that fits the budget."""

from __future__ import annotations

from dataclasses import dataclass

from infill_ls.prompt.budget import Budget
from infill_ls.prompt.measure import CHARS_PER_PIECE, end_of_first, pieces_in, start_of_last
from infill_ls.text import Text

_LINE_PIECES = 10
"""A line of code has about so many."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is shown of the document: all in [start, end), divided at the cursor."""

    prefix: str
    suffix: str
    start: int
    """In code points from the start of the document."""

    @property
    def end(self) -> int:
        """Where the suffix ends, in code points from the start of the document."""
        return self.start + len(self.prefix) + len(self.suffix)


def window(text: Text, offset: int, budget: Budget) -> Window:
    """Return the text around `offset` that has about as many tokens as the budget gives it.

    Prefix and suffix get their shares, and each what the other leaves. Where the document does not
    fit, the window's ends move in large steps while the user types, so that a host finds most of a
    prompt in its cache: the start stays for a half to a quarter of the prefix, and what the prefix
    leaves goes to the suffix in quarters. They lie at a line's end if one is near.
    """
    before = text.before(offset, budget.around * CHARS_PER_PIECE)
    after = text.after(offset, budget.most_suffix * CHARS_PER_PIECE)
    step = max(1, budget.around // 4)
    left = budget.around - pieces_in(before) - budget.suffix
    whole = left >= 0 and pieces_in(after) <= min(budget.suffix + left, budget.most_suffix)
    room = budget.suffix + (left if whole else max(0, left) // step * step)
    suffix = after[: end_of_first(after, min(room, budget.most_suffix))]
    if offset + len(suffix) < len(text):
        suffix = _to_line_end(suffix)
    pieces = budget.around - pieces_in(suffix)
    start = offset - len(before) + start_of_last(before, pieces)
    if start > 0:
        start = _anchored(text, start, offset, pieces)
    return Window(text.slice(start, offset), suffix, start)


def _anchored(text: Text, start: int, offset: int, pieces: int) -> int:
    """Return the next place where a window may begin.

    It is a line whose number is a multiple of a step, so that edits within lines elsewhere do not
    move it, or where lines are too long for that, a multiple of characters.
    """
    line, column = text.position(start)
    first = line + bool(column)
    step = _step(pieces // _LINE_PIECES // 2, text.position(offset)[0] - first)
    anchor = text.offset(_next_multiple(first, step), 0)
    if start <= anchor <= (start + offset) // 2:
        return anchor
    return _next_multiple(start, _step(pieces, offset - start))


def _step(wanted: int, length: int) -> int:
    """Return a power of two: at most what is wanted, and half the length at most."""
    return int(1 << max(1, min(wanted, length // 2)).bit_length() - 1)


def _next_multiple(number: int, step: int) -> int:
    return -(-number // step) * step


def _to_line_end(suffix: str) -> str:
    end = suffix.rfind("\n", len(suffix) * 3 // 4) + 1
    return suffix[:end] if end else suffix
