"""What instruct models write around code: a fence, a sentence before it, an explanation after."""

from __future__ import annotations

import io
import re

_FENCE = re.compile(r"```+[ \t]*(?P<language>[^\s`]*)[^`\r\n]*[\r\n]*\Z")
_SENTENCE = re.compile(r"[\s*_]*[^\W\d_].*\s.*[:.!?：。！？][*_]*\s*\Z", re.DOTALL)
"""It begins with a letter, has several words, and ends as no code does before a fence."""


def without_chatter(answer: str) -> str:
    """Return the code that an answer has in a fence; one with no fence at a line's start as it is.

    Where a fence is only closed, what stands before it was the code. Fences that come in pairs
    between other lines belong to the code: it may be a text with examples in it.
    """
    while (shorter := _unfenced(answer)) != answer:
        answer = shorter
    return answer


def _unfenced(answer: str) -> str:
    lines = list(io.StringIO(answer, newline=""))
    fences = [index for index, line in enumerate(lines) if _FENCE.match(line)]
    if not fences:
        return answer
    first = fences[0]
    before = "".join(lines[:first])
    if not before.strip() or _SENTENCE.match(before):
        ends = (index for index in fences[1:] if not _language(lines[index]))
        return "".join(lines[first + 1 : next(ends, None)])
    begins_another = len(fences) > 1 and _language(lines[fences[1]])
    closes = not _language(lines[first]) and (len(fences) % 2 == 1 or begins_another)
    return before if closes else answer


def _language(fence: str) -> str:
    found = _FENCE.match(fence)
    return found["language"] if found else ""
