"""What many keystrokes leave behind in the server: memory, tasks, threads, connections, files."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from string import ascii_letters
from time import perf_counter

import psutil
from keystrokes_editor import Buffer, Editor, editing, python_lines
from keystrokes_host import InstantHost

EVERY = 1_000
"""Keystrokes between two looks at the memory."""
WARM_UP = 500
MOST_OPEN = 6
KEPT = 1
"""Connections to the host that serve the next request."""
SIZE = 20_000
SEED = 20_261_125

GROWTH_TARGET = 0.05
GROWTH_TARGET_MB = 5.0
HELD_S = 1.0
"""So long an answer is waited for that is to be held back; a known answer asks nobody."""

# The server, which on a signal writes how many tasks and threads it has, after a full collection.
# The threads of asyncio's pool, which is filled as it is needed, are not counted.
COUNTED = """
import asyncio, gc, signal, sys, threading
from infill_ls.cli import main

def tell(*_):
    gc.collect()
    with open(sys.argv[1], "w") as told:
        threads = [each for each in threading.enumerate() if not each.name.startswith("asyncio_")]
        told.write(f"{len(asyncio.all_tasks())} {len(threads)}")

signal.signal(signal.SIGUSR1, tell)
sys.exit(main([]))
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a server that is idle holds."""

    tasks: int
    threads: int
    sockets: int
    """Besides the connection that is kept for the next request."""
    files: int
    """All other file descriptors."""


def soaked(host: InstantHost, options: object, keys: int) -> bool:
    """Type so many keys, print what the server holds before, meanwhile and after.

    Returns whether it holds no more in the end.
    """
    with counting() as (command, tell), editing(command, options) as editor:
        process = psutil.Process(editor.pid)
        hand = Hand(editor, host)
        hand.press(WARM_UP)
        hand.put_away()
        before = held(process, tell)
        sizes_mb = list(memory(process, hand, keys))
        hand.put_away()
        after = held(process, tell)
    flat = told_memory(sizes_mb)
    print(f"idle, before: {before}\nidle, after:  {after}\n"
          f"{host.asked} completions asked for over {host.connections} connections")  # fmt: skip
    more = [name for name, number in asdict(after).items() if number > asdict(before)[name]]
    print(f"targets: memory {'flat' if flat else 'grows'}; more than before: {more or 'nothing'}")
    return flat and not more


def memory(process: psutil.Process, hand: Hand, keys: int) -> Iterator[float]:
    """Yield the resident memory, in MB, after each so many keys; print it in lines of ten."""
    start = perf_counter()
    print("resident MB after each 1,000 keystrokes")
    for number in range(1, keys // EVERY + 1):
        hand.press(EVERY)
        size_mb = process.memory_info().rss / 1e6
        print(f"{size_mb:7.1f}", end="\n" if number % 10 == 0 else "", flush=True)
        yield size_mb
    print(f"\n{(perf_counter() - start) / keys * 1000:.2f} ms a keystroke: {hand.done}")


def told_memory(sizes_mb: Sequence[float]) -> bool:
    """Print how memory went on; return whether the end is near enough to the second fifth."""
    fifth = len(sizes_mb) // 5
    early, late = median(sizes_mb[fifth : 2 * fifth]), median(sizes_mb[-fifth:])
    print(f"median of the second fifth {early:.1f} MB, of the last {late:.1f} MB: "
          f"{late - early:+.1f} MB, {late / early - 1:+.1%}")  # fmt: skip
    return late - early <= max(GROWTH_TARGET * early, GROWTH_TARGET_MB)


def held(process: psutil.Process, tell: Callable[[int], tuple[int, int]]) -> Held:
    """Look at a server that has nothing to do."""
    sockets = len(process.net_connections())
    tasks, threads = tell(process.pid)
    return Held(
        tasks=tasks,
        threads=threads,
        sockets=max(0, sockets - KEPT),
        files=process.num_fds() - sockets,
    )


@contextmanager
def counting() -> Iterator[tuple[list[str], Callable[[int], tuple[int, int]]]]:
    """Give the command of a server that counts its tasks and threads, and what asks it for them."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        os.mkfifo(told)

        def tell(pid: int) -> tuple[int, int]:
            os.kill(pid, signal.SIGUSR1)
            tasks, threads = told.read_text().split()
            return int(tasks), int(threads)

        yield [sys.executable, "-c", COUNTED, str(told)], tell


class Hand:
    """Types, in a seeded mixture, into a few documents that come and go."""

    def __init__(self, editor: Editor, host: InstantHost) -> None:
        self.done = dict.fromkeys(self._deeds(), 0)
        """How often each deed was done."""
        self._editor = editor
        self._host = host
        self._random = Random(SEED)
        self._numbers = count()
        self._open: list[Buffer] = []
        self._buffer = self._opened()
        self._ghost_text = ""

    def press(self, keys: int) -> None:
        """Press so many keys, each followed by a wish."""
        deeds = self._deeds()
        weights = [weight for _, weight in deeds.values()]
        for name in self._random.choices(list(deeds), weights, k=keys):
            deeds[name][0]()
            self.done[name] += 1

    def put_away(self) -> None:
        """Close all documents but a new one, and stop."""
        self._buffer = self._opened()
        while len(self._open) > 1:
            self._editor.hide(self._open.pop(0))
        self._ask()

    def _deeds(self) -> dict[str, tuple[Callable[[], None], int]]:
        return {
            "typed along": (self._along, 45),
            "contradicted": (self._against, 15),
            "deleted": (self._erase, 10),
            "moved": (self._move, 10),
            "invoked": (self._invoke, 5),
            "superseded": (self._hurry, 5),
            "cancelled": (self._cancel, 4),
            "cancelled in a stream": (self._cancel_stream, 2),
            "opened": (self._open_another, 4),
        }

    def _along(self) -> None:
        self._insert(self._ghost_text[:1] or "x")
        self._ask()

    def _against(self) -> None:
        self._insert(self._random.choice(ascii_letters))
        self._ask()

    def _erase(self) -> None:
        if self._buffer.character == 0:
            self._insert("y")
        self._editor.erase(self._buffer)
        self._ask()

    def _move(self) -> None:
        self._buffer = self._random.choice(self._open)
        self._buffer.to_end_of(self._random.randrange(len(self._buffer.lines)))
        self._against()

    def _invoke(self) -> None:
        self._insert(self._random.choice(ascii_letters))
        self._editor.wish(self._buffer, "invoked")
        self._ghost_text = self._editor.ghost_text()

    def _hurry(self) -> None:
        """Type on before the answer is there."""
        self._insert(self._random.choice(ascii_letters))
        self._editor.wish(self._buffer, "automatic")
        self._against()

    def _cancel(self) -> None:
        self._insert(self._random.choice(ascii_letters))
        self._editor.wish(self._buffer, "automatic")
        self._editor.cancel()
        self._ghost_text = self._editor.ghost_text()

    def _cancel_stream(self) -> None:
        """Cancel when the host has begun to answer."""
        self._insert(self._random.choice(ascii_letters))
        self._host.hold()
        self._editor.wish(self._buffer, "automatic")
        self._host.held.wait(HELD_S)
        self._editor.cancel()
        # One that the server lets run may be joined by a later wish, so it must have an end.
        self._host.release()
        self._ghost_text = self._editor.ghost_text()

    def _open_another(self) -> None:
        self._buffer = self._opened()
        if len(self._open) > MOST_OPEN:
            self._editor.hide(self._open.pop(0))
        self._against()

    def _opened(self) -> Buffer:
        """Open a document that has not been open before, with other text than the last one."""
        number = next(self._numbers)
        lines = python_lines(SIZE, self._random.randrange(10**7))
        buffer = Buffer(f"file:///soaked/{number}.py", lines)
        buffer.to_end_of(self._random.randrange(len(lines)))
        self._editor.show(buffer)
        self._open.append(buffer)
        return buffer

    def _insert(self, character: str) -> None:
        self._editor.insert(self._buffer, character)

    def _ask(self) -> None:
        self._editor.wish(self._buffer, "automatic")
        self._ghost_text = self._editor.ghost_text()
