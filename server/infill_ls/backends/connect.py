"""Choose the back end that the settings ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from infill_ls.backends.base import Backend, Exchange
from infill_ls.backends.embedded import Embedded
from infill_ls.backends.http import Host
from infill_ls.backends.llamacpp import LlamaCpp
from infill_ls.backends.tgi import Tgi
from infill_ls.errors import BadAnswer, BadInput, HostFailed, NoBackend, NotFound, RequestRejected
from infill_ls.models import catalogue, store
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, ModelInfo, Progress, Prompt


def connect(settings: BackendSettings, progress: Progress) -> Backend:
    """Return the back end; nothing is sent and nothing started before it is used.

    Raises NoBackend where there is none, BadInput where the settings contradict each other.
    """
    match settings.kind:
        case "embedded":
            return Embedded(_model_file(settings), settings, progress)
        case "tgi":
            return Tgi(_host(settings), settings)
        case "llamacpp":
            return LlamaCpp(_host(settings), settings)
        case "auto" if settings.url:
            return Detected(settings)
        case "auto":
            return Embedded(_model_file(settings), settings, progress)


class Detected:
    """A host of which only the URL is known: it is asked what it is on first use."""

    kind = "auto"

    def __init__(self, settings: BackendSettings) -> None:
        self._settings = settings
        self._host = _host(settings)
        self._found: Backend | None = None

    async def model(self) -> ModelInfo:
        """Find out what the host is, and what it serves."""
        return await (await self._backend()).model()

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._settings.model or "", None)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the answer in the host's own dialect."""
        async with (await self._backend()).stream(prompt) as deltas:
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return TGI's request, since nothing may be asked before."""
        return (self._found or Tgi(self._host, self._settings)).preview(prompt)

    async def check(self, prompt: Prompt) -> str:
        """Check in the host's own dialect."""
        return await (await self._backend()).check(prompt)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _backend(self) -> Backend:
        if self._found is None:
            self._found = await self._detect()
            self.kind = self._found.kind
        return self._found

    async def _detect(self) -> Backend:
        for candidate in (LlamaCpp(self._host, self._settings), Tgi(self._host, self._settings)):
            if await self._answers("/props" if candidate.kind == "llamacpp" else "/info"):
                return candidate
        raise BadAnswer(
            f"{self._host.url} is neither llama.cpp nor TGI, as far as it says",
            hint="set backend.kind",
        )

    async def _answers(self, path: str) -> bool:
        try:
            await self._host.get(path)
        except (NotFound, RequestRejected, HostFailed, BadAnswer):
            return False
        return True


def _host(settings: BackendSettings) -> Host:
    if not settings.url:
        raise BadInput(
            f"backend.kind is {settings.kind!r} but there is no backend.url",
            hint="write http://host:port",
        )
    return Host(settings.url, settings)


def _model_file(settings: BackendSettings) -> Path:
    """Return the embedded model's file: the user's own, or the pulled one."""
    if settings.model and settings.model.endswith(".gguf"):
        own = Path(settings.model).expanduser()
        if not own.is_file():
            raise NoBackend(f"there is no model file {own}", hint="mend backend.model")
        return own
    if find_spec("xllamacpp") is None:
        raise NoBackend(
            "no backend.url is set and the embedded model is not installed",
            hint="run `pip install 'infill-ls[local]'` or set backend.url",
        )
    model = catalogue.find(settings.model or catalogue.DEFAULT.name)
    path = store.path(model)
    if path is None:
        raise NoBackend(
            f"no backend.url is set and the embedded model {model.name} is not here yet",
            hint="run `infill-ls model pull` or set backend.url",
        )
    return path
