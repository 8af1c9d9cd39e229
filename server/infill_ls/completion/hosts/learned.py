"""A figure that is measured again and again, and held until it has really changed."""

from __future__ import annotations

from collections import deque
from statistics import median

_MEASUREMENTS = 5
"""The median of so many counts, so that one that was out of the ordinary changes nothing."""


class Learned:
    """One figure. What is made by it stays the same while the measurements only waver."""

    def __init__(self, expected: float | None, tolerance: float) -> None:
        """Start with what is expected; `tolerance` is the share by which measurements may differ.

        Where nothing is expected, the first measurement is taken.
        """
        self.value = expected
        self._tolerance = tolerance
        self._measured: deque[float] = deque(maxlen=_MEASUREMENTS)

    def learn(self, measured: float) -> None:
        """Take one more measurement, which is above zero."""
        self._measured.append(measured)
        usual = median(self._measured)
        if self.value is None or abs(usual - self.value) > self._tolerance * self.value:
            self.value = usual
