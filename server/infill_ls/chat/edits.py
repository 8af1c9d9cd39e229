"""What an answer changes in a document: its code, fitted to the place, if it is code at all."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from textwrap import dedent

from infill_ls.chat.actions import Action
from infill_ls.chat.fences import blocks
from infill_ls.chat.fitting import parses, reindented, unit_of
from infill_ls.chat.target import Target, is_comment
from infill_ls.errors import InfillError
from infill_ls.types import Document


class NotApplied(InfillError):
    """An answer cannot be put into the document; it is there to read."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A text for [start, end) of a document, in code points; for a new file, all of it."""

    text: str
    start: int = 0
    end: int = 0


def edit_of(action: Action, answer: str, document: Document, target: Target) -> Edit:
    """Return what an answer changes.

    Raises NotApplied if it holds no code, none that parses where that can be known, or nothing new.
    """
    code = _code(answer)
    if action.becomes == "tests":
        _check(code, document.language)
        return Edit(code)
    if action.becomes == "documentation":
        edit = _documented(code, document, target)
    else:
        if action.becomes == "comment" and not all(map(is_comment, code.splitlines())):
            raise NotApplied("the answer is not only a comment")
        edit = Edit(_fitted(code, document, target.start), target.start, target.end)
    if edit.text == document.text.slice(edit.start, edit.end):
        raise NotApplied("the answer changes nothing")
    _check(_applied(edit, document, target), document.language)
    return edit


def _code(answer: str) -> str:
    """Return the longest block of an answer."""
    found = [block.code for block in blocks(answer) if block.is_closed and block.code.strip()]
    if not found:
        raise NotApplied("the answer holds no code")
    return max(found, key=len)


def _check(code: str, language: str) -> None:
    if parses(code, language) is False:
        raise NotApplied(f"the answer is no valid {language}")


def _applied(edit: Edit, document: Document, target: Target) -> str:
    """Return the target with an edit in it, or of it."""
    before = document.text.slice(target.start, edit.start)
    return before + edit.text + document.text.slice(edit.end, target.end)


def _fitted(code: str, document: Document, at: int, *, ends_line: bool = False) -> str:
    """Return code for whole lines, indented like the line at an offset."""
    text = document.text
    line_end = "\r\n" if "\r\n" in text.line(0) else "\n"
    indent = _indent(text.line(text.position(at)[0]))
    unit = unit_of(text.slice(0, 50_000))
    return reindented(code, indent, line_end, unit=unit, ends_line=ends_line)


def _documented(code: str, document: Document, target: Target) -> Edit:
    """Return the documentation alone, so that nothing else of the answer changes the code."""
    if document.language == "python":
        return _with_docstring(code, document, target)
    lines = code.splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if not is_comment(line)), len(lines))
    comment = "".join(lines[:count]).strip("\r\n")
    if not comment.strip():
        raise NotApplied("the answer has no documentation above the code")
    start = target.start
    text = document.text
    line = text.position(start)[0]
    while line > 0 and text.line(line - 1).strip() and is_comment(text.line(line - 1)):
        line -= 1
        start = text.offset(line, 0)
    return Edit(_fitted(comment, document, target.start, ends_line=True), start, target.start)


def _with_docstring(code: str, document: Document, target: Target) -> Edit:
    docstring = _docstring_of(code)
    body, old = _body_of(target.text(document))
    first = document.text.position(target.start)[0]
    start = document.text.offset(first + body, 0)
    fitted = _fitted(docstring, document, start, ends_line=True)
    return Edit(fitted, start, document.text.offset(first + body + old, 0))


def _docstring_of(code: str) -> str:
    """Return the lines of the first docstring in an answer, or of the string that it is."""
    lines = dedent(code).splitlines(keepends=True)
    for node in ast.walk(_parsed(code, "the answer")):
        found = _docstring(node)
        if found is not None and not _before(code, found).strip():
            return "".join(lines[found.lineno - 1 : found.end_lineno])
    raise NotApplied("the answer has no docstring on lines of its own")


def _body_of(code: str) -> tuple[int, int]:
    """Return the line where a docstring belongs, from 0, and how many lines the old one takes."""
    for node in ast.walk(_parsed(code, "the code")):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if _before(code, first).strip():
                raise NotApplied("the code has its body on the line of its head")
            old = _docstring(node)
            count = (old.end_lineno or old.lineno) - old.lineno + 1 if old else 0
            return first.lineno - 1, count
    raise NotApplied("the code is no function and no class")


def _before(code: str, node: ast.stmt) -> str:
    """Return what stands before a statement on its line."""
    return dedent(code).splitlines()[node.lineno - 1].encode()[: node.col_offset].decode()


def _docstring(node: ast.AST) -> ast.Expr | None:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
        return None
    first = node.body[0] if node.body else None
    is_string = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    if is_string and isinstance(first.value.value, str):  # type: ignore[union-attr]
        return first  # type: ignore[return-value]
    return None


def _parsed(code: str, what: str) -> ast.Module:
    try:
        return ast.parse(dedent(code))
    except (SyntaxError, ValueError) as error:
        raise NotApplied(f"{what} is no valid Python") from error


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
