"""A prompt as text, for hosts that tokenise it themselves; and what they do to its stops."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from infill_ls.types import Control, Delta, Part, Prompt

HOW = "as text, which the host tokenises itself"
"""What `Backend.check` says."""


class AsText:
    """What a back end can tell and do whose host tokenises a text and says nothing of it."""

    async def models(self) -> list[str]:
        """Name none: such a host serves one, or too many to name."""
        return []

    async def count(self, prompt: Prompt) -> int | None:
        """Leave it open."""
        return None

    async def keeps(self, prompt: Prompt) -> bool | None:
        """Leave it open."""
        return None

    async def warm(self, prompt: Prompt) -> None:
        """Do nothing: what such a host remembers is its own affair."""


def text_of(prompt: Prompt) -> str:
    """Return the prompt as one text; the begin token is the host's to add."""
    return "".join(_spelled(part, prompt) for part in prompt.parts)


def _spelled(part: Part, prompt: Prompt) -> str:
    """Return a part's text; SentencePiece's blank before a text has to be spelled inside one."""
    if isinstance(part, Control):
        return part.text
    text = part.plain()
    return f" {text}" if text and part.before_cursor and prompt.sentencepiece else text


def end_of(prompt: Prompt) -> tuple[str, ...]:
    """Return the spellings of the tokens that end the answer."""
    return tuple(token.text for token in prompt.end)


def control_of(prompt: Prompt) -> frozenset[str]:
    """Return the spellings of all control tokens of the prompt, without their blanks."""
    parts = (*prompt.parts, *prompt.end)
    texts = (part.text.strip() for part in parts if isinstance(part, Control))
    return frozenset(text for text in texts if text)


async def nothing() -> AsyncGenerator[Delta, None]:
    """Answer an empty prompt without asking: hosts refuse it, or take it for something else."""
    yield Delta("", "end")


async def until_stop(
    deltas: AsyncIterator[Delta], stops: tuple[str, ...]
) -> AsyncGenerator[Delta, None]:
    """Cut the answer before the first of the stops, wherever in the tokens it stands.

    What may be the beginning of a stop is held back until that is known.
    """
    held = ""
    async for delta in deltas:
        text = held + delta.text
        if found := [at for stop in stops if (at := text.find(stop)) >= 0]:
            yield replace(delta, text=text[: min(found)], finish="end")
            return
        sure = len(text) if delta.finish else len(text) - _begun(text, stops)
        held = text[sure:]
        yield replace(delta, text=text[:sure])


def _begun(text: str, stops: tuple[str, ...]) -> int:
    """Return how many characters at the text's end are the longest beginning of a stop."""
    lengths = (n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n]))
    return max(lengths, default=0)
