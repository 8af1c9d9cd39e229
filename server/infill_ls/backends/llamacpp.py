"""llama.cpp's server: takes token ids, so that a prompt is exact whatever the buffer holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from cachetools import LRUCache

from infill_ls.backends.base import Exchange
from infill_ls.backends.http import Host
from infill_ls.errors import BadAnswer
from infill_ls.settings.tree import BackendSettings
from infill_ls.types import Code, Control, Delta, ModelInfo, Prompt

_FACE = "☺"
"""Put before a text that must not get SentencePiece's leading blank, and dropped again as tokens
(`encode_infilling` in Meta's llama/tokenizer.py)."""

_REMEMBERED = 64
"""Tokenised texts kept; the suffix and the control tokens hardly ever change."""


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
            props = await self._host.get("/props")
            self._model = ModelInfo(
                name=self._name or str(props.get("model_path", "")),
                context_tokens=props.get("default_generation_settings", {}).get("n_ctx"),
                slow=self._slow,
            )
        return self._model

    def assumed(self) -> ModelInfo:
        """Return the name that the settings give."""
        return ModelInfo(self._name or "", None, slow=self._slow)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[Delta]]:
        """Tokenise through the host, then open `/completion`."""
        ids = [i for part in await self._all(prompt.parts, prompt) for i in part]
        end = {token[0] for token in await self._all(prompt.end, prompt) if len(token) == 1}
        async with (
            self._host.events("/completion", _body(prompt, ids)) as events,
            aclosing(self._deltas(events, end)) as deltas,
        ):
            yield deltas

    def preview(self, prompt: Prompt) -> list[Exchange]:
        """Return the completion request; where only the host knows the ids, the text stands."""
        shown = [
            part.id
            if isinstance(part, Control) and part.id is not None
            else {"control": part.text}
            if isinstance(part, Control)
            else {"tokens of": list(part.segments)}
            for part in prompt.parts
        ]
        return [Exchange("POST", f"{self._host.url}/completion", _body(prompt, shown))]

    async def check(self, prompt: Prompt) -> str:
        """Tokenise the prompt, and see that each control token is one token."""
        controls = [part for part in prompt.parts if isinstance(part, Control) and part.text]
        for control, ids in zip(controls, await self._all(tuple(controls), prompt), strict=True):
            if len(ids) != 1:
                raise BadAnswer(
                    f"{self._host.url} reads {control.text!r} as {len(ids)} tokens",
                    hint="this model has another format: set prompt.template",
                )
        count = sum(map(len, await self._all(prompt.parts, prompt)))
        return f"as token ids ({count} for the test)"

    async def aclose(self) -> None:
        """Close all connections."""
        await self._host.aclose()

    async def _all(
        self, parts: tuple[Control | Code, ...] | tuple[Control, ...], prompt: Prompt
    ) -> list[list[int]]:
        """Return the ids of each part; all are asked for at once."""
        return await asyncio.gather(
            *(
                self._control(part) if isinstance(part, Control) else self._code(part, prompt)
                for part in parts
            )
        )

    async def _control(self, control: Control) -> list[int]:
        if control.id is not None:
            return [control.id]
        # Of an empty text, the tokenizer makes the begin token where the model has one.
        return await self._tokenize(control.text, special=True)

    async def _code(self, code: Code, prompt: Prompt) -> list[int]:
        """Tokenise each segment alone; only the prompt's own beginning gets the leading blank."""
        first, *rest = code.segments
        bare = prompt.sentencepiece
        pieces = await asyncio.gather(
            self._tokens_of(first, bare=bare and not code.before_cursor),
            *(self._tokens_of(segment, bare=bare) for segment in rest),
        )
        return [i for piece in pieces for i in piece]

    async def _tokens_of(self, text: str, *, bare: bool) -> list[int]:
        """Return a text's ids, in which nothing is read as control; `bare`: no leading blank."""
        if not bare:
            return await self._tokenize(text, special=False)
        face, tokens = await asyncio.gather(
            self._tokenize(_FACE, special=False), self._tokenize(_FACE + text, special=False)
        )
        if tokens[: len(face)] != face:
            raise BadAnswer(f"{self._host.url} tokenises {_FACE!r} together with what follows")
        return tokens[len(face) :]

    async def _tokenize(self, text: str, *, special: bool) -> list[int]:
        if (text, special) not in self._tokens:
            body: dict[str, object] = {
                "content": text,
                "add_special": special and not text,
                "parse_special": special,
            }
            self._tokens[text, special] = (await self._host.post("/tokenize", body))["tokens"]
        return self._tokens[text, special]

    async def _deltas(
        self, events: AsyncIterator[dict[str, Any]], end: set[int]
    ) -> AsyncGenerator[Delta, None]:
        count = 0
        async for event in events:
            ids = event.get("tokens", [])
            count += len(ids)
            if not end.isdisjoint(ids):
                yield Delta("", "end", event.get("tokens_evaluated"), count)
                return
            if not event["stop"]:
                yield Delta(event["content"])
                continue
            yield Delta(
                event["content"],
                finish="length" if event.get("stop_type") == "limit" else "end",
                prompt_tokens=event.get("tokens_evaluated"),
                completion_tokens=event.get("tokens_predicted", count),
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
