"""How long an automatic request waits, by what is known of the user, the host and the editor."""

from __future__ import annotations

import pytest

from infill_ls.completion.pause import Pause


def pause(
    gap_ms: float = 150,
    first_token_ms: float = 0,
    waited_ms: float = 0,
    *,
    against: bool = False,
) -> Pause:
    return Pause(gap_ms, first_token_ms, waited_ms, against)


@pytest.mark.parametrize(
    ("gap_ms", "ms"),
    [
        (0, 25),
        (49, 25),
        (50, 25),
        (51, 25.5),
        (80, 40),
        (150, 75),
        (249, 124.5),
        (250, 125),
        (251, 125),
        (1_000, 125),
    ],
)
def test_half_a_gap_is_waited(gap_ms: float, ms: float) -> None:
    """Who types faster waits less, but at least 25 ms, and nobody more than 125."""
    assert pause(gap_ms).ms == ms


@pytest.mark.parametrize(
    ("gap_ms", "first_token_ms", "ms"),
    [
        (200, 0, 100),
        (200, 100, 75),
        (200, 299, 25.25),
        (200, 300, 25),
        (200, 5_000, 25),
        (400, 300, 125),  # the bound is that of the difference
        (50, 100, 25),
    ],
)
def test_slow_host_is_asked_earlier(gap_ms: float, first_token_ms: float, ms: float) -> None:
    """A quarter of the host's time is taken off, as long as 25 ms are left."""
    assert pause(gap_ms, first_token_ms).ms == ms


@pytest.mark.parametrize(
    ("waited_ms", "ms"), [(0, 75), (30, 45), (74.5, 0.5), (75, 0), (76, 0), (10_000, 0)]
)
def test_what_the_editor_has_waited_counts(waited_ms: float, ms: float) -> None:
    """It is taken off last, below the least pause too, and a pause is never negative."""
    assert pause(150, waited_ms=waited_ms).ms == ms


@pytest.mark.parametrize(
    ("gap_ms", "first_token_ms", "waited_ms", "ms"),
    [
        (0, 0, 0, 250),
        (125, 0, 0, 250),
        (150, 0, 0, 300),
        (200, 0, 0, 400),
        (1_000, 0, 0, 400),
        (150, 5_000, 0, 300),  # the host's time is of no account
        (150, 0, 120, 180),
        (150, 0, 300, 0),
        (150, 0, 500, 0),
    ],
)
def test_typing_against_a_suggestion_waits_for_a_rest(
    gap_ms: float, first_token_ms: float, waited_ms: float, ms: float
) -> None:
    """Then it is twice the gap, between 250 and 400 ms, less what the editor has waited."""
    assert pause(gap_ms, first_token_ms, waited_ms, against=True).ms == ms


@pytest.mark.parametrize(
    ("against", "line"),
    [
        (
            False,
            "pause 44 ms (a key each 180 ms, first token after 120 ms, the editor waited 16 ms)",
        ),
        (
            True,
            "pause 345 ms (a key each 180 ms, first token after 120 ms, the editor waited 16 ms, "
            "typed against the suggestion)",
        ),
    ],
)
def test_line_in_the_log_names_all_that_decided(against: bool, line: str) -> None:
    """The pause and each of its four inputs can be read there."""
    assert str(pause(180.4, 120.4, 16.2, against=against)) == line
