"""text-generation-inference: takes text, adds the begin token itself, streams tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from msgspec import Struct

from infill_ls.backends.base import Exchange
from infill_ls.backends.http import Host
from infill_ls.errors import BadAnswer, NotFound
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Code, Delta, Finish, ModelInfo, Prompt

_FINISH: dict[str, Finish] = {"length": "length", "eos_token": "end", "stop_sequence": "end"}


class _Info(Struct):
    """The part of `/info` that matters here (router/src/server.rs)."""

    model_id: str = ""
    max_total_tokens: int | None = None


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


class Tgi:
    """A TGI host, from version 1.1 on."""

    kind = "tgi"

    def __init__(self, host: Host, settings: BackendSettings) -> None:
        self._host = host
        self._name = settings.model
        self._model: ModelInfo | None = None

    async def model(self) -> ModelInfo:
        """Ask `/info`; a host behind a proxy that hides it is taken as unknown."""
        if self._model is None:
            try:
                info = await self._host.get("/info", _Info)
            except NotFound:
                info = _Info()
            self._model = ModelInfo(self._name or info.model_id, info.max_total_tokens)
        return self._model

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open `/generate_stream`."""
        async with (
            self._host.events("/generate_stream", _body(prompt), _Event) as events,
            aclosing(self._deltas(events)) as deltas,
        ):
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the one request."""
        return [Exchange("POST", f"{self._host.url}/generate_stream", _body(prompt))]

    async def check(self, prompt: Prompt) -> str:
        """Say that the prompt goes as text."""
        return "as text, which the host tokenises itself"

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _deltas(self, events: AsyncIterator[_Event]) -> AsyncGenerator[Delta, None]:
        """Join nothing but the tokens: `generated_text` has lost a leading blank."""
        count = 0
        async for event in events:
            count += 1
            text = "" if event.token.special else event.token.text
            if event.generated_text is None:
                yield Delta(text)
                continue
            details = event.details or _Details()
            yield Delta(
                text,
                finish=_FINISH.get(details.finish_reason, "end"),
                prompt_tokens=details.input_length,
                completion_tokens=details.generated_tokens or count,
            )
            return
        raise BadAnswer(f"{self._host.url} broke off its answer", hint="try again")


def _body(prompt: Prompt) -> dict[str, object]:
    """`temperature` 0 is an error to TGI, and leaving it out is greedy; at most 4 stops."""
    parameters: dict[str, object] = {
        "max_new_tokens": prompt.max_tokens,
        "return_full_text": False,
        "details": True,
    }
    if prompt.end:
        parameters["stop"] = [token.text for token in prompt.end][:4]
    if prompt.temperature > 0:
        parameters |= {"do_sample": True, "temperature": prompt.temperature}
    return {"inputs": _text(prompt), "parameters": parameters}


def _text(prompt: Prompt) -> str:
    return "".join(part.plain() if isinstance(part, Code) else part.text for part in prompt.parts)
