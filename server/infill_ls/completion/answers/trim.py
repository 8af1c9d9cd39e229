"""Make an answer fit its place: nothing doubled, no control token, the document's line ends."""

from __future__ import annotations

import io
import re
from functools import lru_cache

from infill_ls.completion.answers.chatter import without_chatter
from infill_ls.completion.answers.repetition import without_repetition
from infill_ls.completion.cursor.place import Place
from infill_ls.types import Code, Control, Prompt

_LINE_END = re.compile(r"\r\n|\r|\n")
_MID_TOKEN = re.compile(r"\w\w|[ \t][ \t]")
"""Two characters that belong together."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_ABOVE = 2_000
"""How far above the cursor the document is looked at."""

_QUOTES = "\"'`"
_STRING = re.compile(
    r"([\"`]|(?:(?<![\w&<])|(?<=\b[fFrRbBu]))')"  # but neither don't nor the lifetime in &'a
    r"((?:\\(?:.|\Z)|(?!\1)[^\\\r\n])*)"
    r"(\1|\Z)"
)
"""A quote, what is in it, and its end if it has one."""

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_PAIRS = (
    *((re.compile(rf"\{start}"), re.compile(rf"\{end}")) for start, end in _BRACKETS.items()),
    # Vec<u8> and <br>, but not a < b, a -> b or a >= b.
    (re.compile(r"<(?=[^\s<=])"), re.compile(r"(?<![-=\s])>(?!=)")),
    # Lua, Ruby and the shell, within a line.
    (re.compile(r"\b(?:do|then|function)\b"), re.compile(r"\b(?:end|done|fi)\b")),
)
_BLOCK_START = re.compile(r"[ \t]*[\r\n]")
_BLOCK_END = re.compile(r"(?<=[^\s])[ \t]*(?:\r\n|\r|\n)[ \t]*\Z")
_CLOSING_LINE = re.compile(r"\s*(?:(?:end\w*|fi|done|esac)\b\W*|</[\w.:-]*>\W*)\Z")


def trim(answer: str, prompt: Prompt, place: Place) -> str:
    """Return the text to insert, or an empty string if nothing useful is left.

    What has been trimmed once is not changed by trimming it again, unless something is left out of
    the prompt.
    """
    above = _above(prompt)
    around = (above, place.head, place.rest, *place.below)
    may_chatter = "```" in answer and not any("```" in text for text in around)
    text = _without_control(answer, prompt)
    text = without_chatter(text) if may_chatter else text
    left_out = prompt.left_out.rstrip()
    if left_out and text.rstrip().endswith(left_out):
        # The model was not shown this and has written it, so all before it is meant as it is.
        return _LINE_END.sub(place.line_end, text.rstrip().removesuffix(left_out))
    while (shorter := _shortened(text, place, above, may_chatter=may_chatter)) != text:
        text = shorter
    return _LINE_END.sub(place.line_end, text)


def _above(prompt: Prompt) -> str:
    """Return what stands before the cursor, as far as the model was shown it."""
    prefixes = [part for part in prompt.parts if isinstance(part, Code) and part.before_cursor]
    return "".join(prefixes[-1].segments)[-_ABOVE:] if prefixes else ""


def _shortened(text: str, place: Place, above: str, *, may_chatter: bool) -> str:
    """Take each step once; one may make room for another."""
    text = without_chatter(text) if may_chatter else text
    text = without_repetition(text, place.head, above)
    text = _without_rest(_without_lines_below(text, place, above), place)
    return _without_blanks(text, place)


def _without_control(text: str, prompt: Prompt) -> str:
    """Cut where a control token is spelled; a host may send one as text."""
    parts = (*prompt.parts, *prompt.end)
    spelled = _spelled(tuple(part.text for part in parts if isinstance(part, Control)))
    return spelled.split(text, maxsplit=1)[0] if spelled else text


@lru_cache(maxsize=16)
def _spelled(controls: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what matches any of the control tokens; None if no text does."""
    spellings = [re.escape(control.strip()) for control in controls if control]
    return re.compile("|".join(spellings)) if spellings else None


def _without_lines_below(text: str, place: Place, above: str) -> str:
    """Cut whole lines at the end that the document holds below the cursor."""
    lines = list(io.StringIO(place.head + text, newline=""))
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for count in range(min(len(filled), len(place.below)), 0, -1):
        tail = tuple(lines[index].rstrip() for index in filled[-count:])
        kept = "".join(lines[: filled[-count]])[len(place.head) :]
        if tail == place.below[:count] and not _are_own(tail, place.head, kept, above):
            return kept
    return text


def _are_own(tail: tuple[str, ...], head: str, kept: str, above: str) -> bool:
    """Tell whether lines that stand below, too, are needed where the answer has them."""
    if not re.search(r"\w", "".join(tail)):
        return _opens(_level(kept)[0])
    if not kept.strip():
        # All above is equal, too: one more line of a list.
        return above[: len(above) - len(head)].rstrip().endswith("\n" + tail[0])
    return all(map(_CLOSING_LINE.match, tail)) and _ends_a_block(tail[0], head + kept)


def _ends_a_block(line: str, before: str) -> bool:
    """Tell by the indentation whether the block that a line ends begins in what is before it."""
    depths = [_depth(each) for each in before.splitlines() if each.strip()]
    depth = _depth(line)
    outer = next((each for each in reversed(depths) if each <= depth), None)
    return depths[-1] > depth and outer == depth


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _without_rest(text: str, place: Place) -> str:
    """Cut the end that stands right of the cursor, too."""
    if not place.rest.strip():
        return text
    end, rest = text.rstrip(), place.rest.rstrip()
    shortest = len(rest) if _stands_before(text, place) else 1
    for length in range(min(len(end), len(rest)), shortest - 1, -1):
        if end.endswith(rest[:length]) and _is_doubled(end[:-length], length, place):
            return end[:-length]
    return _without_respaced(text, place)


def _without_respaced(text: str, place: Place) -> str:
    """Cut the end that stands right of the cursor with other blanks: "a}" before " }"."""
    end = text.rstrip()
    written, there = list(_TOKEN.finditer(end)), list(_TOKEN.finditer(place.rest))
    shortest = len(there) if _stands_before(text, place) else 1
    for count in range(min(len(written), len(there)), shortest - 1, -1):
        kept = end[: written[-count].start()]
        alike = all(one[0] == other[0] for one, other in zip(written[-count:], there, strict=False))
        if alike and _blanks_are_free(kept, place):
            kept = kept.rstrip(" \t") if place.rest[0].isspace() else kept
            if _is_doubled(kept, there[count - 1].end(), place):
                return kept
    return text


def _blanks_are_free(kept: str, place: Place) -> bool:
    """Tell whether blanks make no difference here: not indentation, nor "[2," before " 2]"."""
    line = _LINE_END.split(place.head + kept)[-1]
    return bool(line.strip()) and (line[-1].isspace() or not re.match(r"\s+\w", place.rest))


def _stands_before(text: str, place: Place) -> bool:
    """Tell whether the text ends its line, so that code right of the cursor begins the next."""
    return place.code_follows and bool(_LINE_END.search(text, len(text.rstrip())))


def _is_doubled(kept: str, length: int, place: Place) -> bool:
    """Tell whether what comes after `kept` repeats so much of the rest, and is not its own."""
    repeated, after = place.rest[:length], place.rest[length:]
    if _MID_TOKEN.match(kept[-1:] + repeated[0]) or _MID_TOKEN.match(repeated[-1] + after[:1]):
        return False
    before, quote = _level(place.head + kept)
    written = before[max(0, len(before) - len(kept)) :]

    def around(end: str) -> str:
        """What is on one level with the end of what is kept, if this comes then."""
        return before + end.split(quote)[0] if quote else _masked(place.head + kept + end)

    part = around(repeated)[len(before) :]
    if _closes_own(written, part, around(place.rest)) or _closes_tag(kept, repeated):
        return False
    if re.search(r"\w", repeated):
        return True
    twice = repeated + place.rest
    quoted = _masked(place.head + kept + twice)
    if _opens(written) and part == repeated:
        return False
    return not _closes(repeated, part, around(twice), quoted)


def _without_blanks(text: str, place: Place) -> str:
    """Cut white space at the end, but before code only what is there already: "not ", "x\\n  "."""
    if not text.strip():
        return ""
    if not place.code_follows:
        return text.rstrip() + (_block_end(text) if _fills_a_block(text, place) else "")
    last = _LINE_END.split(text)[-1]
    is_indentation = last != text and not last.strip()
    return text.rstrip(" \t") if place.rest[0].isspace() and not is_indentation else text


def _fills_a_block(text: str, place: Place) -> bool:
    """Tell whether lines of their own are put between brackets, the closing one not indented yet.

    It then stays on its own line if the answer has one for it.
    """
    opener, closer = place.head.rstrip()[-1:], place.rest[:1]
    return bool(closer) and _BRACKETS.get(opener) == closer and bool(_BLOCK_START.match(text))


def _block_end(text: str) -> str:
    found = _BLOCK_END.search(text)
    return found.group() if found else ""


def _level(text: str) -> tuple[str, str]:
    """Return what counts where the text ends, and the quote of the string that it ends in, if any.

    In a string that is the string so far, elsewhere all the text but what its strings hold.
    """
    strings = list(_STRING.finditer(text))
    if strings and not strings[-1][3]:
        return strings[-1][2], strings[-1][1]
    return _masked(text), ""


def _masked(text: str) -> str:
    """Return a text of the same length, with blanks in its strings."""
    return _STRING.sub(lambda found: found[1] + " " * len(found[2]) + found[3], text)


def _opens(text: str) -> bool:
    """Tell whether the text opens a bracket that it does not close."""
    return any(text.count(start) > text.count(end) for start, end in _BRACKETS.items())


def _closes_own(kept: str, part: str, line: str) -> bool:
    """Tell whether a part closes what is opened in what is kept, and the line does not without."""
    return any(
        _surplus(pair, kept) > 0 > _surplus(pair, part) and _surplus(pair, line) > 0
        for pair in _PAIRS
    )


def _surplus(pair: tuple[re.Pattern[str], re.Pattern[str]], text: str) -> int:
    start, end = pair
    return len(start.findall(text)) - len(end.findall(text))


def _closes_tag(kept: str, part: str) -> bool:
    """Tell whether a part has the end of an element that begins in what is kept."""
    return any(
        len(re.findall(rf"<{re.escape(name)}(?![\w.:/-])[^<>]*(?<!/)>", kept))
        > len(re.findall(rf"</{re.escape(name)}>", kept))
        for name in re.findall(r"</([\w.:-]*)>", part)
    )


def _closes(part: str, inside: str, around: str, line: str) -> bool:
    """Tell whether a part closes brackets or quotes, and each is one that the line needs."""
    brackets = [
        (start, end) for start, end in _BRACKETS.items() if inside.count(end) > inside.count(start)
    ]
    quotes = [quote for quote in _QUOTES if part.count(quote) % 2]
    return bool(brackets or quotes) and not (
        any(around.count(end) > around.count(start) for start, end in brackets)
        or any(line.count(quote) % 2 for quote in quotes)
    )
