"""What the code at the cursor needs of its own document, and stands outside the window.

Those are the imports, and the lines that declare what the window names. They are found line by
line with one regular expression for each language; nothing is parsed. Of a large document the first
200 lines are looked at, and 2,000 lines on either side of the window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from infill_ls.prompt.measure import pieces_in
from infill_ls.prompt.similar import names
from infill_ls.prompt.snippet import Snippet
from infill_ls.prompt.window import Window
from infill_ls.text import Text
from infill_ls.types import Document

HEAD_LINES = 200
"""Imports stand there."""

NEAR_LINES = 2_000
"""So many lines are looked at above the window and below it."""

MOST_CHARS = 200_000
"""No more is looked at in one place, however long the lines are."""

_LINE_CHARS = 300
"""A longer line declares nothing that is worth its tokens."""

_MOST_LINES = 24
"""An import in brackets, or a signature, that goes on for longer is cut off."""

_SEGMENT_LINES = 256
_REMEMBERED_SEGMENTS = 64
"""Most of a document is the same at the next keystroke."""

_MISFITS = 16
"""After so many lines that are too long for what is left, no shorter one is looked for."""


def outline(
    document: Document, window: Window, wanted: frozenset[str], pieces: int
) -> Snippet | None:
    """Return the document's imports and the signatures of the wanted names, or None for want.

    Both are in the document's order, the imports first, and all from outside the window. Where
    there are more than so many pieces of them, imports of what is not wanted are left out first;
    those that are indented, and may be another function's, always.
    """
    if document.language not in _DECLARES:
        return None
    found = chain.from_iterable(
        _wanted(_declarations(code, document.language), wanted)
        for start, end in _outside(document.text, window)
        for code in _segments(document.text, start, end)
    )
    shown = _fitting(found, wanted, pieces)
    text = "".join(declaration.text for declaration in shown)
    return Snippet(document.path, text) if text else None


@dataclass(frozen=True, slots=True)
class _Declaration:
    """Whole lines that end with a line feed each."""

    text: str
    imports: frozenset[str] | None
    """The names in an import; None where it is none."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A declaration, and where it is among the lines of a segment: in [first, end)."""

    declaration: _Declaration
    name: str
    first: int
    end: int


def _fitting(
    found: Iterable[_Declaration], wanted: frozenset[str], pieces: int
) -> list[_Declaration]:
    """Return what fits, the imports first; nothing twice, as where two classes have one method."""
    different = {each.text: each for each in found}
    unwanted = {text for text, each in different.items() if _is_unwanted(each, wanted)}
    useful = [text for text in different if text not in unwanted or not text[0].isspace()]
    chosen = set()
    misfits = 0
    for text in sorted(useful, key=unwanted.__contains__):
        size = pieces_in(text)
        if size <= pieces:
            pieces -= size
            chosen.add(text)
        elif (misfits := misfits + 1) == _MISFITS:
            break
    in_order = [each for text, each in different.items() if text in chosen]
    return sorted(in_order, key=lambda each: each.imports is None)


def _is_unwanted(declaration: _Declaration, wanted: frozenset[str]) -> bool:
    return declaration.imports is not None and wanted.isdisjoint(declaration.imports)


def _outside(text: Text, window: Window) -> Iterator[tuple[int, int]]:
    """Yield the lines [first, end) that are looked at, divided where others lie between."""
    above = text.position(window.start)[0]
    near = max(above - NEAR_LINES, _first_after(text, text.offset(above, 0) - MOST_CHARS))
    yield 0, min(HEAD_LINES, near, text.position(MOST_CHARS)[0])
    yield near, above
    line, column = text.position(window.end)
    # The cursor's line is inside even where nothing is shown of it.
    below = line + 1 if column or not window.suffix else line
    far = text.offset(below, 0) + MOST_CHARS
    last = text.line_count if far >= len(text) else text.position(far)[0]
    yield below, min(below + NEAR_LINES, last)


def _first_after(text: Text, offset: int) -> int:
    """Return the first line that begins at an offset, or behind it."""
    line, column = text.position(offset)
    return line + 1 if column else line


def _segments(text: Text, first: int, end: int) -> Iterator[str]:
    """Yield the lines [first, end), divided where a line's number is a multiple of many.

    So most segments are the same wherever the window is.
    """
    second = first // _SEGMENT_LINES * _SEGMENT_LINES + _SEGMENT_LINES
    borders = (first, *range(second, end, _SEGMENT_LINES), end) if first < end else ()
    for start, after in pairwise(text.offset(line, 0) for line in borders):
        yield text.slice(start, after)


def _wanted(found: Iterable[_Found], wanted: frozenset[str]) -> Iterator[_Declaration]:
    following = 0
    for each in found:
        # An import has no name of its own.
        if each.first >= following and (not each.name or each.name in wanted):
            following = each.end
            yield each.declaration


@lru_cache(_REMEMBERED_SEGMENTS)
def _declarations(code: str, language: str) -> tuple[_Found, ...]:
    """Return all that the lines of a segment declare."""
    lines = code.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    declares = re.compile(_DECLARES[language])
    found = []
    for number, line in enumerate(lines):
        match = declares.match(line) if len(line) <= _LINE_CHARS else None
        if match is not None:
            imports = match.lastindex is None
            name = "" if imports else match[match.lastindex or 0]
            end = _end(lines, number, "({" if imports else "(")
            text = "".join(f"{line}\n" for line in lines[number:end])
            declaration = _Declaration(text, names(text) if imports else None)
            found.append(_Found(declaration, name, number, end))
    return tuple(found)


def _end(lines: list[str], first: int, brackets: str) -> int:
    """Return where the declaration ends that begins at a line: where its brackets are closed."""
    closing = brackets.translate(_CLOSING)
    depth = 0
    most = min(first + _MOST_LINES, len(lines))
    for number in range(first, most):
        line = lines[number]
        depth += sum(map(line.count, brackets)) - sum(map(line.count, closing))
        if depth <= 0 or len(line) > _LINE_CHARS:
            return number + 1
    return most


_CLOSING = str.maketrans("({", ")}")


def _either(*alternatives: str) -> str:
    return "|".join(alternatives)


def _words(words: str) -> str:
    return "|".join(words.split())


def _modifiers(words: str) -> str:
    return rf"(?:(?:{_words(words)})\s+)"


_I = r"[ \t]*"
_JAVA = _modifiers(
    "public protected private static final abstract sealed strictfp default synchronized native"
)
_CSHARP = _modifiers(
    "public protected private internal static readonly abstract sealed virtual override async new "
    "partial const unsafe extern required ref"
)
_KOTLIN = _modifiers(
    "public private protected internal open abstract sealed data inline override suspend operator "
    "infix tailrec companion const lateinit enum annotation value inner external expect actual fun"
)
_SCALA = _modifiers(
    "private protected implicit override final sealed abstract case lazy inline opaque transparent"
)
_PHP = _modifiers("abstract final public protected private static readonly")
_SWIFT = _modifiers(
    "public private fileprivate internal open final static class override mutating convenience "
    "required indirect async nonisolated"
)
_TYPE = r"[\w.]+(?:<[^()=;]*>)?(?:\[\])*\??\s+"
"""A type as Java and C# have it."""
_NO_CALL = (
    rf"(?!(?:{_words('return else if for while switch case catch new throw delete goto do')})\b)"
)

# Each alternative without a group is an import; each other has one group, the name it declares.
_PYTHON = _either(
    rf"{_I}import\s+\w",
    rf"{_I}from\s+[\w.]+\s+import\b",
    rf"{_I}(?:async\s+)?(?:def|class)\s+(\w+)",
    r"type\s+(\w+)",
    r"([A-Z]\w*)\s*(?::[^=]*)?=(?!=)",  # constants and aliases of types
)
_JAVASCRIPT = _either(
    rf"{_I}import\b(?!\s*[(.])",
    rf"{_I}(?:const|let|var)\s[^=]*=\s*require\s*\(",
    rf"{_I}(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
    r"(?:function\b[\s*]*|(?:class|interface|type|(?:const\s+)?enum|namespace)\s+)(\w+)",
    # Variables inside functions are too many, but for those that are functions.
    r"(?:export\s+)?(?:declare\s+)?(?:const|let|var)\s+(\w+)",
    rf"{_I}(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:\([^()]*\)|\w+)\s*(?::[^=]*)?=>",
    rf"[ \t]+{_modifiers('async static get set public private protected readonly override')}*"
    rf"{_NO_CALL}#?(\w+)\s*(?:<[^>]*>)?\((?!\s*['\"`])(?!.*(?:\bfunction\b|=>)).*\{{\s*$",
)
_GO = _either(
    r"import\b",
    r"func\s+(?:\([^)]*\)\s*)?(\w+)",
    rf"{_I}(?:type|const|var)\s+(\w+)",
)
_RUST_PUBLIC = r"(?:pub(?:\([^)]*\))?\s+)?"
_RUST = _either(
    rf"{_I}{_RUST_PUBLIC}(?:use|extern\s+crate)\s+[\w:{{*]",
    rf"{_I}{_RUST_PUBLIC}(?:(?:default|const|async|unsafe|extern(?:\s+\"[^\"]*\")?)\s+)*"
    r"(?:fn|struct|enum|trait|type|union|mod|const|static(?:\s+mut)?|macro_rules!)\s+(\w+)",
    rf"{_I}(?:unsafe\s+)?impl\b(?:<[^>]*>)?\s+(?:[^{{]*\sfor\s+)?(\w+)",
)
_JAVA_LINES = _either(
    rf"{_I}import\s",
    rf"{_I}{_JAVA}*(?:class|interface|enum|record|@interface)\s+(\w+)",
    rf"{_I}{_JAVA}+(?:<[^()]*>\s*)?(?:{_TYPE})?(\w+)\s*[(=;]",
    rf"[ \t]+{_NO_CALL}(?:<[^()]*>\s*)?{_TYPE}(\w+)\s*\([^;]*\{{\s*$",
)
_CSHARP_LINES = _either(
    rf"{_I}(?:global\s+)?using\s+(?:static\s+)?[\w.]+\s*(?:=[^;]*)?;",
    rf"{_I}{_CSHARP}*(?:class|interface|enum|record|struct|delegate)\s+(\w+)",
    rf"{_I}{_CSHARP}+(?:{_TYPE})?(\w+)\s*(?:<[^()]*>)?\s*(?:[({{=;]|$)",
)
_KOTLIN_LINES = _either(
    r"import\s",
    rf"{_I}{_KOTLIN}*(?:class|interface|object|fun|typealias)\s+(?:<[^>]*>\s*)?"
    r"(?:[\w<>?]+\.)*(\w+)",
    rf"{_KOTLIN}*va[lr]\s+(\w+)",
    rf"{_I}{_KOTLIN}+va[lr]\s+(\w+)",
)
_SCALA_LINES = _either(
    rf"{_I}import\s",
    rf"{_I}{_SCALA}*(?:class|trait|object|def|type|enum|given)\s+(\w+)",
)
_C = _either(
    rf"{_I}#[ \t]*(?:include|import)\b",
    rf"{_I}(?:export\s+)?import\s+[\w.:<\"]+\s*;",
    rf"{_I}using\s+namespace\b",
    rf"{_I}#[ \t]*define\s+(\w+)",
    rf"{_I}(?:typedef\s+)?(?:struct|class|enum(?:\s+(?:class|struct))?|union|namespace|concept)\s+"
    r"(\w+)\s*(?:[{:]|final\b|$)",
    rf"{_I}typedef\b[^;]*?(\w+)\s*;",
    rf"{_I}using\s+(\w+)\s*=",
    rf"{_I}{_NO_CALL}(?:[\w:]+(?:<[^;()]*>)?[\s*&]+)+(?:\w+::)*~?(\w+)\s*\(",
)
_RUBY = _either(
    rf"{_I}(?:require|require_relative|autoload)\b",
    rf"{_I}(?:\w+\s+)?def\s+(?:\w+\.)?(\w+)",
    rf"{_I}(?:class|module)\s+(?:\w+::)*(\w+)",
    rf"{_I}([A-Z]\w*)\s*=(?![=~>])",
)
_PHP_LINES = _either(
    rf"{_I}use\s+[\w\\]",
    rf"{_I}(?:require|include)(?:_once)?\b",
    rf"{_I}{_PHP}*(?:function\s+&?|(?:class|interface|trait|enum|const)\s+)(\w+)",
)
_SWIFT_LINES = _either(
    rf"{_I}(?:@testable\s+)?import\s",
    rf"{_I}{_SWIFT}*(?:func|class|struct|enum|protocol|extension|actor|typealias)\s+(\w+)",
)

_DECLARES = {
    language: lines
    for languages, lines in (
        ("python", _PYTHON),
        (
            "javascript javascriptreact typescript typescriptreact vue svelte js jsx ts tsx",
            _JAVASCRIPT,
        ),
        ("go", _GO),
        ("rust", _RUST),
        ("java", _JAVA_LINES),
        ("csharp cs", _CSHARP_LINES),
        ("kotlin", _KOTLIN_LINES),
        ("scala", _SCALA_LINES),
        ("c cpp objective-c objective-cpp objc objcpp cuda cuda-cpp", _C),
        ("ruby", _RUBY),
        ("php", _PHP_LINES),
        ("swift", _SWIFT_LINES),
    )
    for language in languages.split()
}
"""What imports and declares, by the language identifiers of LSP and of editors.

Compiled when it is needed, since all together take a while at the start."""
