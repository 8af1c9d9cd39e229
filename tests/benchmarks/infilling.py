"""How good completions are: tasks of infilling through the whole server.

Each task is a document with a hole (see `infilling_tasks.py`): `--kind single` is HumanEval's
single-line infilling, `multi` several whole lines of the standard library, `span` a span of it that
begins and ends anywhere. The server is asked over standard input and output, with the embedded
model, greedily. A solution passes if its check does, in a process with a time limit. `--baseline`
sends the same tasks to the same llama.cpp, raw (`/infill`), as a client without a server would;
`--tasks N` takes the first N of a fixed shuffle.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter
from typing import get_args

import httpx
from infilling_tasks import Kind, Task, passes, tasks
from raw_client import OURS, URI, Server, running

from infill_ls.backends.embedded.entry import Start
from infill_ls.backends.embedded.user import attach
from infill_ls.models import catalogue, store

CONTEXT_TOKENS = 4_096
TARGET = 0.82
"""The share of HumanEval's single lines that is to pass."""


@dataclass(frozen=True)
class Answer:
    """What was put in the hole of a task."""

    text: str
    tokens: int | None
    """How many were generated, if that is known."""
    seconds: float


Complete = Callable[[Task], tuple[str, int | None]]
"""Fills in a task: the text, and how many tokens were generated, if that is known."""


def main() -> int:
    """Print one line for each way; return 1 if there is a target and we miss it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=get_args(Kind), default="single")
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--baseline", action="store_true")
    args = parser.parse_args()
    chosen = list(islice(tasks(args.kind), args.tasks))
    with ours(args.kind) as complete:
        passed = report("through the server", chosen, answers(chosen, complete))
    if args.baseline:
        with raw() as complete:
            uncut = answers(chosen, complete)
        report("raw /infill", chosen, uncut)
        if args.kind == "single":
            report("raw, first line only", chosen, [first_line(answer) for answer in uncut])
    return int(args.kind == "single" and passed < TARGET)


def answers(chosen: list[Task], complete: Complete) -> list[Answer]:
    """Fill in each task."""
    return [timed(task, complete) for task in chosen]


def timed(task: Task, complete: Complete) -> Answer:
    """Fill in a task."""
    start = perf_counter()
    text, tokens = complete(task)
    return Answer(text, tokens, perf_counter() - start)


def first_line(answer: Answer) -> Answer:
    """Return what a client would have that cuts the answer at the end of its line."""
    return replace(answer, text=answer.text.partition("\n")[0])


@contextmanager
def ours(kind: Kind) -> Iterator[Complete]:
    """Complete through the server, as an editor does."""
    options = {
        # What is wanted at an empty line cannot be told from the place.
        "completion": {"lines": "single" if kind == "single" else "auto"},
        "cache": {"entries": 0},
        # Its log has the number of tokens.
        "log": {"level": "debug"},
    }
    with running(OURS, options) as server:
        yield lambda task: asked(server, task)


def asked(server: Server, task: Task) -> tuple[str, int | None]:
    """Open a task as a document with its hole closed, and ask there."""
    server.open(task.prompt + task.suffix)
    cursor = {
        "line": task.prompt.count("\n"),
        # LSP counts UTF-16.
        "character": len(task.prompt.rpartition("\n")[2].encode("utf-16-le")) // 2,
    }
    params = {
        "textDocument": {"uri": URI},
        "position": cursor,
        "context": {"triggerKind": 1},
    }
    server.begin("textDocument/inlineCompletion", params)
    *messages, answer = server.until_answer()
    server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    counted = re.findall(r", (\d+) tokens, ", str(messages))
    text = ""
    for item in (answer["result"] or {}).get("items", [])[:1]:
        # Nothing around the hole is replaced, so the text alone is the answer.
        assert item["range"] == {"start": cursor, "end": cursor}, item
        text = item["insertText"]
    return text, int(counted[-1]) if counted else None


@contextmanager
def raw() -> Iterator[Complete]:
    """Complete by the same llama.cpp, without any server of ours."""
    path = store.path(catalogue.DEFAULT)
    start = Start(str(path), CONTEXT_TOKENS, 60)
    with asyncio.Runner() as runner:
        user = runner.run(attach(start))
        url = runner.run(user.ready()).url
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
            client.headers["authorization"] = f"Bearer {user.key}"
            yield lambda task: infilled(client, task)
        runner.run(user.leave())


def infilled(client: httpx.Client, task: Task) -> tuple[str, int | None]:
    """Ask `/infill` with all that stands around the hole."""
    body = {
        "input_prefix": task.prompt,
        "input_suffix": task.suffix,
        "n_predict": 96,
        "temperature": 0,
    }
    answer = client.post("/infill", json=body).raise_for_status().json()
    return str(answer["content"]), int(answer["tokens_predicted"])


def report(name: str, chosen: list[Task], given: list[Answer]) -> float:
    """Print one line; return the share that passed."""
    count = len(chosen)
    pairs = list(zip(chosen, given, strict=True))
    passed = sum(passes(task, answer.text) for task, answer in pairs) / count
    exact = sum(answer.text.rstrip() == task.canonical.rstrip() for task, answer in pairs) / count
    tokens = [answer.tokens for answer in given if answer.tokens is not None]
    print(
        f"{name:20}  tasks {count}  passed {passed:.0%}  exact {exact:.0%}  "
        f"tokens {sum(tokens) / len(tokens) if tokens else float('nan'):.0f}  "
        f"seconds {sum(answer.seconds for answer in given) / count:.2f}",
        flush=True,
    )
    return passed


if __name__ == "__main__":
    sys.exit(main())
