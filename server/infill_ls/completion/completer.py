"""The way of one keystroke, top to bottom: newest wins, host, prompt, cache, pause, stream, trim.

Every client comes this way: inline completion, the completion menu, the command line.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from dataclasses import replace
from functools import partial

from infill_ls.completion.answer import Answer, growing
from infill_ls.completion.cache import Cache, Question
from infill_ls.completion.chain import Chain, Trouble
from infill_ls.completion.clearance import Clearance, Folders
from infill_ls.completion.latest import Latest, Superseded
from infill_ls.completion.link import Connect, Link
from infill_ls.completion.place import place_of
from infill_ls.completion.prompter import Prompter
from infill_ls.completion.stopwatch import Stopwatch
from infill_ls.completion.suggested import Suggested
from infill_ls.completion.trim import trim
from infill_ls.errors import BackendError, BadInput, InfillError
from infill_ls.settings.tree import Settings
from infill_ls.types import (
    Completion,
    CompletionRequest,
    Progress,
    Report,
    Trigger,
)

logger = logging.getLogger(__name__)

Grow = Callable[[Completion], None]
"""Is shown each longer state of a completion while it streams."""


_AHEAD = "reading ahead"
"""Stands for a document, of which there is none with that address."""


class Completer:
    """Completes at the cursor, with one tree of settings and the back ends that it asks for."""

    def __init__(
        self,
        settings: Settings,
        connect: Connect,
        progress: Progress,
        *,
        asking: Callable[[], AbstractContextManager[None]] = nullcontext,
        notice: Callable[[str], None] = logger.info,
        folders: Folders = tuple,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start nothing: `connect` is called at the first request.

        `progress` shows that a host is waited for, `asking` is entered while one works, `notice`
        is told what the user should know once, `folders` are the workspace's; `pause` takes
        seconds, and `clock` is Unix time.
        """
        self._settings = settings
        self._chain = Chain(settings, connect, clock)
        self._asking = asking
        self._progress = progress
        self._pause = pause
        self._latest = Latest()
        self._prompter = Prompter(settings, notice)
        self._suggested = Suggested(settings.cache)
        self._cache = Cache(settings.cache)
        self._clearance = Clearance(folders, use_gitignore=settings.privacy.use_gitignore)

    @property
    def trouble(self) -> Trouble | None:
        """Why the preferred back end does not answer; None if it does, or was not asked yet."""
        return self._chain.trouble

    async def complete(
        self, request: CompletionRequest, grow: Grow | None = None
    ) -> Completion | None:
        """Return the completion, or None if there is nothing to insert.

        Raises Superseded if a newer request for the document comes, BackendError if the host
        fails, BadInput if the document is too long or must not be shown. Cancelling closes the
        connection to the host.
        """
        if request.trigger is Trigger.AUTOMATIC and not self._settings.completion.enabled:
            return None
        self._latest.end(_AHEAD)
        completion = await self._latest.run(request.document.uri, self._complete(request, grow))
        logger.debug("%s at %d: %s", request.trigger.value, request.offset, _summary(completion))
        return completion

    async def read_ahead(self, request: CompletionRequest) -> None:
        """Have the model loaded and what a prompt there begins with read, if this machine does it.

        A completion ends it, so does the next one to read ahead. It fails without a word.
        """
        wanted = self._settings.completion.enabled and self._settings.prompt.read_ahead
        if wanted and self._settings.backend.is_local:
            with suppress(InfillError, Superseded):
                await self._latest.run(_AHEAD, self._read_ahead(request))

    async def _read_ahead(self, request: CompletionRequest) -> None:
        self._refuse_huge(request)
        cleared = self._clearance.cleared(request)
        link = self._chain.preferred
        model = await link.model()
        if prompt := await self._prompter.ahead(cleared, link, model):
            await link.warm(prompt)

    async def aclose(self) -> None:
        """Cancel what is running, then close the back end; a later request connects anew."""
        await self._latest.aclose()
        await self._prompter.aclose()
        await self._chain.aclose()

    async def _complete(self, request: CompletionRequest, grow: Grow | None) -> Completion | None:
        self._refuse_huge(request)
        request = self._clearance.cleared(request)
        ask = partial(self._ask, request, grow)
        if request.trigger is Trigger.AUTOMATIC:
            return await self._chain.first(ask)
        return await self._chain.insist(ask, self._wait)

    async def _ask(
        self, request: CompletionRequest, grow: Grow | None, link: Link
    ) -> Completion | None:
        place = place_of(request, self._settings.completion.lines)
        model = await link.model()
        stopwatch = Stopwatch()
        if left := self._suggested.left(request, model.name, place.lines):
            report = replace(left.report, first_token_ms=None, total_ms=stopwatch.total_ms())
            return replace(left, report=report)
        prompt = await self._prompter.prompt(request, link, model)

        def fitted(answer: Answer) -> Completion | None:
            text = trim(answer.text, prompt, place)
            report = Report(
                backend=link.kind,
                model=model.name,
                first_token_ms=stopwatch.first_ms,
                total_ms=stopwatch.total_ms(),
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
            )
            if not text.strip():
                return None
            return Completion(text, request.offset, request.offset, answer.finish, report)

        def suggested(answer: Answer) -> Completion | None:
            if completion := fitted(answer):
                self._suggested.remember(request, model.name, place.lines, completion)
            return completion

        question = Question(model.name, prompt, place)
        if known := self._cache.get(question):
            return suggested(known)

        link.raise_if_resting()
        if request.trigger is Trigger.AUTOMATIC:
            await self._pause(self._settings.completion.debounce_ms / 1000)

        answer = Answer()
        with self._asking():
            async with (
                link.stream(prompt) as deltas,
                aclosing(growing(deltas, place)) as answers,
            ):
                async for answer in answers:
                    stopwatch.mark_first()
                    if grow is not None and (grown := fitted(answer)):
                        grow(grown)

        self._cache.put(question, answer)
        return suggested(answer)

    async def _wait(self, seconds: float, why: BackendError) -> None:
        async with self._progress(f"waiting, because {why}"):
            await self._pause(seconds)

    def _refuse_huge(self, request: CompletionRequest) -> None:
        size, limit = len(request.document.text), self._settings.completion.max_file_size
        if size > limit:
            raise BadInput(
                f"{request.document.uri} has {size} characters, more than {limit}",
                hint="raise completion.maxFileSize if it is to be completed",
            )


def _summary(completion: Completion | None) -> str:
    """Say what became of a request, without a word of the buffer."""
    if completion is None:
        return "nothing to insert"
    report = completion.report
    return (
        f"{len(completion.text)} characters, finish {completion.finish}, "
        f"{report.completion_tokens} tokens, {report.total_ms:.0f} ms"
    )
