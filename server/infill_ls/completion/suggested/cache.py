"""Answers that are known, by everything that decides them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from infill_ls.completion.answers.answer import Answer
from infill_ls.completion.cursor.place import Place
from infill_ls.settings.tree import CacheSettings
from infill_ls.types import Prompt


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: equal questions have equal answers."""

    model: str
    prompt: Prompt
    place: Place
    """It decides where reading the answer ended, and may reach beyond the prompt."""


class Cache:
    """The newest answers, each for a limited time."""

    def __init__(
        self, settings: CacheSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start empty; `clock` counts seconds."""
        self._answers: TTLCache[Question, Answer] = TTLCache(
            settings.entries, settings.ttl_s, timer=clock
        )

    def get(self, question: Question) -> Answer | None:
        """Return the answer to an equal question."""
        return self._answers.get(question)

    def put(self, question: Question, answer: Answer) -> None:
        """Remember an answer; with `cache.entries` 0 nothing is remembered."""
        if self._answers.maxsize:
            self._answers[question] = answer
