"""Where a docstring goes in Python, and which one an answer has, each as exactly as it stands."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infill_ls.chat.actions import NotApplied
from infill_ls.chat.comments import lines_of

_HEAD = "if 1:\n"
"""Put before code that is indented, which needs no change then, as strings in it may not bear."""

_Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Place:
    """Where the docstring of the first function or class of some code goes."""

    name: str
    """Of the function or class."""
    start: int
    """Where a line begins, in code points from the code's beginning."""
    end: int
    """Where the docstring ends that is there; the same as `start` if there is none."""
    indent: str


def place_of_docstring(code: str) -> Place:
    """Return where a docstring goes. Raises NotApplied if the code has no place for one."""
    source = _Source(code, "the code")
    node = next(source.documented(), None)
    if node is None:
        raise NotApplied("the code is no function and no class")
    first = node.body[0]
    if source.before(first).strip():
        raise NotApplied("the code has its body on the line of its head")
    indent = source.before(first)
    if old := _docstring(node.body):
        return Place(node.name, source.offset(old.lineno, 0), source.end(old), indent)
    line = _top(first)
    while source.is_empty(line - 1):
        line -= 1
    start = source.offset(line, 0)
    return Place(node.name, start, start, indent)


def docstring_of(name: str, answer: str) -> str:
    """Return the docstring of a function or class in an answer, or the one that the answer is.

    Small models write it right above the function, too. Its first line is indented as it is there.
    Raises NotApplied if there is none.
    """
    source = _Source(answer, "the answer")
    named = [node for node in source.documented() if node.name == name]
    bodies = [node.body for node in named]
    match source.body:
        case [_]:
            bodies.append([*source.body])
        case [above, node, *_] if node in named and _top(node) == (above.end_lineno or 0) + 1:
            bodies.append([above])
    for body in bodies:
        docstring = _docstring(body)
        if docstring and not source.before(docstring).strip():
            return answer[source.offset(docstring.lineno, 0) : source.end(docstring)]
    raise NotApplied(f"the answer has no docstring of {name} on lines of its own")


class _Source:
    """Code that is read at whatever indentation; places in its tree are offsets in it."""

    def __init__(self, code: str, what: str) -> None:
        """Raise NotApplied if it is not valid."""
        lines = lines_of(code)
        first = next((line for line in lines if line.strip()), "")
        self._head = _HEAD if first[:1] in (" ", "\t") else ""
        self._lines = lines_of(self._head) + lines
        try:
            with warnings.catch_warnings():
                # A doubtful escape in a string is nobody's concern here.
                warnings.simplefilter("ignore")
                self._tree = ast.parse("".join(line.rstrip("\r\n") + "\n" for line in self._lines))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise NotApplied(f"{what} is no valid Python") from error

    @property
    def body(self) -> Sequence[ast.stmt]:
        """The outermost statements."""
        first = self._tree.body[0] if self._tree.body else None
        return first.body if self._head and isinstance(first, ast.If) else self._tree.body

    def documented(self) -> Iterator[_Documented]:
        """Yield what can have a docstring, the outermost first."""
        for node in ast.walk(self._tree):
            if isinstance(node, _Documented):
                yield node

    def before(self, node: ast.stmt) -> str:
        """Return what stands before a statement on its line."""
        return self._beginning(node.lineno, node.col_offset)

    def end(self, node: ast.stmt) -> int:
        """Return where a statement ends."""
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place as the tree has it: a line from 1, a column in bytes."""
        above = sum(map(len, self._lines[: line - 1]))
        return above + len(self._beginning(line, column)) - len(self._head)

    def is_empty(self, line: int) -> bool:
        """Tell whether nothing but a comment stands on a line."""
        content = self._lines[line - 1].strip()
        return not content or content.startswith("#")

    def _beginning(self, line: int, column: int) -> str:
        return self._lines[line - 1].encode()[:column].decode()


def _docstring(body: Sequence[ast.stmt]) -> ast.Expr | None:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())) as first, *_]:
            return first
    return None


def _top(node: ast.stmt) -> int:
    """Return the line of a statement, from 1, or of its first decorator."""
    decorators = node.decorator_list if isinstance(node, _Documented) else []
    return min([node.lineno, *(each.lineno for each in decorators)])
