"""A suggestion as it stands at its place, and what a change of the document does to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

from infill_ls.measurement.edit import Edit, line_feeds
from infill_ls.text import Text
from infill_ls.types import Completion

LEAST_ACCEPTED = 2
"""So many characters at once are accepted; a single one is typed."""

_CLOSERS = re.compile(r"[)\]}>\"'`]{0,3}")
"""What editors put behind the cursor by themselves."""

_PAIR = re.compile(r"\(\)|\[\]|\{\}|<>|\"\"|''|``")
"""Two characters that editors put in at one key."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one change put into the place of a suggestion."""

    start: int
    end: int
    """Offsets in the document after the change."""
    text: str
    is_whole: bool
    """Whether it was all that was left."""


class Standing:
    """What is left of a suggestion, to be put in place of [start, end) of the newest text.

    Typing along shortens it from the front, and deleting what was so typed lengthens it again.
    A change of other lines moves it; any other change contradicts it. Texts have LF line ends.
    """

    def __init__(self, completion: Completion) -> None:
        self.start = completion.start
        self.end = completion.end
        self.left = line_feeds(completion.text)
        self.is_over = False
        """Whether it is contradicted, or nothing of it is left."""
        self.typed = 0
        """So many characters of it were typed."""
        self._passed = 0
        self._deletable = 0

    @property
    def characters(self) -> int:
        """How long the whole suggestion is, as far as it is known."""
        return self._passed + len(self.left)

    def goes_on_with(self, other: Standing) -> bool:
        """Tell whether another is the same, shorter or longer: it grows while it is written."""
        return (
            not (self.is_over or other.is_over)
            and self.start == other.start
            and (self.left.startswith(other.left) or other.left.startswith(self.left))
        )

    def become(self, other: Standing) -> None:
        """Take the length and the range of another that it goes on with."""
        self.left, self.end = other.left, other.end

    def follow(self, edit: Edit) -> Accepted | None:
        """Take a change of the document; return what it accepted of the suggestion."""
        if edit.keeps_before(self.start):
            if self._is_whole_in(edit):
                return self._take_whole(edit)
            if edit.longer > 0 and edit.keeps_behind(self.start):
                return self._take_beginning(edit)
        if not (self._take_back(edit) or self._move(edit)):
            self.is_over = True
        return None

    def _is_whole_in(self, edit: Edit) -> bool:
        put = edit.longer + self.end - self.start
        # Each line end may have two characters in the document.
        if not len(self.left) <= put <= 2 * len(self.left) or not edit.keeps_behind(self.end):
            return False
        return line_feeds(edit.new.after(self.start, put)) == self.left

    def _take_whole(self, edit: Edit) -> Accepted | None:
        end = self.end + edit.longer
        return self._advance(self.left, end - self.start, edit.longer, is_key=False)

    def _take_beginning(self, edit: Edit) -> Accepted | None:
        """Take what was inserted before all that stood behind the cursor."""
        inserted = edit.new.after(self.start, edit.longer)
        agreed = _common(self.left, line_feeds(inserted))
        closers = line_feeds(inserted)[len(agreed) :]
        left = self.left[len(agreed) :]
        if not agreed or not _CLOSERS.fullmatch(closers) or not _holds(left, closers):
            self.is_over = True
            return None
        # Enter brings the indentation along, and an opening bracket its closing one.
        is_key = agreed.isspace() or (bool(left) and _PAIR.fullmatch(agreed) is not None)
        return self._advance(agreed, len(inserted) - len(closers), edit.longer, is_key=is_key)

    def _advance(self, agreed: str, width: int, longer: int, *, is_key: bool) -> Accepted | None:
        """Go behind what is agreed, which is `width` characters of the document."""
        start = self.start
        self.start += width
        self.end = max(self.start, self.end + longer)
        self.left = self.left[len(agreed) :]
        self.is_over = not self.left
        self._passed += len(agreed)
        if is_key or len(agreed) < LEAST_ACCEPTED:
            self.typed += len(agreed)
            self._deletable += width
            return None
        self._deletable = 0
        return Accepted(start, self.start, agreed, self.is_over)

    def _take_back(self, edit: Edit) -> bool:
        """Go back before what was typed along and is deleted now; tell whether that is all."""
        missing = -edit.longer
        if not 0 < missing <= self._deletable:
            return False
        if not (edit.keeps_before(self.start - missing) and edit.keeps_behind(self.start)):
            return False
        deleted = line_feeds(edit.old.before(self.start, missing))
        self.left = deleted + self.left
        self.start -= missing
        self.end -= missing
        self.typed -= len(deleted)
        self._passed -= len(deleted)
        self._deletable -= missing
        return True

    def _move(self, edit: Edit) -> bool:
        """Move along with a change elsewhere; tell whether the lines of the place are as before."""
        hunk = edit.hunk
        if self.start < hunk.end and hunk.start < self.end:
            return False
        longer = hunk.longer if hunk.end <= self.start else 0
        start, end = self.start + longer, self.end + longer
        if _lines(edit.old, self.start, self.end) != _lines(edit.new, start, end):
            return False
        self.start, self.end = start, end
        return True


def _lines(text: Text, start: int, end: int) -> tuple[str, str]:
    """Return what stands before a place in its line, and from there to the end of its last line."""
    first, _ = text.span(text.position(start)[0])
    _, last = text.span(text.position(end)[0])
    return text.slice(first, start), text.slice(start, last)


def _common(one: str, other: str) -> str:
    """Return the beginning that two texts share."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(character for character, _ in pairs)


def _holds(text: str, characters: str) -> bool:
    """Tell whether a text has some characters, in their order."""
    found = iter(text)
    return all(character in found for character in characters)
