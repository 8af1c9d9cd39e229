"""The conversations that are kept, as a table."""

from __future__ import annotations

import time

from infill_ls.chat.history import History, Kept
from infill_ls.cli.console import err, say, table

_LONGEST = 60
"""So many characters of a question are shown."""


def print_list(history: History) -> None:
    """Print all, the newest first; files that cannot be read are told of."""
    found, failures = history.all()
    for failure in failures:
        say(err(), failure.sentence())
    if found:
        table(("id", "last", "folder", "turns", "first question"), map(_row, found))
    elif not failures:
        say(err(), "No conversation is kept yet")
    say(err(), f"Folder: {history.folder}")


def _row(kept: Kept) -> tuple[str, ...]:
    turns = kept.conversation.turns
    changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.changed_at))
    words = " ".join(turns[0].question.split())
    begun = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    return kept.id, changed, kept.folder, str(len(turns)), begun
