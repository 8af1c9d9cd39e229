"""How good what was shown is, and what it cost.

All of it is pure: times are seconds of any clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from replay_doubled import repeats
from replay_tokens import spent_in
from replay_typing import Hole, Session, Shown, Typed


@dataclass(slots=True)
class Figures:
    """What is counted in one session or several."""

    keys: int = 0
    requests: int = 0
    tokens: int = 0
    wasted: int = 0
    """Tokens that were never shown, or written for nobody (see `replay_tokens.py`)."""
    cancels: int = 0
    """Requests that the client left before their end."""
    wasted_after_cancel: int = 0
    """What was written for them after it was clear that it is not wanted."""
    possible: int = 0
    """Keys after which there is something right to show."""
    chances: int = 0
    """Of them, those once a first suggestion has stood."""
    answered: int = 0
    """Of them, those with right ghost text in time that was shown after the key."""
    kept: int = 0
    """Of them, those with right ghost text in time where the client takes off what is typed."""
    stale: int = 0
    """Keys after which something was shown that did not fit the text any more."""
    doubled: int = 0
    """Keys after which something was shown that repeats what stands behind the cursor."""
    flickers: int = 0
    """Keys after which ghost text that still fitted was not left standing."""
    first_s: list[float] = field(default_factory=list)
    """How long each hole waited for the first right ghost text."""

    def add(self, other: Figures) -> None:
        """Add what was counted elsewhere."""
        for counted in fields(self):
            both = getattr(self, counted.name) + getattr(other, counted.name)
            setattr(self, counted.name, both)

    def per_100_keys(self, count: int) -> float:
        """Return a count as so many in a hundred keystrokes."""
        return 100 * count / max(1, self.keys)

    def share(self, count: int) -> float:
        """Return a count as a share of the keys that can be served with what is known by then."""
        return count / max(1, self.chances)

    def share_of_all(self, count: int) -> float:
        """Return a count as a share of all keys that could be served."""
        return count / max(1, self.possible)


def judge(session: Session, within_s: float) -> Figures:
    """Count what a session was like; what comes within so many seconds of a key is in time."""
    keys, hole = session.keys, session.hole
    spent = spent_in(session)
    figures = Figures(
        keys=len(keys),
        requests=len(session.asked),
        tokens=spent.tokens,
        wasted=spent.wasted,
        cancels=spent.cancels,
        wasted_after_cancel=spent.wasted_after_cancel,
    )
    first = next((shown.at for shown in session.shown if shown.text), math.inf)
    useful = math.inf
    kept: Shown | None = None
    ends = [*(key.at for key in keys[1:]), session.end]
    for key, end in zip(keys, ends, strict=True):
        own = [shown for shown in session.shown if key.at <= shown.at < end]
        # What once did not fit is not drawn again when the wrong letter is gone.
        stood = kept.rest(key.before) if kept else None
        _judge_shown(key, own, stood or "", hole, figures)
        # Behind a wrong letter, and at the end of the hole, nothing is right.
        if missing := _missing(hole, key.before):
            rights = (shown.at for shown in own if _is_right(shown.rest(key.before), missing))
            useful = min(useful, next(rights, math.inf))
            figures.possible += 1
        if missing and key.at > first:
            in_time = [shown.rest(key.before) for shown in own if shown.at <= key.at + within_s]
            figures.chances += 1
            figures.answered += _is_right(in_time[-1] if in_time else None, missing)
            figures.kept += _is_right(in_time[-1] if in_time else stood, missing)
        kept = own[-1] if own else kept if stood is not None else None
    figures.first_s.append(useful - keys[0].at)
    return figures


def _missing(hole: Hole, before: str) -> str:
    """Return what is still to be typed; nothing where what is typed is wrong."""
    whole = hole.before + hole.text
    return whole[len(before) :] if whole.startswith(before) else ""


def _is_right(text: str | None, missing: str) -> bool:
    return bool(text) and missing.startswith(text or "")


def _judge_shown(
    key: Typed, own: Sequence[Shown], stood: str, hole: Hole, figures: Figures
) -> None:
    """Count the faults of what was shown between a key and the next one."""
    texts = [shown.rest(key.before) for shown in own]
    missing = _missing(hole, key.before)
    figures.stale += any(text is None for text in texts)
    figures.doubled += any(
        bool(text) and not _is_right(text, missing) and repeats(text or "", key.before, hole.after)
        for text in texts
    )
    figures.flickers += any(not (text or "").startswith(stood) for text in texts)
