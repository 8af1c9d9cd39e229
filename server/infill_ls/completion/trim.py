"""Make an answer fit its place: nothing doubled, no control token, the document's line ends."""

from __future__ import annotations

import io
import re

from infill_ls.completion.place import Place
from infill_ls.types import Control, Prompt

_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_QUOTES = "\"'`"
_MID_TOKEN = re.compile(r"\w\w|[ \t][ \t]")
"""Two characters that belong together."""


def trim(answer: str, prompt: Prompt, place: Place) -> str:
    """Return the text to insert, or an empty string if nothing useful is left.

    What has been trimmed once is not changed by trimming it again, unless something is left out of
    the prompt.
    """
    text = _without_control(answer, prompt)
    left_out = prompt.left_out.rstrip()
    if left_out and text.rstrip().endswith(left_out):
        # The model was not shown this and has written it, so all before it is meant as it is.
        kept = text.rstrip().removesuffix(left_out)
        return re.sub(r"\r\n|\r|\n", place.line_end, kept)
    while (shorter := _without_rest(_without_lines_below(text, place), place)) != text:
        text = shorter
    return re.sub(r"\r\n|\r|\n", place.line_end, _without_blanks(text, place))


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
    lines = list(io.StringIO(place.head + text, newline=""))
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for count in range(min(len(filled), len(place.below)), 0, -1):
        tail = tuple(lines[index].rstrip() for index in filled[-count:])
        kept = "".join(lines[: filled[-count]])[len(place.head) :]
        own = _opens(kept) and not re.search(r"\w", "".join(tail))
        if tail == place.below[:count] and not own:
            return kept
    return text


def _without_rest(text: str, place: Place) -> str:
    """Cut the end that stands right of the cursor, too."""
    end, rest = text.rstrip(), place.rest.rstrip()
    for length in range(min(len(end), len(rest)), 0, -1):
        if end.endswith(rest[:length]) and _is_doubled(end[:-length], length, place):
            return end[:-length]
    return text


def _is_doubled(kept: str, length: int, place: Place) -> bool:
    """Tell whether what comes after `kept` repeats so much of the rest, and is not its own."""
    repeated, after = place.rest[:length], place.rest[length:]
    if _MID_TOKEN.match(kept[-1:] + repeated[0]) or _MID_TOKEN.match(repeated[-1] + after[:1]):
        return False
    if re.search(r"\w", repeated):
        return True
    return not _opens(kept) and not _closes(repeated, place.head + kept + repeated + place.rest)


def _without_blanks(text: str, place: Place) -> str:
    """Cut white space at the end, but before code only what is there already: "not ", "x\\n  "."""
    if not place.code_follows or not text.strip():
        return text.rstrip()
    last = re.split(r"[\r\n]", text)[-1]
    is_indentation = last != text and not last.strip()
    return text.rstrip(" \t") if place.rest[0].isspace() and not is_indentation else text


def _opens(text: str) -> bool:
    """Tell whether the text opens a bracket that it does not close."""
    return any(text.count(start) > text.count(end) for start, end in _BRACKETS)


def _closes(part: str, line: str) -> bool:
    """Tell whether a part closes brackets or quotes, and each is one that the line needs."""
    brackets = [(start, end) for start, end in _BRACKETS if part.count(end) > part.count(start)]
    quotes = [quote for quote in _QUOTES if part.count(quote) % 2]
    return bool(brackets or quotes) and not (
        any(line.count(end) > line.count(start) for start, end in brackets)
        or any(line.count(quote) % 2 for quote in quotes)
    )
