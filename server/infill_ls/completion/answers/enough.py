"""Where there is enough of an answer that may have several lines: it fills in one block.

It is judged line by line, and a line by these rules, in this order:

1. `_closing`: a line that closes the block is the last one.
   `_dedent`: a line that is less indented than the block is not in it.
   `_definition`: at the top level, where no dedent can come, a second definition is too much.
2. `_blank`: a blank line ends the answer, unless the block surely goes on behind it.
3. `_repetition`: what is written for the third time in a row was enough the first time.

A line that the document holds below the cursor ends an answer as well (`answer.py`).

Whether code is nested is read from brackets, quotes and comments (`syntax/signs.py`). Where that is
wrong, an answer becomes longer than needed: what begins inside of one is neither a dedent nor a
blank line that counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from infill_ls.completion.cursor.place import Place
from infill_ls.syntax import signs

_TAB = 4
"""So many blanks a tab is worth where lines are indented by both."""

_TOP_LEVEL_LINES = 6
"""So many lines are enough at the top level, if a blank line follows."""

_MOST_REPEATED = 4
"""So many lines at most are looked at as one thing that is repeated."""

_END_WORDS = ("end", "fi", "done", "esac", "endif", "endfunction", "endfor", "endwhile")
_CLOSES = re.compile(rf"(?:[)\]}}]+|(?:{'|'.join(_END_WORDS)})\b)[)\]}};,]*")
"""A line of nothing but what closes blocks."""

_DEFINES = re.compile(
    r"(?:(?:export|default|pub(?:\([^)]*\))?|public|private|protected|internal|static|abstract"
    r"|final|sealed|async|unsafe|local|data|open)[ \t]+)*"
    r"(?:def|class|function|fn|func|fun|struct|enum|interface|trait|impl|module|namespace|object"
    r"|sub|defmodule|type)[ \t]"
)
_ABOUT = re.compile(r"#|//|/?\*|--|@")
"""How comments and decorators begin, which belong to the definition below them."""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    """Without its end; the first one with what stands before the cursor."""
    code: str
    """Without blanks around it."""
    indent: int
    start: int
    """Where it begins in the answer; less than 0 for the cursor's line."""
    complete: bool
    """Whether its end has come."""
    nested: bool
    """Whether it begins inside a bracket or a string."""
    leaves_open: bool
    """Whether it ends inside one."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What is filled in."""

    floor: int
    """The least indentation that a line of it has."""
    level: int
    """The indentation of its own statements, which are not in a block inside of it."""
    opener: int | None
    """The indentation of the cursor's line, if that opens the block."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """An answer with its place, cut into lines."""

    place: Place
    lines: tuple[_Line, ...]
    first: int
    """The index of the first line with text of the answer."""
    block: _Block

    def filled(self, before: int, most: int) -> list[int]:
        """Return the indices of the last lines with text before an index, in their order."""
        backwards = (at for at in range(before - 1, -1, -1) if self.lines[at].code)
        return list(islice(backwards, most))[::-1]

    def last_own(self, before: int) -> _Line | None:
        """Return the last line before an index that has text of the answer, or None."""
        last = self.filled(before, 1)
        return self.lines[last[0]] if last and last[0] >= self.first else None


def enough(text: str, place: Place, *, ended: bool = False) -> int | None:
    """Return where the part of an answer ends that is enough, or None while it is to go on.

    That part has text in it, and no line end behind it: line ends before the first text end
    nothing, and the first line with text is always wanted. Once the answer has `ended`, its last
    line is complete.
    """
    draft = _draft(text, place, ended)
    if draft is None:
        return None
    for at in range(draft.first, len(draft.lines)):
        if _is_undecided(draft, at):
            return None
        for rule in (_closing, _dedent, _definition, _blank, _repetition):
            count = rule(draft, at)
            last = None if count is None else draft.last_own(count)
            if last is not None:
                return last.start + len(last.text.rstrip())
    return None


def _is_undecided(draft: _Draft, at: int) -> bool:
    """Tell whether a line may become one that closes the block; any other is judged at once."""
    line = draft.lines[at]
    if line.complete or not line.code or not _is_outside(draft, at):
        return False
    is_beginning = any(word.startswith(line.code) for word in _END_WORDS)
    return (is_beginning or bool(_CLOSES.fullmatch(line.code))) and _is_wanted(line, draft)


# Each rule returns how many lines are enough, judging by those up to `at`, or None.


def _closing(draft: _Draft, at: int) -> int | None:
    """End after a line that closes the block, be it that of the cursor's line or the answer's own.

    It has nothing but closing brackets, or a word like "end". Brackets and words that the document
    holds below the cursor do not belong to the answer, and a block that it lacks the end of gets
    one: of blocks around that block, too, only one at a time.
    """
    line = draft.lines[at]
    if not _is_outside(draft, at) or not line.complete or line.leaves_open:
        return None
    return at + 1 if _CLOSES.fullmatch(line.code) and _is_wanted(line, draft) else None


def _dedent(draft: _Draft, at: int) -> int | None:
    """End before a line that is less indented than the block.

    Its first character is enough to see that. A branch ("else:", "} else {") of what stands above
    the block is outside as well.
    """
    line = draft.lines[at]
    is_outside = line.code and not line.nested and line.indent < draft.block.floor
    return at if is_outside else None


def _definition(draft: _Draft, at: int) -> int | None:
    """End at the blank line before a second definition at the top level.

    Its comments and decorators go with it.
    """
    if draft.block.floor > 0 or not _defines(draft.lines[at]):
        return None
    top = at
    while top > 0 and not draft.lines[top].nested and _ABOUT.match(draft.lines[top - 1].text):
        top -= 1
    after_blank = top > 0 and not draft.lines[top - 1].code
    return top if after_blank and any(map(_defines, draft.lines[:top])) else None


def _blank(draft: _Draft, at: int) -> int | None:
    """End at the blank line above this line, unless the block goes on behind it.

    It does so inside a bracket or a string, and after a line that opens a block. It does so as
    well after a single blank line, if the next line is deeper than the block's statements, or if
    it is one of them and the document has none of them below the cursor, so that a whole body is
    to be filled in. At the top level there is no whole, and six lines are enough.
    """
    line, block = draft.lines[at], draft.block
    above = draft.lines[at - 1] if at > draft.first else line
    before = draft.last_own(at)
    if above.code or above.nested or before is None or _opens(before, draft.place):
        return None
    if not line.code:
        return at - 1 if line.complete else None
    is_whole = not draft.place.below or _indent(draft.place.below[0]) < block.floor
    if block.floor == 0 and len(draft.filled(at, _TOP_LEVEL_LINES)) == _TOP_LEVEL_LINES:
        is_whole = False
    goes_on = line.indent > block.level or (is_whole and line.indent >= block.floor)
    return None if goes_on else at - 1


def _repetition(draft: _Draft, at: int) -> int | None:
    """End after the first of three equal lines in a row, or of three equal groups of up to four.

    Blank lines between them do not count, and neither do groups that hardly have a word.
    """
    if not draft.lines[at].code or not draft.lines[at].complete:
        return None
    filled = draft.filled(at + 1, 3 * _MOST_REPEATED)
    texts = [draft.lines[index].text.rstrip() for index in filled]
    for size in range(1, min(_MOST_REPEATED, len(filled) // 3) + 1):
        copy = texts[-size:]
        if texts[-3 * size :] == copy * 3 and len(re.findall(r"\w", "".join(copy))) > 1:
            return filled[-2 * size]
    return None


def _is_outside(draft: _Draft, at: int) -> bool:
    """Tell whether a line is where the block's end is: less indented, or as what opens it."""
    indent, block = draft.lines[at].indent, draft.block
    return at > 0 and (indent < block.floor or indent == block.opener)


def _is_wanted(line: _Line, draft: _Draft) -> bool:
    """Tell whether a line that closes a block has one to close."""
    if line.nested or line.indent == draft.block.opener:
        return True
    if draft.place.rest.strip():
        return False
    below = draft.place.below[0] if draft.place.below else ""
    return _indent(below) <= line.indent and not _CLOSES.match(below.strip())


def _defines(line: _Line) -> bool:
    """Tell whether a line at the top level begins a definition."""
    if line.nested or line.indent > 0:
        return False
    return bool(_DEFINES.match(line.text)) or (line.complete and line.code.endswith("{"))


def _draft(text: str, place: Place, ended: bool) -> _Draft | None:
    """Cut an answer into lines; None if there is no text yet."""
    written = len(text) - len(text.lstrip())
    if written == len(text):
        return None
    code, cursor = place.head + text, len(place.head)
    found = list(re.finditer(r"([^\r\n]*)(\r\n|\r|\n|\Z)", code))
    if len(found) > 1 and not found[-1].group():
        found.pop()  # It is no line, but the end of the last one.
    places = [line.start() for line in found] + [len(code)]
    read = place.quote + code.replace("\r", "\n")
    nested = signs.nested(read, [len(place.quote) + at for at in places], place.language)
    lines = tuple(
        _Line(
            text=line[1],
            code=line[1].strip(),
            indent=_indent(line[1]),
            start=line.start() - cursor,
            complete=bool(line[2]) or ended,
            nested=nested[index],
            leaves_open=nested[index + 1],
        )
        for index, line in enumerate(found)
    )
    first = max(index for index, line in enumerate(lines) if line.start <= written)
    return _Draft(place, lines, first, _block(place, lines, first))


def _block(place: Place, lines: tuple[_Line, ...], first: int) -> _Block:
    """Tell which block is filled in.

    It is that of the cursor's line, or the one which that line opens. Where the cursor stands at
    the start of a line, and where the answer begins with line ends, the first line with text has a
    say, because it is in the block in any case.
    """
    start = lines[first].indent
    if not place.head:
        return _Block(start, start, None)
    own = _indent(place.head)
    body = next((line for line in lines[1:] if line.code), None)
    if body is not None and _is_opener(lines[0], place):
        closes = bool(_CLOSES.fullmatch(body.code))
        if body.indent > own or (body.indent == own and closes):
            return _Block(min(own + 1, body.indent), body.indent, own)
    least = min(own, start)
    return _Block(least, least, None)


def _is_opener(line: _Line, place: Place) -> bool:
    """Tell whether the cursor's line, now complete, opens a block, and began before the cursor."""
    return bool(place.head.strip()) and not line.nested and _opens(line, place)


def _opens(line: _Line, place: Place) -> bool:
    # See `place.py` for why it is not imported before.
    from infill_ls.completion.cursor.openers import opens_block  # noqa: PLC0415

    return opens_block(line.text, place.language)


def _indent(line: str) -> int:
    """Return how far a line is indented; one that is blank, by all that it has."""
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blanks.expandtabs(_TAB))
