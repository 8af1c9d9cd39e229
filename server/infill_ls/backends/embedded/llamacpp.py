"""llama.cpp as the embedded model's process runs it: completions go before chat.

While a chat writes, a completion loses little by it, as both go in one batch. While a chat's
question is read, it would have to wait: so that is read in portions of less than half a second,
and the next one only when nothing else is at work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct

from infill_ls.backends.embedded.slots import FOR_CHAT, CompletionSlots, common
from infill_ls.backends.http.host import Host
from infill_ls.backends.llamacpp import LAST, LlamaCpp
from infill_ls.backends.messages import answered, turns
from infill_ls.backends.openai_chunks import COUNTED
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, Evaluation, Message, Prompt, Sampling

_PORTION_S = 0.4
_LEAST_TOKENS, _MOST_TOKENS = 16, 512
"""Of a portion: smaller ones are read far more slowly by the token, larger ones hardly faster."""

_LOOK_S = 0.05
"""So often is looked whether a completion is still being made."""


class _Slot(Struct):
    is_processing: bool


class _Rendered(Struct):
    prompt: str


class _Tokenized(Struct):
    tokens: list[int]


class OwnLlamaCpp(LlamaCpp):
    """A llama.cpp server with the slots of `slots.py`."""

    def __init__(
        self, host: Host, settings: BackendSettings, *, tokens_per_s: float | None = None
    ) -> None:
        super().__init__(host, settings, tokens_per_s=tokens_per_s)
        self._slots = CompletionSlots()
        self._chat: Sequence[int] = ()
        """What was last read for a chat."""
        self._chatting = asyncio.Lock()

    @asynccontextmanager
    async def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Read the conversation in portions, then ask the Messages API. One chat at a time."""
        async with self._chatting:
            await self._read_in_portions(await self._ids_of(messages))
            more = {**COUNTED, "id_slot": FOR_CHAT}
            async with answered(
                self._host, self._name or "", messages, sampling, more=more, headers=LAST
            ) as deltas:
                yield deltas

    async def _place(self, prompt: Prompt, ids: list[int]) -> dict[str, object]:
        if prompt.sampling.section != "chat":
            return {"id_slot": self._slots.slot_of(ids)}
        await self._read_in_portions(ids)
        return {"id_slot": FOR_CHAT}

    async def _ids_of(self, messages: Sequence[Message]) -> list[int]:
        """Return a conversation in the model's template; raises RequestRejected where that does."""
        asked: dict[str, object] = {"messages": turns(messages)}
        rendered = await self._host.post("/apply-template", asked, _Rendered)
        text: dict[str, object] = {"content": rendered.prompt}
        text |= {"add_special": True, "parse_special": True}
        return (await self._host.post("/tokenize", text, _Tokenized)).tokens

    async def _read_in_portions(self, ids: list[int]) -> None:
        """Have all read but the last portion, which goes with the request for the answer."""
        known, self._chat = common(self._chat, ids), ids
        size = _LEAST_TOKENS
        await self._others_done()
        while (known := known + size) < len(ids):
            size = _portion(size, await self._read(ids[:known], {"id_slot": FOR_CHAT}))
            await self._others_done()

    async def _others_done(self) -> None:
        """Wait until no slot is at work, whoever of the users keeps it so."""
        while any(each.is_processing for each in await self._host.get("/slots", list[_Slot])):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(_LOOK_S)


def _portion(size: int, last: Evaluation | None) -> int:
    """Return how many tokens to read next, by how long the last ones took."""
    if last is None or last.tokens < size or not last.seconds:
        # It knew them, or does not tell.
        return size
    fitting = int(last.tokens / last.seconds * _PORTION_S)
    return min(max(fitting, _LEAST_TOKENS), _MOST_TOKENS)
