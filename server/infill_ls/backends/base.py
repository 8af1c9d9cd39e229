"""What every back end can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from infill_ls.types import Delta, Message, ModelInfo, Prompt, Sampling


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request, as `complete --show-prompt` prints it."""

    method: str
    url: str
    body: dict[str, object]


class Backend(Protocol):
    """A host that completes prompts. All errors are `BackendError`."""

    kind: str
    """As in `backend.kind`."""

    async def model(self) -> ModelInfo:
        """Return what the host serves; asked once, then remembered."""

    def assumed(self) -> ModelInfo:
        """Return what the settings say of the model; nothing is asked."""

    async def models(self) -> list[str]:
        """Return the names that `backend.model` may have here; empty where the host tells none."""

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        """Open the answer to a prompt.

        Leaving the context before the last delta closes the connection, which makes the host stop
        generating. The last delta, and no other, has a `finish`; an answer that breaks off before
        it raises BadAnswer.
        """

    def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        """Open the answer to a conversation, which the host puts into its model's own template.

        It ends as in `stream`. Raises NotFound where the host cannot, and RequestRejected where its
        template refuses the conversation.
        """

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the requests that `stream` would make, without making any."""

    async def check(self, prompt: Prompt) -> str:
        """Say in a few words how prompts reach the model; nothing is generated.

        Raises BadAnswer if the host's tokenizer does not read the prompt's control tokens as such.
        """

    async def count(self, prompt: Prompt) -> int | None:
        """Return how many tokens the prompt has, or None where the host cannot be asked."""

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Return whether each control token of the prompt reaches the model as that one token.

        None where the host cannot be asked how it reads a text.
        """

    async def warm(self, prompt: Prompt) -> None:
        """Have the host read a prompt that is likely to come, if it remembers what it has read."""

    async def aclose(self) -> None:
        """Close all connections, and stop what was started."""
