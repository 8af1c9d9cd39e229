"""vLLM and all that speak OpenAI's `/v1/completions`; Mistral's and DeepSeek's infilling too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from msgspec import Struct

from infill_ls.backends.as_text import HOW, AsText, end_of, nothing
from infill_ls.backends.base import Exchange
from infill_ls.backends.http.host import Host
from infill_ls.backends.messages import answered
from infill_ls.backends.openai_chunks import Chunk, deltas_of
from infill_ls.backends.openai_routes import USUAL, Route, told_by
from infill_ls.backends.sampling import VLLM, Table, spelled, told
from infill_ls.backends.token_ids import TokenIds
from infill_ls.errors import BadAnswer, BadInput, NotFound, RequestRejected
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, Message, ModelInfo, Prompt, Sampling


class _Served(Struct):
    id: str
    owned_by: str = ""
    max_model_len: int | None = None
    """vLLM's own field: the context."""


class Models(Struct):
    """What `/v1/models` answers."""

    data: list[_Served]


class _Tokenized(Struct):
    """What vLLM's `/tokenize` answers; llama.cpp, which has one too, does not count."""

    tokens: list[int]
    count: int


_SOME = "a"
"""Any text."""


class OpenAi(AsText):
    """A host that is asked by one of the routes."""

    kind = "openai"

    def __init__(self, host: Host, settings: BackendSettings, route: Route = USUAL) -> None:
        self._host = host
        self._route = route
        self._name = settings.model
        self._served: _Served | None = None
        self._ids = TokenIds(host.url, self._tokenize)
        self._makes_ids: bool | None = None
        """None until the host was asked; False also where it does not take what it makes."""
        self._took_ids = False

    async def model(self) -> ModelInfo:
        """Ask `/v1/models`, or where prefix and suffix go apart, nothing."""
        if self._route.suffix:
            return self.assumed()
        served = await self._model()
        takes_ids = await self._takes_ids()
        return ModelInfo(served.id, served.max_model_len, takes_ids=takes_ids)

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None, infills=self._route.suffix)

    async def models(self) -> list[str]:
        """Ask `/v1/models`, or where the route has them."""
        return [served.id for served in await self._all_served()]

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Tokenise through the host if it can, then open the completions."""
        if not any(self._route.fields_of(prompt).values()):
            async with aclosing(nothing()) as deltas:
                yield deltas
            return
        async with AsyncExitStack() as stack:
            chunks = await self._opened(stack, prompt)
            yield await stack.enter_async_context(aclosing(deltas_of(chunks, self._host.url)))

    @asynccontextmanager
    async def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Ask the Messages API, wherever the route has it."""
        name = self._name or (await self._model()).id
        path, more = self._route.chat, self._route.more
        async with answered(self._host, name, messages, sampling, path=path, more=more) as deltas:
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the request as it goes where the host has no `/tokenize`."""
        body = self._body(self._name or "", prompt)
        return [Exchange("POST", f"{self._host.url}{self._route.path}", body)]

    async def check(self, prompt: Prompt) -> str:
        """Tokenise the prompt where the host can."""
        if self._route.suffix:
            return told(
                "as prefix and suffix, for the host's own format", self._route.table, prompt
            )
        await self._model()
        if await self._by_ids(prompt) is None:
            return told(HOW, self._table(), prompt)
        return told(await self._ids.check(prompt), self._table(), prompt)

    async def count(self, prompt: Prompt) -> int | None:
        """Count the ids, where the host makes them."""
        return await self._ids.count(prompt) if await self._knows_ids() else None

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Look for the control tokens in the vocabulary, where the host makes ids."""
        return await self._ids.keep(prompt) if await self._knows_ids() else None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _model(self) -> _Served:
        """Return the model that is asked, as the host describes it."""
        if self._served is None:
            data = await self._all_served()
            named = [served for served in data if self._name in (None, served.id)]
            if not named and not self._name:
                raise NotFound(f"{self._host.url} names no model", hint="set backend.model")
            self._served = named[0] if named else _Served(self._name or "")
        return self._served

    async def _all_served(self) -> list[_Served]:
        try:
            return (await self._host.get(self._route.models, Models)).data
        except NotFound:
            return []

    def _table(self) -> Table:
        """Return what the host takes: vLLM takes more than OpenAI."""
        return VLLM if self._is_vllm() else self._route.table

    def _is_vllm(self) -> bool:
        return self._served is not None and self._served.owned_by == "vllm"

    async def _opened(self, stack: AsyncExitStack, prompt: Prompt) -> AsyncIterator[Chunk]:
        """Open the answer; a host that takes no ids, though it makes them, is given text."""
        if self._route.suffix:
            return await self._open(stack, self._body(self._name or "", prompt))
        served = await self._model()
        as_text = self._body(served.id, prompt)
        as_ids = await self._by_ids(prompt)
        if as_ids is None:
            return await self._open(stack, as_text)
        try:
            chunks = await self._open(stack, {**as_text, **as_ids})
        except RequestRejected:
            if self._took_ids or self._is_vllm():
                raise
            chunks = await self._open(stack, as_text)
            self._makes_ids = False
            return chunks
        self._took_ids = True
        return chunks

    async def _open(self, stack: AsyncExitStack, body: dict[str, object]) -> AsyncIterator[Chunk]:
        return await stack.enter_async_context(self._host.events(self._route.path, body, Chunk))

    async def _by_ids(self, prompt: Prompt) -> dict[str, object] | None:
        """Return what differs in a request by token ids, or None where it goes as text."""
        if not await self._takes_ids():
            return None
        tokens = await self._ids.of((*prompt.parts, *prompt.end), prompt)
        fields: dict[str, object] = {"prompt": [i for p in prompt.parts for i in tokens[p]]}
        if self._is_vllm():
            ends = [tokens[part] for part in prompt.end]
            fields["stop_token_ids"] = [ids[0] for ids in ends if len(ids) == 1]
        return fields

    async def _takes_ids(self) -> bool:
        """Return whether the host makes ids, as far as is known whether it takes them."""
        if self._makes_ids is None:
            self._makes_ids = await self._has_tokenizer()
        return self._makes_ids

    async def _knows_ids(self) -> bool:
        return not self._route.suffix and await self._takes_ids()

    async def _has_tokenizer(self) -> bool:
        try:
            await self._tokenize("", True)
        except (NotFound, RequestRejected, BadAnswer):
            return False
        return True

    async def _tokenize(self, text: str, special: bool) -> list[int]:
        """The tokenizers of Hugging Face read control tokens in any text."""
        return await self._ask(text) if text or not special else await self._begin()

    async def _begin(self) -> list[int]:
        """Return what the tokenizer puts before a text; whether it takes an empty one is open."""
        alone, begun = await self._ask(_SOME), await self._ask(_SOME, begin=True)
        return begun[: -len(alone)] if alone and begun[-len(alone) :] == alone else []

    async def _ask(self, text: str, *, begin: bool = False) -> list[int]:
        served = await self._model()
        body: dict[str, object] = {
            "model": served.id,
            "prompt": text,
            "add_special_tokens": begin,
        }
        return (await self._host.post("/tokenize", body, _Tokenized)).tokens

    def _body(self, model: str, prompt: Prompt) -> dict[str, object]:
        more = dict(self._route.more)
        end = () if self._route.suffix else end_of(prompt)
        if self._is_vllm():
            # It leaves control tokens out of the text, where a stop text would never be found.
            more["stop_token_ids"] = [part.id for part in prompt.end if part.id is not None]
        return {
            "model": model,
            **self._route.fields_of(prompt),
            "stream": True,
            **more,
            **spelled(self._table(), prompt.sampling, self._host.url, end=end),
        }


def openai(url: str, settings: BackendSettings) -> OpenAi:
    """Return the back end; nothing is sent. Raises BadInput like `Host`, or for want of a model."""
    route = told_by(url) or USUAL
    if route.suffix and not settings.model:
        raise BadInput(f"there is no backend.model to ask for at {route.path}", hint="set it")
    return OpenAi(Host(route.base_of(url), settings), settings, route)
