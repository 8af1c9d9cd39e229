"""Fit code of an answer to the place that it takes: its indentation, line ends and syntax."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from itertools import islice, pairwise

from infill_ls.chat.fragments import PLACE, forms
from infill_ls.syntax import tree
from infill_ls.syntax.excerpt import Excerpt

_BLANKS = " \t"
_WHITE = " \t\r\n"
_LINE_ENDS = "\r\n"

_TAB = 4
"""So many columns a tab takes, and a level of blanks, where the document does not tell."""

_FIRST_TOKEN = re.compile(r"\s*(?:\w+|\W)")

_PATIENCE_S = 1.0
"""For so long a fragment is read in one form; a thousand lines take 2 to 20 ms."""


def reindented(
    code: str, target_indent: str, line_end: str, *, unit: str = "", ends_line: bool = False
) -> str:
    """Return code for whole lines of a document, the first of them at the indentation given.

    All lines are moved as the first one is, those within a string, too, so code that has its place
    already stays there; a line that would be moved beyond the left edge begins at it. Blank lines
    at the end are left out, and of blank lines alone nothing is left. A range that begins behind
    the indentation of its line takes what is returned without it.

    `unit` is a level of the document's indentation, as `unit_of` finds it: where it is a tab,
    levels of blanks become tabs, and where it is blanks, tabs become blanks. If it is empty, the
    indentation given tells which. With `ends_line` the last line has a line end, too, as the
    replaced range had one. Doing it twice changes nothing.
    """
    lines = _lines(_without_blank_end(code))
    base = next((_indent(line) for line in lines if line.strip(_WHITE)), None)
    if base is None:
        return ""
    unit = unit or _unit_like(target_indent)
    moved = [_moved(line, base, target_indent, _width(unit)) for line in lines]
    fitted = line_end.join(_restyled(moved, target_indent, unit))
    return fitted + line_end if ends_line else fitted


def unit_of(text: str) -> str:
    """Return one level of a text's indentation, a tab or some blanks; empty where none is seen."""
    indents = [_indent(line) for line in _lines(text) if line.strip(_WHITE)]
    blanks = [indent for indent in indents if "\t" not in indent]
    # One blank alone is no level: it stands before the stars of a comment.
    if len(indents) - len(blanks) > sum(len(indent) > 1 for indent in blanks):
        return "\t"
    steps = Counter(len(below) - len(above) for above, below in pairwise(blanks))
    levels = [step for step in steps if step > 1]
    return " " * max(levels, key=lambda step: (steps[step], -step), default=0)


def parses(code: str, language: str) -> bool | None:
    """Tell whether code is valid by itself or as a fragment; None where that cannot be known.

    A fragment is whole statements, members, branches or entries, at any indentation. One that
    closes or opens what it does not open or close is none. The language is an identifier of LSP.

    Code that is wrong is read in up to eleven forms, at 2 to 20 ms each for a thousand lines.
    """
    if tree.parses(code, language) is None:
        return None
    return any(_parses_in(form, code, language) for form in forms(code, language))


def _lines(code: str) -> list[str]:
    return [line.rstrip(_LINE_ENDS) for line in io.StringIO(code, newline="")]


def _without_blank_end(code: str) -> str:
    """Cut the blank lines at the end, but not the blanks at the end of the last other line."""
    kept = code.rstrip(_WHITE)
    following = _lines(code[len(kept) :])
    return kept + following[0] if following else kept


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(_BLANKS))]


def _unit_like(indent: str) -> str:
    if "\t" in indent:
        return "\t"
    return " " * _TAB if indent else ""


def _width(unit: str) -> int:
    """Return how many columns a tab takes beside this unit."""
    return _TAB if unit in ("", "\t") else len(unit)


def _moved(line: str, base: str, target: str, tab: int) -> str:
    """Move a line as far as another that goes from the indentation `base` to `target`."""
    if not line:
        return line
    indent = _indent(line)
    if indent.startswith(base):
        return target + line[len(base) :]
    from_base = len(indent.expandtabs(tab)) - len(base.expandtabs(tab))
    columns = len(target.expandtabs(tab)) + from_base
    return _indented(columns, target, tab) + line[len(indent) :]


def _indented(columns: int, like: str, tab: int) -> str:
    """Return an indentation so wide, made of as much of another as there is room for."""
    lengths = range(len(like), -1, -1)
    kept = next((like[:n] for n in lengths if len(like[:n].expandtabs(tab)) <= columns), "")
    return kept + " " * (columns - len(kept.expandtabs(tab)))


def _restyled(lines: list[str], target: str, unit: str) -> list[str]:
    """Write what is indented beyond the target as the document does it.

    Where some of it has tabs already, blanks are there to align and stay.
    """
    beyond = [
        _indent(line.removeprefix(target))
        for line in lines
        if line.strip(_WHITE) and line.startswith(target)
    ]
    if unit == "\t":
        # The line that is indented least is one level in; less than two blanks align a comment.
        levels = [] if any("\t" in each for each in beyond) else [len(each) for each in beyond]
        level = min((each for each in levels if each > 1), default=0)
        return [_with_tabs(line, target, level) for line in lines] if level else lines
    return [_with_blanks(line, target, len(unit)) for line in lines] if unit else lines


def _with_tabs(line: str, target: str, level: int) -> str:
    indent = _indent(line.removeprefix(target))
    if not line.startswith(target) or "\t" in indent:
        return line
    tabs, blanks = divmod(len(indent), level)
    return target + "\t" * tabs + " " * blanks + line[len(target) + len(indent) :]


def _with_blanks(line: str, target: str, level: int) -> str:
    if not line.startswith(target):
        return line
    indent = _indent(line.removeprefix(target))
    return target + indent.expandtabs(level) + line[len(target) + len(indent) :]


def _parses_in(form: str, code: str, language: str) -> bool:
    head, tail = form.split(PLACE)
    indent = _indent(head.rpartition("\n")[2])
    fragment = reindented(code, indent, "\n").removeprefix(indent)
    whole = f"{head}{fragment}{tail}\n"
    if language == "python" and not _is_indented(whole):
        return False
    closer = _FIRST_TOKEN.match(tail)
    if closer is None:
        return bool(tree.parses(whole, language))
    cursor = len(head) + len(fragment) + closer.end()
    part = Excerpt(code=whole, start=0, cursor=cursor, is_cut=False)
    syntax = tree.syntax_of(part, language, budget_s=_PATIENCE_S)
    if syntax is None or syntax.tree.root_node.has_error:
        return False
    # Code may not close the form itself and open another: what the tail closes begins in the head.
    _, closed = islice(syntax.before(), 2)
    return closed.start_byte < len(head.encode())


def _is_indented(code: str) -> bool:
    """Tell whether Python is indented behind a line that ends with a colon, and nowhere else.

    The grammar takes an empty body, and more indentation where there is to be none.
    """
    last, ended, opens = "", True, False
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in (tokenize.COMMENT, tokenize.NL):
                continue
            if ended and opens != (token.type == tokenize.INDENT):
                return False
            ended = token.type == tokenize.NEWLINE
            last, opens = token.string, last == ":"
    except IndentationError:
        return False
    except tokenize.TokenError:
        # What is open at the end, or no Python of this version, is left to the grammar.
        return True
    return True
