"""What it costs a keystroke to choose context out of 50 other open documents of 2,000 lines.

They are cut from Python's own library; keys are typed into another of its files, faster than anyone
types, while the documents are being indexed and after. Fails where the slowest of a hundred
requests takes more than 50 ms, or keeps the event loop from other work for more than 10 ms.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import sysconfig
from itertools import chain, islice
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from infill_ls.completion.prompts.context import Context
from infill_ls.prompt.build import plan
from infill_ls.settings.tree import Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, ModelInfo, Trigger

DOCUMENTS = 50
LINES = 2_000
KEYSTROKES = 200
PAUSE_S = 0.02
TARGET_MS = 50
STALL_TARGET_MS = 10
TICK_S = 0.001

MODEL = ModelInfo("qwen2.5-coder", 32_768, takes_ids=True)
TYPED_INTO = "argparse.py"
TYPED = "total = sum(self.width for each in values)\n    "


def main() -> int:
    """Print a line for each measurement; return 1 where a target is missed."""
    first, times, stalls, snippets = asyncio.run(measured())
    print(f"{'':16}  {'p50 ms':>7}  {'p99 ms':>7}  {'max ms':>7}")
    time_p99 = printed("request", times)
    stall_p99 = printed("event-loop stall", stalls)
    print(f"first request: {first:.1f} ms; snippets in the last: {snippets}")
    met = time_p99 <= TARGET_MS and stall_p99 <= STALL_TARGET_MS
    targets = f"request {TARGET_MS} ms, stall {STALL_TARGET_MS} ms"
    print(f"targets at p99: {targets}: {'met' if met else 'missed'}")
    return int(not met)


def printed(name: str, samples: list[float]) -> float:
    """Print one line; return the slowest of a hundred."""
    cuts = quantiles(samples, n=100)
    print(f"{name:16}  {cuts[49]:7.1f}  {cuts[98]:7.1f}  {max(samples):7.1f}")
    return cuts[98]


async def measured() -> tuple[float, list[float], list[float], int]:
    """Return the first request's time, the times and stalls of all others, and what is shown."""
    neighbours = documents()
    gc.freeze()  # as the server does when it has started
    text = Text((library() / TYPED_INTO).read_text("utf-8"))
    offset = text.offset(text.line_count // 2, 0)
    context, ticker = Context(), Ticker()
    ticking = asyncio.create_task(ticker.run())
    times, stalls = [], []
    snippets = 0
    for version in range(KEYSTROKES + 1):
        key = TYPED[version % len(TYPED)]
        text = text.replace(offset, offset, key)
        offset += 1
        document = Document("file:///typed.py", "python", version, text, "typed.py")
        request = CompletionRequest(document, offset, Trigger.AUTOMATIC, neighbours)
        planned = plan(request, MODEL, Settings())
        await asyncio.sleep(PAUSE_S)
        ticker.longest_ms = 0
        start = perf_counter()
        snippets = len(await context.around(request, planned))
        times.append((perf_counter() - start) * 1000)
        await asyncio.sleep(2 * TICK_S)  # for the tick that is under way
        stalls.append(ticker.longest_ms)
    ticking.cancel()
    await context.aclose()
    return times[0], times[1:], stalls, snippets


class Ticker:
    """Measures how much later than it wanted a task comes to its turn."""

    longest_ms = 0.0

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            start = perf_counter()
            await asyncio.sleep(TICK_S)
            late_ms = (perf_counter() - start - TICK_S) * 1000
            self.longest_ms = max(self.longest_ms, late_ms)


def documents() -> tuple[Document, ...]:
    """Cut the library's files, one after another, into documents of equal length."""
    files = (path for path in sorted(library().glob("*.py")) if path.name != TYPED_INTO)
    lines = chain.from_iterable(path.read_text("utf-8").splitlines(True) for path in files)
    texts = ("".join(islice(lines, LINES)) for _ in range(DOCUMENTS))
    return tuple(
        Document(f"file:///{i}.py", "python", 1, Text(text), f"library/{i}.py")
        for i, text in enumerate(texts)
    )


def library() -> Path:
    """Return where Python's own library is."""
    return Path(sysconfig.get_path("stdlib"))


if __name__ == "__main__":
    sys.exit(main())
