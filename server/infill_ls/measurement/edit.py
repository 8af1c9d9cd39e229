"""What differs between two snapshots of a document that follow each other."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from infill_ls.text import Text


@dataclass(frozen=True, slots=True)
class Hunk:
    """The range [start, end) of the old text gave way to [start, new_end) of the new one."""

    start: int
    end: int
    new_end: int

    @property
    def longer(self) -> int:
        """By how many code points the text has grown; less than 0 where it has shrunk."""
        return self.new_end - self.end


class Edit:
    """One change of a document, whatever it was made of.

    Several changes at several places look like one of all that lies between them.
    """

    def __init__(self, old: Text, new: Text) -> None:
        self.old = old
        self.new = new

    @property
    def longer(self) -> int:
        """By how many code points the text has grown; less than 0 where it has shrunk."""
        return len(self.new) - len(self.old)

    @cached_property
    def hunk(self) -> Hunk:
        """The least that differs; where several places would do, the one nearest to the end."""
        most = min(len(self.old), len(self.new))
        # A comparison skips the blocks that both texts share, so a search by halves is cheap.
        start = bisect_left(
            range(1, most + 1), True, key=lambda n: not self.new.begins_like(self.old, n)
        )
        same_end = bisect_left(
            range(1, most - start + 1), True, key=lambda n: not self.new.ends_like(self.old, n)
        )
        return Hunk(start, len(self.old) - same_end, len(self.new) - same_end)

    def keeps_before(self, offset: int) -> bool:
        """Tell whether all before an offset of the old text is as it was."""
        return self.new.begins_like(self.old, offset)

    def keeps_behind(self, offset: int) -> bool:
        """Tell whether all behind an offset of the old text is as it was."""
        return self.new.ends_like(self.old, len(self.old) - offset)


def line_feeds(string: str) -> str:
    """Return a string with LF for each line end: editors put in the document's own."""
    return string.replace("\r\n", "\n").replace("\r", "\n")
