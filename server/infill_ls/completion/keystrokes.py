"""What the last keystrokes tell: how fast somebody types, and whether along what is suggested."""

from __future__ import annotations

from collections import deque
from statistics import median

from infill_ls.completion.suggested.suggestion import Suggestion
from infill_ls.types import CompletionRequest

_USUAL_GAP_MS = 150.0
"""Between two keys of somebody who types 80 words a minute."""

_LONGEST_GAP_MS = 1_000.0
"""Who does nothing for longer does not type, but think."""

_GAPS = 20


class Keystrokes:
    """The keystrokes as the requests show them, which come at each key or after a pause.

    They are one person's, so the rhythm is that of all documents; anything else begins anew where
    the document is another.
    """

    def __init__(self) -> None:
        self.deletions = 0
        """So many times in a row something was only deleted."""
        self.against: Suggestion | None = None
        """What was suggested where the user typed something else, and nothing is shown since."""
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._last: CompletionRequest | None = None
        self._last_ms = 0.0
        self._suggested: Suggestion | None = None

    @property
    def gap_ms(self) -> float:
        """The usual time between two keys; what is usual for many, before any is known."""
        return median(self._gaps) if self._gaps else _USUAL_GAP_MS

    def note(self, request: CompletionRequest, now_ms: float) -> None:
        """Take a request, made at a time of any clock."""
        last, self._last = self._last, request
        gap_ms, self._last_ms = now_ms - self._last_ms, now_ms
        if last is None or last.document.uri != request.document.uri:
            self._begin_anew()
            return
        longer = len(request.document.text) - len(last.document.text)
        moved = request.offset - last.offset
        self.deletions = self.deletions + 1 if longer < 0 and moved <= 0 else 0
        if longer > 0 and moved > 0 and gap_ms <= _LONGEST_GAP_MS:
            self._gaps.append(gap_ms / moved)
        is_moved = moved != 0 and longer == 0
        if is_moved or _line_of(last) != _line_of(request):
            self._begin_anew()
        elif self._suggested is not None and self._suggested.is_against(request):
            self.contradict(self._suggested)

    def suggest(self, suggestion: Suggestion) -> None:
        """Take what the user is shown now."""
        self._suggested, self.against = suggestion, None

    def contradict(self, suggestion: Suggestion) -> None:
        """Take what the model wrote where the user typed something else."""
        self._suggested, self.against = None, suggestion

    def rejects(self, text: str) -> bool:
        """Tell whether a text is, or begins, what the user has just typed something else for."""
        against = self.against.completion if self.against else None
        return against is not None and against.text.strip().startswith(text.strip())

    def _begin_anew(self) -> None:
        self._suggested = self.against = None
        self.deletions = 0


def _line_of(request: CompletionRequest) -> int:
    return request.document.text.position(request.offset)[0]
