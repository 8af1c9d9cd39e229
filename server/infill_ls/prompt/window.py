"""The part of the document around the cursor that fits the budget."""

from __future__ import annotations

from infill_ls.text import Text

CHARS_PER_TOKEN = 3
"""Code has 3 to 4 characters a token in the vocabularies of Code Llama and Qwen; the smaller
figure keeps the window inside the budget."""


def window(text: Text, offset: int, tokens: int, suffix_share: float) -> tuple[str, str]:
    """Return the text before and after `offset` that together make about `tokens` tokens.

    The suffix gets its share (0 to 1), the prefix the rest, and each what the other leaves. A
    window that cannot reach the document's end stops at a line's end if one is near.
    """
    prefix = text.before(offset, tokens * CHARS_PER_TOKEN)
    suffix = text.after(offset, tokens * CHARS_PER_TOKEN)
    suffix_tokens = max(tokens * suffix_share, tokens - _tokens(prefix))
    suffix = _first(suffix, suffix_tokens)
    prefix = _first(prefix[::-1], tokens - _tokens(suffix))[::-1]
    return _from_line_start(text, offset, prefix), _to_line_end(text, offset, suffix)


def _tokens(text: str) -> float:
    """Estimate the number of tokens; a character beyond ASCII may cost one for each byte."""
    return sum(map(_cost, text))


def _cost(character: str) -> float:
    return 1 / CHARS_PER_TOKEN if character.isascii() else len(character.encode())


def _first(text: str, tokens: float) -> str:
    """Return as much of the text's beginning as makes at most `tokens` tokens."""
    if text.isascii():
        return text[: int(tokens * CHARS_PER_TOKEN)]
    for index, character in enumerate(text):
        tokens -= _cost(character)
        if tokens < 0:
            return text[:index]
    return text


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
