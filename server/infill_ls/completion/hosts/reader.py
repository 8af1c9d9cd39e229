"""What is known of how a host reads prompts, learned from those that it has read."""

from __future__ import annotations

from cachetools import LRUCache

from infill_ls.backends.base import Backend
from infill_ls.completion.hosts.learned import Learned
from infill_ls.prompt import probe
from infill_ls.prompt.budget import Form, Reading
from infill_ls.prompt.dialects import Dialect
from infill_ls.prompt.measure import USUAL_SCALE, pieces_in, pieces_in_line
from infill_ls.types import Code, Control, Delta, ModelInfo, Prompt

_TELLING_TOKENS = 24
"""Fewer say more of the request than of the reading."""

_REMEMBERED_COUNTS = 16

_MOST_SCALE = 2.5
"""No text of the languages and encodings tried has more tokens for each piece than this."""

_DENSER = 1.5
"""So many times as dense as the whole prompt may those of its lines be that another one has."""

_REMEMBERED_LINES = 16_384

_DENSE_SCALE = 1.4
"""What is reckoned with where the host cannot be asked: base64 has 1.24."""


class Reader:
    """One host's ways; a new host starts with what is usual."""

    def __init__(self) -> None:
        self._tokens_per_s = Learned(None, tolerance=0.3)
        self._scale = Learned(USUAL_SCALE, tolerance=0.35)
        self._forms: dict[tuple[str, str], Form] = {}
        self._counts: LRUCache[Prompt, int] = LRUCache(_REMEMBERED_COUNTS)
        # By the hashes of lines, because some lines are as long as a prompt. All are looked up at
        # each key, so it is no cache that notes that.
        self._line_scales: dict[int, float] = {}

    def knows(self, model: ModelInfo, dialect: Dialect) -> bool:
        """Return whether nothing needs to be asked."""
        return (model.name, dialect.name) in self._forms

    async def reading(self, backend: Backend, model: ModelInfo, dialect: Dialect) -> Reading:
        """Return what is known; how the format's tokens reach the model is asked once.

        Raises BackendError.
        """
        if not self.knows(model, dialect):
            form = await form_of(backend, model, dialect)
            self._forms[model.name, dialect.name] = form
        if self._tokens_per_s.value is None:
            self._tokens_per_s.value = model.tokens_per_s
        form = self._forms[model.name, dialect.name]
        return Reading(self._tokens_per_s.value, self._scale.value or USUAL_SCALE, form)

    async def tokens_of(self, backend: Backend, prompt: Prompt, room: int) -> int:
        """Return how many tokens a prompt has at most; the host counts if it might be over `room`.

        A line that was in a counted prompt is taken to be hardly denser than that was, any other to
        be as dense as a text can be. So the host counts where one begins to type, and seldom
        afterwards. Raises BackendError.
        """
        most = self._most_tokens(prompt)
        if most <= room:
            return int(most)
        if prompt not in self._counts:
            pieces = _pieces(prompt)
            counted = await backend.count(prompt)
            if counted is None:
                return int(pieces * max(_DENSE_SCALE, self._scale.value or 0))
            scale = max(counted, 1) / max(pieces, 1)
            self._scale.learn(scale)
            self._counts[prompt] = counted
            self._remember(_lines(prompt), min(scale * _DENSER, _MOST_SCALE))
        return self._counts[prompt]

    def learn(self, prompt: Prompt, delta: Delta, first_s: float) -> None:
        """Learn from the first delta of an answer, which came after so many seconds."""
        told = delta.evaluation
        pieces = _pieces(prompt)
        if told:
            self._scale.learn(max(told.tokens + told.cached, 1) / max(pieces, 1))
        tokens = told.tokens if told else int(pieces * (self._scale.value or USUAL_SCALE))
        seconds = told.seconds if told else first_s
        if tokens >= _TELLING_TOKENS and seconds > 0:
            self._tokens_per_s.learn(tokens / seconds)

    def _remember(self, lines: list[str], scale: float) -> None:
        if len(self._line_scales) + len(lines) > _REMEMBERED_LINES:
            self._line_scales.clear()
        self._line_scales.update((hash(line), scale) for line in lines)

    def _most_tokens(self, prompt: Prompt) -> float:
        """Return what the lines of a prompt come to; line ends and control tokens are one each."""
        lines, scales = _lines(prompt), self._line_scales
        texts = sum(pieces_in_line(line) * scales.get(hash(line), _MOST_SCALE) for line in lines)
        return texts + len(lines) + len(prompt.parts)


async def form_of(backend: Backend, model: ModelInfo, dialect: Dialect) -> Form:
    """Return how a format's tokens reach the model, as the host's tokenizer tells.

    A host that cannot be asked gets them in the safe form. Raises BackendError.
    """
    if model.infills or not dialect.shows_suffix:
        return "exact"
    kept = await backend.keeps(probe.opening(dialect))
    if kept is False:
        return "foreign"
    if model.takes_ids or not dialect.fragile:
        return "exact"
    return "exact" if kept and await backend.keeps(probe.fragile(dialect)) else "safe"


def _lines(prompt: Prompt) -> list[str]:
    codes = (part for part in prompt.parts if isinstance(part, Code))
    return [line for code in codes for text in code.segments for line in text.split("\n")]


def _pieces(prompt: Prompt) -> int:
    """Return the pieces of a prompt: each control token is one."""
    texts = (text for part in prompt.parts if isinstance(part, Code) for text in part.segments)
    controls = sum(isinstance(part, Control) for part in prompt.parts)
    return controls + sum(map(pieces_in, texts))
