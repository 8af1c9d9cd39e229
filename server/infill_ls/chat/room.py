"""What of a conversation fits into the model's window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from infill_ls.chat.conversation import Turn
from infill_ls.prompt.measure import USUAL_SCALE, pieces_in
from infill_ls.types import Message

_AROUND = 8
"""Tokens that a template puts around a message; Llama 2's and ChatML's are five at most."""


def fitted(system: str, turns: Sequence[Turn], room: int | None) -> tuple[list[Message], bool]:
    """Return the messages that have about `room` tokens at most, and whether something is missing.

    The oldest turns go first, as a whole; then pieces of code of the newest question, the last one
    first. The question itself and what the model is told before are always there. With None,
    nothing is left out.
    """
    head = [Message("system", system)] if system else []
    *older, newest = turns
    cut = False
    while room is not None and tokens_of(_said(head, [*older, newest])) > room:
        if older:
            older = older[1:]
        elif newest.code:
            newest = replace(newest, code=newest.code[:-1])
        else:
            break
        cut = True
    return _said(head, [*older, newest]), cut


def tokens_of(messages: Sequence[Message]) -> int:
    """Return about how many tokens some messages have, with what a template adds."""
    return sum(ceil(pieces_in(each.text) * USUAL_SCALE) + _AROUND for each in messages)


def _said(head: Sequence[Message], turns: Sequence[Turn]) -> list[Message]:
    return [*head, *(message for turn in turns for message in turn.messages())]
