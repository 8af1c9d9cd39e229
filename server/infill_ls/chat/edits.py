"""What an answer changes in a document: its code, fitted to the place, if it is code at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from infill_ls.chat.actions import Action, NotApplied
from infill_ls.chat.comments import comments, lines_of
from infill_ls.chat.docstrings import docstring_of, place_of_docstring
from infill_ls.chat.fences import blocks
from infill_ls.chat.fitting import parses, reindented, unit_of
from infill_ls.chat.target import Target
from infill_ls.syntax import tree
from infill_ls.text import Text
from infill_ls.types import Document

_LOOKED_UP = 200
"""So many lines above the code a comment may begin that is replaced by another."""

_ATTRIBUTE = re.compile(r"[ \t]*(?:#\[|@\w)")

_DIRECTIVE = re.compile(
    r"[ \t]*(?://|/\*|#|--)(?:[a-z]+:[a-z]|export |"
    r"\W*(?:ts-|eslint|prettier|biome|istanbul|c8 |v8 |clang-|nolint|NOLINT|noinspection"
    r"|rubocop|shellcheck|luacheck|phpcs|phpstan|psalm|fmt:|frozen_string_literal))"
)
"""A comment that tells a tool something, which is no documentation."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A text for [start, end) of a document, in code points; for a new file, all of it."""

    text: str
    start: int = 0
    end: int = 0

    def moved(self, target: Target, old: Text, new: Text) -> Edit | None:
        """Return the same for a later version.

        None if what it replaces, or the code that it was made for, may have changed.
        """
        concerned = Target(min(self.start, target.start), max(self.end, target.end))
        found = concerned.moved(old, new)
        if found is None:
            return None
        shift = found.start - concerned.start
        return replace(self, start=self.start + shift, end=self.end + shift)


def edit_of(action: Action, answer: str, document: Document, target: Target) -> Edit:
    """Return what an answer changes; of documentation, nothing but that.

    Raises NotApplied if it holds no code, none that parses where that can be known, or nothing new.
    """
    old = target.text(document)
    code = _code(answer, old)
    language = document.language
    if action.becomes == "tests":
        if parses(code, language) is False:
            raise _invalid(language)
        return Edit(code)
    if action.becomes == "documentation":
        edit = _documentation(code, document, target)
    else:
        if action.becomes == "comment" and not _is_comment(code, language):
            raise NotApplied("the answer is not only a comment")
        edit = Edit(_fitted(code, _indent(old), document), target.start, target.end)
    if edit.text == document.text.slice(edit.start, edit.end):
        raise NotApplied("the answer changes nothing")
    if not _is_valid(edit, document, target):
        raise _invalid(language)
    return edit


def _code(answer: str, old: str) -> str:
    """Return the block of an answer that stands for the old code.

    It has that's first line, or is just the longest: models may add how to call a function, or
    repeat what they were shown.
    """
    found = [block.code for block in blocks(answer) if block.is_closed and block.code.strip()]
    if not found:
        raise NotApplied("the answer holds no code")
    shown = _contents(old)

    def rank(code: str) -> tuple[bool, bool, int]:
        contents = _contents(code)
        return bool(shown) and shown[0] in contents, contents != shown, len(code)

    return max(found, key=rank)


def _contents(code: str) -> list[str]:
    """Return the lines that are not blank, without indentation and ends."""
    return [line.strip() for line in lines_of(code) if line.strip()]


def _is_comment(code: str, language: str) -> bool:
    pairs = zip(lines_of(code), comments(code, language), strict=True)
    return all(is_comment or not line.strip() for line, is_comment in pairs)


def _is_valid(edit: Edit, document: Document, target: Target) -> bool:
    """Tell whether the code is valid after an edit, as far as that can be known.

    The document may not lose by it. Its lines must be valid by themselves; if they have not been,
    because they begin or end within something, the document must.
    """
    text, language = document.text, document.language
    before = _parses(text, language)
    after = _parses(text.replace(edit.start, edit.end, edit.text), language)
    if before and after is False:
        return False
    lines = text.slice(target.start, edit.start) + edit.text + text.slice(edit.end, target.end)
    if parses(lines, language) is not False:
        return True
    return bool(after) and parses(target.text(document), language) is False


def _parses(text: Text, language: str) -> bool | None:
    return tree.parses(re.sub(r"\r\n?", "\n", str(text)), language)


def _invalid(language: str) -> NotApplied:
    return NotApplied(f"the answer is no valid {language}")


def _documentation(code: str, document: Document, target: Target) -> Edit:
    if document.language != "python":
        return _comment(code, document, target)
    place = place_of_docstring(target.text(document))
    docstring = docstring_of(place.name, code)
    fitted = _fitted(docstring, place.indent, document, ends_line=place.start == place.end)
    return Edit(fitted, target.start + place.start, target.start + place.end)


def _comment(code: str, document: Document, target: Target) -> Edit:
    """Put the comment above the code in an answer in the place of the one above the target's."""
    text, language = document.text, document.language
    first = text.position(target.start)[0]
    top = max(0, first - _LOOKED_UP)
    around = text.slice(text.offset(top, 0), target.end)
    head = _head(around, language, first - top)
    if head is None:
        raise NotApplied("the code is nothing but a comment")
    line = lines_of(around)[head]
    start, end = _above(around, language, head)
    begin, behind = _above(code, language, _same(code, line, language))
    comment = "".join(lines_of(code)[begin:behind])
    if not comment:
        raise NotApplied("the answer has no documentation above the code")
    fitted = _fitted(comment, _indent(line), document, ends_line=True)
    return Edit(fitted, text.offset(top + start, 0), text.offset(top + end, 0))


def _head(code: str, language: str, first: int = 0) -> int | None:
    """Return the first line from `first` on that is code, from 0; an attribute is none."""
    pairs = list(zip(lines_of(code), comments(code, language), strict=True))[first:]
    heads = (
        number
        for number, (line, is_comment) in enumerate(pairs, first)
        if line.strip() and not is_comment and not _ATTRIBUTE.match(line)
    )
    return next(heads, None)


def _same(code: str, line: str, language: str) -> int:
    """Return the number of an equal line, or of the first one of code, or of one at the end."""
    contents = [each.strip() for each in lines_of(code)]
    if line.strip() in contents:
        return contents.index(line.strip())
    head = _head(code, language)
    return len(contents) if head is None else head


def _above(code: str, language: str, head: int) -> tuple[int, int]:
    """Return the lines [start, end) of the comment above a line; none, where it would begin.

    Between both may be attributes, and comments that tell a tool something.
    """
    lines, is_comment = lines_of(code), comments(code, language)
    end = head
    while end > 0 and (_DIRECTIVE if is_comment[end - 1] else _ATTRIBUTE).match(lines[end - 1]):
        end -= 1
    start = end
    while start > 0 and is_comment[start - 1] and not _DIRECTIVE.match(lines[start - 1]):
        start -= 1
    return start, end


def _fitted(code: str, indent: str, document: Document, *, ends_line: bool = False) -> str:
    """Return code for whole lines of a document, without blank ones before it."""
    lines = lines_of(code)
    while lines and not lines[0].strip():
        del lines[0]
    first = document.text.line(0)
    line_end = first[len(first.rstrip("\r\n")) :] or "\n"
    unit = unit_of(document.text.slice(0, 50_000))
    return reindented("".join(lines), indent, line_end, unit=unit, ends_line=ends_line)


def _indent(code: str) -> str:
    return code[: len(code) - len(code.lstrip(" \t"))]
