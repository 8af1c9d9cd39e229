"""What is typed into a hole, what a model writes there, and how good what was shown is.

All of it is pure: times are seconds of any clock, and everything random has a seed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from random import Random
from string import ascii_lowercase
from typing import Literal

Kind = Literal["right", "half", "noise"]
"""How well a model knows the hole: all of it, the first half of its tokens, or nothing."""

BACKSPACE = "\b"
CHARS_PER_TOKEN = 4

_USUAL_S, _SPREAD = 0.15, 0.35
_BURST_SHARE, _BURST_KEYS, _BURST_SPEED = 0.05, (4, 10), 1.6
_REST_SHARE, _REST_S = 0.25, (0.5, 2.0)
_TYPO_SHARE, _NOTICED_AFTER = 0.03, (1, 2)
_ANCHOR_CHARS = 200
_WORDS_PER_LINE = 8


@dataclass(frozen=True, slots=True)
class Hole:
    """A document with a place where a text is missing."""

    before: str
    text: str
    """What is going to be typed."""
    after: str


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and how long the hand waits before it."""

    pause_s: float
    char: str
    """The character, or `BACKSPACE`."""


def plan(text: str, seed: int) -> list[Key]:
    """Return the keys that a human presses to type a text, typos and their repair included."""
    chance = Random(f"{seed} {text}")
    chars = list(_with_typos(text, chance))
    return [Key(*both) for both in zip(_pauses(chars, chance), chars, strict=True)]


def _with_typos(text: str, chance: Random) -> Iterator[str]:
    """Yield the characters; now and then a wrong one, which is noticed one or two keys later."""
    for at, char in enumerate(text):
        if not char.isspace() and chance.random() < _TYPO_SHARE:
            more = text[at + 1 : at + 1 + chance.randint(*_NOTICED_AFTER)]
            yield chance.choice(ascii_lowercase.replace(char.lower(), ""))
            yield from more
            yield from BACKSPACE * (1 + len(more))
        yield char


def _pauses(chars: Sequence[str], chance: Random) -> Iterator[float]:
    """Yield how long to wait before each: log-normal, in bursts, with rests where words end."""
    burst = 0
    for last, char in pairwise(["", *chars]):
        pause_s = chance.lognormvariate(math.log(_USUAL_S), _SPREAD)
        burst = burst - 1 if burst else 0
        if not burst and chance.random() < _BURST_SHARE:
            burst = chance.randint(*_BURST_KEYS)
        if last.isalnum() and not char.isalnum() and chance.random() < _REST_SHARE:
            pause_s += chance.uniform(*_REST_S)
        yield pause_s / _BURST_SPEED if burst else pause_s


def alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    differ = (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return next(differ, min(len(one), len(other)))


def pressed(typed: str, key: Key) -> str:
    """Return what stands in the hole after a key, the cursor being at its end."""
    return typed[:-1] if key.char == BACKSPACE else typed + key.char


def prefix_of(prompt: str) -> str:
    """Return what stands before the cursor in a prompt of Code Llama's, in either order."""
    if prompt.startswith("<PRE> <SUF>"):
        return prompt.rpartition(" <MID>")[2].removeprefix(" ")
    return prompt.removeprefix("<PRE> ").partition(" <SUF>")[0]


def typed_in(prompt: str, hole: Hole) -> str:
    """Return how much of a hole is typed already, as a prompt shows it."""
    anchor = hole.before[-_ANCHOR_CHARS:]
    return prefix_of(prompt).rpartition(anchor)[2]


def written(hole: Hole, typed: str, kind: Kind) -> Iterator[str]:
    """Yield the tokens that a model of a kind writes behind what is typed, as long as one reads.

    A wrong letter does not lead it astray: it stands for the right one.
    """
    rest = _tokens(hole.text[len(typed) :])
    if kind == "right":
        yield from _tokens("".join(rest) + hole.after)
        return
    known = rest[: math.ceil(len(rest) / 2)] if kind == "half" else []
    yield from known
    yield from _noise(Random(typed + "".join(known)))


def _tokens(text: str) -> list[str]:
    return [text[at : at + CHARS_PER_TOKEN] for at in range(0, len(text), CHARS_PER_TOKEN)]


def _noise(chance: Random) -> Iterator[str]:
    """Yield the tokens of identifiers that belong nowhere, without an end."""
    while True:
        words = [
            "".join(chance.choices(ascii_lowercase, k=chance.randint(3, 9)))
            for _ in range(_WORDS_PER_LINE)
        ]
        yield from _tokens(" ".join(words) + "\n")


@dataclass(frozen=True, slots=True)
class Typed:
    """The document after a key."""

    at: float
    before: str
    """All that stands before the cursor."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Ghost text, from a time on."""

    at: float
    text: str
    """Empty where there is none, which fits anywhere."""
    before: str
    """All that stood before the place that the text is for."""

    def rest(self, before: str) -> str | None:
        """Return what of the text is still to be typed; None where it does not fit any more."""
        if not self.text:
            return ""
        if before.startswith(self.before):
            since = before[len(self.before) :]
            if self.text.startswith(since):
                return self.text[len(since) :]
        return None


@dataclass(slots=True)
class Asked:
    """A request, and what the host wrote for it."""

    typed: str
    """What stood in the hole."""
    tokens: list[tuple[float, str]] = field(default_factory=list)
    """Those that were sent, each with its time."""
    late: int = 0
    """Those that were generated when the client had gone."""
    left: bool = False
    """Whether the client went before the end."""


@dataclass(frozen=True, slots=True)
class Session:
    """How one hole was filled: the keys, and what was shown and asked, each in order."""

    hole: Hole
    keys: Sequence[Typed]
    shown: Sequence[Shown]
    asked: Sequence[Asked]
    end: float


@dataclass(slots=True)
class Figures:
    """What is counted in one session or several."""

    keys: int = 0
    requests: int = 0
    tokens: int = 0
    wasted: int = 0
    """Tokens that were never shown, or written for nobody."""
    cancels: int = 0
    """Requests that the client left before their end."""
    wasted_after_cancel: int = 0
    chances: int = 0
    """Keys after which there is something right to show, once a first suggestion has stood."""
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
        """Return a count as a share of the keys that could be served."""
        return count / max(1, self.chances)


def judge(session: Session, within_s: float) -> Figures:
    """Count what a session was like; what comes within so many seconds of a key is in time."""
    keys, hole = session.keys, session.hole
    figures = Figures(keys=len(keys), requests=len(session.asked))
    _judge_tokens(session, figures)
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


def repeats(text: str, before: str, after: str) -> bool:
    """Return whether a document with a text at the cursor has something twice in a row.

    That is what stands right of the cursor at the text's end, or the next line below it as a whole
    line of the text or, while it grows, the beginning of that line as its last one.
    """
    rest, *below = after.split("\n")
    if rest.strip() and text.rstrip().endswith(rest.strip()):
        return True
    next_line = next((line.rstrip() for line in below if line.strip()), "")
    head = before.rpartition("\n")[2]
    first, *lines = (head + text).split("\n")
    begun = bool(lines) and next_line.startswith(lines[-1]) and re.search(r"\w\w", lines[-1])
    whole = next_line in [line.rstrip() for line in (first, *lines)]
    return bool(begun) or (whole and bool(re.search(r"\w\w", next_line)))


def _judge_tokens(session: Session, figures: Figures) -> None:
    """Count the tokens, and those among them that nobody saw."""
    seen = _seen(session)
    for number, asked in enumerate(session.asked):
        sent = len(asked.tokens)
        wasted = asked.late + sum((number, index) not in seen for index in range(sent))
        figures.tokens += sent + asked.late
        figures.wasted += wasted
        figures.cancels += asked.left
        figures.wasted_after_cancel += wasted if asked.left else 0


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
