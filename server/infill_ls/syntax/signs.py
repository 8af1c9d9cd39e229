"""Strings, comments and brackets before a place, read sign by sign for want of a grammar.

What it does not know: code in the holes of a string counts as string, and JSX as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_END = "\0"
"""Stands for the place: what reaches it is still open there."""

_PAIRS = {")": "(", "]": "[", "}": "{"}


def _quoted(quote: str, *, also_lines: bool = False) -> str:
    """Return what matches a string with escapes, up to its end or to the place."""
    not_end = rf"(?!{quote})[^\\{_END}]" if also_lines else rf"(?!{quote})[^\\\n{_END}]"
    return rf"{quote}(?:\\[^{_END}]|{not_end})*(?:{quote}|\\?{_END})"


_ON_ONE_LINE = _quoted('"') + "|" + _quoted("'")
_ON_MANY_LINES = _quoted('"', also_lines=True) + "|" + _quoted("'", also_lines=True)
_TRIPLE = _quoted('"""', also_lines=True) + "|" + _quoted("'''", also_lines=True)
_BACKTICKS = _quoted("`", also_lines=True)
_CHARACTER = rf"'(?:\\[^'\n{_END}]*|[^'\\\n{_END}])'"  # and not the name of a lifetime
_DOUBLED = rf"'(?:''|[^'{_END}])*(?:'|{_END})"
_LONG = rf"\[(?P<level>=*)\[.*?(?:\](?P=level)\]|{_END})"
_ATTRIBUTE = rf"""(?<==)"[^"{_END}]*["{_END}]|(?<==)'[^'{_END}]*['{_END}]"""
_HEREDOC = (
    rf"""<<[-~<]?[ \t]*["']?(?P<word>[A-Za-z_]\w*)["']?[^\n{_END}]*\n"""
    rf"(?:(?:.*?\n)??[ \t]*(?P=word)\b|.*{_END})"
)
_REGEX = (
    r"(?<=[=(,:!&|?{};\[\n])[ \t]*/(?![*/])"
    rf"(?:\\[^\n{_END}]|\[(?:\\[^\n{_END}]|[^\]\\\n{_END}])*\]|[^/\\\n\[{_END}])+/"
)

_HASH = r"(?<![^\s;(){}\[\],])#(?!\[)[^\n]*"
_SLASHES = r"//[^\n]*"
_STARS = rf"/\*.*?(?:\*/|{_END})"
_DASHES = r"--[^\n]*"
_LONG_DASHES = rf"--\[(?P<dashed>=*)\[.*?(?:\](?P=dashed)\]|{_END})"
_MARKUP = rf"<!--.*?(?:-->|{_END})"

_C_LIKE = [[_STARS, _SLASHES], [_ON_ONE_LINE]]
_KINDS = {
    name: kind
    for kind, names in (
        ([[_HASH], [_TRIPLE, _ON_ONE_LINE]], "python"),
        ([[_HASH], [_HEREDOC, _ON_MANY_LINES]], "ruby shellscript sh bash zsh perl"),
        ([[_HASH], [_ON_ONE_LINE]], "yaml toml r elixir julia makefile make cmake dockerfile"),
        (
            [[_STARS, _SLASHES], [_REGEX, _BACKTICKS, _ON_ONE_LINE]],
            "javascript javascriptreact typescript typescriptreact js jsx ts tsx",
        ),
        ([[_STARS, _SLASHES], [_BACKTICKS, _ON_ONE_LINE]], "go"),
        ([[_STARS, _SLASHES], [_quoted('"', also_lines=True), _CHARACTER]], "rust"),
        ([[_STARS, _SLASHES], [_TRIPLE, _ON_ONE_LINE]], "java kotlin scala swift csharp cs dart"),
        (_C_LIKE, "c cpp objective-c objective-cpp objc objcpp cuda cuda-cpp groovy zig"),
        (_C_LIKE, "proto proto3 scss less jsonc"),
        ([[_STARS, _SLASHES, _HASH], [_HEREDOC, _ON_MANY_LINES]], "php"),
        ([[_STARS, _DASHES], [_DOUBLED, _ON_ONE_LINE]], "sql"),
        ([[_LONG_DASHES, _DASHES], [_LONG, _ON_ONE_LINE]], "lua"),
        ([[_STARS], [_ON_ONE_LINE]], "css"),
        ([[_MARKUP], [_ATTRIBUTE]], "html xml vue svelte markdown"),
    )
    for name in names.split()
}
"""What comments and strings look like, by the language identifiers of LSP and of editors."""

_ANY = [[_STARS, r"(?:\A|(?<=[\n;{},]))[ \t]*//[^\n]*", r"(?<!\S)#(?=[\s#!])[^\n]*"]]
_UNKNOWN = [*_ANY, [_TRIPLE, _BACKTICKS, _ON_ONE_LINE]]


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket that is open at the place."""

    sign: str
    at: int
    """Where it stands in the code."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What code before a place consists of."""

    inside: Literal["code", "string", "comment"]
    """Where the place is."""
    brackets: tuple[Bracket, ...]
    """Those that are open, the outermost first."""
    code: str
    """The code with blanks for each sign of a comment, and "x" for each in a string. It has the
    same length, and the same lines."""


def signs(before: str, language: str) -> Signs:
    """Read the signs of code that ends at the place; its lines end at line feeds."""
    inside: Literal["code", "string", "comment"] = "code"
    opened: list[tuple[str, int]] = []
    bare: list[str] = []
    done = 0
    for token in _tokens(language).finditer(before.replace(_END, " ") + _END):
        if token["bracket"]:
            _note(opened, token["bracket"], token.start())
            continue
        bare += before[done : token.start()], _hidden(token)
        done = token.end()
        if token.group().endswith(_END):
            inside = "comment" if token["comment"] else "string"
    code = "".join([*bare, before[done:]])[: len(before)]
    return Signs(inside, tuple(Bracket(*each) for each in opened), code)


def nested(code: str, places: Iterable[int], language: str) -> list[bool]:
    """Tell of each place, in ascending order, whether it is inside a bracket, string or comment.

    Lines end at line feeds.
    """
    opened: list[tuple[str, int]] = []
    inside: list[bool] = []
    todo = list(places)
    for token in _tokens(language).finditer(code.replace(_END, " ") + _END):
        while len(inside) < len(todo) and todo[len(inside)] < token.end():
            inside.append(bool(opened) or todo[len(inside)] > token.start())
        if token["bracket"]:
            _note(opened, token["bracket"], token.start())
    return inside + [bool(opened)] * (len(todo) - len(inside))


def _hidden(token: re.Match[str]) -> str:
    """Return what stands for a token in code of which one wants to see the structure."""
    return re.sub(r"[^\n]", " " if token["comment"] else "x", token.group())


def _note(opened: list[tuple[str, int]], sign: str, at: int) -> None:
    """Open a bracket, or close the last of its kind with all that was opened since.

    One that has no fellow closes nothing, as in a pattern or in code that is being changed.
    """
    partner = _PAIRS.get(sign)
    if partner is None:
        opened.append((sign, at))
    elif any(other == partner for other, _ in reversed(opened)):
        while opened.pop()[0] != partner:
            pass


@lru_cache(maxsize=64)
def _tokens(language: str) -> re.Pattern[str]:
    comments, strings = _KINDS.get(language, _UNKNOWN)
    return re.compile(
        rf"(?P<comment>{'|'.join(comments)})|(?P<string>{'|'.join(strings)})|(?P<bracket>[()\[\]{{}}])",
        re.DOTALL,
    )
