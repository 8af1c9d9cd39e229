"""Ollama: takes text, answers with lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, NoReturn

from msgspec import Struct

from infill_ls.backends.as_text import HOW, AsText, control_of, end_of, nothing, text_of
from infill_ls.backends.base import Exchange
from infill_ls.backends.http.host import Host
from infill_ls.backends.messages import turns
from infill_ls.backends.sampling import OLLAMA, spelled, told
from infill_ls.errors import BadAnswer, NotFound
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Delta, Message, ModelInfo, Prompt, Sampling

_ROUTE = "/api/generate"
_CHAT = "/api/chat"

_NAMED = 10
"""How many of the host's models a message names."""


class _Tag(Struct):
    name: str


class Tags(Struct):
    """What `/api/tags` answers (docs/api.md); no other kind of host has it."""

    models: list[_Tag]


class _Shown(Struct):
    """The part of `/api/show` that matters here."""

    model_info: dict[str, Any] = {}

    def context_tokens(self) -> int | None:
        """Return what stands under "llama.context_length", whatever the architecture's name."""
        lengths = (v for k, v in self.model_info.items() if k.endswith(".context_length"))
        return next((length for length in lengths if isinstance(length, int)), None)


class _Said(Struct):
    content: str


class _Line(Struct):
    """One line of an answer; the last one has `done`."""

    done: bool
    response: str = ""
    message: _Said | None = None
    """In place of `response`, in chat."""
    done_reason: str = ""
    prompt_eval_count: int | None = None
    eval_count: int | None = None

    def said(self) -> str:
        """Return the text, wherever it stands."""
        return self.message.content if self.message else self.response


class Ollama(AsText):
    """An Ollama host."""

    kind = "ollama"

    def __init__(self, host: Host, settings: BackendSettings) -> None:
        self._host = host
        self._name = settings.model
        self._context_tokens = settings.context_tokens
        self._model: ModelInfo | None = None

    async def model(self) -> ModelInfo:
        """Ask `/api/show`. Raises NotFound where the settings name no model."""
        if self._model is None:
            name = self._name or await self._no_model()
            most = await self._most_tokens(name)
            self._model = ModelInfo(name, min(self._context_tokens, most or self._context_tokens))
        return self._model

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None)

    async def models(self) -> list[str]:
        """Ask `/api/tags`."""
        return [tag.name for tag in (await self._host.get("/api/tags", Tags)).models]

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open `/api/generate`."""
        body = self._body(self._name or await self._no_model(), prompt)
        if not body["prompt"]:
            # To Ollama this is a request to load the model.
            async with aclosing(nothing()) as deltas:
                yield deltas
            return
        async with (
            self._host.lines(_ROUTE, body, _Line, _is_last) as lines,
            aclosing(self._deltas(lines, control_of(prompt))) as deltas,
        ):
            yield deltas

    @asynccontextmanager
    async def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AsyncIterator[AsyncIterator[Delta]]:
        """Open `/api/chat`: the Messages API, which Ollama has too, takes no length of context."""
        body = {
            "model": self._name or await self._no_model(),
            "messages": turns(messages),
            "stream": True,
            "options": self._options(sampling),
        }
        async with (
            self._host.lines(_CHAT, body, _Line, _is_last) as lines,
            aclosing(self._deltas(lines)) as deltas,
        ):
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the one request."""
        body = self._body(self._name or "", prompt)
        return [Exchange("POST", f"{self._host.url}{_ROUTE}", body)]

    async def check(self, prompt: Prompt) -> str:
        """Say that the prompt goes as text."""
        return told(HOW, OLLAMA, prompt)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _no_model(self) -> NoReturn:
        """Name the host's models to the user, who must choose. Raises NotFound."""
        names = await self.models()
        some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        hint = f"set it to one of {some}" if names else "run `ollama pull` first, then set it"
        raise NotFound(
            f"{self._host.url} is Ollama, and backend.model does not say which", hint=hint
        )

    async def _most_tokens(self, name: str) -> int | None:
        try:
            return (await self._host.post("/api/show", {"model": name}, _Shown)).context_tokens()
        except NotFound:
            # The completion will be told so as well, and with what to do about it.
            return None

    def _body(self, model: str, prompt: Prompt) -> dict[str, object]:
        return {
            "model": model,
            "prompt": text_of(prompt),
            "raw": True,
            "stream": True,
            "options": self._options(prompt.sampling, _stops(prompt)),
        }

    def _options(self, sampling: Sampling, end: tuple[str, ...] = ()) -> dict[str, object]:
        """The context is the user's to set: with Ollama's default, long prompts lose their head."""
        options = spelled(OLLAMA, sampling, self._host.url, end=end)
        return {"num_ctx": self._context_tokens, **options}

    async def _deltas(
        self, lines: AsyncIterator[_Line], control: frozenset[str] = frozenset()
    ) -> AsyncGenerator[Delta, None]:
        """Hand out the text; a file may declare control tokens as words, which come as such."""
        count = 0
        async for line in lines:
            text = "" if line.said().strip() in control else line.said()
            if line.done:
                yield Delta(
                    text,
                    finish="length" if line.done_reason == "length" else "end",
                    prompt_tokens=line.prompt_eval_count,
                    completion_tokens=line.eval_count or count,
                )
                return
            count += 1
            yield Delta(text)
        raise BadAnswer(f"{self._host.url} broke off its answer", hint="try again")


def _is_last(line: _Line) -> bool:
    return line.done


def _stops(prompt: Prompt) -> tuple[str, ...]:
    """Return the end tokens as texts; in SentencePiece's vocabularies, a blank belongs to each."""
    end = end_of(prompt)
    return (*(f" {text}" for text in end), *end) if prompt.sentencepiece else end
