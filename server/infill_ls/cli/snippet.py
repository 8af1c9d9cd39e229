"""A piece of code in the terminal, with the part that was filled in marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.text import Text as Styled

from infill_ls.cli.console import out
from infill_ls.types import CompletionRequest

_LINES_BEFORE, _LINES_AFTER = 12, 6
_NEW = "bold green"
_OPEN, _CLOSE = "⟦", "⟧"
"""Around the new part where there is no colour."""


@contextmanager
def growing(request: CompletionRequest) -> Iterator[Callable[[str], None]]:
    """Show the code around the cursor; what is yielded is called with each longer new part.

    On a terminal it is drawn anew each time, elsewhere once, when it is complete.
    """
    console, new = out(), ""
    with Live(_drawn(request, ""), console=console, vertical_overflow="visible") as live:

        def show(longer: str) -> None:
            nonlocal new
            new = longer
            live.update(_drawn(request, new), refresh=console.is_terminal)

        yield show
    if not console.is_terminal:
        console.print()


def _drawn(request: CompletionRequest, new: str) -> Styled:
    """Number the lines, and put a plus before those that have something new."""
    text, offset = request.document.text, request.offset
    line, _ = text.position(offset)
    first = max(0, line - _LINES_BEFORE)
    code = Styled(text.slice(text.span(first)[0], offset))
    code.append(_marked(new), _NEW).append(text.slice(offset, text.span(line + _LINES_AFTER)[1]))
    code.rstrip()

    last_new = line + new.count("\n") if new else -1
    drawn = Styled()
    for number, content in enumerate(code.split("\n"), start=first):
        sign = "+" if line <= number <= last_new else " "
        drawn.append(f"{number + 1:5} {sign} ", "dim").append_text(content).append("\n")
    drawn.rstrip()
    return drawn


def _marked(new: str) -> str:
    return new if not new or out().color_system else f"{_OPEN}{new}{_CLOSE}"
