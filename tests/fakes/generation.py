"""What a model says before something ends it, for the faces that leave stop texts out."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Literal

from fakes.script import EOS, Answer, Token

StopType = Literal["eos", "limit", "word"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What ends an answer early, and what is seen of it."""

    most: int | None
    """The limit of tokens."""
    stops: Sequence[str]
    ends: Container[int]
    """Tokens that end the answer."""
    shows: Callable[[Token], str]
    """Returns what of a token is in the text."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the model generated, and what of each token the host shows."""

    tokens: tuple[Token, ...]
    contents: tuple[str, ...]
    stop_type: StopType
    word: str = ""
    """The stop text that ended it."""


def generated(answer: Answer, asked: Asked) -> Said:
    """Let the model say its tokens until the limit, an end token or a stop text."""
    whole = answer.trouble is None and answer.cut is None
    tokens = answer.tokens + ((EOS,) if whole and answer.finish == "eos" else ())
    shown = ""
    for count, token in enumerate(tokens, 1):
        shown += asked.shows(token)
        said = tokens[:count]
        if word := next((stop for stop in asked.stops if stop in shown), ""):
            return Said(said, _up_to(said, shown.index(word), asked), "word", word)
        if token.id in asked.ends:
            return Said(said, _up_to(said, len(shown), asked), "eos")
        if count == asked.most:
            return Said(said, _up_to(said, len(shown), asked), "limit")
    return Said(tokens, _up_to(tokens, len(shown), asked), "limit")


def _up_to(tokens: tuple[Token, ...], end: int, asked: Asked) -> tuple[str, ...]:
    """Return what is shown of each token where all of it together is `end` characters long."""
    contents = []
    for token in tokens:
        contents.append(asked.shows(token)[:end])
        end -= len(contents[-1])
    return tuple(contents)
