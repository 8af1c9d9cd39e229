"""One editor's session: its settings as they stand, and the completer that follows them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from importlib import import_module
from typing import TypeVar

from infill_ls.backends.base import Backend
from infill_ls.chat.chat import Chat
from infill_ls.clearance import Clearance, Folders
from infill_ls.completion.ask import Grow
from infill_ls.completion.completer import Completer
from infill_ls.completion.hosts.chain import Trouble
from infill_ls.completion.latest import Superseded
from infill_ls.errors import InfillError, Loading, NoBackend
from infill_ls.lsp.status import Status
from infill_ls.lsp.waiting import Waiting
from infill_ls.settings.read import Layer, Loaded, load
from infill_ls.settings.sources import from_editor, from_initialization_options
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.types import Completion, CompletionRequest, Progress

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Failed(Exception):
    """A completion cannot be had; the status has told the user why."""


class Session:
    """Made when the editor initializes; its settings are swapped whole when the editor says so."""

    def __init__(
        self,
        base: tuple[Layer, ...],
        overrides: tuple[Layer, ...],
        *,
        status: Status,
        progress: Progress,
        complain: Callable[[str], None],
        folders: Folders,
    ) -> None:
        """Take the layers below and above what the editor says.

        `complain` shows a message, `folders` are the workspace's.
        """
        self._base = base
        self._overrides = overrides
        self._options = from_initialization_options(None)
        self._status = status
        self._progress = progress
        self._waiting = Waiting(progress)
        self._complain = complain
        self._folders = folders
        self._complaints: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._loaded = load(base + overrides)
        self._completer = self._made()
        self.chat = Chat(self._loaded.settings, self._connect)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._loaded.settings

    @property
    def clearance(self) -> Clearance:
        """What may be shown to a model, by these settings."""
        return self._completer.clearance

    def initialize(self, options: object) -> None:
        """Take the initialization options."""
        self._options = from_initialization_options(options)
        self._swap(load((*self._base, self._options, *self._overrides)))

    def configure(self, configuration: object) -> None:
        """Take what the editor's configuration says now."""
        editor = from_editor(configuration)
        self._swap(load((*self._base, self._options, editor, *self._overrides)))

    def complain_of_settings(self) -> None:
        """Show what is wrong with the settings."""
        if message := self._loaded.problem_message():
            self._complain_once(message)

    async def complete(
        self, request: CompletionRequest, grow: Grow | None = None
    ) -> Completion | None:
        """Return the completion, or None if there is nothing to insert.

        Raises Superseded if a newer request for the document comes, and Failed, once the status
        tells why, if the completion cannot be had.
        """
        return await self._answered(lambda completer: completer.complete(request, grow))

    async def alternatives(
        self, request: CompletionRequest, shown: Completion
    ) -> tuple[Completion, ...]:
        """Return what else the model says where a completion is shown; raises likewise."""
        return await self._answered(lambda completer: completer.alternatives(request, shown))

    async def models(self) -> list[str]:
        """Return the names that `backend.model` may have. Raises InfillError."""
        async with aclosing(self._connect(self.settings.backend)) as backend:
            return await backend.models()

    async def prepare(self, request: CompletionRequest) -> None:
        """Prepare for completions at a place where one is likely to be wanted."""
        await self._completer.read_ahead(request)

    async def aclose(self) -> None:
        """Stop all work and close all connections."""
        await asyncio.gather(
            self._completer.aclose(), self.chat.aclose(), self._waiting.end(), *self._closing
        )

    async def _answered(self, asked: Callable[[Completer], Awaitable[T]]) -> T:
        """Return what the completer answers, and tell in the status how it went."""
        completer = self._completer
        try:
            answer = await asked(completer)
        except InfillError as error:
            self._tell(error, completer.trouble)
            raise Failed from error
        except Superseded:
            raise
        except Exception as error:
            logger.exception("a fault of infill-ls itself")
            raise Failed from error
        await self._waiting.end()
        self._status.answered(completer.trouble)
        return answer

    def _tell(self, error: InfillError, trouble: Trouble | None) -> None:
        """Tell why there is no completion."""
        until = trouble.until if trouble else None
        self._status.failed(error, until)
        if isinstance(error, NoBackend):
            self._complain_once(error.sentence())
        if isinstance(error, Loading) and until is not None:
            self._waiting.show(str(error), until - time.time())

    def _complain_once(self, message: str) -> None:
        """Show a message that asks for something to be done, unless it has been shown before."""
        if message not in self._complaints:
            self._complaints.add(message)
            self._complain(message)

    def _swap(self, loaded: Loaded) -> None:
        """Put new settings into force; a completion under way for the old ones is ended."""
        if loaded.settings != self._loaded.settings:
            self._end(self._completer.aclose())
            self._end(self.chat.configure(loaded.settings))
            self._loaded = loaded
            self._completer = self._made()
        self._loaded = loaded
        logging.getLogger("infill_ls").setLevel(loaded.settings.log.level.upper())

    def _end(self, work: Coroutine[object, object, None]) -> None:
        closing = asyncio.ensure_future(work)
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _made(self) -> Completer:
        settings = self._loaded.settings
        return Completer(
            settings,
            self._connect,
            self._progress,
            asking=self._status.busy,
            notice=self._complain_once,
            folders=self._folders,
        )

    def _connect(self, settings: BackendSettings) -> Backend:
        # httpx takes 80 ms to import, which the answer to `initialize` need not wait for.
        backend: Backend = import_module("infill_ls.backends.connect").connect(
            settings, self._progress
        )
        return backend
