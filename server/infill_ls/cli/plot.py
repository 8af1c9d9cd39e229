"""Bar charts as inline SVG, which needs no script, no font and no colour.

The series differ by their pattern as well as by colour, both of which the page's style sheet
decides; values are written beside the bars; a title and a description are for screen readers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from xml.etree.ElementTree import Element

from infill_ls.cli.markup import element

WIDTH = 720
_GUTTER = 130
"""Left of horizontal bars, for their labels."""
_BAR = 15
_COLUMNS_HEIGHT = 180
_LEGEND = 26
_LABELS_AT_MOST = 8
_LONGEST_LABEL = 17
_LABEL_WIDTH = 45

STYLE = """
svg.plot { width: 100%; min-width: 32rem; height: auto; display: block;
  font: 12px system-ui, sans-serif; }
svg.plot text { fill: var(--text); }
svg.plot .muted { fill: var(--muted); }
svg.plot .rule { stroke: var(--rule); }
svg.plot .series-0 { fill: var(--first); stroke: var(--first); }
svg.plot .series-1 { fill: url(#hatched); stroke: var(--second); }
svg.patterns { position: absolute; width: 0; height: 0; }
svg.patterns path { stroke: var(--second); stroke-width: 2.5; }
"""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: for each label one value of each series, or None where there is none."""

    title: str
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]
    """One or two names, each with as many values as there are labels."""
    write: Callable[[float], str]
    """How a value is written, with its unit."""
    most: float | None = None
    """The value at the end of the axis; the greatest by default."""

    def described(self) -> str:
        """Return all of it in words."""
        groups = (
            f"{label}: " + ", ".join(f"{name} {self._written(v[at])}" for name, v in self.series)
            for at, label in enumerate(self.labels)
        )
        return "; ".join(groups)

    def limit(self) -> float:
        """Return the value at the end of the axis, more than 0."""
        values = [value for _, values in self.series for value in values if value is not None]
        return self.most or max([*values, 0]) or 1

    def _written(self, value: float | None) -> str:
        return "unknown" if value is None else self.write(value)


def patterns() -> Element:
    """Return what must be in a page once, for the bars of second series."""
    lines = element("path", d="M0 0 V6")
    pattern = element(
        "pattern",
        lines,
        id="hatched",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element("svg", element("defs", pattern), class_="patterns", aria_hidden="true")


def horizontal(chart: Chart) -> Element:
    """Draw bars from left to right, one group below the other."""
    room = WIDTH - _GUTTER - 90
    group = _BAR * len(chart.series) + 14
    parts = _legend(chart, _GUTTER)
    head = _LEGEND if parts else 6
    for at, label in enumerate(chart.labels):
        top = head + at * group
        middle = top + _BAR * len(chart.series) / 2 + 4
        shown = label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
        parts.append(element("text", shown, x=_GUTTER - 10, y=middle, text_anchor="end"))
        for row, (_, values) in enumerate(chart.series):
            y = top + row * _BAR
            parts += _bar(chart, values[at], row, y, room)
    height = head + len(chart.labels) * group
    axis = element("line", class_="rule", x1=_GUTTER, x2=_GUTTER, y1=head - 4, y2=height - 8)
    return _svg(chart, height, [*parts, axis])


def columns(chart: Chart) -> Element:
    """Draw bars from the ground up, one group beside the other, as for days."""
    limit = _round_up(chart.limit())
    left, top = 44, _LEGEND + 6
    ground = top + _COLUMNS_HEIGHT
    group = (WIDTH - left) / len(chart.labels)
    width = max(0.5, (group - min(4, group / 4)) / len(chart.series))
    parts = _legend(chart, left)
    for share in (0, 0.5, 1):
        y = ground - share * _COLUMNS_HEIGHT
        parts.append(element("line", class_="rule", x1=left, x2=WIDTH, y1=y, y2=y))
        text = chart.write(limit * share)
        parts.append(element("text", text, class_="muted", x=left - 8, y=y + 4, text_anchor="end"))
    for row, (_, values) in enumerate(chart.series):
        for at, value in enumerate(values):
            height = _COLUMNS_HEIGHT * (value or 0) / limit
            x = left + at * group + row * width
            parts.append(_box(row, x, ground - height, width - 1 if width > 4 else width, height))
    every = math.ceil(len(chart.labels) / _LABELS_AT_MOST)
    for at, label in zip(count(0, every), chart.labels[::every], strict=False):
        x = left + at * group
        is_cut = x > WIDTH - _LABEL_WIDTH
        x, anchor = (WIDTH, "end") if is_cut else (x, "start")
        y = ground + 18
        parts.append(element("text", label, class_="muted", x=x, y=y, text_anchor=anchor))
    return _svg(chart, ground + 26, parts)


def _bar(chart: Chart, value: float | None, row: int, y: float, room: float) -> list[Element]:
    """Return a bar with its value behind it."""
    if value is None:
        return [element("text", "–", class_="muted", x=_GUTTER + 6, y=y + _BAR - 4)]
    width = room * min(1, value / chart.limit())
    text = element("text", chart.write(value), x=_GUTTER + width + 6, y=y + _BAR - 4)
    return [_box(row, _GUTTER, y, width, _BAR - 3), text]


def _legend(chart: Chart, left: float) -> list[Element]:
    """Return the names of the series with their patterns; a single one needs none."""
    if len(chart.series) < 2:
        return []
    parts = []
    for row, (name, _) in enumerate(chart.series):
        x = left + row * 160
        parts += [_box(row, x, 2, 22, 11), element("text", name, x=x + 30, y=12)]
    return parts


def _box(row: int, x: float, y: float, width: float, height: float) -> Element:
    return element(
        "rect",
        class_=f"series-{row}",
        x=round(x, 2),
        y=round(y, 2),
        width=round(width, 2),
        height=round(height, 2),
    )


def _svg(chart: Chart, height: float, parts: Sequence[Element]) -> Element:
    return element(
        "svg",
        element("title", chart.title),
        element("desc", chart.described()),
        *parts,
        class_="plot",
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_label=f"{chart.title}. {chart.described()}",
    )


def _round_up(value: float) -> float:
    """Return the next even number of one digit and noughts, so that its half is whole too."""
    size: float = 10.0 ** math.floor(math.log10(value))
    return max(2.0, next(size * step for step in (1, 2, 4, 6, 8, 10) if size * step >= value))
