"""The tasks of the benchmark of infilling: always the same, cut from functions, and checked."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from benchmarks.infilling_tasks import CALLS, Kind, Task, holes, parsed, passes, source_of, task_in

KINDS: tuple[Kind, ...] = ("multi", "span")
SAMPLE = sorted(CALLS)[::7]

Hole = tuple[str, str, int, int]
"""A source, the name of the function, and where the hole begins and ends."""


@pytest.fixture(scope="module")
def places() -> dict[Kind, list[Hole]]:
    return {
        kind: [
            (source_of(module), function, *hole)
            for module, function in CALLS
            for hole in holes(source_of(module), function, kind)
        ]
        for kind in KINDS
    }


@pytest.fixture(scope="module")
def sample() -> list[Task]:
    rows = [(*names, kind) for names, kind in product(SAMPLE, KINDS)]
    for module, _ in SAMPLE:
        parsed(source_of(module))
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda row: task_in(*row), rows))
    return [task for task in found if task]


def enclosing(source: str, start: int, end: int) -> set[str]:
    """Return the names of the functions in whose bodies a place is."""
    first, last = (source.count("\n", 0, offset) + 1 for offset in (start, end))
    return {
        node.name
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.FunctionDef)
        if node.body[0].lineno <= first and last <= (node.end_lineno or 0)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_holes_lie_inside_their_function(places: dict[Kind, list[Hole]], kind: Kind) -> None:
    """No hole reaches out of the body of the function it is for, and nearly each has some."""
    # Some are rewritten in one line by later versions of Python.
    assert len({(source, function) for source, function, *_ in places[kind]}) >= 48
    for source, function, start, end in places[kind]:
        assert function.rpartition(".")[2] in enclosing(source, start, end)


def test_several_lines_are_whole(places: dict[Kind, list[Hole]]) -> None:
    """They are two to six, the indentation before them and the end of the last one stay."""
    for source, _, start, end in places["multi"]:
        assert source[:start].rpartition("\n")[2].isspace()
        assert not source[start].isspace()
        assert source[end] == "\n"
        assert 2 <= len(source[start:end].splitlines()) <= 6


def test_spans_are_of_a_few_words(places: dict[Kind, list[Hole]]) -> None:
    """They have 8 to 60 characters, none of a comment."""
    for source, _, start, end in places["span"]:
        assert 8 <= end - start <= 60
        assert "#" not in source[start:end]


def test_many_spans_begin_inside_a_name(places: dict[Kind, list[Hole]]) -> None:
    """A span begins anywhere, as a cursor may."""
    inside = [
        source[start - 1 : start + 1].isidentifier() for source, _, start, _ in places["span"]
    ]

    assert inside.count(True) > len(inside) / 4


def test_a_docstring_is_never_missing() -> None:
    """A function that has nothing else than its docstring and one line has no hole of lines."""
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'

    assert holes(source, "f", "multi") == []


def test_tasks_are_always_the_same(sample: list[Task]) -> None:
    """Made again, the tasks are equal."""
    again = [task_in(*names, kind) for names, kind in product(SAMPLE, KINDS)]

    assert [task for task in again if task] == sample


def test_the_true_text_passes(sample: list[Task]) -> None:
    """A task's own text completes its module so that it does what the interpreter's does."""
    assert len(sample) >= len(SAMPLE) * len(KINDS) - 2
    for task in sample:
        assert passes(task, task.canonical), task.name


@pytest.mark.parametrize("text", ["", "pass"])
def test_nothing_in_the_hole_fails(sample: list[Task], text: str) -> None:
    """A check is able to fail: it does where the hole stays empty."""
    for task in sample:
        assert not passes(task, text, 1), task.name


def test_a_wrong_text_fails() -> None:
    """A check runs the completed function, not the one of the interpreter."""
    task = task_in("bisect", "bisect_left", "span")
    assert task is not None
    source = source_of("bisect")
    wrong = source.replace("if a[mid] < x:", "if a[mid] <= x:")

    whole = Task("whole", "", "", source, task.check)

    assert wrong != source
    assert passes(whole, source)
    assert not passes(whole, wrong)
