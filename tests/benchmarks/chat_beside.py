"""How long a completion takes beside a chat: the embedded model, which both of them share.

In each round the same kind of completion is asked for three times, each after one more word was
typed: with nothing else at work, while a chat writes its answer, and while a chat reads a long
question. Fails where the first token comes later than twice as late as with nothing else at work,
and one token's work of the model.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil

sys.path.append(str(Path(__file__).parents[1]))

from fakes.asking import no_progress
from infill_ls.backends.embedded import entry as entry_files
from infill_ls.backends.embedded.backend import Embedded
from infill_ls.backends.embedded.entry import FOLDER_VARIABLE
from infill_ls.models import store
from infill_ls.models.catalogue import DEFAULT
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import QWEN_CODER
from infill_ls.settings.tree import BackendSettings, CompletionSettings, Settings
from infill_ls.types import Delta, Message, Sampling

ROUNDS = 10
COMPLETION = Settings(completion=CompletionSettings(max_tokens=8))
CODE = Path(sysconfig.get_paths()["stdlib"], "argparse.py").read_text(encoding="utf-8")
PREFIX, SUFFIX = (
    CODE[10_000:10_400],
    "\n        return result\n\n    def names(self):\n        pass\n",
)
LONG_QUESTION_CHARS = 4_000
SAMPLING = Sampling(max_new_tokens=500, section="chat")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one completion took."""

    first_s: float
    total_s: float
    step_s: float
    """Between two tokens."""
    read: int
    """Tokens of its prompt that were not known."""


class Users:
    """Both who use the model, each with connections of its own, as in the language server."""

    def __init__(self, model: Path) -> None:
        settings = BackendSettings(kind="embedded", idle_minutes=0, read_timeout_ms=120_000)
        self.completing = Embedded(model, settings, no_progress)
        self.chatting = Embedded(model, settings, no_progress)
        self._words = count()
        self._typed = "\n        result = "

    async def complete(self) -> Taken:
        """Type a word and ask for what follows."""
        self._typed += f"word_{next(self._words)} + "
        prompt = render(QWEN_CODER, PREFIX + self._typed, SUFFIX, settings=COMPLETION)
        start = perf_counter()
        times: list[float] = []
        read = 0
        async with self.completing.stream(prompt) as deltas:
            async for delta in deltas:
                times.append(perf_counter() - start)
                read = delta.evaluation.tokens if delta.evaluation else read
        step_s = (times[-1] - times[0]) / max(1, len(times) - 1)
        return Taken(times[0], times[-1], step_s, read)

    @asynccontextmanager
    async def nothing(self) -> AsyncIterator[None]:
        """Leave the model to the completion."""
        yield

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Have a chat write its answer meanwhile."""
        async with self._chat("Write and explain a Python class for a bank account.") as deltas:
            await anext(deltas)
            rest = asyncio.create_task(_read(deltas))
            yield
            assert not rest.done(), "the answer was too short"
            rest.cancel()
            await asyncio.wait({rest})

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Have a chat read its question meanwhile."""
        question = f"{next(self._words)}. What is this?\n{CODE[:LONG_QUESTION_CHARS]}"
        first = asyncio.create_task(self._first_of(question))
        await asyncio.sleep(1)
        yield
        assert not first.done(), "the question was too short"
        first.cancel()
        await asyncio.wait({first})

    async def _first_of(self, question: str) -> Delta:
        async with self._chat(question) as deltas:
            return await anext(deltas)

    @asynccontextmanager
    async def _chat(self, question: str) -> AsyncIterator[AsyncIterator[Delta]]:
        try:
            async with self.chatting.converse([Message("user", question)], SAMPLING) as deltas:
                yield deltas
        finally:
            # llama.cpp looks once a second whether an answer is still wanted.
            await asyncio.sleep(1.2)


async def _read(deltas: AsyncIterator[Delta]) -> None:
    async for _ in deltas:
        pass


async def measured(rounds: int) -> bool:
    """Print a line for each state; return whether the target is met."""
    model = store.path(DEFAULT)
    assert model is not None, "run `infill-ls model pull`"
    async with AsyncExitStack() as stack:
        users = Users(model)
        await stack.enter_async_context(aclosing(users.completing))
        await stack.enter_async_context(aclosing(users.chatting))
        await users.complete()
        states = (users.nothing, users.writing, users.reading)
        taken: dict[str, list[Taken]] = {state.__name__: [] for state in states}
        for _ in range(rounds):
            for state in states:
                async with state():
                    taken[state.__name__].append(await users.complete())
        [entry] = map(entry_files.read, Path(os.environ[FOLDER_VARIABLE]).glob("*.json"))
        assert entry is not None
        print(
            f"memory of the model's process: {psutil.Process(entry.pid).memory_info().rss >> 20} MB"
        )
    idle = taken["nothing"]
    limit_s = 2 * median(each.first_s for each in idle) + median(each.step_s for each in idle)
    print(f"{'chat does':10}{'first s':>10}{'worst':>8}{'total s':>10}{'step s':>10}{'read':>7}")
    for name, all_ in taken.items():
        first_s = [each.first_s for each in all_]
        print(
            f"{name:10}{median(first_s):10.2f}{max(first_s):8.2f}"
            f"{median(each.total_s for each in all_):10.2f}"
            f"{median(each.step_s for each in all_):10.3f}{median(each.read for each in all_):7.0f}"
        )
    met = all(median(each.first_s for each in all_) <= limit_s for all_ in taken.values())
    print(f"target: first token within {limit_s:.2f} s: {'met' if met else 'missed'}")
    return met


def main() -> int:
    """Return 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER_VARIABLE] = folder
        return int(not asyncio.run(measured(rounds)))


if __name__ == "__main__":
    sys.exit(main())
