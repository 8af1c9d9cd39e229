"""One picture of a replay: what each policy asks of the host, and how often ghost text stands.

The upper part has the host that knows the line. With one that knows half of it or nothing, little
ghost text is right for anybody, so that a strip each has their requests, and the share in words
where there is one. Light and dark follow the reader's system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from xml.sax.saxutils import escape

from replay_labels import Box, Labels, Place

WIDTH, HEIGHT = 880, 610
LEFT, RIGHT, TOP, BOTTOM = 104, 850, 84, 400
STRIPS = {"half": 478, "noise": 544}
STRIP_HEIGHT, AXIS = 56, 556
LETTER, LINE, AROUND = 7.2, 17, 6

LIGHT = ("#0b6e4f", "#b3541e", "#3d5a98", "#8a3b7c", "#6a6a00")
DARK = ("#4cc38a", "#f0883e", "#79a8ff", "#e08ad0", "#cbc24a")


@dataclass(frozen=True, slots=True)
class Point:
    """One policy against one kind of host."""

    policy: str
    host: str
    requests: float
    """Of a hundred keystrokes."""
    served: float
    """The share of keystrokes that the policy served by itself."""
    kept: float
    """That share where the editor keeps what still fits."""


TITLE = "Keystrokes served with right ghost text, and requests that this takes"


def drawn(points: Sequence[Point]) -> str:
    """Return the picture as SVG."""
    policies = list(dict.fromkeys(point.policy for point in points))
    scale = _Scale(max(20, ceil(max(point.requests for point in points) / 20) * 20))
    body = [*_axes(scale), *_legend()]
    body += _shares([point for point in points if point.host == "right"], policies, scale)
    for host in STRIPS:
        body += _strip(host, [point for point in points if point.host == host], policies, scale)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="13">',
        f'<title id="title">{escape(TITLE)}</title>',
        f'<desc id="desc">{escape(" ".join(map(_said, points)))}</desc>',
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        *body,
        "</svg>\n",
    ])  # fmt: skip


def _said(point: Point) -> str:
    return (
        f"{point.policy}, {point.host} host: {point.requests:.0f} requests in 100 keystrokes, "
        f"{point.served:.0%} served by itself, {point.kept:.0%} with an editor that keeps it."
    )


def _style() -> str:
    light = _colours("#ffffff", "#1f2328", "#d8dee4", LIGHT)
    dark = _colours("#0d1117", "#e6edf3", "#30363d", DARK)
    return f"{light} @media (prefers-color-scheme: dark) {{ {dark} }}"


def _colours(paper: str, ink: str, grid: str, policies: Sequence[str]) -> str:
    rules = [
        f".paper {{ fill: {paper} }}",
        f".ink {{ fill: {ink} }}",
        f".line {{ stroke: {ink}; fill: none }}",
        f".grid {{ stroke: {grid}; fill: none }}",
    ]
    for number, colour in enumerate(policies):
        rules.append(f".p{number} {{ fill: {colour}; stroke: {colour} }}")
        rules.append(f".h{number} {{ fill: {paper}; stroke: {colour} }}")
        rules.append(f".t{number} {{ fill: {colour} }}")
    return " ".join(rules)


def _axes(scale: _Scale) -> Iterator[str]:
    for percent in range(0, 101, 20):
        y = _y(percent / 100)
        yield f'<path class="grid" d="M{LEFT} {y}H{RIGHT}"/>'
        yield _text(LEFT - 12, y + 4, f"{percent} %", "end")
    for requests in range(0, scale.most + 1, 10 if scale.most <= 120 else 20):
        x = scale.x(requests)
        yield f'<path class="grid" d="M{x} {BOTTOM}V{AXIS}"/>'
        yield f'<path class="line" d="M{x} {AXIS}v5"/>'
        yield _text(x, AXIS + 21, str(requests), "middle")
    yield f'<path class="line" d="M{LEFT} {TOP}V{AXIS}H{RIGHT}M{LEFT} {BOTTOM}H{RIGHT}"/>'
    middle = (LEFT + RIGHT) / 2
    yield _text(middle, AXIS + 44, "requests to the host in 100 keystrokes", "middle")
    for host, words in (("half", "knows half"), ("noise", "knows none")):
        yield _text(LEFT - 12, STRIPS[host] + 4, words, "end")


def _legend() -> Iterator[str]:
    """Say at the top what is drawn, and how."""
    words = "Keystrokes with right ghost text within 50 ms, where the model knows the line"
    yield _text(24, 32, words, "start", weight=600)
    yield '<circle class="ink" cx="30" cy="54" r="5.5"/>'
    yield _text(42, 58, "by the engine itself", "start")
    yield '<circle class="line" cx="200" cy="54" r="5"/>'
    yield _text(212, 58, "where the editor keeps what still fits", "start")


@dataclass(frozen=True, slots=True)
class _Scale:
    most: int
    """So many requests in a hundred keystrokes are at the right edge."""

    def x(self, requests: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * requests / self.most, 1)


def _shares(points: Sequence[Point], policies: Sequence[str], scale: _Scale) -> Iterator[str]:
    """Draw the points, each with a line from the one share to the other, and a label."""
    labels = Labels(Box(LEFT + 4, TOP - 10, RIGHT + 10, BOTTOM - 1))
    for point in points:
        x, y, kept = scale.x(point.requests), _y(point.served), _y(point.kept)
        number = policies.index(point.policy)
        labels.take(Box(x - 3, kept, x + 3, y))
        labels.take(Box.around((x, y), 8))
        labels.take(Box.around((x, kept), 8))
        yield f'<path class="p{number}" stroke-dasharray="2 3" d="M{x} {y}V{kept}"/>'
        yield f'<circle class="h{number}" cx="{x}" cy="{kept}" r="5"/>'
        yield f'<circle class="p{number}" cx="{x}" cy="{y}" r="5.5"/>'
    for point in points:
        mark = (scale.x(point.requests), _y(max(point.served, point.kept)))
        yield from _label(labels, mark, point.policy, policies.index(point.policy))


def _strip(
    host: str, points: Sequence[Point], policies: Sequence[str], scale: _Scale
) -> Iterator[str]:
    """Draw the requests alone."""
    y = float(STRIPS[host])
    labels = Labels(Box(LEFT + 4, y - STRIP_HEIGHT, RIGHT + 10, y + 10))
    marks = [(scale.x(point.requests), y) for point in points]
    for point, mark in zip(points, marks, strict=True):
        labels.take(Box.around(mark, 7))
        number = policies.index(point.policy)
        yield f'<circle class="p{number}" cx="{mark[0]}" cy="{y}" r="5.5"/>'
    for point, mark in zip(points, marks, strict=True):
        share = f" ({point.kept:.0%} kept)" if point.kept >= 0.005 else ""
        yield from _label(labels, mark, point.policy + share, policies.index(point.policy))


def _label(labels: Labels, mark: Place, words: str, number: int) -> Iterator[str]:
    """Write a label as near as there is room, with a line to it where that is not beside it."""
    box = labels.place(mark, LETTER * len(words) + AROUND, LINE)
    x, y = box.nearest(mark)
    if max(abs(x - mark[0]), abs(y - mark[1])) > 14:
        yield f'<path class="p{number}" stroke-width="0.6" d="M{mark[0]} {mark[1]}L{x} {y}"/>'
    weight = 700 if number == 0 else 400
    middle = (box.left + box.right) / 2
    yield _text(middle, box.bottom - 4, words, "middle", kind=f"t{number}", weight=weight)


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * share, 1)


def _text(
    x: float, y: float, words: str, anchor: str, *, kind: str = "ink", weight: int = 400
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'
