"""Make an answer fit its place: nothing doubled, no control token, the document's line ends."""

from __future__ import annotations

import re

from infill_ls.completion.place import Place
from infill_ls.types import Control, Prompt

_PAIRS = ("()", "[]", "{}")


def trim(answer: str, prompt: Prompt, place: Place) -> str:
    """Return the text to insert, or an empty string if nothing useful is left."""
    text = _without_control(answer, prompt)
    text = _without_lines_below(text, place)
    text = _without_rest(text, place)
    return re.sub(r"\r\n|\r|\n", place.line_end, text.rstrip())


def _without_control(text: str, prompt: Prompt) -> str:
    """Cut where a control token is spelled; a host may send one as text."""
    spellings = [
        re.escape(part.text.strip())
        for part in (*prompt.parts, *prompt.end)
        if isinstance(part, Control) and part.text
    ]
    return re.split("|".join(spellings), text, maxsplit=1)[0] if spellings else text


def _without_lines_below(text: str, place: Place) -> str:
    """Cut whole lines at the end that the document holds below the cursor."""
    lines = text.splitlines(keepends=True)
    filled = [index for index, line in enumerate(lines) if index and line.strip()]
    below = [line.rstrip() for line in place.below]
    for count in range(min(len(filled), len(below)), 0, -1):
        tail = filled[-count:]
        if [lines[index].rstrip() for index in tail] == below[:count]:
            return "".join(lines[: tail[0]])
    return text


def _without_rest(text: str, place: Place) -> str:
    """Cut the end that stands right of the cursor; a bracket that the text opens is its own."""
    text, rest = text.rstrip(), place.rest.rstrip()
    for length in range(min(len(text), len(rest)), 0, -1):
        if text.endswith(rest[:length]):
            kept = text[:-length]
            return text if _opens(kept) else kept
    return text


def _opens(text: str) -> bool:
    """Tell whether the text opens a bracket that it does not close."""
    return any(text.count(pair[0]) > text.count(pair[1]) for pair in _PAIRS)
