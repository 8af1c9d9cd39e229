"""The replay of typing: what is typed, what its host writes, and how what is shown is judged."""

from __future__ import annotations

import sys
from functools import reduce
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

# A benchmark is a script, and its modules find each other beside it.
sys.path.append(str(Path(__file__).parent / "benchmarks"))

from replay_doubled import repeats
from replay_judging import Figures, judge
from replay_typing import (
    BACKSPACE,
    Asked,
    Hole,
    Kind,
    Session,
    Shown,
    Typed,
    plan,
    prefix_of,
    pressed,
    typed_in,
    written,
)

LINE = "    return [word for word in words if word.startswith(prefix)]"
BEFORE = "def f():\n"
HOLE = Hole(BEFORE, "    return 1", "\n\nprint(f())\n")


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_types_the_text_and_repairs_its_typos(seed: int) -> None:
    keys = plan(LINE, seed)

    assert reduce(pressed, keys, "") == LINE
    wrong = sum(key.char == BACKSPACE for key in keys)
    assert len(keys) == len(LINE) + 2 * wrong


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    assert plan(LINE, 1) == plan(LINE, 1)
    assert plan(LINE, 1) != plan(LINE, 2)


def test_a_plan_has_a_human_rhythm() -> None:
    plans = [plan(LINE, seed) for seed in range(200)]
    keys = [key for keys in plans for key in keys]
    pauses = [key.pause_s for key in keys]

    assert 0.1 < median(pauses) < 0.16
    assert 0.005 < sum(pause > 0.5 for pause in pauses) / len(keys) < 0.05
    typos = sum(sum(key.char == BACKSPACE for key in keys) > 0 for keys in plans)
    assert 100 < typos < 200


@pytest.mark.parametrize("typed", ["", "    ret", "    return 1"])
@pytest.mark.parametrize(
    "prompt",
    ["<PRE> {before} <SUF>{after} <MID>", "<PRE> <SUF>{after} <MID> {before}"],
    ids=["prefix first", "suffix first"],
)
@pytest.mark.parametrize("cut", [0, 4], ids=["whole", "cut window"])
def test_the_host_finds_what_is_typed(typed: str, prompt: str, cut: int) -> None:
    hole = Hole("x = 1\n" * 60 + BEFORE, HOLE.text, HOLE.after)
    before = (hole.before + typed)[cut:]
    prefix = prefix_of(prompt.format(before=before, after=hole.after))

    assert typed_in(prefix, hole) == typed


@pytest.mark.parametrize(
    ("kind", "typed", "begins"),
    [
        ("right", "", "    return 1\n\nprint(f())\n"),
        ("right", "    retu", "rn 1\n\nprint(f())\n"),
        ("right", "    rexu", "rn 1\n\nprint(f())\n"),
        ("half", "", "    retu"),
        ("half", "    retu", "rn 1"),
    ],
)
def test_the_host_writes_on(kind: Kind, typed: str, begins: str) -> None:
    assert "".join(islice(written(HOLE, typed, kind), 9)).startswith(begins)


def test_a_host_that_knows_half_or_nothing_goes_astray_and_on() -> None:
    half = list(islice(written(HOLE, "", "half"), 60))
    noise = list(islice(written(HOLE, "", "noise"), 60))

    assert half[:2] == ["    ", "retu"]
    assert half[2] != "rn 1"
    assert len(half) == len(noise) == 60
    assert noise == list(islice(written(HOLE, "", "noise"), 60))
    assert noise != list(islice(written(HOLE, " ", "noise"), 60))


@pytest.mark.parametrize(
    ("text", "before", "after", "repeated"),
    [
        ("1", "return ", "\n\nprint(f())\n", False),
        ("1\n\nprint(f())", "return ", "\n\nprint(f())\n", True),
        ("1\n\npri", "return ", "\n\nprint(f())\n", True),
        ("1\n\np", "return ", "\n\nprint(f())\n", False),
        ("t(f())", "prin", "\n\nprint(f())\n", True),
        ("print(g())", "", "\n\nprint(f())\n", False),
        ("1)", "print(", ")\n", True),
        ("1", "print(", ")\n", False),
        ("1,\n]", "x = [", "\n]\n", False),
    ],
)
def test_repeating_what_stands_behind(text: str, before: str, after: str, repeated: bool) -> None:
    assert repeats(text, before, after) is repeated


Sequence = list[tuple[float, str, str | None]]
"""Each at a time: a key, and what stands in the hole then; or, with a text, what is shown for
that."""


def session(rows: Sequence, *asked: Asked) -> Session:
    """Return how the hole was filled."""
    keys = [Typed(at, BEFORE + typed) for at, typed, text in rows if text is None]
    shown = [Shown(at, text, BEFORE + typed) for at, typed, text in rows if text is not None]
    return Session(HOLE, keys, shown, asked, end=rows[-1][0] + 1)


FIRST: Sequence = [(0.0, "    re", None), (0.1, "    re", "turn 1")]
"""A key, and a right answer to it."""


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(FIRST, {}, id="nothing to serve before the first"),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.04, "    ret", "urn 1")],
            {"chances": 1, "answered": 1, "kept": 1},
            id="answered in time",
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.06, "    ret", "urn 1")],
            {"chances": 1, "kept": 1},
            id="answered too late, but kept",
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.01, "    re", "turn 1")],
            {"chances": 1, "answered": 1, "kept": 1},
            id="answered with a text that begins before the cursor",
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.06, "    ret", "ur")],
            {"chances": 1, "kept": 1, "flickers": 1},
            id="flickering: shorter",
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.01, "    ret", "")],
            {"chances": 1, "flickers": 1},
            id="flickering: gone",
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.01, "    ret", "urn 1 + x")],
            {"chances": 1},
            id="grown, and not right any more",
        ),
        pytest.param(
            [*FIRST, (1.0, "    rex", None), (1.01, "    re", "turn 1")],
            {"stale": 1},
            id="stale, and nothing to serve behind a typo",
        ),
        pytest.param(
            [*FIRST, (1.0, "    rex", None), (1.01, "    rex", "urn 1")],
            {},
            id="fitting behind a typo",
        ),
        pytest.param(
            [*FIRST, (1.0, "    rex", None), (2.0, "    re", None)],
            {"chances": 1},
            id="not kept over a typo",
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.01, "    ret", "urn 1\n\nprint")],
            {"chances": 1, "doubled": 1},
            id="doubled",
        ),
        pytest.param(
            [*FIRST, (1.0, "    return 1", None)], {}, id="nothing to serve when all is typed"
        ),
        pytest.param(
            [*FIRST, (1.0, "    ret", None), (1.02, "    re", None)],
            {"chances": 2, "kept": 2},
            id="kept over a step back into it",
        ),
    ],
)
def test_judging_what_is_shown(rows: Sequence, expected: dict[str, int]) -> None:
    figures = judge(session(rows), within_s=0.05)

    names = ("chances", "answered", "kept", "stale", "doubled", "flickers")
    counted = {name: getattr(figures, name) for name in names}
    assert counted == {name: expected.get(name, 0) for name in names}
    assert figures.first_s == [0.1]


@pytest.mark.parametrize(
    ("asked", "wasted", "after_cancel"),
    [
        pytest.param([Asked("    re", [(0.05, "turn"), (0.08, " 1\n\n")])], 0, 0, id="shown"),
        pytest.param([Asked("    re", [(0.05, "turn"), (0.2, " 1\n\n")])], 1, 0, id="too late"),
        pytest.param([Asked("    re", [], 1, True)], 1, 1, id="written for nobody"),
        pytest.param([Asked("    r", [(0.05, "eturn"), (0.06, "xyz")], 1, True)], 2, 1, id="other"),
        pytest.param(
            [Asked("    re", [(0.01, "turn")], 0, True), Asked("    re", [(0.05, "turn")])],
            1,
            0,
            id="the newest of two alike",
        ),
    ],
)
def test_judging_what_is_wasted(asked: list[Asked], wasted: int, after_cancel: int) -> None:
    figures = judge(session(FIRST, *asked), within_s=0.05)

    assert (figures.wasted, figures.wasted_after_cancel) == (wasted, after_cancel)
    assert figures.requests == len(asked)
    assert figures.cancels == sum(one.left for one in asked)


TYPED_ALONG: Sequence = [(0.0, "    re", None), (1.0, "    ret", None)]
CONTRADICTED: Sequence = [(0.0, "    re", None), (1.0, "    rex", None)]


@pytest.mark.parametrize(
    ("rows", "tokens", "after_cancel"),
    [
        pytest.param(TYPED_ALONG, [(0.9, "turn"), (1.1, " 1")], 0, id="wanted all the time"),
        pytest.param(CONTRADICTED, [(0.8, "tu"), (0.9, "rn")], 0, id="before the key"),
        pytest.param(CONTRADICTED, [(0.9, "turn"), (1.1, " 1")], 1, id="after the key"),
        pytest.param(CONTRADICTED, [(1.2, "turn"), (1.3, " 1")], 1, id="not known before"),
        pytest.param([*FIRST, (1.0, "    r", None)], [(1.1, "x")], 1, id="text was deleted"),
        pytest.param(TYPED_ALONG, [(0.8, "\n\nprint(f()"), (0.9, ")")], 0, id="repeating"),
        pytest.param(TYPED_ALONG, [(0.8, "\n\nprint(f())"), (0.9, "\n")], 1, id="repeated"),
        pytest.param(TYPED_ALONG, [(1.9, "turn"), (2.1, " 1")], 1, id="after the document"),
    ],
)
def test_judging_what_is_wasted_by_a_cancel(
    rows: Sequence, tokens: list[tuple[float, str]], after_cancel: int
) -> None:
    """What is written counts from when it is clear that it is not wanted."""
    asked = Asked("    re", tokens, late=0, left=True, at=0.05)

    assert judge(session(rows, asked), within_s=0.05).wasted_after_cancel == after_cancel


def test_judging_what_is_wasted_where_the_text_comes_back() -> None:
    """A request is measured by the keys after the one that made it."""
    rows: Sequence = [(0.0, "    re", None), (1.0, "    rex", None), (2.0, "    re", None)]
    again = Asked("    re", [(2.2, "turn"), (2.3, " 1")], left=True, at=2.05)

    assert judge(session(rows, again), within_s=0.05).wasted_after_cancel == 0


def test_figures_add_up() -> None:
    total = Figures()
    for _ in range(2):
        total.add(Figures(keys=50, requests=3, first_s=[0.5]))

    assert total == Figures(keys=100, requests=6, first_s=[0.5, 0.5])
    assert total.per_100_keys(total.requests) == 6
