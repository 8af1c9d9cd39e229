"""What the command line draws with, by way of rich.

rich takes 60 ms to import, so it is imported where something is drawn and not before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@cache
def out() -> Console:
    """Return the console for what was asked for: standard output."""
    from rich.console import Console  # noqa: PLC0415 - see above

    return Console(highlight=False)


@cache
def err() -> Console:
    """Return the console for what goes on meanwhile: standard error."""
    from rich.console import Console  # noqa: PLC0415 - see above

    return Console(stderr=True, highlight=False)


def say(console: Console, text: str) -> None:
    """Print the text as it is: no markup, no `:x:` made an emoji, no path broken into lines."""
    console.out(text, highlight=False)


@asynccontextmanager
async def progress(title: str) -> AsyncIterator[None]:
    """Say that something slow has begun; it ends with what it was for."""
    say(err(), f"{title[:1].upper()}{title[1:]} …")
    yield


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to standard output."""
    from rich import box  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    drawn = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        drawn.add_row(*map(Text, row))
    out().print(drawn)


def size(size_bytes: int) -> str:
    """Return a size as people write it: "1.1 GB"."""
    from rich.filesize import decimal  # noqa: PLC0415 - see above

    return decimal(size_bytes)


class Transfer(Protocol):
    """Shows how something long goes on, step by step."""

    def step(self, text: str) -> None:
        """Say what comes next, of which nothing is done yet."""

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Show how much of the step is done."""


@contextmanager
def transfer() -> Iterator[Transfer]:
    """Show a transfer on standard error: a bar on a terminal, a line for every tenth elsewhere."""
    if not err().is_terminal:
        yield _Lines()
        return
    with _progress() as progress:
        yield _Bar(progress)


def _progress() -> Progress:
    from rich import progress  # noqa: PLC0415 - see above

    return progress.Progress(
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=err(),
        transient=True,
    )


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def step(self, text: str) -> None:
        self._progress.refresh()
        say(self._progress.console, text)
        # A new task, because an old one would take its speed along.
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task("", total=None)

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        self._progress.update(self._task, completed=done_bytes, total=total_bytes)


class _Lines:
    def __init__(self) -> None:
        self._next_percent = 10

    def step(self, text: str) -> None:
        say(err(), text)
        self._next_percent = 10

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        percent = 100 * done_bytes // total_bytes
        if percent >= self._next_percent:
            say(err(), f"{percent:3} %  {size(done_bytes)} of {size(total_bytes)}")
            self._next_percent = percent // 10 * 10 + 10
