"""What is typed into a hole, what a model writes there, and what comes of it.

All of it is pure: times are seconds of any clock, and everything random has a seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
_ANCHOR_CHARS, _ANCHOR_LINES = 200, 15
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


def typed_in(prefix: str, hole: Hole) -> str:
    """Return how much of a hole is typed already, as what stands before the cursor shows it.

    Its beginning may be cut off, to the last 20 lines and 200 characters.
    """
    lines = hole.before[-_ANCHOR_CHARS:].splitlines(keepends=True)
    return prefix.rpartition("".join(lines[-_ANCHOR_LINES:]))[2]


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
    at: float = 0.0
    """When it came."""


@dataclass(frozen=True, slots=True)
class Session:
    """How one hole was filled: the keys, and what was shown and asked, each in order."""

    hole: Hole
    keys: Sequence[Typed]
    shown: Sequence[Shown]
    asked: Sequence[Asked]
    end: float
