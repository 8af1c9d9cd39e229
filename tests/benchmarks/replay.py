"""What typing through the server costs the host, and how much of the time ghost text stands.

HumanEval's single lines are typed key by key into their holes, as a human types, with typos. The
host is scripted: it knows the line (`right`), half of it (`half`) or nothing (`noise`), and writes
its first token after 150 ms and 40 a second then, until the client leaves, there are 60, or all is
written. Ours is the real server over standard input and output, and tabby-agent is the real program
(`install_tabby_agent.sh` gets it; without it, it is left out). The others are emulations of rules
that engines follow (see `replay_policies.py`). All have the same host and the same keys.

By itself an engine has served a key if it has answered that very key with right ghost text within
50 ms; the column after it is where the editor also keeps what still fits, as VS Code does. Wasted
are all tokens that were never shown; wasted a cancel is what a stream that the client leaves goes
on writing after it is clear that it is not wanted (see `replay_tokens.py`).

All runs in real time, about 6 seconds a task, policy and kind of host; `--speed 2` halves every
time but that of the machine, and leaves out tabby-agent, whose clock is its own. `--together` runs
the policies side by side.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import get_args

from infilling_tasks import HUMAN_EVAL, SEED, Task, tasks
from replay_host import FIRST_TOKEN_S, Host
from replay_judging import Figures, judge
from replay_plot import Point, drawn
from replay_policies import InfillLs, LookingBack, NoCache, Policy, PrefixCache
from replay_tabby_agent import TabbyAgent
from replay_typing import Hole, Key, Kind, Session, Typed, plan, pressed

IN_TIME_S = 0.05
AFTERWARDS_S = 0.15
"""So long after the last key the hand goes on elsewhere."""

REQUESTS_TARGET: dict[Kind, float] = {"right": 8, "noise": 25}
SERVED_TARGET = 0.85
WASTED_TARGET = 2

POLICIES: tuple[type[Policy], ...] = (InfillLs, NoCache, PrefixCache, LookingBack, TabbyAgent)

Results = dict[tuple[str, Kind], Figures]
"""What was counted, by the policy's name and the kind of host."""


@dataclass(frozen=True, slots=True)
class Run:
    """What all runs have in common."""

    holes: Sequence[Hole]
    keys: int | None
    """At most so many are pressed in each hole."""
    speed: float


def main() -> int:
    """Print a line for each policy and kind of host; return 1 where ours misses a target."""
    args = _arguments()
    if not HUMAN_EVAL.exists():
        print(f"{HUMAN_EVAL} is not there; it is HumanEval-SingleLineInfilling of OpenAI's "
              "human-eval-infilling", file=sys.stderr)  # fmt: skip
        return 2
    run = Run(
        [hole_of(task) for task in islice(tasks("single"), args.tasks)], args.keys, args.speed
    )
    chosen = [policy for policy in POLICIES if policy.name in args.policies]
    for policy in chosen:
        if reason := policy.left_out(args.speed):
            print(f"{policy.name} is left out: {reason}", file=sys.stderr)
    chosen = [policy for policy in chosen if not policy.left_out(args.speed)]
    print(HEAD)
    results = asyncio.run(replayed(run, chosen, args.hosts, together=args.together))
    if args.svg and results:
        args.svg.write_text(drawn(_points(results)), encoding="utf-8")
    missed = list(misses(results))
    print("\n".join(["targets missed:", *missed]) if missed else "targets: met")
    return int(bool(missed))


def _arguments() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [policy.name for policy in POLICIES]
    parser.add_argument("--tasks", type=int, default=20, help="how many, of a fixed shuffle")
    parser.add_argument("--keys", type=int, help="at most so many in each task")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--svg", type=Path, help="draw a picture there")
    parser.add_argument("--policies", nargs="+", choices=names, default=names)
    parser.add_argument("--hosts", nargs="+", choices=get_args(Kind), default=get_args(Kind))
    parser.add_argument("--together", action="store_true", help="for a machine that is idle")
    return parser.parse_args()


def hole_of(task: Task) -> Hole:
    """Return the line of a task without its end, which the document has, and blanks before it."""
    return Hole(task.prompt, task.canonical.rstrip(), task.suffix)


async def replayed(
    run: Run, policies: Sequence[type[Policy]], kinds: Sequence[Kind], *, together: bool
) -> Results:
    """Type all holes with each policy against each kind of host, and print what comes of it."""
    limit = asyncio.Semaphore(len(policies) if together else 1)

    async def one(policy: type[Policy], kind: Kind) -> tuple[tuple[str, Kind], Figures]:
        async with limit:
            figures = await filled(run, policy, kind)
            print(line(policy.name, kind, figures, run.speed), flush=True)
            return (policy.name, kind), figures

    return dict(await asyncio.gather(*(one(policy, kind) for kind in kinds for policy in policies)))


async def filled(run: Run, policy: type[Policy], kind: Kind) -> Figures:
    """Type all holes with a policy of its own and a host of its own."""
    figures = Figures()
    with Host(kind, run.speed) as host:
        # What is asked before the first document is open is answered, but not counted.
        host.begin(run.holes[0])
        async with policy(host.url, run.speed) as asking:
            for hole in run.holes:
                keys = plan(hole.text, SEED)[: run.keys]
                session = await filled_once(host, asking, hole, keys, run.speed)
                figures.add(judge(session, IN_TIME_S / run.speed))
    return figures


async def filled_once(
    host: Host, policy: Policy, hole: Hole, keys: Sequence[Key], speed: float
) -> Session:
    """Type one hole in real time."""
    host.begin(hole)
    await policy.open(hole.before + hole.after)
    typed, done = "", list[Typed]()
    due = perf_counter()
    for key in keys:
        due += key.pause_s / speed
        await asyncio.sleep(max(0, due - perf_counter()))
        typed = pressed(typed, key)
        before = hole.before + typed
        done.append(Typed(perf_counter(), before))
        await policy.key(before + hole.after, len(before))
    await asyncio.sleep(AFTERWARDS_S / speed)
    end = perf_counter()
    await policy.close()
    # The host notices with its next token that nobody listens.
    await asyncio.sleep(FIRST_TOKEN_S / speed)
    return Session(hole, done, list(policy.history), host.asked, end)


HEAD = f"""\
{"":34}  {"a hundred keystrokes:":>22}  {"wasted":>8}  {"right within 50 ms":>18}
{"policy, host":34}  {"requests":>8} {"tokens":>6} {"wasted":>6}  {"a cancel":>8}  \
{"by itself":>9} {"and kept":>8}  {"first s":>7}  {"stale":>5} {"doubled":>7} {"flicker":>7}"""


def line(name: str, kind: Kind, figures: Figures, speed: float) -> str:
    """Return one line of the table; the last three figures are of a hundred keystrokes, too."""
    counts = (figures.requests, figures.tokens, figures.wasted)
    requests, tokens, wasted = map(figures.per_100_keys, counts)
    faults = map(figures.per_100_keys, (figures.stale, figures.doubled, figures.flickers))
    stale, doubled, flickers = faults
    first_s = median(figures.first_s) * speed
    return (
        f"{f'{name}, {kind}':34}  {requests:8.1f} {tokens:6.0f} {wasted:6.0f}  "
        f"{_wasted_a_cancel(figures):8.1f}  "
        f"{figures.share(figures.answered):9.0%} {figures.share(figures.kept):8.0%}  "
        f"{'never' if math.isinf(first_s) else f'{first_s:.2f}':>7}  "
        f"{stale:5.1f} {doubled:7.1f} {flickers:7.1f}"
    )


def _wasted_a_cancel(figures: Figures) -> float:
    return figures.wasted_after_cancel / max(1, figures.cancels)


def misses(results: Results) -> Iterator[str]:
    """Yield a line for each target that ours misses."""
    ours = {kind: figures for (name, kind), figures in results.items() if name == InfillLs.name}
    for kind, figures in ours.items():
        requests, most = figures.per_100_keys(figures.requests), REQUESTS_TARGET.get(kind)
        if most is not None and requests > most:
            yield f"{kind}: {requests:.1f} requests in 100 keystrokes, at most {most}"
        served = figures.share(figures.answered)
        if kind == "right" and served < SERVED_TARGET:
            yield f"{kind}: right by itself at {served:.0%}, at least {SERVED_TARGET:.0%}"
        if figures.stale or figures.doubled:
            yield f"{kind}: {figures.stale} stale and {figures.doubled} doubled suggestions, none"
        if (wasted := _wasted_a_cancel(figures)) > WASTED_TARGET:
            yield f"{kind}: {wasted:.1f} tokens wasted a cancel, at most {WASTED_TARGET}"


def _points(results: Results) -> list[Point]:
    return [
        Point(
            name,
            kind,
            figures.per_100_keys(figures.requests),
            figures.share_of_all(figures.answered),
            figures.share_of_all(figures.kept),
        )
        for (name, kind), figures in results.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
