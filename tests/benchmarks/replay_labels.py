"""Where labels can stand in a picture so that none covers a mark or another label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import dist

Place = tuple[float, float]

_STEP = 6
_FARTHEST = 40


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, place: Place, away: float) -> Box:
        """Return the square around a place."""
        x, y = place
        return cls(x - away, y - away, x + away, y + away)

    def meets(self, other: Box) -> bool:
        """Return whether both cover something; a common edge is nothing."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: Box) -> bool:
        """Return whether all of the other is inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def nearest(self, place: Place) -> Place:
        """Return the place of it that is nearest to one."""
        x, y = place
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


class Labels:
    """The room of a picture, and what is taken of it."""

    def __init__(self, room: Box) -> None:
        self._room = room
        self._taken: list[Box] = []

    def take(self, box: Box) -> None:
        """Let no label stand there."""
        self._taken.append(box)

    def place(self, mark: Place, width: float, height: float) -> Box:
        """Take the free box that is nearest to a mark, or cover something where there is none."""
        boxes = list(_around(mark, width, height))
        free = [box for box in boxes if self._is_free(box)] or boxes[:1]
        best = min(free, key=lambda box: dist(box.nearest(mark), mark))
        self.take(best)
        return best

    def _is_free(self, box: Box) -> bool:
        return self._room.holds(box) and not any(box.meets(taken) for taken in self._taken)


def _around(mark: Place, width: float, height: float) -> Iterator[Box]:
    """Yield boxes all around a mark; of those that are as near, beside it comes first."""
    x, y = mark
    ups = sorted(range(-_FARTHEST, _FARTHEST + 1), key=abs)
    asides = sorted(ups, key=lambda aside: (abs(aside), -aside))
    for up in ups:
        top = y - height / 2 + up * _STEP
        for aside in asides:
            left = x - width / 2 + aside * _STEP
            yield Box(left, top, left + width, top + height)
