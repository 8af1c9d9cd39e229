"""What the host wrote for nothing, in all and for streams that were cancelled.

A token is wasted that was never shown as part of a text, or written when the client had gone. Of a
stream that the client left, those among them count as wasted *after the cancel* that were written
when it was clear that they are not wanted:

- after a key that contradicted the suggestion was sent, or one that deleted what was asked about;
- after all of the next line below the cursor was repeated, where every answer must end;
- when the document was closed, or the client had gone.

Between the end of its first line and there, nobody can tell whether a block of several lines is
meant; what is written there and cut off again counts as wasted, but not as wasted after the cancel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from replay_doubled import repeats_next_line
from replay_typing import Asked, Session, alike


@dataclass(slots=True)
class Spent:
    """What was written in a session."""

    tokens: int = 0
    wasted: int = 0
    cancels: int = 0
    """Requests that the client left before their end."""
    wasted_after_cancel: int = 0


def spent_in(session: Session) -> Spent:
    """Count the tokens, and those among them that nobody saw."""
    seen = _seen(session)
    spent = Spent()
    for number, asked in enumerate(session.asked):
        unseen = [at for index, (at, _) in enumerate(asked.tokens) if (number, index) not in seen]
        spent.tokens += len(asked.tokens) + asked.late
        spent.wasted += len(unseen) + asked.late
        if asked.left:
            unwanted_at = _unwanted_at(session, asked)
            spent.cancels += 1
            spent.wasted_after_cancel += sum(at > unwanted_at for at in unseen) + asked.late
    return spent


def _unwanted_at(session: Session, asked: Asked) -> float:
    """Return from when on it was clear that nothing more of a stream is wanted."""
    return min(session.end, _contradicted_at(session, asked), _repeated_at(session, asked))


def _contradicted_at(session: Session, asked: Asked) -> float:
    """Return when a key and what was written first said different things."""
    start = session.hole.before + asked.typed
    whole = start + "".join(token for _, token in asked.tokens)
    for key in session.keys[_asked_by(session, asked) + 1 :]:
        if not key.before.startswith(start):
            return key.at
        if alike(key.before, whole) < min(len(key.before), len(whole)):
            # What differs may have been written after the key.
            return max(key.at, _written_at(asked, alike(key.before, whole) - len(start)))
    return math.inf


def _asked_by(session: Session, asked: Asked) -> int:
    """Return the number of the key whose text was asked about."""
    start = session.hole.before + asked.typed
    earlier = [number for number, key in enumerate(session.keys) if key.at <= asked.at]
    alike_ones = [number for number in earlier if session.keys[number].before == start]
    return max(alike_ones or earlier, default=-1)


def _written_at(asked: Asked, place: int) -> float:
    """Return when the character at a place of the answer was written."""
    ends = accumulate(len(token) for _, token in asked.tokens)
    return next(at for (at, _), end in zip(asked.tokens, ends, strict=True) if end > place)


def _repeated_at(session: Session, asked: Asked) -> float:
    """Return when the answer had said what stands below the cursor."""
    hole, text = session.hole, ""
    for at, token in asked.tokens:
        text += token
        if repeats_next_line(text, hole.before + asked.typed, hole.after):
            return at
    return math.inf


def _seen(session: Session) -> set[tuple[int, int]]:
    """Return which tokens were shown, each as the number of its request and its own.

    Where several requests wrote what is shown, the newest of them is taken to have given it.
    """
    seen: set[tuple[int, int]] = set()
    keys = list(session.keys)
    for shown in session.shown:
        cursor = next((len(key.before) for key in reversed(keys) if key.at <= shown.at), 0)
        whole = shown.before + shown.text
        open_places = set(range(cursor, len(whole)))
        for number in reversed(range(len(session.asked))):
            if not open_places:
                break
            for index, places in _places(session, number, whole, shown.at):
                if open_places & places:
                    seen.add((number, index))
                    open_places -= places
    return seen


def _places(
    session: Session, number: int, whole: str, until: float
) -> Iterator[tuple[int, set[int]]]:
    """Yield those tokens of a request that say what a text says, and their places in it."""
    asked = session.asked[number]
    start = session.hole.before + asked.typed
    if not whole.startswith(start):
        return
    place = len(start)
    for index, (at, token) in enumerate(asked.tokens):
        same = alike(token, whole[place:])
        if at > until or not same:
            return
        yield index, set(range(place, place + same))
        if same < len(token):
            return
        place += len(token)
