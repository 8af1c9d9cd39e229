"""What the model writes, read from the stream until there is enough of it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

from infill_ls.completion.answers.enough import enough
from infill_ls.completion.cursor.place import Lines, Place
from infill_ls.types import Delta, Finish

_FIRST_LINE = re.compile(r"\s*\S[^\r\n]*")
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")

_TELLING = 12
"""By so many characters, blanks at its beginning not counted, one line is told from another."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model has written so far, before it is trimmed to its place."""

    text: str = ""
    finish: Finish | None = None
    """None while the model goes on writing."""
    prompt_tokens: int | None = None
    completion_tokens: int = 0
    beyond: str = ""
    """The complete lines that the model has written after the end of the line or block."""

    def plus(self, delta: Delta) -> Answer:
        """Return the answer with one more piece; pieces count as tokens until the host says."""
        return Answer(
            text=self.text + delta.text,
            finish=delta.finish,
            prompt_tokens=delta.prompt_tokens,
            completion_tokens=delta.completion_tokens or self.completion_tokens + 1,
        )


async def growing(deltas: AsyncIterator[Delta], place: Place) -> AsyncGenerator[Answer, None]:
    """Yield each longer state of the answer; the last one, and no other, has a `finish`.

    It ends as soon as there is enough: after the first line with text on it where one line is
    wanted, unless that opens a block, before a line that the document already holds below the
    cursor, or where several lines are wanted, with the block that they fill in (`enough.py`).
    Where the whole is wanted, only the first line is yielded until its end has come.
    """
    written = Answer()
    async for delta in deltas:
        written = written.plus(delta)
        answer = _cut(written, place)
        yield answer if answer.finish else _without_doubtful(answer, place)
        if answer.finish:
            return


def _cut(answer: Answer, place: Place) -> Answer:
    line_end = _line_end(answer.text)
    if line_end is None:
        return answer  # The first line with text is wanted in any case.
    lines = _lines(answer.text[:line_end], place)
    if lines == "single":
        return _ended(answer, line_end, "line")
    if lines == "whole" and answer.finish != "end":
        finish: Finish | None = "line" if answer.finish else None
        return replace(answer, text=answer.text[:line_end], finish=finish)
    start = _overlap(answer.text, place)
    end = _block_end(answer, place) if lines == "multi" else None
    # What is first in the text was first in time, too, whatever the pieces it came in.
    if end is not None and (start is None or end < start):
        return _ended(answer, end, "block")
    if start is not None:
        return replace(answer, text=answer.text[:start], finish="overlap")
    return answer


def _ended(answer: Answer, end: int, finish: Finish) -> Answer:
    beyond = answer.text[end:]
    complete = beyond if answer.finish == "end" else beyond[: _last_line(beyond)]
    return replace(answer, text=answer.text[:end], beyond=complete, finish=finish)


def _lines(line: str, place: Place) -> Lines:
    """Return how much is wanted: where the one line that was wanted opens a block, that as well."""
    if place.lines != "single" or place.code_follows:
        return place.lines
    # See `place.py` for why it is not imported before.
    from infill_ls.completion.cursor.openers import opens_block  # noqa: PLC0415

    line = re.split(r"[\r\n]", place.head + line)[-1]
    return "multi" if opens_block(line, place.language) else "single"


def _without_doubtful(answer: Answer, place: Place) -> Answer:
    """Leave out a line that has only begun, while it may become the next one below the cursor."""
    start = _last_line(answer.text)
    begun = answer.text[start:]
    if start and begun.strip() and place.line_below.startswith(begun):
        return replace(answer, text=answer.text[:start])
    return answer


def _line_end(text: str) -> int | None:
    """Return where the first line with text on it ends, or None while it goes on.

    Blank lines before it do not count: a model that begins with a line end has still to answer.
    """
    found = _FIRST_LINE.match(text)
    return found.end() if found and found.end() < len(text) else None


def _block_end(answer: Answer, place: Place) -> int | None:
    """Return where enough is written, or None if it goes on or has ended there by itself."""
    end = enough(answer.text, place, ended=answer.finish is not None)
    if end is None or (answer.finish and not answer.text[end:].strip()):
        return None
    return end


def _overlap(text: str, place: Place) -> int | None:
    """Return where a line begins that is the next one below the cursor, or None.

    The first line with text has to be that line as a whole, any other only for so long that it is
    hardly another one: of 6,788 places in Python's own library where two to six lines were taken
    out, 3.4 % have in them a line that begins as the next one does for 12 characters.
    """
    below, written = place.line_below, place.head + text
    begins = below[: len(below) - len(below.lstrip()) + _TELLING]
    if not below or begins not in written:
        return None
    is_telling = len(begins.lstrip()) == _TELLING
    for line in _LINE.finditer(written):
        start = max(0, line.start() - len(place.head))
        is_whole = line[2] and line[1].rstrip(" \t") == below
        is_begun = is_telling and line[1].startswith(begins) and text[:start].strip()
        if is_whole or is_begun:
            return start
    return None


def _last_line(text: str) -> int:
    """Return where the last line begins."""
    return max(text.rfind("\n"), text.rfind("\r")) + 1
