"""What the model writes, read from the stream until there is enough of it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

from infill_ls.completion.enough import enough
from infill_ls.completion.place import Place
from infill_ls.types import Delta, Finish


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model has written so far, before it is trimmed to its place."""

    text: str = ""
    finish: Finish | None = None
    """None while the model goes on writing."""
    prompt_tokens: int | None = None
    completion_tokens: int = 0

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
    wanted, before a line that the document already holds below the cursor, or where several lines
    are wanted, with the block that they fill in (`enough.py`). Where the whole is wanted, only the
    first line is yielded until its end has come.
    """
    written = Answer()
    async for delta in deltas:
        written = written.plus(delta)
        answer = _cut(written, place)
        yield answer if answer.finish else _without_doubtful(answer, place)
        if answer.finish:
            return


def _cut(answer: Answer, place: Place) -> Answer:
    if place.lines == "single" and (end := _line_end(answer.text)):
        return replace(answer, text=answer.text[:end], finish="line")
    if place.lines == "whole" and answer.finish != "end" and (end := _line_end(answer.text)):
        return replace(answer, text=answer.text[:end], finish="line" if answer.finish else None)
    start = _overlap(answer.text, place)
    end = _block_end(answer, place) if place.lines == "multi" else None
    # What is first in the text was first in time, too, whatever the pieces it came in.
    if end is not None and (start is None or end < start):
        return replace(answer, text=answer.text[:end], finish="block")
    if start is not None:
        return replace(answer, text=answer.text[:start], finish="overlap")
    return answer


def _without_doubtful(answer: Answer, place: Place) -> Answer:
    """Leave out a line that has only begun, while it may become the next one below the cursor."""
    start = max(answer.text.rfind("\n"), answer.text.rfind("\r")) + 1
    begun = answer.text[start:]
    if start and begun.strip() and place.line_below.startswith(begun):
        return replace(answer, text=answer.text[:start])
    return answer


def _line_end(text: str) -> int | None:
    """Return where the first line with text on it ends, or None while it goes on.

    Blank lines before it do not count: a model that begins with a line end has still to answer.
    """
    found = re.search(r"\S[^\r\n]*(?=[\r\n])", text)
    return found.end() if found else None


def _block_end(answer: Answer, place: Place) -> int | None:
    """Return where enough is written, or None if it goes on or has ended there by itself."""
    end = enough(answer.text, place, ended=answer.finish is not None)
    if end is None or (answer.finish and not answer.text[end:].strip()):
        return None
    return end


def _overlap(text: str, place: Place) -> int | None:
    """Return where a whole line begins that is the next one below the cursor, or None."""
    if not place.line_below:
        return None
    line = rf"(?:\A|(?<=[\r\n])){re.escape(place.line_below)}[ \t]*(?=[\r\n])"
    found = re.search(line, place.head + text)
    return max(0, found.start() - len(place.head)) if found else None
