"""When the host is not asked while one types; who invokes a completion always gets one.

What is known already is shown all the same: this is about what a request would cost, and about
ghost text that would only be in the way.
"""

from __future__ import annotations

import re

from infill_ls.completion.cursor.place import Place
from infill_ls.completion.keystrokes import Keystrokes

MOST_RIGHT = 8
"""So many characters may stand right of the cursor, closing brackets and the like not counted."""

MOST_DELETIONS = 1
"""Who deletes more often in a row is not writing."""

_CLOSING = re.compile(r"[\s)\]}>\"'`:;,]")


def why_not(place: Place, keystrokes: Keystrokes) -> str | None:
    """Return why an automatic request had better not be made, or None if it may be."""
    if re.search(r"\w\Z", place.head) and re.match(r"\w", place.rest):
        return "the cursor is inside a word"
    if len(_CLOSING.sub("", place.rest)) > MOST_RIGHT:
        return "code stands right of the cursor"
    if keystrokes.deletions > MOST_DELETIONS:
        return "text is being deleted"
    return None
