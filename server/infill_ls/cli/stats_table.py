"""How figures of suggestions are written, on a terminal and in a page alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infill_ls.measurement.summary import Summary

OUTCOMES = ("answered", "shown", "whole", "part", "accepted", "30 s", "5 min")
COSTS = ("p50", "p95", "first p50", "first p95", "tokens")

NOTES = (
    "shown: stood for 750 ms; whole, part: all that was left was accepted at once, or a beginning",
    "accepted: share of those shown; 30 s, 5 min: share of its characters that were still there",
    "p50, p95: time to the whole answer; first: to its first token",
    "tokens: of all answers; those of the cache cost nothing anew",
)


def table_rows(
    groups: Mapping[str, Summary], total: Summary, cells: Callable[[Summary], tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    """Yield a row for each group, and one for all if they are several."""
    for name, figures in groups.items():
        yield name or "(none)", *cells(figures)
    if len(groups) > 1:
        yield "all", *cells(total)


def outcomes(figures: Summary) -> tuple[str, ...]:
    """Return the cells below OUTCOMES."""
    return (
        count(figures.answered),
        count(figures.shown),
        count(figures.accepted_whole),
        count(figures.accepted_in_part),
        share(figures.acceptance),
        share(figures.kept_30s),
        share(figures.kept_5min),
    )


def costs(figures: Summary) -> tuple[str, ...]:
    """Return the cells below COSTS."""
    return (
        milliseconds(figures.total_p50_ms),
        milliseconds(figures.total_p95_ms),
        milliseconds(figures.first_token_p50_ms),
        milliseconds(figures.first_token_p95_ms),
        count(figures.completion_tokens),
    )


def count(number: float) -> str:
    """Return a number as people write it: "1,234"."""
    return f"{number:,.0f}"


def share(value: float | None) -> str:
    """Return a share of 1 in percent."""
    return "–" if value is None else f"{100 * value:.0f} %"


def milliseconds(value: float | None) -> str:
    """Return a time, in seconds where it is long."""
    if value is None:
        return "–"
    return f"{value:.0f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"
