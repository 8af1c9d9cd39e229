"""What rows come to: counts, shares and percentiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from infill_ls.measurement.row import Row


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of some rows; a share is from 0 to 1, and None where it is one of nothing."""

    answered: int
    shown: int
    accepted_whole: int
    accepted_in_part: int
    acceptance: float | None
    """The share of the shown suggestions that were accepted, whole or in part."""
    accepted_characters: int
    typed_characters: int
    kept_30s: float | None
    """The share of the accepted characters that were there 30 seconds later, where it is known."""
    kept_5min: float | None
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None
    total_p50_ms: float | None
    total_p95_ms: float | None
    completion_tokens: int
    """Tokens of the answers; those from a cache have cost nothing anew."""


def summary(rows: Sequence[Row]) -> Summary:
    """Return the figures of some rows."""
    shown = sum(row.shown for row in rows)
    whole = sum(row.accepted == "whole" for row in rows)
    part = sum(row.accepted == "part" for row in rows)
    firsts = [row.first_token_ms for row in rows if row.first_token_ms is not None]
    totals = [row.total_ms for row in rows]
    return Summary(
        answered=len(rows),
        shown=shown,
        accepted_whole=whole,
        accepted_in_part=part,
        acceptance=(whole + part) / shown if shown else None,
        accepted_characters=sum(row.accepted_characters for row in rows),
        typed_characters=sum(row.typed_characters for row in rows),
        kept_30s=_kept(rows, lambda row: row.kept_30s),
        kept_5min=_kept(rows, lambda row: row.kept_5min),
        first_token_p50_ms=percentile(firsts, 50),
        first_token_p95_ms=percentile(firsts, 95),
        total_p50_ms=percentile(totals, 50),
        total_p95_ms=percentile(totals, 95),
        completion_tokens=sum(row.completion_tokens for row in rows),
    )


def by(key: Callable[[Row], str], rows: Iterable[Row]) -> dict[str, Summary]:
    """Return the figures of each group of rows, the largest first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    largest_first = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return {name: summary(members) for name, members in largest_first}


def by_day(rows: Iterable[Row]) -> dict[date, Summary]:
    """Return the figures of each day of the user's time zone that has any, the oldest first."""
    days = by(lambda row: date.fromtimestamp(row.time).isoformat(), rows)
    return {date.fromisoformat(day): days[day] for day in sorted(days)}


def percentile(values: Iterable[float], percent: int) -> float | None:
    """Return the least value that so many percent do not exceed; None where there is none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _kept(rows: Iterable[Row], share: Callable[[Row], float | None]) -> float | None:
    known = [(row.accepted_characters, kept) for row in rows if (kept := share(row)) is not None]
    characters = sum(count for count, _ in known)
    return sum(count * kept for count, kept in known) / characters if characters else None
