"""One line or many, by brackets, line ends and indentation: where there is no tree to ask."""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

from infill_ls.completion.cursor.openers import awaits_block
from infill_ls.syntax.signs import Bracket, Signs, signs

_MARKUP = frozenset(["html", "xml", "vue", "svelte"])
"""Where brackets are text."""

_GROUPS = re.compile(
    r"(?:\A|[^\w)\]}>?!\s]|\b(?:return|yield|await|default|import|const|var|type))\Z"
)
"""What stands before a parenthesis that holds no arguments."""

_NONE = re.compile(r"(?!)")
_LISTS = {
    "go": re.compile(r"\b(?:import|const|var|type)\Z"),
    "php": re.compile(r"\barray\Z"),
    "sql": re.compile(r""),  # columns and inner queries
}
"""What stands before a parenthesis with one thing a line."""

_WORDY = frozenset(["lua", "ruby", "crystal", "elixir", "julia"])
"""Where a block ends with a word."""

_MOST_FORGOTTEN = 16
"""So many parentheses are looked at, since each costs a look at all that follows."""

_OPEN_TAG = re.compile(r"(?:\A|[\s(>])<[A-Za-z][\w.:-]*(?:\s[^<>]*)?\Z")
_ELEMENT = re.compile(r"\s*<[A-Za-z>]")

_OPERATORS = r"(?:[=%&|^,\\]|(?<!\.\.)\.|(?<!\+)\+|(?<!-)-|(?<![*/])/|(?<![*/])(?<!import )\*)\Z"
_GOES_ON = {
    name: pattern
    for pattern, names in (
        (r"(?:\\|\||&&)\Z", "shellscript sh bash zsh makefile make dockerfile"),
        (r",\Z", "css scss less"),
        (r"(?i:[=,+]|\b(?:and|or|on|by|in|select|from|where|set|values))\Z", "sql"),
        (r"(?!)", "html xml vue svelte yaml toml markdown plaintext"),
        (rf"{_OPERATORS}|\b(?:and|or|not|in|is)\Z", "python"),
    )
    for name in names.split()
}
"""How the code of a line ends that is not a whole statement."""


def lines_by_signs(before: str, language: str) -> Literal["single", "multi"]:
    """Decide from the code before the cursor, in which lines end at line feeds.

    Its last line is blank, or seems to open a block.
    """
    read = signs(before, language)
    head = read.code[read.code.rfind("\n") + 1 :]
    if read.inside != "code" or _OPEN_TAG.search(read.code):
        return "single"
    if head.strip():
        return "multi" if _is_opener(read, head, language) else "single"
    bracket = None if language in _MARKUP else _innermost(read)
    if bracket and bracket.sign == "(" and not _holds_a_block(read.code, bracket, language):
        return "single"
    return "single" if _goes_on(read.code.rstrip(), bracket, language) else "multi"


def _is_opener(read: Signs, head: str, language: str) -> bool:
    """Tell whether the line opens a block as well where it is not looked at alone.

    A colon in brackets that were opened above is no end of a head, but one in braces may be.
    """
    is_nested = bool(read.brackets) and (language == "python" or read.brackets[-1].sign != "{")
    return awaits_block(head, language) and not (is_nested and head.rstrip().endswith(":"))


def _innermost(read: Signs) -> Bracket | None:
    """Return the innermost bracket that is open in earnest, or None.

    A parenthesis was forgotten if statements follow that are indented no more than its line is.
    """
    near = islice(reversed(read.brackets), _MOST_FORGOTTEN)
    return next((each for each in near if not _is_forgotten(read.code, each)), None)


def _is_forgotten(code: str, bracket: Bracket) -> bool:
    if bracket.sign != "(":
        return False
    line = code.rfind("\n", 0, bracket.at) + 1
    indent = len(code[line:]) - len(code[line:].lstrip(" \t"))
    return re.search(rf"\n[ \t]{{0,{indent}}}\w", code[bracket.at :]) is not None


def _holds_a_block(code: str, bracket: Bracket, language: str) -> bool:
    """Tell whether lines rather than arguments stand in a parenthesis.

    Markup does, and what nothing was written into yet, if the parenthesis is not a call's; and so
    does the body of a function that is an argument, where words rather than braces enclose it.
    """
    before, content = code[: bracket.at].rstrip(" \t"), code[bracket.at + 1 :]
    if _LISTS.get(language, _NONE).search(before) or _ELEMENT.match(content):
        return True
    if language in _WORDY and awaits_block(_line_at(code, bracket.at), language):
        return True
    return not content.strip() and bool(_GROUPS.search(before))


def _line_at(code: str, place: int) -> str:
    return code[code.rfind("\n", 0, place) + 1 :].partition("\n")[0]


def _goes_on(code: str, bracket: Bracket | None, language: str) -> bool:
    """Tell whether the code above a blank line ends within a statement."""
    last = code[code.rfind("\n") + 1 :]
    if not last.strip() or awaits_block(last, language):
        return False
    if code.endswith(",") and bracket is not None:
        return False
    return bool(re.search(_GOES_ON.get(language, _OPERATORS), last))
