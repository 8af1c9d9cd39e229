"""One picture of a replay: what each policy asks of the host, and how often ghost text stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 880, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 850, 50, 500
LETTER, LINE = 6.2, 15
COLOURS = ("#0b6e4f", "#b3541e", "#3d5a98", "#8a3b7c")


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

    @property
    def label(self) -> str:
        """What is written beside it."""
        return f"{self.policy}: {self.host}"


def drawn(points: Sequence[Point]) -> str:
    """Return the picture as SVG."""
    most = max(20, ceil(max(point.requests for point in points) / 20) * 20)
    body = [*_axes(most), *_marks(points, most)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *body,
        "</svg>\n",
    ])  # fmt: skip


def _axes(most: int) -> Iterator[str]:
    for percent in range(0, 101, 20):
        y = _y(percent / 100)
        yield f'<path d="M{LEFT} {y}H{RIGHT}" stroke="#ddd"/>'
        yield _text(LEFT - 8, y + 4, f"{percent} %", "end")
    for requests in range(0, most + 1, max(10, most // 100 * 10)):
        x = _x(requests, most)
        yield f'<path d="M{x} {BOTTOM}v5" stroke="#222"/>'
        yield _text(x, BOTTOM + 20, str(requests), "middle")
    yield f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#222"/>'
    yield _text((LEFT + RIGHT) / 2, BOTTOM + 42, "requests in 100 keystrokes", "middle")
    yield _text(
        LEFT, TOP - 20,
        "Keystrokes with right ghost text within 50 ms: by the engine itself (filled), "
        "and where the editor keeps what still fits (hollow)", "start",
    )  # fmt: skip


def _marks(points: Sequence[Point], most: int) -> Iterator[str]:
    """Draw the points, each with a line from the one share to the other, and labels apart."""
    policies = list(dict.fromkeys(point.policy for point in points))
    taken: list[tuple[float, float, float]] = []
    for point in sorted(points, key=lambda point: (-point.served, point.requests)):
        colour = COLOURS[policies.index(point.policy) % len(COLOURS)]
        x, y, kept = _x(point.requests, most), _y(point.served), _y(point.kept)
        yield f'<path d="M{x} {y}V{kept}" stroke="{colour}" stroke-dasharray="2 3"/>'
        yield f'<circle cx="{x}" cy="{kept}" r="4" fill="white" stroke="{colour}"/>'
        yield f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
        left, base = _free(x, y, LETTER * len(point.label), taken)
        yield f'<path d="M{x} {y}L{left} {base - 4}" stroke="{colour}" stroke-width="0.5"/>'
        yield _text(left, base, point.label, "start", colour)


def _free(
    x: float, y: float, width: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """Return where a label of a width can begin near a place, and take that."""
    left = min(x + 10, RIGHT - width)
    for away in range(2 * HEIGHT // LINE):
        # Upwards and downwards in turns.
        base = y + 4 + LINE * ((away + 1) // 2) * (-1 if away % 2 else 1)
        apart = all(
            abs(base - other) >= LINE or left >= end or left + width <= start
            for other, start, end in taken
        )
        if apart and TOP <= base < BOTTOM:
            break
    taken.append((base, left, left + width))
    return left, base


def _x(requests: float, most: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * requests / most, 1)


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * share, 1)


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#222") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
