"""Asks a host, and remembers what it has written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace
from functools import partial

from infill_ls.completion.ahead import accepted, rest_of
from infill_ls.completion.answers.answer import Answer, growing
from infill_ls.completion.ask import Ask
from infill_ls.completion.cursor.place import place_of
from infill_ls.completion.suggested.cache import Cache, Question
from infill_ls.completion.suggested.suggestion import Suggestion
from infill_ls.completion.suggested.suggestions import Suggestions
from infill_ls.settings.tree import CompletionSettings
from infill_ls.types import Completion


class Writer:
    """Writes suggestions and whole answers, in the turn that the host's link gives."""

    def __init__(
        self,
        settings: CompletionSettings,
        suggestions: Suggestions,
        cache: Cache,
        asking: Callable[[str], AbstractContextManager[object]],
    ) -> None:
        """Take what remembers; `asking` is entered, with the model's name, while a host works."""
        self._settings = settings
        self._suggestions = suggestions
        self._cache = cache
        self._asking = asking

    async def write(self, ask: Ask, question: Question, suggestion: Suggestion) -> None:
        """Ask the host, and let the suggestion grow with the answer."""
        answer = Answer()
        async with ask.link.turn():
            suggestion.raise_if_unwanted()
            async with aclosing(self._answers(ask, question)) as answers:
                async for answer in answers:
                    ask.stopwatch.mark_first()
                    suggestion.grow(partial(ask.fitted, answer, question.prompt))
        self._cache.put(question, answer)
        may_have_rest = answer.beyond.strip() and not question.prompt.left_out
        if may_have_rest and suggestion.completion is not None:
            await self._keep_rest(ask, question, answer, suggestion.completion)

    async def whole(self, ask: Ask, question: Question) -> Answer:
        """Return the whole answer, known or asked for."""
        if known := self._cache.get(question):
            return known
        async with ask.link.turn(), aclosing(self._answers(ask, question)) as answers:
            *_, answer = [answer async for answer in answers]
        self._cache.put(question, answer)
        return answer

    async def _answers(self, ask: Ask, question: Question) -> AsyncGenerator[Answer, None]:
        """Ask the host, in one's turn; yield each longer state of the answer."""
        with self._asking(ask.model.name):
            async with (
                ask.link.stream(question.prompt) as deltas,
                aclosing(growing(deltas, ask.place)) as answers,
            ):
                async for answer in answers:
                    yield answer

    async def _keep_rest(
        self, ask: Ask, question: Question, answer: Answer, completion: Completion
    ) -> None:
        """Suggest what the model has said beyond a completion, once that is accepted."""
        request = accepted(ask.request, completion)
        place = place_of(request, self._settings.lines)
        after = replace(ask, request=request, place=place)
        fitted = after.fitted(await rest_of(answer, place), question.prompt)
        self._suggestions.keep(request, ask.model.name, place.lines, fitted, ahead=True)
