"""How figures of suggestions are written, on a terminal and in a page alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infill_ls.measurement.summary import Summary

COLUMNS = (
    "answered",
    "shown",
    "whole",
    "in part",
    "accepted",
    "30 s",
    "5 min",
    "p50",
    "p95",
    "tokens",
)


def table_rows(groups: Mapping[str, Summary], total: Summary) -> Iterator[tuple[str, ...]]:
    """Yield a row for each group, and one for all if they are several."""
    for name, figures in groups.items():
        yield name, *_cells(figures)
    if len(groups) > 1:
        yield "all", *_cells(total)


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
    return f"{value:.0f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"  # noqa: PLR2004


def _cells(figures: Summary) -> tuple[str, ...]:
    return (
        count(figures.answered),
        count(figures.shown),
        count(figures.accepted_whole),
        count(figures.accepted_in_part),
        share(figures.acceptance),
        share(figures.kept_30s),
        share(figures.kept_5min),
        milliseconds(figures.total_p50_ms),
        milliseconds(figures.total_p95_ms),
        count(figures.completion_tokens),
    )
