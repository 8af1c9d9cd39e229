"""An answer in Markdown, drawn while it grows.

What cannot change any more is printed above the part that is drawn anew, which so is one block of
Markdown, and of that as much as the terminal has lines: a terminal can draw nothing anew that has
left it at the top.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from markdown_it import MarkdownIt
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment, SegmentLines
from rich.text import Text

from infill_ls.cli.console import out

_REDRAWN_S = 0.1
"""So often, at most."""

_PARSER = MarkdownIt().enable("table")
"""Divides a text into the blocks that rich draws."""

_LINE_END = re.compile(r"\r\n|\r(?!\Z)")
"""As Markdown has it; a carriage return at the end may be half of one."""

_FENCE = re.compile(r" {0,3}(```|~~~).*\n")
"""The line that opens a block of code."""

_CONTROL = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}
"""Pictures of control characters: what a model writes must not command the terminal."""


@contextmanager
def growing() -> Iterator[Callable[[str], None]]:
    """Show a text that is given in pieces: drawn on a terminal, as it is elsewhere.

    An event loop must run.
    """
    console = out()
    if console.is_terminal and not console.is_dumb_terminal:
        with _Drawing(console) as drawing:
            yield drawing.add
    else:
        yield from _as_it_is(console)


def settled(text: str) -> tuple[str, str]:
    """Divide a text before its last block, which may still grow; no other can change."""
    # A line that is not complete may yet turn out to belong to the block before it.
    complete = text[: text.rfind("\n") + 1]
    blocks = (token.map for token in _PARSER.parse(complete) if token.level == 0 and token.map)
    last_line = max((first for first, _ in blocks), default=0)
    at = sum(len(line) + 1 for line in text.split("\n")[:last_line])
    return text[:at], text[at:]


def _end_of(text: str, line_count: int) -> str:
    """Return a block without what of long code is not among its last lines.

    To colour 500 lines takes a tenth of a second, which is too much for each time.
    """
    opening = _FENCE.match(text)
    if opening is None:
        return text
    lines = text[opening.end() :].split("\n")
    return opening[0] + "\n".join(lines[-line_count - 1 :])


def _as_it_is(console: Console) -> Iterator[Callable[[str], None]]:
    was_written = False

    def write(piece: str) -> None:
        nonlocal was_written
        was_written = True
        console.file.write(piece)
        console.file.flush()

    try:
        yield write
    finally:
        if was_written:
            write("\n")


class _Drawing:
    """The part of an answer that may still change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._text = ""
        self._is_first = True
        # rich would draw in a thread of its own, which mixes its lines with what is printed.
        self._live = Live(
            console=console, get_renderable=self._end, auto_refresh=False, transient=True
        )
        self._redrawing: asyncio.TimerHandle | None = None

    def __enter__(self) -> _Drawing:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Print the rest."""
        if self._redrawing:
            self._redrawing.cancel()
        done, self._text = self._text, ""
        self._live.stop()
        self._print(done)

    def add(self, piece: str) -> None:
        """Take one more piece, print what it settles, and have the rest drawn anew."""
        self._text = _LINE_END.sub("\n", self._text + piece.translate(_CONTROL))
        if "\n" in piece:
            done, self._text = settled(self._text)
            self._print(done)
        if self._redrawing is None:
            loop = asyncio.get_running_loop()
            self._redrawing = loop.call_later(_REDRAWN_S, self._redraw)

    def _redraw(self) -> None:
        self._redrawing = None
        self._live.refresh()

    def _print(self, text: str) -> None:
        if text.strip():
            lines = self._lines(text)
            self._is_first = False
            self._console.print(SegmentLines(lines, new_lines=True))

    def _end(self) -> SegmentLines:
        """Return as many of the last lines as have room: two are for what may be around."""
        room = max(1, self._console.height - 2)
        return SegmentLines(self._lines(_end_of(self._text, room))[-room:], new_lines=True)

    def _lines(self, text: str) -> list[list[Segment]]:
        """Draw a text as rich does it at the beginning, or after another block."""
        if not text.strip():
            return self._console.render_lines(Text("…", "dim"), pad=False)
        before = "" if self._is_first else "before\n\n"
        # A link's address is shown: what a model links to should be seen before one goes there.
        drawn = Markdown(before + text, hyperlinks=False)
        return self._console.render_lines(drawn, pad=False)[0 if self._is_first else 1 :]
