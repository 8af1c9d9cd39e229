"""The prompt for a request: as long as the host takes it, and reads it in reasonable time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from infill_ls.completion.hosts.link import Link
from infill_ls.completion.prompts.context import Context
from infill_ls.completion.prompts.fit import fitting
from infill_ls.prompt.budget import room_for
from infill_ls.prompt.build import Plan, dialect_for, plan
from infill_ls.prompt.dialects import PLAIN
from infill_ls.prompt.measure import CHARS_PER_PIECE, end_of_first
from infill_ls.settings.tree import Settings
from infill_ls.types import CompletionRequest, ModelInfo, Prompt

_SHOWN_PREFIX_ONLY = (
    "{model} is not known to fill in, so it is shown only what stands before the cursor; "
    "if it can, set prompt.template"
)


class Prompter:
    """Makes prompts from documents, by the settings and by what is known of the host."""

    def __init__(self, settings: Settings, notice: Callable[[str], None]) -> None:
        """Take whom to tell what the user should know once."""
        self._settings = settings
        self._context = Context()
        self._notice = notice
        self._noticed: set[str] = set()

    async def prompt(self, request: CompletionRequest, link: Link, model: ModelInfo) -> Prompt:
        """Return the prompt for a request; raises BackendError if the host has to be asked."""

        async def made(most: int | None) -> Prompt:
            planned = await self._plan(request, link, model, most)
            return planned.prompt(await self._context.around(request, planned))

        room = room_for(model, self._settings)
        return await fitting(made, partial(link.tokens_of, room=room or 0), room)

    async def ahead(
        self, request: CompletionRequest, link: Link, model: ModelInfo
    ) -> Prompt | None:
        """Return what a prompt will begin with, up to the cursor.

        At the document's beginning it is what prompts anywhere in the first window begin with. None
        where they begin otherwise, with what comes after the cursor.
        """
        if request.offset == 0:
            budget = (await self._plan(request, link, model)).budget
            pieces = budget.around - budget.suffix
            text = request.document.text.after(0, pieces * CHARS_PER_PIECE)
            request = replace(request, offset=end_of_first(text, pieces))
        return (await self.prompt(request, link, model)).up_to_cursor()

    async def aclose(self) -> None:
        """End what is looked for in other documents."""
        await self._context.aclose()

    async def _plan(
        self, request: CompletionRequest, link: Link, model: ModelInfo, most: int | None = None
    ) -> Plan:
        reading = await link.reading(model, dialect_for(model, self._settings))
        planned = plan(request, model, self._settings, reading, most)
        if planned.dialect is PLAIN and self._settings.prompt.template == "auto":
            self._notice_once(_SHOWN_PREFIX_ONLY.format(model=model.name or "The model"))
        return planned

    def _notice_once(self, text: str) -> None:
        if text not in self._noticed:
            self._noticed.add(text)
            self._notice(text)
