"""llama.cpp's server: takes token ids, so that a prompt is exact whatever the buffer holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

from msgspec import Struct, field

from infill_ls.backends.base import Exchange
from infill_ls.backends.http.host import Host
from infill_ls.backends.messages import answered
from infill_ls.backends.sampling import LLAMACPP, spelled, told
from infill_ls.backends.token_ids import TokenIds
from infill_ls.errors import BadAnswer
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import (
    Code,
    Control,
    Delta,
    Evaluation,
    Message,
    ModelInfo,
    Part,
    Prompt,
    Sampling,
)

LAST = {"connection": "close"}
"""After a stream this server may close the connection, though it says it keeps it: the next
request over it was lost 2 times in 6 (build of 2026-10)."""


class _GenerationSettings(Struct):
    n_ctx: int | None = None


class _Props(Struct):
    """The part of `/props` that matters here (tools/server/README.md)."""

    model_path: str = ""
    default_generation_settings: _GenerationSettings = field(default_factory=_GenerationSettings)


class _Tokenized(Struct):
    tokens: list[int]


class _Timings(Struct):
    """What reading the prompt took; old builds do not say what they found in their cache."""

    prompt_n: int = 0
    prompt_ms: float = 0.0
    cache_n: int = 0

    def evaluation(self) -> Evaluation | None:
        """Return the same in our words, if it is told at all."""
        told = Evaluation(self.prompt_n, self.cache_n, self.prompt_ms / 1000)
        return told if self.prompt_n else None


class _Event(Struct):
    """One event of a stream; the last one has `stop`."""

    content: str
    stop: bool
    tokens: list[int] = []
    tokens_evaluated: int | None = None
    tokens_predicted: int | None = None
    stop_type: str = ""
    stopped_limit: bool = False
    """What builds before 2024-12 had in place of `stop_type`."""
    timings: _Timings | None = None


class LlamaCpp:
    """A llama.cpp server, which reads so many tokens a second, if that is known."""

    kind = "llamacpp"

    def __init__(
        self, host: Host, settings: BackendSettings, *, tokens_per_s: float | None = None
    ) -> None:
        self._host = host
        self._name = settings.model
        self._tokens_per_s = tokens_per_s
        self._model: ModelInfo | None = None
        self._tokens = TokenIds(host.url, self._tokenize)

    async def model(self) -> ModelInfo:
        """Ask `/props`."""
        if self._model is None:
            props = await self._host.get("/props", _Props)
            self._model = ModelInfo(
                name=self._name or props.model_path,
                context_tokens=props.default_generation_settings.n_ctx,
                tokens_per_s=self._tokens_per_s,
                takes_ids=True,
            )
        return self._model

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None, tokens_per_s=self._tokens_per_s, takes_ids=True)

    async def models(self) -> list[str]:
        """Name none: the server was started with one."""
        return []

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Tokenise through the host, then open `/completion`."""
        tokens = await self._tokens.of((*prompt.parts, *prompt.end), prompt)
        ids = [i for part in prompt.parts for i in tokens[part]]
        control = {i for part in prompt.parts if isinstance(part, Control) for i in tokens[part]}
        end = {tokens[part][0] for part in prompt.end if len(tokens[part]) == 1}
        body = self._body(prompt, ids) | await self._place(prompt, ids)
        async with (
            self._host.events("/completion", body, _Event, LAST) as events,
            aclosing(self._deltas(events, end, control)) as deltas,
        ):
            yield deltas

    def converse(
        self, messages: Sequence[Message], sampling: Sampling
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        """Ask the Messages API, whose template is in the model's file."""
        return answered(self._host, self._name or "", messages, sampling, headers=LAST)

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the completion request; where only the host knows the ids, the text stands."""
        shown = [_shown(part) for part in prompt.parts]
        return [Exchange("POST", f"{self._host.url}/completion", self._body(prompt, shown))]

    async def check(self, prompt: Prompt) -> str:
        """Tokenise the prompt, and see that the model has the control tokens."""
        return told(await self._tokens.check(prompt), LLAMACPP, prompt)

    async def count(self, prompt: Prompt) -> int | None:
        """Count the ids."""
        return await self._tokens.count(prompt)

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Look for the control tokens in the vocabulary; they go as ids, whatever is around."""
        return await self._tokens.keep(prompt)

    async def warm(self, prompt: Prompt) -> None:
        """Have the prompt read into the server's cache."""
        tokens = await self._tokens.of(prompt.parts, prompt)
        ids = [i for part in prompt.parts for i in tokens[part]]
        await self._read(ids, await self._place(prompt, ids))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _place(self, prompt: Prompt, ids: list[int]) -> dict[str, object]:
        """Return what a request says of where it is served; here the server decides."""
        return {}

    async def _read(self, ids: list[int], place: dict[str, object]) -> Evaluation | None:
        """Have a prompt read into the server's cache; return what that took, if it is told."""
        body = {"prompt": ids, "n_predict": 0, "cache_prompt": True, "stream": True, **place}
        evaluation = None
        async with self._host.events("/completion", body, _Event, LAST) as events:
            async for event in events:
                evaluation = event.timings.evaluation() if event.timings else evaluation
        return evaluation

    async def _tokenize(self, text: str, special: bool) -> list[int]:
        body: dict[str, object] = {
            "content": text,
            # Of an empty text, the tokenizer makes the begin token where the model has one.
            "add_special": special and not text,
            "parse_special": special,
        }
        return (await self._host.post("/tokenize", body, _Tokenized)).tokens

    def _body(self, prompt: Prompt, ids: object) -> dict[str, object]:
        """The tokens that end the answer are no stop texts here: their ids are looked for."""
        return {
            "prompt": ids,
            "cache_prompt": True,
            "return_tokens": True,
            "timings_per_token": True,
            "stream": True,
            **spelled(LLAMACPP, prompt.sampling, self._host.url),
        }

    async def _deltas(
        self, events: AsyncIterator[_Event], end: set[int], control: set[int]
    ) -> AsyncGenerator[Delta, None]:
        """Hand out the text; a file may declare control tokens as words, so their ids decide."""
        count = 0
        async for event in events:
            count += len(event.tokens)
            evaluation = event.timings.evaluation() if event.timings else None
            if not end.isdisjoint(event.tokens):
                yield Delta("", "end", event.tokens_evaluated, count, evaluation)
                return
            if not event.stop:
                text = event.content if control.isdisjoint(event.tokens) else ""
                yield Delta(text, evaluation=evaluation)
                continue
            limited = event.stop_type == "limit" or event.stopped_limit
            yield Delta(
                event.content,
                finish="length" if limited else "end",
                prompt_tokens=event.tokens_evaluated,
                completion_tokens=event.tokens_predicted or count,
                evaluation=evaluation,
            )
            return
        raise BadAnswer(f"{self._host.url} broke off its answer", hint="try again")


def _shown(part: Part) -> object:
    if isinstance(part, Code):
        return {"tokens of": part.segments}
    return {"control": part.text} if part.id is None else part.id
