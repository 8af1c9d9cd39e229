"""Typing as suggested: what is left of a suggestion when some of it was typed or accepted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cachetools import TTLCache

from infill_ls.completion.place import Lines
from infill_ls.settings.tree import CacheSettings
from infill_ls.types import Completion, CompletionRequest

_AFTER = 2_000
"""So many characters after the cursor must be what they were."""

_BEFORE = 1_000
"""So many before the place where it was suggested."""

_OF_ONE_PLACE = 8
"""So many suggestions are kept for the places before one and the same text."""

_CLOSERS = re.compile(r"[)\]}>\"'`]{0,3}")
"""What editors put behind the cursor by themselves."""


@dataclass(frozen=True, slots=True)
class _Suggestion:
    """What was suggested, and before which text."""

    completion: Completion
    before: str

    def left_at(self, request: CompletionRequest, end: int) -> Completion | None:
        """Return what is left of it at the cursor, to replace all up to `end`; None if it is not.

        What stands between the cursor and `end` must be in it.
        """
        text, start = request.document.text, self.completion.start
        if not start <= request.offset <= start + len(self.completion.text):
            return None
        typed, between = text.slice(start, request.offset), text.slice(request.offset, end)
        left = self.completion.text[len(typed) :]
        is_typed = self.completion.text.startswith(typed) and left.strip()
        if not is_typed or not _holds(left, between) or text.before(start, _BEFORE) != self.before:
            return None
        return replace(self.completion, text=left, start=request.offset, end=end)


class Suggested:
    """The newest suggestions, each for a limited time.

    One is found by what follows the cursor, which typing along leaves as it is; so a keystroke
    costs one look-up, however much has been typed. What other documents hold has no part in it.
    """

    def __init__(
        self, settings: CacheSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start empty; `clock` counts seconds."""
        self._by_rest: TTLCache[tuple[str, str, Lines, str], tuple[_Suggestion, ...]] = TTLCache(
            settings.entries, settings.ttl_s, timer=clock
        )

    def remember(
        self, request: CompletionRequest, model: str, lines: Lines, completion: Completion
    ) -> None:
        """Keep what was suggested at a request's cursor; nothing with `cache.entries` 0."""
        if not self._by_rest.maxsize:
            return
        text = request.document.text
        suggestion = _Suggestion(completion, text.before(completion.start, _BEFORE))
        key = (request.document.uri, model, lines, text.after(completion.end, _AFTER))
        kept = self._by_rest.get(key, ())
        self._by_rest[key] = (suggestion, *kept)[:_OF_ONE_PLACE]

    def left(self, request: CompletionRequest, model: str, lines: Lines) -> Completion | None:
        """Return what is left of the newest suggestion that the user types along."""
        for end in _ends(request):
            key = (request.document.uri, model, lines, request.document.text.after(end, _AFTER))
            for suggestion in self._by_rest.get(key, ()):
                if left := suggestion.left_at(request, end):
                    return left
        return None


def _ends(request: CompletionRequest) -> Iterator[int]:
    """Yield the cursor, and the places behind closers that the editor may have put there."""
    text, offset = request.document.text, request.offset
    closers = _CLOSERS.match(text.after(offset, 3))
    return iter(range(offset, offset + (closers.end() if closers else 0) + 1))


def _holds(text: str, characters: str) -> bool:
    """Tell whether a text has some characters, in their order."""
    found = iter(text)
    return all(character in found for character in characters)
