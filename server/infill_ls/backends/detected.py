"""A host of which only the URL is known: it is asked what it is on first use."""

from __future__ import annotations

from infill_ls.backends.base import Backend, Exchange
from infill_ls.backends.deferred import Deferred
from infill_ls.backends.http.host import Host
from infill_ls.backends.llamacpp import LlamaCpp
from infill_ls.backends.ollama import Ollama, Tags
from infill_ls.backends.openai import Models, OpenAi
from infill_ls.backends.tgi import Tgi
from infill_ls.errors import BadAnswer, HostFailed, NotFound, RequestRejected
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import ModelInfo, Prompt


class Detected(Deferred):
    """Stands for the back end that the host turns out to be."""

    kind = "auto"

    def __init__(self, host: Host, settings: BackendSettings) -> None:
        self._host = host
        self._settings = settings
        self._found: Backend | None = None

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._settings.model or "", None)

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return TGI's request, since nothing may be asked before."""
        return (self._found or Tgi(self._host, self._settings)).preview(prompt)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _backend(self) -> Backend:
        if self._found is None:
            self._found = await self._detect()
            self.kind = self._found.kind
        return self._found

    async def _detect(self) -> Backend:
        """Ask for what only one dialect has; `/v1/models` is last, since others have it too."""
        if await self._has("/props", dict):
            return LlamaCpp(self._host, self._settings)
        if await self._has("/info", dict):
            return Tgi(self._host, self._settings)
        if await self._has("/api/tags", Tags):
            return Ollama(self._host, self._settings)
        if await self._has("/v1/models", Models):
            return OpenAi(self._host, self._settings)
        raise BadAnswer(
            f"{self._host.url} is none of llama.cpp, TGI, Ollama and OpenAI's kind, it seems",
            hint="set backend.kind",
        )

    async def _has(self, path: str, answer: type[object]) -> bool:
        try:
            await self._host.get(path, answer)
        except (NotFound, RequestRejected, HostFailed, BadAnswer):
            return False
        return True
