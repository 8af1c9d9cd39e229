"""text-generation-inference: takes text, adds the begin token itself, streams tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace

from msgspec import Struct, field

from infill_ls.backends.as_text import HOW, AsText, control_of, end_of, nothing, text_of, until_stop
from infill_ls.backends.base import Exchange
from infill_ls.backends.http.host import NO_HEADERS, Host
from infill_ls.backends.messages import ROUTE, answered
from infill_ls.backends.sampling import TGI, TGI_CHAT, spelled, told
from infill_ls.errors import BadAnswer, HostFailed, NotFound, RequestRejected
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Control, Delta, Finish, Message, ModelInfo, Prompt, Sampling

_FINISH: dict[str, Finish] = {"length": "length", "eos_token": "end", "stop_sequence": "end"}

_ROUTE = "/generate_stream"

_NEARLY_GREEDY = 0.01
"""The temperature of a greedy conversation: versions before 2.0.2 refuse 0, and all of them take it
for 1 where it is left out."""


class _Info(Struct):
    """The part of `/info` that matters here (router/src/server.rs)."""

    model_id: str = ""
    max_total_tokens: int | None = None
    max_input_tokens: int | None = None
    old_max_input: int | None = field(default=None, name="max_input_length")
    """What versions before 2.1 call it."""


class _Read(Struct):
    """One token of `/tokenize`, which versions before 1.4 do not have."""

    id: int
    text: str


class _Token(Struct):
    text: str
    special: bool


class _Details(Struct):
    finish_reason: str = ""
    generated_tokens: int | None = None
    input_length: int | None = None
    """Known from version 2.3 on."""


class _Event(Struct):
    """One event of a stream; the last one has the whole text as well."""

    token: _Token
    generated_text: str | None = None
    details: _Details | None = None

    def is_last(self) -> bool:
        """Return whether the answer is complete."""
        return self.generated_text is not None


class Tgi(AsText):
    """A TGI host, from version 1.1 on, perhaps behind a proxy that gives it another kind."""

    def __init__(self, host: Host, settings: BackendSettings, *, kind: str = "tgi") -> None:
        self.kind = kind
        self._host = host
        self._name = settings.model
        self._model: ModelInfo | None = None
        self._tokenizes = True

    async def model(self) -> ModelInfo:
        """Ask `/info`; a host behind a proxy that hides it is taken as unknown."""
        if self._model is None:
            try:
                info = await self._host.get("/info", _Info)
            except NotFound:
                info = _Info()
            self._model = ModelInfo(
                self._name or info.model_id,
                info.max_total_tokens,
                input_tokens=info.max_input_tokens or info.old_max_input,
            )
        return self._model

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open `/generate_stream`."""
        async with answer(self._host, _ROUTE, body_of(prompt, self._host), prompt) as deltas:
            yield deltas

    def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        """Ask the Messages API, which versions before 1.4 do not have."""
        return conversed(self._host, self._name or "tgi", messages, sampling)

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the one request."""
        return [Exchange("POST", f"{self._host.url}{_ROUTE}", body_of(prompt, self._host))]

    async def count(self, prompt: Prompt) -> int | None:
        """Ask `/tokenize`."""
        tokens = await self._tokenized(prompt)
        return None if tokens is None else len(tokens)

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Look for the prompt's control tokens, in their order, in what `/tokenize` answers."""
        tokens = await self._tokenized(prompt)
        if tokens is None:
            return None
        placed = [part for part in prompt.parts if isinstance(part, Control) and part.text]
        spelled = control_of(prompt)
        ids = {part.id for part in placed}
        read = [token for token in tokens if token.id in ids or token.text.strip() in spelled]
        return len(read) == len(placed) and all(map(_is, read, placed))

    async def check(self, prompt: Prompt) -> str:
        """Say that the prompt goes as text."""
        return told(HOW, TGI, prompt)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _tokenized(self, prompt: Prompt) -> list[_Read] | None:
        """Return the prompt's tokens, or None where there is no such route."""
        if not self._tokenizes:
            return None
        try:
            return await self._host.post("/tokenize", body_of(prompt, self._host), list[_Read])
        except (NotFound, RequestRejected, HostFailed, BadAnswer):
            self._tokenizes = False
            return None


def _is(token: _Read, control: Control) -> bool:
    if control.id is not None:
        return token.id == control.id
    return token.text.strip() == control.text.strip()


def body_of(prompt: Prompt, host: Host) -> dict[str, object]:
    """Return the body that all of TGI's routes take. Raises RequestRejected."""
    parameters = spelled(TGI, prompt.sampling, host.url, end=end_of(prompt))
    if not prompt.sampling.greedy:
        parameters["do_sample"] = True
    # Where it is left out, one of the routes takes it as true.
    parameters |= {"return_full_text": False, "details": True}
    return {"inputs": text_of(prompt), "parameters": parameters}


@asynccontextmanager
async def answer(
    host: Host,
    path: str,
    body: dict[str, object],
    prompt: Prompt,
    headers: Mapping[str, str] = NO_HEADERS,
) -> AsyncIterator[AsyncIterator[Delta]]:
    """Open TGI's answer to a prompt at whichever path it is."""
    if not body["inputs"]:
        async with aclosing(nothing()) as deltas:
            yield deltas
        return
    async with (
        host.events(path, body, _Event, headers, _Event.is_last) as events,
        aclosing(_deltas(events, prompt, host)) as tokens,
        # TGI stops only where a token ends with the stop, and sends it along.
        aclosing(until_stop(tokens, prompt.sampling.stop)) as deltas,
    ):
        yield deltas


def conversed(
    host: Host,
    model: str,
    messages: Sequence[Message],
    sampling: Sampling,
    *,
    path: str = ROUTE,
    headers: Mapping[str, str] = NO_HEADERS,
) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
    """Open TGI's answer to a conversation at whichever path it is."""
    if sampling.greedy:
        sampling = replace(sampling, temperature=_NEARLY_GREEDY, do_sample=None)
    return answered(host, model, messages, sampling, path=path, table=TGI_CHAT, headers=headers)


async def _deltas(
    events: AsyncIterator[_Event], prompt: Prompt, host: Host
) -> AsyncGenerator[Delta, None]:
    """Join nothing but the tokens: `generated_text` has lost a leading blank."""
    count = 0
    end = end_of(prompt)
    async for event in events:
        count += 1
        text = "" if event.token.special else event.token.text
        if event.is_last():
            details = event.details or _Details()
            yield Delta(
                text,
                finish=_FINISH.get(details.finish_reason, "end"),
                prompt_tokens=details.input_length,
                completion_tokens=details.generated_tokens or count,
            )
            return
        if event.token.special and event.token.text.strip() in end:
            # One of those for which the host had no room among its stops.
            yield Delta("", "end", completion_tokens=count)
            return
        yield Delta(text)
    raise BadAnswer(f"{host.url} broke off its answer", hint="try again")
