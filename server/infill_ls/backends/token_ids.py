"""A prompt as token ids, so that it is exact whatever the buffer holds.

The host's own tokenizer makes them, of each part of the prompt alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from cachetools import LRUCache

from infill_ls.errors import BadAnswer
from infill_ls.types import Code, Control, Part, Prompt

_FACE = "☺"
"""Put before a text that must not get SentencePiece's leading blank, and dropped again as tokens
(`encode_infilling` in Meta's llama/tokenizer.py)."""

_REMEMBERED = 64
"""Tokenised texts kept; the suffix and the control tokens hardly ever change."""

Tokenize = Callable[[str, bool], Awaitable[list[int]]]
"""Asks a host for a text's ids. With True, the text may be a control token, or, where it is empty,
is the token that the model wants at the beginning; with False, no piece of it is meant as one."""


class TokenIds:
    """Makes ids, and remembers those of texts that come again."""

    def __init__(self, url: str, tokenize: Tokenize) -> None:
        self._url = url
        self._ask = tokenize
        self._known: LRUCache[tuple[str, bool], list[int]] = LRUCache(_REMEMBERED)

    async def of(self, parts: Sequence[Part], prompt: Prompt) -> dict[Part, list[int]]:
        """Return the ids of each part; the host is asked for all at once. Raises BackendError."""
        tokens = await asyncio.gather(
            *(
                self._control(part) if isinstance(part, Control) else self._code(part, prompt)
                for part in parts
            )
        )
        return dict(zip(parts, tokens, strict=True))

    async def check(self, prompt: Prompt) -> str:
        """Say how many ids the prompt has.

        Raises BadAnswer if the host's tokenizer does not read its control tokens as such.
        """
        async for part, ids in self._misread(prompt):
            raise BadAnswer(
                f"{self._url} reads {part.text.strip()!r} as the tokens {ids}",
                hint="this model has another format: set prompt.template",
            )
        return f"as token ids ({await self.count(prompt)} for the test)"

    async def count(self, prompt: Prompt) -> int:
        """Return how many ids the prompt has. Raises BackendError."""
        return sum(map(len, (await self.of(prompt.parts, prompt)).values()))

    async def keep(self, prompt: Prompt) -> bool:
        """Return whether the vocabulary has each control token of the prompt."""
        return not [part async for part, _ in self._misread(prompt)]

    async def _misread(self, prompt: Prompt) -> AsyncGenerator[tuple[Control, list[int]], None]:
        """Yield the control tokens that are none to the host, with what it reads instead."""
        for part in prompt.parts:
            if isinstance(part, Control) and part.text:
                ids = await self._tokenize(part.text.strip(), special=True)
                if len(ids) != 1 or part.id not in (None, ids[0]):
                    yield part, ids

    async def _control(self, control: Control) -> list[int]:
        if control.id is not None:
            return [control.id]
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
            raise BadAnswer(f"{self._url} tokenises {_FACE!r} together with what follows")
        return tokens[len(face) :]

    async def _tokenize(self, text: str, *, special: bool = False) -> list[int]:
        known = self._known.get((text, special))
        if known is None:
            known = await self._ask(text, special)
            self._known[text, special] = known
        return known
