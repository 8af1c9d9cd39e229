"""The part of the document around the cursor that fits the budget."""

from __future__ import annotations

from itertools import accumulate, takewhile

from infill_ls.text import Text

CHARS_PER_TOKEN = 3
"""Code has 3 to 4 ASCII characters a token in the vocabularies of Code Llama and Qwen; the smaller
figure keeps the window inside the budget."""


def window(text: Text, offset: int, tokens: int, suffix_share: float) -> tuple[str, str]:
    """Return the text before and after `offset` that together make about `tokens` tokens.

    The suffix gets its share (0 to 1), the prefix the rest, and each what the other leaves. A
    window that cannot reach the document's end stops at a line's end if one is near.
    """
    size = tokens * CHARS_PER_TOKEN
    prefix, suffix = text.before(offset, size), text.after(offset, size)
    suffix = _first(suffix, max(int(size * suffix_share), size - _size(prefix)))
    prefix = _first(prefix[::-1], size - _size(suffix))[::-1]
    return _from_line_start(text, offset, prefix), _to_line_end(text, offset, suffix)


def _size(text: str) -> int:
    """Return how many ASCII characters make about as many tokens."""
    return len(text) if text.isascii() else sum(map(_cost, text))


def _cost(character: str) -> int:
    """Return a character's size; one beyond ASCII may take a token for each byte."""
    return 1 if character.isascii() else CHARS_PER_TOKEN * len(character.encode())


def _first(text: str, size: int) -> str:
    """Return as much of the text's beginning as has at most this size."""
    if text.isascii():
        return text[:size]
    ends = accumulate(map(_cost, text))
    return text[: sum(1 for _ in takewhile(lambda end: end <= size, ends))]


def _from_line_start(text: Text, offset: int, prefix: str) -> str:
    if len(prefix) == offset:
        return prefix
    start = prefix.find("\n", 0, len(prefix) // 4) + 1
    return prefix[start:]


def _to_line_end(text: Text, offset: int, suffix: str) -> str:
    if offset + len(suffix) == len(text):
        return suffix
    end = suffix.rfind("\n", len(suffix) * 3 // 4) + 1
    return suffix[:end] if end else suffix
