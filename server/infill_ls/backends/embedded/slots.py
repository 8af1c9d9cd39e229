"""The slots of the embedded model's server, each of which goes on from the last prompt it has read.

Chat has one of its own, and completions share the others, so that neither makes the other read its
prompt again. llama.cpp fills a batch slot by slot: what is being written comes first, then prompts,
the lowest slot first. Chat has the last one, so that a completion is read before it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import takewhile
from operator import eq

FOR_COMPLETIONS = 3
"""So many places in the code are remembered."""

FOR_CHAT = FOR_COMPLETIONS
"""The number of the last slot; they count from 0."""

COUNT = FOR_COMPLETIONS + 1


class CompletionSlots:
    """Chooses a slot for each completion, by what this user has had read there."""

    def __init__(self) -> None:
        """Know nothing yet; other users may have begun with other slots."""
        slots = random.sample(range(FOR_COMPLETIONS), FOR_COMPLETIONS)
        self._read: dict[int, Sequence[int]] = dict.fromkeys(slots, ())

    def slot_of(self, ids: Sequence[int]) -> int:
        """Return the slot that has read half of a prompt or more, or the least recently used."""
        known = {slot: common(read, ids) for slot, read in self._read.items()}
        best = max(known, key=lambda slot: known[slot])
        slot = best if 2 * known[best] >= len(ids) else next(iter(known))
        # The last one of the dictionary is the last one used.
        del self._read[slot]
        self._read[slot] = ids
        return slot


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many ids are the same from the beginning."""
    return sum(takewhile(bool, map(eq, one, other)))
