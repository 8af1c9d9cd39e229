"""What is known of the typing: its rhythm, and whether it goes along with what is suggested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from infill_ls.completion.keystrokes import Keystrokes
from infill_ls.completion.suggested.suggestion import Suggestion
from infill_ls.types import Completion, CompletionRequest, Report

RequestAt = Callable[..., CompletionRequest]

REPORT = Report("scripted", "m", None, 0.0, None, 1)


def suggestion_at(request: CompletionRequest, text: str) -> Suggestion:
    completion = Completion(text, request.offset, request.offset, "end", REPORT)
    return Suggestion(request, "single", completion)


def noted(request_at: RequestAt, steps: Sequence[tuple[float, str]]) -> Keystrokes:
    """Return what is known after requests at these times, in milliseconds."""
    keystrokes = Keystrokes()
    for now_ms, marked in steps:
        keystrokes.note(request_at(marked), now_ms)
    return keystrokes


@pytest.mark.parametrize(
    ("steps", "gap_ms"),
    [
        pytest.param([], 150, id="nothing is known"),
        pytest.param([(5_000, "a‸")], 150, id="one key has no gap"),
        pytest.param([(0, "‸"), (80, "a‸")], 80, id="one gap"),
        pytest.param([(0, "‸"), (80, "a‸"), (280, "ab‸"), (380, "abc‸")], 100, id="median of 3"),
        pytest.param([(0, "‸"), (80, "a‸"), (200, "ab‸")], 100, id="median of 2"),
        pytest.param([(0, "‸"), (300, "abc‸")], 100, id="three characters in one change"),
        pytest.param([(0, "‸"), (1_000, "a‸")], 1_000, id="the longest gap"),
        pytest.param([(0, "‸"), (1_001, "a‸")], 150, id="thinking is no typing"),
        pytest.param([(0, "‸"), (80, "a‸"), (9_000, "ab‸")], 80, id="a rest between bursts"),
        pytest.param([(0, "‸"), (80, "a‸"), (100, "‸")], 80, id="a deletion"),
        pytest.param([(0, "‸ab"), (80, "a‸b")], 150, id="a move"),
        pytest.param([(0, "a‸"), (80, "a‸b")], 150, id="inserted behind the cursor"),
        pytest.param([(0, "‸"), (80, "(‸)")], 80, id="closed by the editor"),
        pytest.param([(0, "x‸"), (80, "x\n‸")], 80, id="a line end"),
    ],
)
def test_rhythm_is_the_median_of_gaps(
    request_at: RequestAt, steps: list[tuple[float, str]], gap_ms: float
) -> None:
    """Only what is typed forward counts, by character, and what is not too long to be typing."""
    assert noted(request_at, steps).gap_ms == gap_ms


def test_rhythm_is_that_of_the_last_keys(request_at: RequestAt) -> None:
    """After twenty quicker keys the slow ones before are forgotten."""
    slow = [(500.0 * at, "a" * at + "‸") for at in range(31)]
    quick = [(15_000.0 + 60 * at, "a" * (30 + at) + "‸") for at in range(1, 21)]

    assert noted(request_at, slow).gap_ms == 500
    assert noted(request_at, slow + quick).gap_ms == 60


def test_rhythm_is_one_persons(request_at: RequestAt) -> None:
    """It is kept where the document changes; between two documents there is no gap."""
    keystrokes = noted(request_at, [(0, "‸"), (60, "a‸")])

    keystrokes.note(request_at("xyz‸", uri="file:///project/b.py"), 500)

    assert keystrokes.gap_ms == 60


@pytest.mark.parametrize(
    ("texts", "deletions"),
    [
        (["abc‸"], 0),
        (["abc‸", "ab‸"], 1),
        (["abc‸", "ab‸", "a‸", "‸"], 3),
        (["a b c‸", "‸"], 1),  # many characters at once are one deletion
        (["a‸bc", "a‸c"], 1),  # forward
        (["abc‸", "ab‸", "abd‸"], 0),
        (["abc‸", "ab‸", "abd‸", "ab‸"], 1),
        (["abc‸", "ab‸", "a‸b"], 0),  # the cursor moved
        (["abc‸", "ab‸", "ab‸"], 0),  # invoked
        (["abc‸", "axy‸"], 0),  # replaced by as much
        (["abc‸", "abx\n‸", "abx‸"], 0),  # the line is another
        (["a\nbc‸", "a\nb‸", "a\n‸", "a‸"], 0),
    ],
)
def test_deletions_in_a_row_are_counted(
    request_at: RequestAt, texts: list[str], deletions: int
) -> None:
    """Anything else between them, and another line, begins anew."""
    assert noted(request_at, [(0, text) for text in texts]).deletions == deletions


def test_deletions_are_those_of_one_document(request_at: RequestAt) -> None:
    """In another document they begin anew."""
    keystrokes = noted(request_at, [(0, "abc‸"), (0, "ab‸"), (0, "a‸")])

    keystrokes.note(request_at("‸", uri="file:///project/b.py"), 0)

    assert keystrokes.deletions == 0


@pytest.mark.parametrize(
    ("typed", "is_against"),
    [
        ("f‸", False),
        ("first‸", False),
        ("first + more‸", False),
        ("first + more and more‸", False),
        ("f(‸)", True),
        ("g‸", True),
        ("fi st‸", True),
        ("F‸", True),
    ],
)
def test_key_that_contradicts_is_against(
    request_at: RequestAt, typed: str, is_against: bool
) -> None:
    """What is suggested is contradicted by other text, not by its beginning or by more than it."""
    keystrokes = noted(request_at, [(0, "x = ‸")])
    suggestion = suggestion_at(request_at("x = ‸"), "first + more")

    keystrokes.suggest(suggestion)
    keystrokes.note(request_at(f"x = {typed}"), 100)

    assert keystrokes.against is (suggestion if is_against else None)


def test_key_is_against_until_something_is_shown(request_at: RequestAt) -> None:
    """Further keys do not clear it; what is suggested next does."""
    keystrokes = noted(request_at, [(0, "x = ‸")])
    keystrokes.suggest(suggestion_at(request_at("x = ‸"), "first"))
    keystrokes.note(request_at("x = g‸"), 100)
    keystrokes.note(request_at("x = go‸"), 200)
    before = keystrokes.against

    keystrokes.suggest(suggestion_at(request_at("x = go‸"), "_on()"))

    assert before is not None
    assert keystrokes.against is None


def test_what_was_contradicted_before_it_was_shown_is_against(request_at: RequestAt) -> None:
    """A model may write something else than what is typed meanwhile."""
    keystrokes = noted(request_at, [(0, "x = ‸"), (100, "x = g‸")])
    suggestion = suggestion_at(request_at("x = ‸"), "first")

    keystrokes.contradict(suggestion)

    assert keystrokes.against is suggestion


@pytest.mark.parametrize(
    "marked",
    [
        pytest.param("x = g\n‸", id="another line"),
        pytest.param("x =‸ g", id="the cursor moved back"),
        pytest.param("‸x = g", id="the cursor moved to the start"),
    ],
)
def test_elsewhere_nothing_is_against(request_at: RequestAt, marked: str) -> None:
    """A new line or another place begins anew."""
    keystrokes = noted(request_at, [(0, "x = ‸")])
    keystrokes.suggest(suggestion_at(request_at("x = ‸"), "first"))
    keystrokes.note(request_at("x = g‸"), 100)
    assert keystrokes.against is not None

    keystrokes.note(request_at(marked), 200)

    assert keystrokes.against is None


def test_in_another_document_nothing_is_against(request_at: RequestAt) -> None:
    """What was suggested in one is not contradicted in the other, there and back."""
    keystrokes = noted(request_at, [(0, "x = ‸")])
    keystrokes.suggest(suggestion_at(request_at("x = ‸"), "first"))

    keystrokes.note(request_at("y = g‸", uri="file:///project/b.py"), 100)
    there = keystrokes.against
    keystrokes.note(request_at("x = g‸"), 200)

    assert (there, keystrokes.against) == (None, None)


def test_invoking_leaves_it_against(request_at: RequestAt) -> None:
    """A request at the same place, with the same text, is no move."""
    keystrokes = noted(request_at, [(0, "x = ‸")])
    keystrokes.suggest(suggestion_at(request_at("x = ‸"), "first"))
    keystrokes.note(request_at("x = g‸"), 100)

    keystrokes.note(replace(request_at("x = g‸"), waited_ms=50), 200)

    assert keystrokes.against is not None
