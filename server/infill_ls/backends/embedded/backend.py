"""The embedded model: llama.cpp's server in a process that all windows of a user share.

A crash or a long load of the model never takes the language server with it. The process listens on
the loopback interface alone, with a key of its own, and ends when nobody has used it for a while.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from pathlib import Path

from msgspec.structs import replace

from infill_ls.backends.base import Exchange
from infill_ls.backends.deferred import Deferred
from infill_ls.backends.embedded.entry import FOLDER_VARIABLE, Start
from infill_ls.backends.embedded.llamacpp import OwnLlamaCpp
from infill_ls.backends.embedded.user import User, attach
from infill_ls.backends.http.host import Host
from infill_ls.backends.llamacpp import LlamaCpp
from infill_ls.errors import HostFailed
from infill_ls.models import store
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import ModelInfo, Progress, Prompt

TOKENS_PER_S = 57.0
"""What the catalogue's model reads on two cores."""

logger = logging.getLogger(__name__)


class Embedded(Deferred):
    """One model file, served by a process that is found or started, again if it has died."""

    kind = "embedded"

    def __init__(self, model: Path, settings: BackendSettings, progress: Progress) -> None:
        self._file = model
        self._settings = settings
        self._progress = progress
        self._starting: asyncio.Task[LlamaCpp] | None = None
        self._user: User | None = None
        self._server: LlamaCpp | None = None

    def assumed(self) -> ModelInfo:
        """Return what the server will say."""
        return ModelInfo(
            self._file.stem,
            self._settings.context_tokens,
            tokens_per_s=TOKENS_PER_S,
            takes_ids=True,
        )

    async def models(self) -> list[str]:
        """Name the models that were pulled; nothing is started."""
        return [model.name for model in store.installed()]

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return what llama.cpp would be asked; the port is chosen when its process starts."""
        return LlamaCpp(Host("http://127.0.0.1:0", self._settings), self._settings).preview(prompt)

    async def aclose(self) -> None:
        """Let go of the process, which ends when nobody uses it."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._leave()

    async def _backend(self) -> LlamaCpp:
        """Return the running server; a caller that is cancelled does not stop the start."""
        if self._starting is None or self._has_ended():
            self._starting = asyncio.create_task(self._start(), name="start the embedded model")
        return await asyncio.shield(self._starting)

    def _has_ended(self) -> bool:
        failed = (
            self._starting is not None
            and self._starting.done()
            and (self._starting.cancelled() or self._starting.exception() is not None)
        )
        return failed or (self._user is not None and self._user.is_left_alone())

    async def _start(self) -> LlamaCpp:
        await self._leave()
        self._user = user = await self._attached()
        loading = nullcontext() if user.loaded else self._progress(f"loading {self._file.name}")
        async with loading:
            ready = await user.ready()
        if ready.error:
            await self._leave()
            raise HostFailed(
                f"the embedded model {self._file} cannot be loaded ({ready.error})",
                hint="run `infill-ls doctor`",
            )
        logger.info("the embedded model %s is served at %s", self._file.name, ready.url)
        own = replace(self._settings, token=user.key, headers={}, model=self._file.stem)
        self._server = OwnLlamaCpp(Host(ready.url, own), own, tokens_per_s=TOKENS_PER_S)
        return self._server

    async def _attached(self) -> User:
        settings = self._settings
        start = Start(str(self._file), settings.context_tokens, settings.idle_minutes * 60)
        try:
            return await attach(start)
        except OSError as error:
            raise HostFailed(
                f"the server of {self._file} cannot be written down ({error})",
                hint=f"name a folder of your own in {FOLDER_VARIABLE}",
            ) from error

    async def _leave(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.aclose()
        user, self._user = self._user, None
        if user is not None:
            await user.leave()
