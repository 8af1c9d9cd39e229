"""The embedded model: llama.cpp's server in a child process, started on first use.

A crash or a long load of the model never takes the language server with it. The child listens on
the loopback interface alone, with a key of its own, and ends with us.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from pathlib import Path

import msgspec

from infill_ls.backends.base import Exchange
from infill_ls.backends.deferred import Deferred
from infill_ls.backends.embedded_server import Start, Started
from infill_ls.backends.http import Host
from infill_ls.backends.llamacpp import LlamaCpp
from infill_ls.errors import HostFailed
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import ModelInfo, Progress, Prompt

logger = logging.getLogger(__name__)

_CRASHED = msgspec.json.encode(Started(error="its process ended"))


class Embedded(Deferred):
    """One model file, served by a child process that is started again if it has died."""

    kind = "embedded"

    def __init__(self, model: Path, settings: BackendSettings, progress: Progress) -> None:
        self._file = model
        self._settings = settings
        self._progress = progress
        self._starting: asyncio.Task[LlamaCpp] | None = None
        self._child: Process | None = None
        self._server: LlamaCpp | None = None

    def assumed(self) -> ModelInfo:
        """Return what the child will say."""
        return ModelInfo(self._file.stem, self._settings.context_tokens, slow=True)

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return what llama.cpp would be asked; the port is chosen when the child starts."""
        return LlamaCpp(Host("http://127.0.0.1:0", self._settings), self._settings).preview(prompt)

    async def aclose(self) -> None:
        """Stop the child."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._stop()

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
        died = self._child is not None and self._child.returncode is not None
        return failed or died

    async def _start(self) -> LlamaCpp:
        await self._stop()
        key = secrets.token_urlsafe(32)
        start = Start(str(self._file), self._settings.context_tokens, key)
        async with self._progress(f"loading {self._file.name}"):
            url = await self._started(start)
        logger.info("the embedded model %s is served at %s", self._file.name, url)
        own = msgspec.structs.replace(self._settings, token=key, headers={}, model=self._file.stem)
        self._server = LlamaCpp(Host(url, own), own, slow=True)
        return self._server

    async def _started(self, start: Start) -> str:
        """Start the child and return its URL. Raises HostFailed if it cannot load the model."""
        # -P keeps the current folder, a workspace perhaps, out of the child's import path.
        command = [sys.executable, "-P", "-m", "infill_ls.backends.embedded_server"]
        child = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        self._child = child
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(msgspec.json.encode(start) + b"\n")
            line = await child.stdout.readline()
            started = msgspec.json.decode(line or _CRASHED, type=Started)
        except BaseException:
            await self._stop()
            raise
        if started.error:
            await self._stop()
            raise HostFailed(
                f"the embedded model {self._file} cannot be loaded ({started.error})",
                hint="run `infill-ls doctor`",
            )
        return started.url

    async def _stop(self) -> None:
        """Close the connections and kill the child, which has nothing to save."""
        server, self._server = self._server, None
        if server is not None:
            await server.aclose()
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            child.kill()
            await child.wait()
