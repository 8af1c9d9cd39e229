"""How many tokens a prompt may have, and how they are shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infill_ls.prompt.measure import USUAL_SCALE
from infill_ls.settings.tree import Settings
from infill_ls.types import ModelInfo

WHOLE_TOKENS = 2_048
"""A prompt for a host that reads quickly."""

READING_S = 8.0
"""So long may a host read a prompt of which it knows nothing yet."""

KEYSTROKE_S = 1.0
"""So long may it read again, at each keystroke, a suffix that comes after the prefix."""

_LEAST = 16
"""Less than this is no prompt."""

_SPARE = 16
"""Tokens for a format's own and for what a tokenizer adds."""


Form = Literal["exact", "safe", "foreign"]
"""How a format's tokens reach a model: whole, whatever is around them; whole where no suffix begins
with what breaks them; or not at all, because its vocabulary has none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of how a host reads."""

    tokens_per_s: float | None = None
    """None where it is not known to be slow."""
    scale: float = USUAL_SCALE
    """Tokens for each piece of `measure.py`."""
    form: Form = "safe"


@dataclass(frozen=True, slots=True)
class Budget:
    """Shares of one prompt, in the pieces of `measure.py`."""

    around: int
    """For the window around the cursor, prefix and suffix together."""
    suffix: int
    """For the suffix, where the prefix can use the rest."""
    most_suffix: int
    """For the suffix, where the prefix is short."""
    context: int
    """For what else is known, at least; what the window leaves comes to it."""


def room_for(model: ModelInfo, settings: Settings) -> int | None:
    """Return how many tokens the host takes as a prompt, if it says so; the answer has its own."""
    limits = []
    if model.context_tokens is not None:
        limits.append(model.context_tokens - settings.completion.max_tokens)
    if model.input_tokens is not None:
        limits.append(model.input_tokens)
    return max(_LEAST, min(limits) - _SPARE) if limits else None


def budget_for(
    model: ModelInfo,
    settings: Settings,
    reading: Reading,
    *,
    suffix: bool,
    rereads_suffix: bool,
    context: float = 0.0,
    most: int | None = None,
) -> Budget:
    """Return the shares of a prompt for the model.

    `suffix` says whether there is one; `rereads_suffix`, that each keystroke makes the host read it
    again, because it comes after the prefix; `context` is the share (0 to 1) of what else there is.
    `most` tokens are not exceeded, nor is what the host takes.
    """
    limits = [most, room_for(model, settings), settings.prompt.max_tokens]
    speed = reading.tokens_per_s
    if settings.prompt.max_tokens is None:
        limits += [WHOLE_TOKENS, int(speed * READING_S) if speed else None]
    total = max(_LEAST, min(limit for limit in limits if limit is not None))
    shared = int(total * context)
    around = total - shared
    most_suffix = around if suffix else 0
    if speed and rereads_suffix and settings.prompt.max_tokens is None:
        most_suffix = min(most_suffix, int(speed * KEYSTROKE_S))
    share = min(int(total * settings.prompt.suffix_share), most_suffix)
    sizes = (around, share, most_suffix, shared)
    return Budget(*(int(tokens / reading.scale) for tokens in sizes))
