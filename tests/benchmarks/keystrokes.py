"""What a keystroke costs the server itself, and what 100,000 of them leave behind (`--soak`).

A keystroke is a `didChange` and a request for ghost text, as an editor sends them. The host is
scripted and answers at once; the time in which it has a request is taken off, so that what is left
is ours, the HTTP client included. A hit is a key that types along a suggestion; a miss comes at a
new place each time. A bare pygls server that does nothing gets keystrokes too, turn by turn, so
that what is slow of the machine or of pygls itself is seen beside ours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from random import Random
from statistics import quantiles
from string import ascii_letters
from time import perf_counter
from typing import Literal

from latency import BARE
from raw_client import OURS

sys.path.append(str(Path(__file__).parents[1]))

from keystrokes_editor import Buffer, Editor, Trigger, editing, python_lines
from keystrokes_host import InstantHost
from keystrokes_soak import soaked

from fakes.faces.llamacpp import LlamaCpp
from fakes.faces.tgi import Tgi
from fakes.faces.tgi_checks import Limits

Way = Literal["hit", "miss"]

FACES = {
    "tgi": Tgi(limits=Limits(max_input_tokens=4096, max_total_tokens=8192)),
    "llamacpp": LlamaCpp(context_tokens=16_384),
}
SIZES = {"2 kB": 2_000, "20 kB": 20_000, "200 kB": 200_000, "1 MB": 1_000_000}
P99_TARGET_MS: dict[Way, float] = {"hit": 5, "miss": 15}
MEDIAN_TARGET_MS: dict[Way, float] = {"hit": 5, "miss": 3}
CASES: tuple[tuple[Trigger, Way], ...] = (
    ("automatic", "hit"),
    ("automatic", "miss"),
    # Who invokes a completion that is known asks for others, so there is no such hit.
    ("invoked", "miss"),
)
KEYS = 500
WARM_UP = 50
TURN = 50
"""Keystrokes for one server before it is the other's turn."""
SOAK_KEYS = 100_000

SEED = 20_261_125
START = 300_000
"""Where in Python's library the files begin."""

ANSWER = "found = self._registry.lookup(name, default=None, strict=True)"
"""What the host always says; typed along, it makes 61 hits."""

SOAK_ANSWERS = (
    ANSWER,
    "if name in self._registry:\n            return self._registry[name]\n        return None\n",
    "",
    "``" + "`python\nresult = compute(first, second)\n``" + "`\n",
    " -> dict[str, list[int]]:",
    "total += 1\n    " * 12,
)
"""What it says by turns while 100,000 keys are pressed: short, long, nothing, fenced, repeated."""


def main() -> int:
    """Print a line for each file, trigger and way; return 1 where a target is missed."""
    args = _arguments()
    face = FACES[args.kind]
    if args.soak:
        with InstantHost(face, SOAK_ANSWERS) as host:
            return int(not soaked(host, _options(host, args.kind), args.keys or SOAK_KEYS))
    print(f"{'ms, the host taken off':28}  {'p50':>6}  {'p95':>6}  {'p99':>6}  {'max':>6}"
          f"  {'bare p50':>8}  {'bare p99':>8}  {'ratio':>6}")  # fmt: skip
    missed: list[str] = []
    for name, (trigger, way) in product(args.sizes, CASES):
        with servers(args.kind, SIZES[name]) as (ours, bare):
            keys = ours.hits(trigger) if way == "hit" else ours.misses(trigger)
            samples = in_turns(keys, bare.misses(trigger), args.keys or KEYS)
        missed += shown(f"{way}, {name}, {trigger}", way, samples)
    print("\n".join(["targets missed:", *missed]) if missed else "targets: met")
    return int(bool(missed))


def _arguments() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", type=int, help=f"{KEYS} in each case, or {SOAK_KEYS} to soak")
    parser.add_argument("--kind", choices=FACES, default="tgi", help="what the host speaks")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--soak", action="store_true", help="look for what is never given back")
    return parser.parse_args()


def _options(host: InstantHost, kind: str) -> dict[str, object]:
    backend = {"kind": kind, "url": host.url}
    template = {"template": "codellama"}
    return {"backend": backend, "completion": {"debounceMs": 0}, "prompt": template}


@contextmanager
def servers(kind: str, size: int) -> Iterator[tuple[Typing, Typing]]:
    """Give what types into a document of so many characters with ours, and bare."""
    with (
        InstantHost(FACES[kind], (ANSWER,)) as host,
        editing(OURS, _options(host, kind)) as ours,
        editing(BARE) as bare,
    ):
        yield _typing(ours, size, host), _typing(bare, size)


def _typing(editor: Editor, size: int, host: InstantHost | None = None) -> Typing:
    buffer = Buffer("file:///typed.py", python_lines(size, START))
    editor.show(buffer)
    return Typing(editor, buffer, host, Random(SEED))


@dataclass(frozen=True, slots=True)
class Typing:
    """One server with one document, and the host that it asks, if any."""

    editor: Editor
    buffer: Buffer
    host: InstantHost | None
    random: Random

    def misses(self, trigger: Trigger) -> Iterator[float]:
        """Yield the milliseconds of keystrokes, each at a place of its own.

        Where there is a host, one that it was not asked about is left out.
        """
        while True:
            asked = self.host.asked if self.host else -1
            time_ms, _ = self._elsewhere(trigger)
            if self.host is None or self.host.asked > asked:
                yield time_ms

    def hits(self, trigger: Trigger) -> Iterator[float]:
        """Yield the milliseconds of keystrokes, each of which the suggestion before foretold.

        Raises AssertionError where one is answered otherwise, or the host is asked about it.
        """
        assert self.host is not None
        while True:
            _, left = self._elsewhere(trigger)
            asked = self.host.asked
            while shown := left[1:]:
                time_ms, left = self._timed(left[0], trigger)
                assert (left, self.host.asked) == (shown, asked)
                yield time_ms

    def _elsewhere(self, trigger: Trigger) -> tuple[float, str]:
        """Type a letter behind some line in the middle half of the document."""
        quarter = len(self.buffer.lines) // 4
        self.buffer.to_end_of(self.random.randrange(quarter, 3 * quarter))
        return self._timed(self.random.choice(ascii_letters), trigger)

    def _timed(self, character: str, trigger: Trigger) -> tuple[float, str]:
        """Return how long a key took without the host, in milliseconds, and the ghost text."""
        start = perf_counter()
        self.editor.insert(self.buffer, character)
        self.editor.wish(self.buffer, trigger)
        ghost_text = self.editor.ghost_text()
        end = perf_counter()
        host_s = self.host.busy_s(start, end) if self.host else 0.0
        return (end - start - host_s) * 1000, ghost_text


Samples = tuple[list[float], list[float]]
"""Milliseconds of ours and of the bare server."""


def in_turns(ours: Iterator[float], bare: Iterator[float], count: int) -> Samples:
    """Take `count` times from each, a few of the one after a few of the other."""
    samples: Samples = ([], [])
    for keys in (ours, bare):
        consumed = list(islice(keys, WARM_UP))
        assert len(consumed) == WARM_UP
    for _ in range(-(-count // TURN)):
        for keys, times in zip((ours, bare), samples, strict=True):
            times.extend(islice(keys, TURN))
    return samples


def shown(case: str, way: Way, samples: Samples) -> Iterator[str]:
    """Print one line; yield what misses its target."""
    ours, bare = (quantiles(times, n=100) for times in samples)
    print(f"{case:28}  {ours[49]:6.2f}  {ours[94]:6.2f}  {ours[98]:6.2f}  {max(samples[0]):6.2f}"
          f"  {bare[49]:8.2f}  {bare[98]:8.2f}  {ours[49] / bare[49]:5.2f}x")  # fmt: skip
    if ours[49] > MEDIAN_TARGET_MS[way]:
        yield f"{case}: p50 {ours[49]:.2f} ms, more than {MEDIAN_TARGET_MS[way]}"
    if ours[98] > P99_TARGET_MS[way]:
        yield f"{case}: p99 {ours[98]:.2f} ms, more than {P99_TARGET_MS[way]}"


if __name__ == "__main__":
    sys.exit(main())
