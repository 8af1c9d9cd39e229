"""The way of one keystroke, top to bottom.

Newest wins, what is suggested already, host, occasion, prompt, cache, pause, stream, trim.
Every client comes this way: inline completion, the completion menu, the command line.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial

from infill_ls.clearance import Clearance, Folders
from infill_ls.completion.ahead import STANDS_S, accepted, may_go_on
from infill_ls.completion.alternatives import sampled_anew
from infill_ls.completion.ask import Ask, Grow
from infill_ls.completion.automatic import Automatic
from infill_ls.completion.cursor.place import place_of
from infill_ls.completion.hosts.chain import Chain, Trouble
from infill_ls.completion.hosts.link import Connect, Link
from infill_ls.completion.keystrokes import Keystrokes
from infill_ls.completion.latest import Latest, Superseded
from infill_ls.completion.occasion import why_not
from infill_ls.completion.pause import Pause
from infill_ls.completion.prompts.prompter import Prompter
from infill_ls.completion.suggested.cache import Cache, Question
from infill_ls.completion.suggested.suggestion import Suggestion, Unfit
from infill_ls.completion.suggested.suggestions import Suggestions
from infill_ls.completion.suggested.writer import Writer
from infill_ls.errors import BackendError, BadInput, InfillError
from infill_ls.settings.tree import Settings
from infill_ls.types import (
    Completion,
    CompletionRequest,
    Progress,
    Source,
    Trigger,
)

logger = logging.getLogger(__name__)


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
        asking: Callable[[str], AbstractContextManager[object]] = nullcontext,
        notice: Callable[[str], None] = logger.info,
        folders: Folders = tuple,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        linger: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start nothing: `connect` is called at the first request.

        `progress` shows that a host is waited for, `asking` is entered, with the model's name,
        while one works, `notice` is told what the user should know once, `folders` are the
        workspace's; `pause` and `linger` take seconds, before a host is asked and before one that
        nobody listens to is left, and `clock` is Unix time.
        """
        self._settings = settings
        self._chain = Chain(settings, connect, clock)
        self._progress = progress
        self._pause = pause
        self._clock = clock
        self._latest = Latest()
        self._keystrokes = Keystrokes()
        self._prompter = Prompter(settings, notice)
        self._suggestions = Suggestions(settings.cache, linger)
        self._cache = Cache(settings.cache)
        self._writer = Writer(settings.completion, self._suggestions, self._cache, asking)
        self.clearance = Clearance(folders, use_gitignore=settings.privacy.use_gitignore)
        """What may be shown to a model at all."""
        self._automatic = Automatic(settings.completion, notice)
        self._looking_ahead: set[asyncio.Task[None]] = set()

    @property
    def trouble(self) -> Trouble | None:
        """Why the preferred back end does not answer; None if it does, or was not asked yet."""
        return self._chain.trouble

    async def complete(
        self, request: CompletionRequest, grow: Grow | None = None
    ) -> Completion | None:
        """Return the completion, or None if there is nothing to insert.

        Raises Superseded if a newer request for the document comes, BackendError if the host
        fails, BadInput if the document is too long or must not be shown. After cancelling, the
        connection to the host is closed unless a request that goes on with the same comes shortly.
        """
        self._keystrokes.note(request, self._clock() * 1000)
        if request.trigger is Trigger.AUTOMATIC and not self._settings.completion.enabled:
            return None
        self._latest.end(_AHEAD)
        completion = await self._latest.run(request.document.uri, self._complete(request, grow))
        logger.debug("%s at %d: %s", request.trigger.value, request.offset, _summary(completion))
        return completion

    async def alternatives(
        self, request: CompletionRequest, shown: Completion
    ) -> tuple[Completion, ...]:
        """Return what else the model says, for one who is shown a completion and asks again.

        They are sampled; there are none if it says nothing else. Raises as `complete` does.
        """
        self._latest.end(_AHEAD)
        alternatives = partial(self._alternatives, request, shown)
        work = self._chain.insist(alternatives, self._wait)
        return await self._latest.run(request.document.uri, work)

    async def read_ahead(self, request: CompletionRequest) -> None:
        """Have the model loaded and what a prompt there begins with read, if this machine does it.

        A completion ends it, so does the next one to read ahead. It fails without a word.
        """
        wanted = self._settings.completion.enabled and self._settings.prompt.read_ahead
        if wanted and self._settings.backend.is_local:
            with suppress(InfillError, Superseded):
                await self._latest.run(_AHEAD, self._read_ahead(request))

    async def aclose(self) -> None:
        """Cancel what is running, then close the back end; a later request connects anew."""
        await self._latest.aclose()
        await asyncio.gather(*self._looking_ahead)
        await self._suggestions.aclose()
        await self._prompter.aclose()
        await self._chain.aclose()

    async def _complete(self, request: CompletionRequest, grow: Grow | None) -> Completion | None:
        self._refuse_huge(request)
        request = self.clearance.cleared(request)
        ask = partial(self._ask, request, grow)
        if request.trigger is Trigger.INVOKED:
            return await self._chain.insist(ask, self._wait)
        if not self._is_wanted(request):
            return None
        return await self._chain.first(ask)

    def _is_wanted(self, request: CompletionRequest) -> bool:
        return self._settings.completion.enabled and self._automatic.is_wanted(request.document)

    async def _ask(
        self, request: CompletionRequest, grow: Grow | None, link: Link
    ) -> Completion | None:
        model = await link.model()
        place = place_of(request, self._settings.completion.lines)
        ask = Ask(request, grow, link, model, place)
        completion = await self._suggested(ask)
        if completion and may_go_on(completion) and link.is_own:
            self._look_ahead(ask, completion)
        return completion

    async def _suggested(self, ask: Ask) -> Completion | None:
        """Go on with what is suggested already, or with what is known, or ask the host."""
        with suppress(Unfit):
            return await self._go_on(ask)
        self._suggestions.close_running(ask.request.document.uri)

        if ask.is_automatic and (reason := why_not(ask.place, self._keystrokes)):
            logger.debug("the host is not asked: %s", reason)
            return None
        prompt = await self._prompter.prompt(ask.request, ask.link, ask.model)
        question = Question(ask.model.name, prompt, ask.place)
        if known := self._cache.get(question):
            suggestion = self._suggestions.keep(
                ask.request, ask.model.name, ask.place.lines, ask.fitted(known, prompt)
            )
            return await self._read(suggestion, ask.request.offset, ask, "cache")

        ask.link.raise_if_resting()
        if ask.is_automatic:
            await self._pause_before(ask)
        suggestion = self._suggestions.begin(
            ask.request,
            ask.model.name,
            ask.place.lines,
            partial(self._writer.write, ask, question),
            ahead=ask.ahead,
        )
        return await self._read(suggestion, ask.request.offset, ask, "network")

    async def _go_on(self, ask: Ask) -> Completion | None:
        """Return what is left of what is suggested already; raises Unfit if nothing fits."""
        fitting = self._suggestions.fitting(ask.request, ask.model.name, ask.place.lines)
        for suggestion, end in fitting:
            with suppress(Unfit):
                left = await self._read(suggestion, end, ask, suggestion.source)
                # That one suggestion has an end says nothing of what the model wrote behind it.
                if left or (ask.is_automatic and not ask.ahead):
                    return left
        raise Unfit

    async def _pause_before(self, ask: Ask) -> None:
        """Wait a moment, in which a newer request may come."""
        fixed_ms = self._settings.completion.debounce_ms
        pause = Pause(
            gap_ms=self._keystrokes.gap_ms,
            first_token_ms=ask.link.first_token_ms,
            waited_ms=ask.request.waited_ms + ask.stopwatch.total_ms(),
            against=self._keystrokes.against is not None,
        )
        logger.debug("%s", pause if fixed_ms is None else f"pause {fixed_ms} ms, as it is set")
        await self._pause((pause.ms if fixed_ms is None else fixed_ms) / 1000)

    async def _read(
        self, suggestion: Suggestion, end: int, ask: Ask, source: Source
    ) -> Completion | None:
        """Return what is left of a suggestion when it is complete, and show it while it grows.

        Raises Unfit as soon as it goes on in another way than the request.
        """
        shown = None
        async with self._suggestions.reading(suggestion) as states:
            async for _ in states:
                if not suggestion.fits(ask.request, end):
                    if suggestion.is_against(ask.request):
                        self._keystrokes.contradict(suggestion)
                    raise Unfit
                left = suggestion.left(ask.request, end)
                if left and source == "network" and ask.is_automatic:
                    left = None if self._keystrokes.rejects(left.text) else left
                if left is None:
                    continue
                ask.stopwatch.mark_first()
                if not ask.ahead:
                    self._keystrokes.suggest(suggestion)
                if ask.grow is not None and suggestion.is_running and left.text != shown:
                    ask.grow(ask.reported(left, source))
                    shown = left.text
        return left and ask.reported(left, source)

    def _look_ahead(self, ask: Ask, completion: Completion) -> None:
        """Have the host write what comes after a completion, if it stands for a moment."""
        request = accepted(ask.request, completion)
        if not self._settings.completion.look_ahead or not self._is_wanted(request):
            return
        looking = asyncio.create_task(self._looked_ahead(request, ask.link), name="looking ahead")
        self._looking_ahead.add(looking)
        looking.add_done_callback(self._looking_ahead.discard)

    async def _looked_ahead(self, request: CompletionRequest, link: Link) -> None:
        """Do so, unless a request comes before; it fails without a word."""
        with suppress(InfillError, Superseded):
            await self._latest.run(_AHEAD, self._ask_ahead(request, link))

    async def _ask_ahead(self, request: CompletionRequest, link: Link) -> None:
        await self._pause(STANDS_S)
        model = await link.model()
        place = place_of(request, self._settings.completion.lines)
        await self._suggested(Ask(request, None, link, model, place, ahead=True))

    async def _read_ahead(self, request: CompletionRequest) -> None:
        self._refuse_huge(request)
        cleared = self.clearance.cleared(request)
        link = self._chain.preferred
        model = await link.model()
        if prompt := await self._prompter.ahead(cleared, link, model):
            await link.warm(prompt)

    async def _alternatives(
        self, request: CompletionRequest, shown: Completion, link: Link
    ) -> tuple[Completion, ...]:
        model = await link.model()
        request = self.clearance.cleared(request)
        place = place_of(request, self._settings.completion.lines)
        ask = Ask(request, None, link, model, place)
        prompt = await self._prompter.prompt(request, link, model)
        texts = {shown.text: shown}
        for sampled in sampled_anew(prompt):
            answer = await self._writer.whole(ask, Question(model.name, sampled, place))
            if completion := ask.fitted(answer, prompt):
                texts.setdefault(completion.text, ask.reported(completion, "network"))
        return tuple(texts.values())[1:]

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
        f"{len(completion.text)} characters, finish {completion.finish}, {report.source}, "
        f"{report.completion_tokens} tokens, {report.total_ms:.0f} ms"
    )
