"""How long one request takes."""

from __future__ import annotations

import time


class Stopwatch:
    """Started when made; all times in milliseconds."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.first_ms: float | None = None
        """When the first piece came, or None before."""

    def mark_first(self) -> None:
        """Note that a piece came; only the first time counts."""
        if self.first_ms is None:
            self.first_ms = self.total_ms()

    def total_ms(self) -> float:
        """Return the time since the start."""
        return (time.perf_counter() - self._started) * 1000
