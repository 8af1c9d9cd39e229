"""The syntax tree around a place of a document.

A tree is made on the event loop: tree-sitter's binding holds the interpreter's lock while it
parses, so a thread would not free it. What is read is an excerpt, and it is handed over piece by
piece, for no longer than a few milliseconds: code that a grammar finds hard to read, such as what
is typed into the middle of a line without spaces, ends there, and if that is before the place,
there is no tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

from infill_ls.syntax.excerpt import Excerpt
from infill_ls.syntax.grammar import grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

BUDGET_S = 0.0012
"""For so long an excerpt is read. To recover from where that ends takes less, in real code."""

_PIECE = 128
"""So many bytes are handed over at once."""

_MOST_OPEN = 100
"""More brackets of a kind than that are not open in code, but in data or in what is no code. To
recover from the end of hundreds takes up to 10 ms, and of angles, each of which may be a comparison
or begin a list of types, up to 80 ms."""

_BRACKETS = ("()", "[]", "{}", "<>")

_LONGEST = 200_000
"""So many code points of a text of its own are parsed."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """A tree, and the excerpt that it is of."""

    excerpt: Excerpt
    tree: Tree
    cursor: int
    """The place, in bytes of the excerpt's UTF-8, in which the tree counts."""

    def span(self, node: Node) -> tuple[int, int]:
        """Return the offsets [start, end) of a node in the document."""
        code = self.excerpt.code.encode()
        start = len(code[: node.start_byte].decode())
        length = len(code[node.start_byte : node.end_byte].decode())
        return self.excerpt.start + start, self.excerpt.start + start + length

    def around(self) -> Iterator[Node]:
        """Yield the nodes that begin before the place and end behind it, the innermost first."""
        root = self.tree.root_node
        innermost = root.descendant_for_byte_range(max(self.cursor - 1, 0), self.cursor)
        for node in _upwards(innermost or root):
            if node.start_byte < self.cursor < node.end_byte or node.parent is None:
                yield node

    def before(self) -> Iterator[Node]:
        """Yield the token that ends last before the place, and the nodes that it is in.

        White space does not count, so it may stand some lines above. There is none at the top.
        """
        code = self.excerpt.before.rstrip().encode()
        if code:
            place = len(code) - 1
            yield from _upwards(self.tree.root_node.descendant_for_byte_range(place, place + 1))


def syntax_of(
    part: Excerpt,
    language: str,
    *,
    clock: Callable[[], float] = perf_counter,
    budget_s: float = BUDGET_S,
) -> Syntax | None:
    """Parse an excerpt, or return None where there is no grammar or reading takes too long."""
    language_grammar = grammar(language)
    if language_grammar is None or _is_too_deep(part.code):
        return None
    code, cursor = part.code.encode(), len(part.before.encode())
    deadline, end = clock() + budget_s, len(code)

    def read(at: int, _: object) -> bytearray:
        nonlocal end
        if clock() > deadline:
            end = min(end, at)
        piece = code[at : min(at + _PIECE, end)]
        buffer = _buffer(len(piece))
        buffer[:] = piece
        return buffer

    tree: Tree = import_module("tree_sitter").Parser(language_grammar).parse(read)
    return Syntax(part, tree, cursor) if end == len(code) or end > cursor else None


def parses(code: str, language: str) -> bool | None:
    """Tell whether code has no error of syntax; None where that cannot be known.

    There must be a grammar, and no more than 200,000 code points. So many take some tens of
    milliseconds, in which a server does nothing else.
    """
    language_grammar = grammar(language)
    if language_grammar is None or len(code) > _LONGEST:
        return None
    tree: Tree = import_module("tree_sitter").Parser(language_grammar).parse(code.encode())
    return not tree.root_node.has_error


@cache
def _buffer(length: int) -> bytearray:
    """Return the one buffer of a length.

    The binding, up to 0.26.1 at least, never lets go of a piece that it is handed, and needs it
    only until the next one. So it is handed the same ones again and again.
    """
    return bytearray(length)


def _is_too_deep(code: str) -> bool:
    return any(code.count(pair[0]) - code.count(pair[1]) > _MOST_OPEN for pair in _BRACKETS)


def _upwards(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent
