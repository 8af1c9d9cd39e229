"""One request on its way to one back end, and what an answer is in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from infill_ls.completion.answers.answer import Answer
from infill_ls.completion.answers.trim import trim
from infill_ls.completion.cursor.place import Place
from infill_ls.completion.hosts.link import Link
from infill_ls.completion.stopwatch import Stopwatch
from infill_ls.types import (
    Completion,
    CompletionRequest,
    ModelInfo,
    Prompt,
    Report,
    Source,
    Trigger,
)

Grow = Callable[[Completion], None]
"""Is shown each longer state of a completion while it streams."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, the back end and the place; the time that it takes counts from here on."""

    request: CompletionRequest
    grow: Grow | None
    link: Link
    model: ModelInfo
    place: Place
    ahead: bool = False
    """Whether the editor has yet to ask for it."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def is_automatic(self) -> bool:
        """Whether nobody has invoked it."""
        return self.request.trigger is Trigger.AUTOMATIC

    def fitted(self, answer: Answer, prompt: Prompt) -> Completion | None:
        """Return the completion that an answer is here; None if nothing useful is left of it."""
        text = trim(answer.text, prompt, self.place)
        if not text.strip():
            return None
        report = Report(
            backend=self.link.kind,
            model=self.model.name,
            first_token_ms=None,
            total_ms=0.0,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )
        at = self.request.offset
        return Completion(text, at, at, answer.finish, report)

    def reported(self, left: Completion, source: Source) -> Completion:
        """Return a completion with what it has cost this request."""
        first_ms = None if source == "cache" else self.stopwatch.first_ms
        total_ms = self.stopwatch.total_ms()
        report = replace(left.report, source=source, first_token_ms=first_ms, total_ms=total_ms)
        return replace(left, report=report)
