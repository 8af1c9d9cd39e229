"""A back end that stands for another, which is only found or started on first use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from infill_ls.backends.base import Backend
from infill_ls.types import Delta, Message, ModelInfo, Prompt, Sampling


class Deferred(ABC):
    """Passes everything on to the back end that `_backend` returns."""

    @abstractmethod
    async def _backend(self) -> Backend:
        """Return the back end, found or started if need be. Raises BackendError."""

    async def model(self) -> ModelInfo:
        """Return what the back end serves."""
        return await (await self._backend()).model()

    async def models(self) -> list[str]:
        """Return what the back end names."""
        return await (await self._backend()).models()

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the answer of the back end."""
        async with (await self._backend()).stream(prompt) as deltas:
            yield deltas

    @asynccontextmanager
    async def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open the answer of the back end."""
        async with (await self._backend()).converse(messages, sampling) as deltas:
            yield deltas

    async def count(self, prompt: Prompt) -> int | None:
        """Count as the back end does."""
        return await (await self._backend()).count(prompt)

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Ask the back end."""
        return await (await self._backend()).keeps(prompt)

    async def warm(self, prompt: Prompt) -> None:
        """Warm the back end."""
        await (await self._backend()).warm(prompt)

    async def check(self, prompt: Prompt) -> str:
        """Check as the back end does."""
        return await (await self._backend()).check(prompt)
