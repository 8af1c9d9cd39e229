"""Whether accepted text is still there: where it is by now, and how much of it is left.

The place is kept in step with each change, because the same words often stand elsewhere too; what
is left is then looked for in that place alone. So text that was deleted and brought back by an
undo, or laid out anew, is found again, and text that was moved away is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from infill_ls.measurement.edit import Hunk
from infill_ls.measurement.standing import Accepted
from infill_ls.text import Text

_MARGIN = 200
"""So far from where it should be a text is looked for after a change of all around it."""

_MORE = 1_000
"""So many characters more than were accepted are looked through."""

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where accepted text is, with what was typed inside it and behind it since."""

    start: int
    end: int
    text: str
    """What was accepted, with LF line ends."""

    @classmethod
    def of(cls, accepted: Accepted) -> Place:
        """Return the place of what was accepted just now."""
        return cls(accepted.start, accepted.end, accepted.text)

    def with_next(self, accepted: Accepted) -> Place:
        """Return the place of this and of the next piece of the same suggestion."""
        return replace(self, end=max(self.end, accepted.end), text=self.text + accepted.text)

    def after(self, hunk: Hunk) -> Place:
        """Return where it is after a change."""
        return replace(self, start=self._start_after(hunk), end=self._end_after(hunk))

    def kept(self, text: Text) -> float:
        """Return the share of the accepted characters that are left, from 0 to 1.

        Whole words and signs are compared, and blanks are not: layout is not the suggestion's.
        """
        there = text.slice(self.start, min(self.end, self.start + len(self.text) + _MORE))
        old, new = _WORD.findall(self.text), _WORD.findall(there)
        if not old:
            return float(bool(there))
        matches = SequenceMatcher(None, old, new).get_matching_blocks()
        left = sum(len(word) for match in matches for word in old[match.a : match.a + match.size])
        return left / sum(map(len, old))

    def _start_after(self, hunk: Hunk) -> int:
        # What is put in at either edge is inside: it may be an undo.
        if self.start <= hunk.start:
            return self.start
        if hunk.end <= self.start:
            return self.start + hunk.longer
        return max(hunk.start, min(self.start, self.start + hunk.longer) - _MARGIN)

    def _end_after(self, hunk: Hunk) -> int:
        if hunk.end <= self.end:
            return self.end + hunk.longer
        if self.end <= hunk.start:
            return self.end
        return min(hunk.new_end, max(self.end, self.end + hunk.longer) + _MARGIN)
