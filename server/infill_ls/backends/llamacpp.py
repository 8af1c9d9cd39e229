"""llama.cpp's server: takes token ids, so that a prompt is exact whatever the buffer holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from cachetools import LRUCache
from msgspec import Struct, field

from infill_ls.backends.base import Exchange
from infill_ls.backends.http import Host
from infill_ls.errors import BadAnswer
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Code, Control, Delta, ModelInfo, Part, Prompt

_FACE = "☺"
"""Put before a text that must not get SentencePiece's leading blank, and dropped again as tokens
(`encode_infilling` in Meta's llama/tokenizer.py)."""

_REMEMBERED = 64
"""Tokenised texts kept; the suffix and the control tokens hardly ever change."""


class _GenerationSettings(Struct):
    n_ctx: int | None = None


class _Props(Struct):
    """The part of `/props` that matters here (tools/server/README.md)."""

    model_path: str = ""
    default_generation_settings: _GenerationSettings = field(default_factory=_GenerationSettings)


class _Tokenized(Struct):
    tokens: list[int]


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


class LlamaCpp:
    """A llama.cpp server. `slow` says that prompts are better short."""

    kind = "llamacpp"

    def __init__(self, host: Host, settings: BackendSettings, *, slow: bool = False) -> None:
        self._host = host
        self._name = settings.model
        self._slow = slow
        self._model: ModelInfo | None = None
        self._tokens: LRUCache[tuple[str, bool], list[int]] = LRUCache(_REMEMBERED)

    async def model(self) -> ModelInfo:
        """Ask `/props`."""
        if self._model is None:
            props = await self._host.get("/props", _Props)
            self._model = ModelInfo(
                name=self._name or props.model_path,
                context_tokens=props.default_generation_settings.n_ctx,
                slow=self._slow,
            )
        return self._model

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None, slow=self._slow)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Tokenise through the host, then open `/completion`."""
        tokens = await self._tokens_of((*prompt.parts, *prompt.end), prompt)
        ids = [i for part in prompt.parts for i in tokens[part]]
        control = {i for part in prompt.parts if isinstance(part, Control) for i in tokens[part]}
        end = {tokens[part][0] for part in prompt.end if len(tokens[part]) == 1}
        # After a stream this server may close the connection, though it says it keeps it: the next
        # request over it was lost 2 times in 6 (build of 2026-10).
        async with (
            self._host.events("/completion", _body(prompt, ids), _Event, last=True) as events,
            aclosing(self._deltas(events, end, control)) as deltas,
        ):
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the completion request; where only the host knows the ids, the text stands."""
        shown = [_shown(part) for part in prompt.parts]
        return [Exchange("POST", f"{self._host.url}/completion", _body(prompt, shown))]

    async def check(self, prompt: Prompt) -> str:
        """Tokenise the prompt, and see that the model has the control tokens."""
        for part in prompt.parts:
            if isinstance(part, Control) and part.text:
                ids = await self._tokenize(part.text.strip(), special=True)
                if len(ids) != 1 or part.id not in (None, ids[0]):
                    raise BadAnswer(
                        f"{self._host.url} reads {part.text.strip()!r} as the tokens {ids}",
                        hint="this model has another format: set prompt.template",
                    )
        tokens = await self._tokens_of(prompt.parts, prompt)
        return f"as token ids ({sum(map(len, tokens.values()))} for the test)"

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _tokens_of(self, parts: Sequence[Part], prompt: Prompt) -> dict[Part, list[int]]:
        """Return the ids of each part; the host is asked for all at once."""
        tokens = await asyncio.gather(
            *(
                self._control(part) if isinstance(part, Control) else self._code(part, prompt)
                for part in parts
            )
        )
        return dict(zip(parts, tokens, strict=True))

    async def _control(self, control: Control) -> list[int]:
        if control.id is not None:
            return [control.id]
        # Of an empty text, the tokenizer makes the begin token where the model has one.
        return await self._tokenize(control.text, special=True)

    async def _code(self, code: Code, prompt: Prompt) -> list[int]:
        """Tokenise each segment alone; only the prompt's own beginning gets the leading blank."""
        first, *rest = code.segments
        bare = self._bare if prompt.sentencepiece else self._tokenize
        pieces = await asyncio.gather(
            (self._tokenize if code.before_cursor else bare)(first), *map(bare, rest)
        )
        return [i for piece in pieces for i in piece]

    async def _bare(self, text: str) -> list[int]:
        """Return a text's ids without the blank that SentencePiece puts before it."""
        face, tokens = await asyncio.gather(self._tokenize(_FACE), self._tokenize(_FACE + text))
        if tokens[: len(face)] != face:
            raise BadAnswer(f"{self._host.url} tokenises {_FACE!r} together with what follows")
        return tokens[len(face) :]

    async def _tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Return a text's ids; only with `special` is anything in it read as a control token."""
        known = self._tokens.get((text, special))
        if known is None:
            body: dict[str, object] = {
                "content": text,
                "add_special": special and not text,
                "parse_special": special,
            }
            known = (await self._host.post("/tokenize", body, _Tokenized)).tokens
            self._tokens[text, special] = known
        return known

    async def _deltas(
        self, events: AsyncIterator[_Event], end: set[int], control: set[int]
    ) -> AsyncGenerator[Delta, None]:
        """Hand out the text; a file may declare control tokens as words, so their ids decide."""
        count = 0
        async for event in events:
            count += len(event.tokens)
            if not end.isdisjoint(event.tokens):
                yield Delta("", "end", event.tokens_evaluated, count)
                return
            if not event.stop:
                yield Delta(event.content if control.isdisjoint(event.tokens) else "")
                continue
            limited = event.stop_type == "limit" or event.stopped_limit
            yield Delta(
                event.content,
                finish="length" if limited else "end",
                prompt_tokens=event.tokens_evaluated,
                completion_tokens=event.tokens_predicted or count,
            )
            return
        raise BadAnswer(f"{self._host.url} broke off its answer", hint="try again")


def _body(prompt: Prompt, ids: object) -> dict[str, object]:
    return {
        "prompt": ids,
        "n_predict": prompt.max_tokens,
        "temperature": prompt.temperature,
        "cache_prompt": True,
        "return_tokens": True,
        "stream": True,
    }


def _shown(part: Part) -> object:
    if isinstance(part, Code):
        return {"tokens of": part.segments}
    return {"control": part.text} if part.id is None else part.id
