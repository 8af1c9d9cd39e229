"""The pieces of an answer as OpenAI and all of its kind stream it, be it a completion or chat."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from msgspec import Struct

from infill_ls.errors import BadAnswer
from infill_ls.types import Delta, Finish

COUNTED: Mapping[str, object] = {"stream_options": {"include_usage": True}}
"""What a request has besides, so that the usage is told."""

_END = "eos_token"
"""TGI's finish in completions, and in chat before 2.3: the chunk is the end token itself, which
both may spell."""


class _Content(Struct):
    content: str | None = None


class _Choice(Struct):
    text: str | None = None
    delta: _Content | None = None
    """In place of `text`, in chat and at Mistral."""
    finish_reason: str | None = None
    """Empty like None: TGI's, until the last one."""

    def said(self) -> str:
        """Return the text, wherever it stands."""
        if self.finish_reason == _END:
            return ""
        return (self.delta.content if self.delta else self.text) or ""


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Chunk(Struct):
    """One event."""

    choices: list[_Choice]
    """Empty where only the usage is told."""
    usage: _Usage | None = None


_LENGTH = frozenset({"length", "model_length"})

_FAILED = frozenset({"error", "abort", "content_filter", "insufficient_system_resource"})
"""Finishes of vLLM, Mistral and DeepSeek after which the text is no answer."""


async def deltas_of(chunks: AsyncIterator[Chunk], url: str) -> AsyncGenerator[Delta, None]:
    """Hand out the text; the counts come after the finish, if at all.

    Raises BadAnswer where the answer breaks off, or the host at `url` gives it up.
    """
    count = 0
    finish: Finish | None = None
    usage = _Usage()
    async for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices[:1]:
            text = choice.said()
            # In chat, the first chunk may tell no more than the role, and the last the finish.
            count += bool(text)
            yield Delta(text)
            finish = _finish(choice, url) or finish
    if finish is None:
        raise BadAnswer(f"{url} broke off its answer", hint="try again")
    yield Delta("", finish, usage.prompt_tokens, usage.completion_tokens or count)


def _finish(choice: _Choice, url: str) -> Finish | None:
    reason = choice.finish_reason
    if reason in _FAILED:
        raise BadAnswer(f"{url} gave up its answer ({reason})", hint="try again")
    if not reason:
        return None
    return "length" if reason in _LENGTH else "end"
