"""How good completions are: HumanEval's single-line infilling through the whole server.

Each task is a document with one line missing; the server is asked over standard input and output,
with the embedded model, greedily. A solution passes if its program does, in a process with a time
limit. `--baseline` sends the same tasks to the same llama.cpp, raw (`/infill`), as a client without
a server would; `--tasks N` takes the first N of a fixed shuffle.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
from raw_client import OURS, URI, Server, running

from infill_ls.backends.embedded_entry import Start
from infill_ls.backends.embedded_user import attach
from infill_ls.models import catalogue, store

TASKS = Path(__file__).parents[3] / "shared" / "data" / "HumanEval-SingleLineInfilling.jsonl.gz"
SEED = 2026
PASS_WITHIN_S = 10
CONTEXT_TOKENS = 4_096

Task = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What became of one task."""

    exact: bool
    passed: bool
    tokens: int | None
    seconds: float


def main() -> int:
    """Print one line for each way; return 1 if our target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--baseline", action="store_true")
    args = parser.parse_args()
    tasks = chosen(args.tasks)
    with ours() as complete:
        results = [solved(task, complete) for task in tasks]
    report("through the server", results)
    if args.baseline:
        with raw() as complete:
            report("raw /infill", [solved(task, complete) for task in tasks])
    return int(sum(result.passed for result in results) < 0.82 * len(results))


def chosen(count: int) -> list[Task]:
    """Return so many tasks, always the same."""
    with gzip.open(TASKS, "rt", encoding="utf-8") as file:
        tasks = [json.loads(line) for line in file]
    random.Random(SEED).shuffle(tasks)
    return tasks[:count]


Complete = Callable[[Task], tuple[str, int | None]]
"""Fills in a task: the text, and how many tokens were generated, if that is known."""


def solved(task: Task, complete: Complete) -> Result:
    """Complete a task and run its program."""
    start = perf_counter()
    text, tokens = complete(task)
    seconds = perf_counter() - start
    exact = text.rstrip() == task["canonical_solution"].rstrip()
    return Result(exact, passes(task, text), tokens, seconds)


def passes(task: Task, text: str) -> bool:
    """Return whether the program with this text in its place does what its tests want."""
    # The end of the line is the document's own.
    program = (
        f"{task['prompt']}{text}\n{task['suffix']}\n{task['test']}\ncheck({task['entry_point']})\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", program],
                cwd=folder, capture_output=True, timeout=PASS_WITHIN_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


@contextmanager
def ours() -> Iterator[Complete]:
    """Complete through the server, as an editor does at an empty line."""
    options = {
        "completion": {"lines": "single"},
        "cache": {"entries": 0},
        # Its log has the number of tokens.
        "log": {"level": "debug"},
    }
    with running(OURS, options) as server:
        yield lambda task: asked(server, task)


def asked(server: Server, task: Task) -> tuple[str, int | None]:
    """Open a task as a document with an empty line, and ask there."""
    server.open(f"{task['prompt']}\n{task['suffix']}")
    line = task["prompt"].count("\n")
    character = len(task["prompt"].rpartition("\n")[2])
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1},
    }
    server.begin("textDocument/inlineCompletion", params)
    *messages, answer = server.until_answer()
    server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    items = (answer["result"] or {}).get("items", [])
    counted = re.findall(r", (\d+) tokens, ", str(messages))
    return str(items[0]["insertText"]) if items else "", int(counted[-1]) if counted else None


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
    """Ask `/infill` with all that stands around the missing line."""
    body = {
        "input_prefix": task["prompt"],
        "input_suffix": f"\n{task['suffix']}",
        "n_predict": 96,
        "temperature": 0,
    }
    answer = client.post("/infill", json=body).raise_for_status().json()
    return str(answer["content"]), int(answer["tokens_predicted"])


def report(name: str, results: list[Result]) -> None:
    """Print one line."""
    count = len(results)
    tokens = [result.tokens for result in results if result.tokens is not None]
    print(
        f"{name:20}  tasks {count}  passed {sum(r.passed for r in results) / count:.0%}  "
        f"exact {sum(r.exact for r in results) / count:.0%}  "
        f"tokens {sum(tokens) / len(tokens) if tokens else float('nan'):.0f}  "
        f"seconds {sum(r.seconds for r in results) / count:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
