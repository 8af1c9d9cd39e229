"""What may stand right of the cursor without belonging to the code that is being written."""

from __future__ import annotations

import re

_CLOSERS = re.compile(r"[\s)\]}>\"'`:;,]*\Z")


def code_follows(rest: str) -> bool:
    """Tell whether more than closing brackets and the like is in the rest of the cursor's line."""
    return not _CLOSERS.match(rest)
