"""Which lines of code are nothing but a comment, by the signs of the language alone."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Signs:
    line: re.Pattern[str]
    """What begins a comment up to the line's end."""
    opens: str = ""
    """What begins one that may go on for lines; empty where there is no such thing."""
    closes: str = ""


_C = _Signs(re.compile("//"), "/*", "*/")
_HASH = _Signs(re.compile("#(?!!)"))
_LUA = _Signs(re.compile("--"), "--[[", "]]")
_PHP = _Signs(re.compile(r"//|#(?!\[)"), "/*", "*/")
_OTHER = _Signs(re.compile(r"//|(?:#+|--+|;+|%+)(?:\s|$)"), "/*", "*/")
"""Of a language that is not known: what is a comment in any that has the sign. CSS has `#a {`, and
much of C's kin `--a;`."""

_SIGNS = {
    name: signs
    for signs, names in (
        (_HASH, "python ruby shellscript sh bash zsh"),
        (_LUA, "lua"),
        (_PHP, "php"),
        (_C, "c cpp csharp cs go java javascript javascriptreact js jsx rust"),
        (_C, "typescript ts typescriptreact tsx"),
    )
    for name in names.split()
}
"""By the language identifiers of LSP and of editors."""


def comments(code: str, language: str) -> list[bool]:
    """Tell of each line whether it is nothing but a comment, or a part of one.

    The code is to begin outside of one. A line with code beside its comment is code.
    """
    signs = _SIGNS.get(language, _OTHER)
    is_inside = False
    found = []
    for line in lines_of(code):
        content = line.strip()
        if not is_inside:
            if not signs.opens or not content.startswith(signs.opens):
                found.append(bool(signs.line.match(content)))
                continue
            content = content.removeprefix(signs.opens)
        _, closed, behind = content.partition(signs.closes)
        is_inside = not closed
        found.append(not behind)
    return found


def lines_of(code: str) -> list[str]:
    """Return lines with their line ends, which are those of LSP alone."""
    return list(io.StringIO(code, newline=""))
